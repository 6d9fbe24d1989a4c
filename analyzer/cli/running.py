"""Run many inputs through the pipeline: one bad input never stops the others."""

from __future__ import annotations

import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.errors import InputError, TouchpointError
from analyzer.inputs import GivenFiles, Input, find_inputs

if TYPE_CHECKING:
    from analyzer.config import Options
    from analyzer.pipeline import Analysis, Sound


OVERVIEW = "index"  # the page of the run, which no call may overwrite
Working = Callable[[str], AbstractContextManager[None]]
DEFECT = "This is a defect of Touchpoint: please report it with this message."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one input: an analysis, or the error that says why there is none."""

    name: str
    analysis: Analysis | None
    error: TouchpointError | None


def shown(text: object) -> str:
    """An id, a path or a message as a terminal may have it: on one line, without control characters."""
    from analyzer.report.words import printable

    return printable(str(text))


def complain(fault: object) -> None:
    """Say on stderr what went wrong."""
    click.echo(f"touchpoint: {shown(fault)}", err=True)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn a domain error into its message on stderr and its exit code.

    A defect of ours keeps its traceback and ends with 2: exit code 1 is the gate's verdict and nothing else. What
    the group has codes for is left to it.
    """
    try:
        yield
    except TouchpointError as error:
        complain(error)
        sys.exit(error.exit_code)
    except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
        raise
    except Exception:
        traceback.print_exc()
        complain(DEFECT)
        sys.exit(2)


def make_options(**given: object) -> Options:
    """Options from the command line; `no_cache` turns the cache off."""
    from analyzer.config import options

    use_cache = not given.pop("no_cache")
    return options(**given, use_cache=use_cache)  # type: ignore[arg-type]  # click has checked the values


def run(
    arguments: Sequence[str],
    options: Options,
    exclude: Path | None,
    on_sound: Callable[[Sound], object] | None = None,
    on_inputs: Callable[[GivenFiles], object] | None = None,
) -> Iterator[Outcome]:
    """Analyse all inputs in order. Faults in the arguments come first. No two calls have the same id.

    `on_inputs` gets all inputs before any is read, those with a fault too: what is written must not be one of them.
    `on_sound` gets the sound of each recording before it is recognised.
    """
    inputs, errors = find_inputs(arguments, exclude=exclude)
    if on_inputs is not None:
        on_inputs(GivenFiles([*(source.path for source in inputs), *(error.path for error in errors if error.path)]))
    for error in errors:
        yield Outcome(_named(error.path or "input"), None, error)
    names, taken = _call_ids(inputs), {OVERVIEW}
    working = _progress(len(inputs))
    for source in inputs:
        with working(source.path.name):
            outcome = _one(source, options, names.get(source.path), on_sound)
        yield outcome if outcome.analysis is None else _settled(outcome, outcome.analysis, taken)
        del outcome  # and with it the sound, before the next recording is read


def _one(source: Input, options: Options, call_id: str | None, on_sound: Callable[[Sound], object] | None) -> Outcome:
    from analyzer.pipeline import analyze

    name = _named(source.path.name)
    try:
        return Outcome(name, analyze(source, options, call_id, on_sound), None)
    except TouchpointError as error:
        if error.path is None:
            error = type(error)(error.fault, path=source.path, next_step=error.next_step)
        return Outcome(name, None, error)
    except Exception as fault:  # a defect of ours on one call must not lose the others
        wrapped = InputError(
            f"could not be analysed ({type(fault).__name__}: {fault}).", path=source.path, next_step=DEFECT
        )
        return Outcome(name, None, wrapped)


def _settled(outcome: Outcome, analysis: Analysis, taken: set[str]) -> Outcome:
    """The outcome under an id of its own: reports of calls with one id would overwrite each other."""
    from analyzer.call import Warning
    from analyzer.report.run import file_stem

    report = analysis.report
    wanted = found = _named(report.call.id)
    for number in count(2):
        if file_stem(found).casefold() not in taken:
            break
        found = f"{wanted}-{number}"
    taken.add(file_stem(found).casefold())
    message = f"The id {wanted} is taken in this run, so this call is called {found}."
    renamed = () if found == wanted else (Warning(code="same-id", message=message),)
    info = report.call.model_copy(update={"id": found, "source": _named(report.call.source)})
    report = report.model_copy(update={"call": info, "warnings": (*report.warnings, *renamed)})
    return replace(outcome, analysis=replace(analysis, report=report))


def _named(name: str) -> str:
    """A file name as text; bytes that are not UTF-8 become replacement characters."""
    from analyzer.call import whole

    return whole(name)


def _call_ids(inputs: Sequence[Input]) -> dict[Path, str]:
    """Ids for recordings whose names without ending collide: the whole file name, with its folder where needed.

    A transcript keeps the id that is written in it.
    """
    stems = Counter(source.path.stem for source in inputs)
    names = Counter(source.path.name for source in inputs)
    return {
        source.path: source.path.name
        if names[source.path.name] == 1
        else f"{source.path.parent.name}_{source.path.name}"
        for source in inputs
        if source.form == "recording" and stems[source.path.stem] > 1
    }


def _progress(total: int) -> Working:
    """Says on stderr which input is worked on: with a bar on a terminal, in plain lines elsewhere."""
    return _bar(total) if sys.stderr.isatty() else _lines(total)


def _lines(total: int) -> Working:
    numbers = iter(range(1, total + 1))

    @contextmanager
    def working(name: str) -> Iterator[None]:
        click.echo(f"[{next(numbers)}/{total}] {shown(name)}", err=True)
        yield

    return working


def _bar(total: int) -> Working:
    """A bar that stands only while there is work to do: what is printed between must not run into it."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from analyzer.cli.console import PlainConsole

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=PlainConsole(stderr=True), transient=True, redirect_stdout=False)
    task = bar.add_task("", total=total)

    @contextmanager
    def working(name: str) -> Iterator[None]:
        bar.update(task, description=shown(name)[:40])
        with bar:
            yield
        bar.advance(task)

    return working
