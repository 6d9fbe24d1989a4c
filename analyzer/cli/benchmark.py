"""`touchpoint benchmark`: reports held against the marks of people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli.options import shared_options
from analyzer.cli.running import Outcome, complain, make_options, plain_errors, run, shown

if TYPE_CHECKING:
    from analyzer.agreement.benchmark import CallResult, Table, Text
    from analyzer.agreement.folder import MarkedFolder
    from analyzer.agreement.labels import MarkedCall
    from analyzer.call import Report
    from analyzer.config import Options
    from analyzer.errors import TouchpointError

SHIPPED = Path("samples/benchmark")


@click.command("benchmark")
@click.argument("folder", type=click.Path(path_type=Path), default=SHIPPED, metavar="[FOLDER]")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write all figures as JSON too."
)
@click.option(
    "--worst", type=click.IntRange(0), default=5, show_default=True, help="How many of the worst calls to show."
)
@click.option(
    "--text",
    type=click.Choice(["clean", "recognised", "both"]),
    default="both",
    show_default=True,
    help="The marked transcripts, their recordings, or both.",
)
@shared_options
def command(folder: Path, json_file: Path | None, worst: int, text: str, **given: object) -> None:
    """Measure the analysis on calls that people have marked.

    FOLDER holds transcripts with `labels` (docs/definitions.md, section 7) and, if there are any, recordings of the
    same names; without it the benchmark of a checkout is taken. Prints how well the analysis agrees with the marks,
    for each language, on the clean text and on what is recognised, with 95% intervals from resampling the calls;
    then the worst calls.

    Exit code 0: measured. 2: some call could not be measured.

    \b
    Examples:
      touchpoint benchmark
      touchpoint benchmark my-marked-calls/ --text clean --json figures.json
    """  # fmt: skip
    with plain_errors():
        from analyzer.agreement.benchmark import summarise

        held = _marked(folder)
        if json_file is not None:
            _spare_inputs(json_file, held)
        options = make_options(**given)
        errors = [str(fault) for fault in held.faults]
        results = list(_results(held, text, options, errors))
        tables = summarise(results)
        for table in tables:
            click.echo(_shown(table))
        for line in _worst(results, worst):
            click.echo(line)
        if json_file is not None:
            _write(json_file, results, tables)
        for error in errors:
            complain(error)
        sys.exit(2 if errors else 0)


def _marked(folder: Path) -> MarkedFolder:
    """The marked calls of a folder; ConfigError when it holds none that can be used."""
    from analyzer.agreement.folder import read_folder
    from analyzer.errors import ConfigError

    held = read_folder(folder)
    if not held.calls:
        for fault in held.faults:
            complain(fault)
        raise ConfigError(
            f"there are no marked calls{' that can be used' * bool(held.faults)}.",
            path=folder,
            next_step="Give a folder with transcripts that have `labels` (docs/definitions.md, section 7).",
        )
    return held


def _spare_inputs(json_file: Path, held: MarkedFolder) -> None:
    """ConfigError when the figures would be written over a file of the folder."""
    from analyzer.errors import ConfigError
    from analyzer.inputs import GivenFiles

    faulty = (fault.path for fault in held.faults if fault.path)
    if json_file in GivenFiles([*held.calls, *held.unmarked, *held.recordings, *faulty]):
        raise ConfigError(
            "is one of the files to be measured, which are never written to.",
            path=json_file,
            next_step="Choose another --json.",
        )


def _results(held: MarkedFolder, text: str, options: Options, errors: list[str]) -> Iterator[CallResult]:
    if text in {"clean", "both"}:
        yield from _measured("clean", held.calls, options, errors)
    if text in {"recognised", "both"}:
        recorded, unclear = held.recorded()
        errors += map(str, unclear)
        yield from _measured("recognised", recorded, options, errors)


def _measured(
    text: Text, calls: Mapping[Path, MarkedCall], options: Options, errors: list[str]
) -> Iterator[CallResult]:  # fmt: skip
    """Each file held against its own marks. They are told apart by their order: ids may be changed in a run."""
    from analyzer.agreement.benchmark import measure_call
    from analyzer.inputs import find_inputs

    there, gone = find_inputs([str(path) for path in calls])  # a file may be gone since the folder was read
    errors += map(str, gone)
    outcomes = run([str(source.path) for source in there], options, exclude=None)
    for source, (report, error) in zip(there, map(_without_sound, outcomes), strict=True):
        if report is None:
            errors.append(str(error))
        else:
            yield measure_call(calls[source.path], report, text)


def _without_sound(outcome: Outcome) -> tuple[Report | None, TouchpointError | None]:
    """The sound of a recording need not be held while the next one is read."""
    return (None if outcome.analysis is None else outcome.analysis.report), outcome.error


def _shown(table: Table) -> str:
    from analyzer.agreement.benchmark import MEASURES

    names = {"clean": "clean text", "recognised": "recognised text"}
    lines = [f"{table.language}, {names[table.text]}: {table.calls} calls", ""]
    lines.append(f"  {'':<46}{'value':>6}  {'95% interval':<14}{'items':>5}")
    for measure in MEASURES:
        held = table.figures[measure.name]
        if held.value is None:
            lines.append(f"  {measure.title:<46}{'-':>6}  {'':<14}{held.items:>5}")
        else:
            interval = f"{held.low:.2f} to {held.high:.2f}"
            lines.append(f"  {measure.title:<46}{held.value:>6.2f}  {interval:<14}{held.items:>5}")
    lines.append("")
    for marked, found in table.confusion.items():
        said = ", ".join(f"{name.replace('None', 'not judged')} {count}" for name, count in found.items())
        lines.append(f"  severity marked {marked:<6} found: {said or '-'}")
    return "\n".join([*lines, ""])


def _worst(results: list[CallResult], number: int) -> Iterator[str]:
    ranked = sorted(results, key=lambda result: (result.badness, result.id), reverse=True)
    for result in [result for result in ranked if result.differences][:number]:
        yield f"{shown(result.id)} ({result.text} text): {len(result.differences)} differences"
        yield from (f"    {difference}" for difference in result.differences)


def _write(path: Path, results: list[CallResult], tables: tuple[Table, ...]) -> None:
    from analyzer.errors import ConfigError
    from analyzer.weights.cache import write_atomically

    content = {
        "tables": [table.model_dump() for table in tables],
        "calls": [result.model_dump(exclude={"counts", "items"}) for result in results],
    }
    try:
        write_atomically(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode("utf-8"))
    except OSError as fault:
        raise ConfigError(
            f"cannot be written ({fault.strerror}).", path=path, next_step="Choose another --json."
        ) from fault
