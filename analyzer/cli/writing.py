"""Write what a run finds: each call as soon as it is done, the overview at the end."""

from __future__ import annotations

import errno
import os
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from analyzer.audio.playback import encode_playback
from analyzer.call import Report
from analyzer.cli.console import PlainConsole
from analyzer.cli.running import DEFECT, Outcome, shown
from analyzer.errors import ConfigError, InputError, TouchpointError
from analyzer.inputs import GivenFiles
from analyzer.pipeline import Analysis, Sound
from analyzer.report.csv import calls_csv
from analyzer.report.html import call_page
from analyzer.report.index import index_page
from analyzer.report.json import to_json
from analyzer.report.junit import GateCase, junit_xml
from analyzer.report.run import RunFailure, RunRow, file_stem
from analyzer.report.terminal import call_summary, run_table
from analyzer.weights.cache import write_atomically


def judged(report: Report) -> bool:
    """Whether the call has a score and every rule that could run did."""
    return report.scorecard.score is not None and all(rule.status != "failed" for rule in report.rules)


@dataclass(frozen=True, slots=True)
class _Job:
    """The sound of one call in the making. `waiting` holds it until its turn comes, or until it is forgotten."""

    samples: Sound
    waiting: list[Sound]
    made: Future[bytes]


class Playback:
    """Makes the sound of a page while its call is recognised: of one call at a time, on a thread of its own."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="playback")
        self._job: _Job | None = None

    def begin(self, samples: Sound) -> None:
        self.forget()
        waiting = [samples]
        self._job = _Job(samples, waiting, self._worker.submit(_encode, waiting))

    def of(self, samples: Sound) -> bytes:
        job = self._job
        return job.made.result() if job is not None and job.samples is samples else encode_playback(samples)

    def forget(self) -> None:
        """Call off what was begun, and let go of its samples; what is already being encoded runs to its end."""
        job, self._job = self._job, None
        if job is not None:
            job.made.cancel()
            job.waiting.clear()

    def close(self) -> None:
        self.forget()
        self._worker.shutdown(wait=False, cancel_futures=True)


def _encode(waiting: list[Sound]) -> bytes:
    return encode_playback(waiting.pop())


class RunWriter:
    """Takes outcomes one by one; what was written stays, whatever comes after.

    Used in a `with` statement: what is still being prepared when the run ends is called off.
    """

    def __init__(self, out: Path | None, formats: frozenset[str]) -> None:
        self._out, self._formats = out, formats
        self._rows: list[RunRow] = []
        self._failures: list[RunFailure] = []
        self._unjudged: list[str] = []
        self._console = PlainConsole()
        self._playback = Playback()
        self._given = GivenFiles(())
        if out is not None:
            try:
                make_folder(out)
            except OSError as fault:
                raise _unwritten(out, "the folder for the reports cannot be written", fault) from fault

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._playback.close()

    @property
    def exit_code(self) -> int:
        return 2 if self._failures or self._unjudged or not self._rows else 0

    def spare(self, given: GivenFiles) -> None:
        """Never write a report over one of these files."""
        self._given = given

    def prepare(self, samples: Sound) -> None:
        """Make the sound of a page while the call is recognised."""
        if self._out is not None and "html" in self._formats:
            self._playback.begin(samples)

    def take(self, outcome: Outcome) -> TouchpointError | None:
        """Write one call; what went wrong with it, here or before."""
        error = outcome.error if outcome.analysis is None else self._reported(outcome.name, outcome.analysis)
        self._playback.forget()
        if error is not None:
            self._failures.append(RunFailure.of(error, outcome.name))
        return error

    def _reported(self, name: str, analysis: Analysis) -> TouchpointError | None:
        """Write or print a report. One that cannot be written must not lose the others."""
        report = analysis.report
        try:
            row = RunRow.of(report)
            if self._out is None:
                self._console.print(call_summary(report))
            else:
                self._write_call(self._out, analysis)
        except BrokenPipeError:  # of the terminal, not of a report
            raise
        except TouchpointError as error:
            return error
        except OSError as fault:
            return _unwritten(self._out, f"the report of {name} cannot be written", fault)
        except Exception as fault:  # a defect of ours on one call
            return InputError(
                f"its report could not be made ({type(fault).__name__}: {fault}).", path=name, next_step=DEFECT
            )
        self._rows.append(row)
        if not judged(report):
            self._unjudged.append(report.call.id)
        return None

    def _write_call(self, out: Path, analysis: Analysis) -> None:
        """Write the files of a call: all that are asked for, or none where one would be written over an input."""
        report = analysis.report
        stem = file_stem(report.call.id)
        targets = {kind: out / f"{stem}.{kind}" for kind in ("json", "html") if kind in self._formats}
        for target in targets.values():
            if target in self._given:
                raise _over_input(target, report.call.source)
        if "json" in targets:
            write_atomically(targets["json"], to_json(report).encode("utf-8"))
        if "html" in targets:
            audio = None if analysis.samples is None else self._playback.of(analysis.samples)
            write_atomically(targets["html"], call_page(report, audio=audio).encode("utf-8"))

    def finish(self) -> None:
        """The overview of the run: files where --out is given, the table on the terminal, and what was not judged."""
        if self._out is not None:
            try:
                for name, text in self._overview().items():
                    write_atomically(self._out / name, text.encode("utf-8"))
            except OSError as fault:
                raise _unwritten(self._out, "the overview of the run cannot be written", fault) from fault
            run_table(self._rows, self._failures, self._console)
            overview = "index.html" if "html" in self._formats else ""
            self._console.print(f"\nReports: {shown(self._out.resolve() / overview)}", soft_wrap=True)
        if self._unjudged:
            self._console.print(f"\nNot judged in full: {', '.join(map(shown, self._unjudged))}. Each report says why.")

    def _overview(self) -> dict[str, str]:
        files = {}
        if "html" in self._formats:
            files["index.html"] = index_page(self._rows, self._failures)
        if "csv" in self._formats:
            files["calls.csv"] = calls_csv(self._rows, self._failures)
        if "junit" in self._formats:
            cases = [
                GateCase(id=row.id, errors=("could not be judged in full",) * (row.id in self._unjudged))
                for row in self._rows
            ]
            cases += [GateCase(id=failure.input, errors=(failure.message,)) for failure in self._failures]
            files["junit.xml"] = junit_xml(cases)
        return files


def make_folder(folder: Path) -> None:
    """Make a folder for results. OSError when it cannot be written: to be known before any call is heard."""
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _over_input(target: Path, source: str) -> ConfigError:
    return ConfigError(
        f"the report of {source} would be written over {target.name}, which is an input of the run.",
        path=target,
        next_step="Choose another --out.",
    )


def _unwritten(out: Path | None, what: str, fault: OSError) -> ConfigError:
    return ConfigError(
        f"{what} ({fault.strerror or fault}).", path=out, next_step="Make room, or choose another --out."
    )
