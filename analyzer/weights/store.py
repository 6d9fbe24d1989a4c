"""What the cache holds of the models of the manifest, and whether it is right."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.errors import ModelError
from analyzer.weights import e5, manifest, whisper
from analyzer.weights.cache import COMPLETE, cache_dir


@dataclass(frozen=True, slots=True)
class Status:
    """One model of the manifest as the user sees it."""

    name: str
    family: str
    licence: str
    state: str
    title: str


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was verified."""

    what: str
    ok: bool
    detail: str


def folder_of(entry: manifest.Model) -> Path:
    """Where a model of the manifest lies in the cache once it was fetched."""
    return cache_dir() / f"{entry.family}-{entry.name}-{entry.sha256[:16]}"


def status() -> Iterator[Status]:
    for entry in manifest.models():
        yield Status(entry.name, entry.family, entry.licence, _state(entry), entry.title)


def _state(entry: manifest.Model) -> str:
    if (folder_of(entry) / COMPLETE).exists():
        return "ready"
    try:
        for file in entry.file:
            for part in file.parts:
                part.locate()
    except ModelError:
        return "not installed"
    return "installed"


def fetch(names: Sequence[str]) -> Iterator[Path]:
    """Build the named models (all of the manifest by default) in the cache; their places."""
    for name in names or [entry.name for entry in manifest.models()]:
        if name == e5.NAME:
            yield e5.encoder_folder()
        else:
            yield whisper.resolve(name).path


def verify() -> tuple[Check, ...]:
    """Check the SHA-256 of every file of the manifest where its package is installed and where it is cached."""
    return tuple(check for entry in manifest.models() for check in (*_installed(entry), *_cached(entry)))


def _installed(entry: manifest.Model) -> Iterator[Check]:
    for file in entry.file:
        try:
            for _ in file.blocks():
                pass
        except ModelError as fault:
            yield Check(f"{entry.name}/{file.target} (installed)", False, str(fault))
        else:
            yield Check(f"{entry.name}/{file.target} (installed)", True, file.sha256)


def _cached(entry: manifest.Model) -> Iterator[Check]:
    folder = folder_of(entry)
    if not (folder / COMPLETE).exists():
        return
    for file in entry.file:
        path = folder / file.target
        if not path.is_file():
            continue  # unpacked into other files, whose source was verified when it was read
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        yield Check(f"{entry.name}/{file.target} (cached)", digest == file.sha256, _detail(digest, file.sha256, folder))


def _detail(found: str, wanted: str, folder: Path) -> str:
    return found if found == wanted else f"{found}, expected {wanted}. Delete {folder} and fetch it again."
