"""Run many inputs through the pipeline: one bad input never stops the others."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.errors import InputError, TouchpointError
from analyzer.inputs import Input, find_inputs

if TYPE_CHECKING:
    from analyzer.config import Options
    from analyzer.pipeline import Analysis


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one input: an analysis, or the error that says why there is none."""

    name: str
    analysis: Analysis | None
    error: TouchpointError | None


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn a domain error into its message on stderr and its exit code."""
    try:
        yield
    except TouchpointError as error:
        click.echo(f"touchpoint: {error}", err=True)
        sys.exit(error.exit_code)


def make_options(**given: object) -> Options:
    """Options from the command line; `no_cache` turns the cache off."""
    from analyzer.config import options

    use_cache = not given.pop("no_cache")
    return options(**given, use_cache=use_cache)  # type: ignore[arg-type]  # click has checked the values


def run(arguments: Sequence[str], options: Options, exclude: Path | None) -> Iterator[Outcome]:
    """Analyse all inputs in order. Faults in the arguments come first."""
    inputs, errors = find_inputs(arguments, exclude=exclude)
    for error in errors:
        yield Outcome(error.path or "input", None, error)
    names = _call_ids(inputs)
    with _progress(len(inputs)) as advance:
        for source in inputs:
            advance(source.path.name)
            yield _one(source, options, names.get(source.path))


def _one(source: Input, options: Options, call_id: str | None) -> Outcome:
    from analyzer.pipeline import analyze

    try:
        return Outcome(source.path.name, analyze(source, options, call_id), None)
    except TouchpointError as error:
        if error.path is None:
            error = type(error)(error.fault, path=source.path, next_step=error.next_step)
        return Outcome(source.path.name, None, error)
    except Exception as fault:  # a defect of ours on one call must not lose the others
        wrapped = InputError(
            f"could not be analysed ({type(fault).__name__}: {fault}).",
            path=source.path,
            next_step="This is a defect of Touchpoint: please report it with this message.",
        )
        return Outcome(source.path.name, None, wrapped)


def _call_ids(inputs: Sequence[Input]) -> dict[Path, str]:
    """Ids for recordings whose names without ending collide: the whole file name, with its folder where needed."""
    stems = Counter(source.path.stem for source in inputs)
    names = Counter(source.path.name for source in inputs)
    return {
        source.path: source.path.name
        if names[source.path.name] == 1
        else f"{source.path.parent.name}_{source.path.name}"
        for source in inputs
        if stems[source.path.stem] > 1
    }


@contextmanager
def _progress(total: int) -> Iterator[Callable[[str], None]]:
    """A bar on a terminal, plain lines elsewhere; always on stderr."""
    if not sys.stderr.isatty():
        done = iter(range(1, total + 1))
        yield lambda name: click.echo(f"[{next(done)}/{total}] {name}", err=True)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        started = False

        def advance(name: str) -> None:
            nonlocal started
            bar.update(task, advance=int(started), description=name[:40])
            started = True

        yield advance
