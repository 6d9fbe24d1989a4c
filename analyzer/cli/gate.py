"""`touchpoint gate`: for CI jobs."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli.options import FiniteRange, shared_options
from analyzer.cli.running import Outcome, complain, make_options, plain_errors, run, shown
from analyzer.errors import ConfigError

if TYPE_CHECKING:
    from analyzer.gate import Gate
    from analyzer.inputs import GivenFiles
    from analyzer.report.junit import GateCase


@click.command("gate")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--fail-under", type=FiniteRange(0, 100), metavar="SCORE", help="Fail a call with a lower score.")
@click.option(
    "--fail-on",
    multiple=True,
    metavar="RULE[:SEVERITY]",
    help="Fail a call with a finding of this rule, from this severity (info, minor, major, critical) upwards.",
)
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write the result as JUnit XML.")
@shared_options
def command(
    inputs: tuple[str, ...], fail_under: float | None, fail_on: tuple[str, ...], junit: Path | None, **given: object
) -> None:
    """Fail a build when calls treat customers worse than allowed.

    Exit code 0: all calls pass. 1: a call fails a condition. 2: no call fails, but some could not be judged.

    \b
    Example:
      touchpoint gate calls/ --fail-under 70 --fail-on retention-pressure:critical --junit gate.xml
    """  # fmt: skip
    with plain_errors():
        from analyzer.gate import FailOn, Gate, exit_code

        gate = Gate(fail_under=fail_under, fail_on=tuple(map(FailOn.parse, fail_on)))
        if fail_under is None and not fail_on:
            raise ConfigError("the gate has nothing to fail on.", next_step="Give --fail-under, --fail-on, or both.")
        options = make_options(**given)
        if junit is not None:
            _check(junit)
        cases = []
        for outcome in run(inputs, options, exclude=None, on_inputs=partial(_spare, junit)):
            cases.append(_case(gate, outcome))
            _say(cases[-1])
            del outcome  # and with it the sound, before the next recording is read
        failures = [failure for case in cases for failure in case.failures]
        errors = [error for case in cases for error in case.errors] or ([] if cases else ["no input"])
        if junit is not None and (unwritten := _write(junit, cases)):
            complain(unwritten)
            errors.append(str(unwritten))
        sys.exit(exit_code(failures, errors))


def _case(gate: Gate, outcome: Outcome) -> GateCase:
    from analyzer.report.junit import GateCase

    if outcome.analysis is None:
        return GateCase(id=outcome.name, errors=(str(outcome.error),))
    report = outcome.analysis.report
    return GateCase(id=report.call.id, failures=gate.failures(report), errors=gate.unjudged(report))


def _say(case: GateCase) -> None:
    verdict = "FAIL" if case.failures else "ERROR" if case.errors else "PASS"
    click.echo(f"{verdict:<5} {shown(case.id)}")
    for line in (*case.failures, *case.errors):
        click.echo(f"      {shown(line)}")


def _check(junit: Path) -> None:
    """ConfigError, before any call is heard, when the file cannot be written."""
    from analyzer.cli.writing import make_folder

    try:
        make_folder(junit.parent)
    except OSError as fault:
        raise _unwritten(junit, fault) from fault


def _spare(junit: Path | None, given: GivenFiles) -> None:
    """ConfigError, before any call is heard, when the file is an input itself."""
    if junit is not None and junit in given:
        raise ConfigError("this is an input of the run.", path=junit, next_step="Choose another --junit.")


def _write(junit: Path, cases: list[GateCase]) -> ConfigError | None:
    """Write the file. The fault when it cannot be done, which must not hide what the gate found."""
    from analyzer.report.junit import junit_xml
    from analyzer.weights.cache import write_atomically

    try:
        write_atomically(junit, junit_xml(cases).encode("utf-8"))
    except OSError as fault:
        return _unwritten(junit, fault)
    return None


def _unwritten(junit: Path, fault: OSError) -> ConfigError:
    return ConfigError(
        f"cannot be written ({fault.strerror or fault}).", path=junit, next_step="Choose another --junit."
    )
