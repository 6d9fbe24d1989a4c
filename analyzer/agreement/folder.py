"""A folder of marked calls: which file holds which marks, and which recording is of which call.

Marks are kept by file: two calls may have one id, or one name in two folders.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from analyzer.agreement.labels import MarkedCall, read_marks
from analyzer.errors import InputError
from analyzer.inputs import find_inputs


@dataclass(frozen=True, slots=True)
class MarkedFolder:
    """Marked calls by their files, transcripts without marks, recordings, and what is wrong with other files."""

    calls: Mapping[Path, MarkedCall]
    unmarked: tuple[Path, ...]
    recordings: tuple[Path, ...]
    faults: tuple[InputError, ...]

    def recorded(self) -> tuple[dict[Path, MarkedCall], tuple[InputError, ...]]:
        """Marks of the recordings whose transcript is marked, and recordings of which it is not clear whose they are.

        A recording is of the transcript of its name: the one in its folder, else the marked one in the nearest.
        """
        named: dict[str, list[Path]] = defaultdict(list)
        for path in (*self.calls, *self._damaged(), *self.unmarked):
            named[path.stem].append(path)
        found: dict[Path, MarkedCall] = {}
        unclear: list[InputError] = []
        for recording in self.recordings:
            scripts = self._scripts(recording, named.get(recording.stem, []))
            if len(scripts) > 1:
                unclear.append(_unclear(recording, scripts))
            elif scripts and scripts[0] in self.calls:
                found[recording] = self.calls[scripts[0]]
        return found, tuple(unclear)

    def _damaged(self) -> Iterator[Path]:
        """JSON that cannot be used: it may hold the marks of a recording, so no others are taken instead."""
        paths = (Path(fault.path) for fault in self.faults if fault.path)
        return (path for path in paths if path.suffix.lower() == ".json")

    def _scripts(self, recording: Path, named: list[Path]) -> list[Path]:
        beside = [path for path in named if path.parent == recording.parent]
        elsewhere = [path for path in named if path not in self.unmarked]
        if beside or not elsewhere:
            return beside
        nearest = max(_shared(path, recording) for path in elsewhere)
        return [path for path in elsewhere if _shared(path, recording) == nearest]


def read_folder(folder: Path) -> MarkedFolder:
    """What a folder and those below it hold. A file that cannot be used becomes a fault; the others go on."""
    inputs, errors = find_inputs([str(folder)]) if folder.is_dir() else ((), ())
    calls: dict[Path, MarkedCall] = {}
    unmarked: list[Path] = []
    faults = [*errors]
    for path in (source.path for source in inputs if source.form == "transcript"):
        try:
            marked = read_marks(path)
        except InputError as fault:
            faults.append(fault)
            continue
        if marked is None:
            unmarked.append(path)
        else:
            calls[path] = marked
    recordings = tuple(source.path for source in inputs if source.form == "recording")
    return MarkedFolder(calls, tuple(unmarked), recordings, tuple(faults))


def _shared(one: Path, other: Path) -> int:
    """How many folders, from the outermost one on, two files have in common."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one.parts, other.parts, strict=False)))


def _unclear(recording: Path, scripts: list[Path]) -> InputError:
    return InputError(
        f"may be a recording of {' or of '.join(map(str, scripts))}.",
        path=recording,
        next_step="Put it into the folder of its own transcript, or give the two a name of their own.",
    )
