"""Which files a command is to analyse: files, folders and globs to recordings and transcripts, in a stable order."""

from __future__ import annotations

import glob
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from analyzer.errors import InputError

AUDIO_SUFFIXES = frozenset({
    ".3gp", ".aac", ".aif", ".aifc", ".aiff", ".amr", ".au", ".avi", ".awb", ".caf", ".flac", ".flv", ".gsm",
    ".m4a", ".m4v", ".mka", ".mkv", ".mov", ".mp3", ".mp4", ".mpga", ".oga", ".ogg", ".ogv", ".opus", ".snd", ".spx",
    ".voc", ".w64", ".wav", ".wave", ".weba", ".webm", ".wma", ".wmv", ".wv",
})  # fmt: skip
"""What counts as a recording in folders and globs. A file named by itself is tried whatever its suffix."""

_WANTED = "recordings (WAV, MP3, M4A, Ogg, Opus, FLAC, WebM, MP4, …) or transcripts (JSON with a list of turns)"
_FORM = 'A transcript is JSON of the form {"turns": [...]}.'


@dataclass(frozen=True, slots=True)
class Input:
    """A file to analyse, with its path as it was named or found."""

    path: Path
    form: Literal["recording", "transcript"]


class GivenFiles:
    """What a run was given to read, and so must never write to; a file is known by any of its names."""

    def __init__(self, paths: Iterable[Path | str]) -> None:
        self._known = frozenset(map(_identity, paths))

    def __contains__(self, path: Path) -> bool:
        return os.path.lexists(path) and _identity(path) in self._known


def _identity(path: Path | str) -> tuple[int, int] | str:
    """What a file has in common under all its names: through links, by way of `.`, in upper and lower case."""
    try:
        found = Path(path).stat()
    except OSError:
        return os.path.realpath(path)
    return found.st_dev, found.st_ino


@dataclass(frozen=True, slots=True)
class _Fault:
    """Why a JSON file is no transcript; `other` where it is whole and plainly something else."""

    text: str
    other: bool = False


def find_inputs(
    arguments: Sequence[str], *, exclude: Path | None = None
) -> tuple[tuple[Input, ...], tuple[InputError, ...]]:
    """Files that the arguments name, in the order of the arguments, sorted within folders and globs.

    An argument is a file, a folder (searched in full) or a glob (`**` goes through folders); a name that exists is
    never taken as a glob. Hidden files and folders are left out, and so is what lies in `exclude`, the folder the
    run writes to, unless it is named itself. A file reached twice counts once. An argument that leads to nothing
    becomes an InputError, and so does what cannot be reached, and broken JSON in a folder, which may be a call; the
    others go on.
    """
    found: dict[str, Input] = {}
    errors: list[InputError] = []
    search = _Search(exclude, errors)
    for argument in arguments:
        try:
            for item in search.resolve(argument):
                found.setdefault(os.path.realpath(item.path), item)
        except InputError as error:
            errors.append(error)
        except OSError as fault:
            errors.append(_unreachable(argument, fault))
    told: dict[tuple[str, str], InputError] = {}
    for each in errors:
        told.setdefault((os.path.realpath(each.path or ""), each.fault), each)
    return tuple(found.values()), tuple(told.values())


class _Search:
    """Resolves arguments. What cannot be read in folders and globs is added to `errors`, and the search goes on.

    OSError where the argument itself cannot be reached.
    """

    def __init__(self, exclude: Path | None, errors: list[InputError]) -> None:
        self._exclude = None if exclude is None else _real(exclude)
        self._errors = errors

    def resolve(self, argument: str) -> tuple[Input, ...]:
        path = Path(argument)
        if path.is_dir():
            return self._from_folder(path)
        if os.path.lexists(path):
            return (_named(path),)
        if glob.has_magic(argument):
            return self._from_glob(argument)
        raise InputError("there is no such file or folder.", path=argument, next_step="Check the name and the folder.")

    def _from_folder(self, folder: Path) -> tuple[Input, ...]:
        if _real(folder) == self._exclude:
            raise _excluded(folder)
        known = len(self._errors)
        found = tuple(self._listed(folder))
        if not found and len(self._errors) == known:
            raise InputError("the folder holds no recordings.", path=folder, next_step=f"Put {_WANTED} there.")
        return found

    def _from_glob(self, pattern: str) -> tuple[Input, ...]:
        matches = sorted((Path(match) for match in glob.glob(pattern, recursive=True)), key=_order)
        wanted = matches if self._holds(_fixed_part(pattern)) else [path for path in matches if not self._covers(path)]
        if matches and not wanted:
            raise _excluded(pattern)
        known = len(self._errors)
        found = tuple(item for path in wanted for item in self._matched(path, pattern))
        if not found and len(self._errors) == known:
            fault = "nothing that matches is a recording." if matches else "no file matches."
            raise InputError(fault, path=pattern, next_step=f"Use a pattern that matches {_WANTED}.")
        return found

    def _matched(self, path: Path, pattern: str) -> Iterator[Input]:
        """What one match of a glob stands for; a pattern that ends in `**` matches the files of folders itself."""
        try:
            is_folder = path.is_dir()
        except OSError as fault:
            self._errors.append(_unreachable(path, fault))
            return
        if not is_folder:
            yield from self._recognised(path)
        elif not pattern.rstrip("/").endswith("**"):
            yield from self._listed(path)

    def _listed(self, folder: Path) -> Iterator[Input]:
        """Recordings and transcripts in a folder and below it, sorted by path; a link to a folder is followed once."""
        seen = {os.path.realpath(folder)}
        paths: list[Path] = []
        for place, folders, files in os.walk(folder, onerror=self._unreadable, followlinks=True):
            here = Path(place)
            folders[:] = [name for name in sorted(folders) if self._enters(here / name, seen)]
            paths += (here / name for name in files if not name.startswith("."))
        for path in sorted(paths, key=_order):
            yield from self._recognised(path)

    def _recognised(self, path: Path) -> Iterator[Input]:
        """The file as an input, nothing where it is something else."""
        suffix = path.suffix.lower()
        if suffix not in AUDIO_SUFFIXES and suffix != ".json":
            return
        try:
            if not path.is_file():
                return
        except OSError as error:
            self._errors.append(_unreachable(path, error))
            return
        if suffix in AUDIO_SUFFIXES:
            yield Input(path, "recording")
        else:
            fault = _transcript_fault(path)
            if fault is None:
                yield Input(path, "transcript")
            elif not fault.other:
                step = f"Write it again, or take it out of the folder. {_FORM}"
                self._errors.append(InputError(fault.text, path=path, next_step=step))

    def _enters(self, folder: Path, seen: set[str]) -> bool:
        real = os.path.realpath(folder)
        if folder.name.startswith(".") or Path(real) == self._exclude or real in seen:
            return False
        seen.add(real)
        return True

    def _unreadable(self, error: OSError) -> None:
        fault = f"the folder cannot be read ({error.strerror})."
        self._errors.append(InputError(fault, path=error.filename, next_step="Check the rights to read it."))

    def _covers(self, path: Path) -> bool:
        """Whether the output folder is this path or holds it."""
        return self._exclude is not None and _real(path).is_relative_to(self._exclude)

    def _holds(self, path: Path) -> bool:
        """Whether this path lies below the output folder: what is named there is wanted."""
        return self._covers(path) and _real(path) != self._exclude


def _real(path: Path) -> Path:
    """The path without links. `Path.resolve` would raise on links in a circle."""
    return Path(os.path.realpath(path))


def _unreachable(path: Path | str, fault: OSError) -> InputError:
    return InputError(
        f"this cannot be reached ({fault.strerror or fault}).",
        path=path,
        next_step="Check the name, and the rights to its folder.",
    )


def _excluded(place: Path | str) -> InputError:
    return InputError(
        "this folder is where the results go, so it is not searched.",
        path=place,
        next_step="Name another folder for the results, or the recordings themselves.",
    )


def _order(path: Path) -> tuple[str, ...]:
    return path.parts


def _fixed_part(pattern: str) -> Path:
    """The folders of a pattern before its first wildcard."""
    return Path(*itertools.takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts))


def _named(path: Path) -> Input:
    """An input that was named by itself. Raises InputError for JSON that is not a transcript."""
    if not path.is_file():
        raise InputError("this is not an ordinary file.", path=path, next_step="Name a recording or a transcript.")
    if path.suffix.lower() != ".json":
        return Input(path, "recording")
    fault = _transcript_fault(path)
    if fault:
        raise InputError(fault.text, path=path, next_step=_FORM)
    return Input(path, "transcript")


def _transcript_fault(path: Path) -> _Fault | None:
    """Why a JSON file is not a native transcript, null where it looks like one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        return _Fault("the file is not text in UTF-8.")
    except OSError as error:
        return _Fault(f"the file cannot be opened ({error.strerror}).")
    except (ValueError, RecursionError) as error:
        return _Fault(f"the file is not valid JSON ({error}).")
    if not isinstance(content, dict) or "turns" not in content:
        return _Fault("this is JSON without a list of turns, not a transcript.", other=True)
    if str(content.get("schema", "")).startswith("touchpoint/"):
        return _Fault("this is a report, not a transcript.", other=True)
    if not isinstance(content["turns"], list):
        return _Fault("this is JSON without a list of turns, not a transcript.")
    return None
