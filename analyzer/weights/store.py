"""What the cache holds of the models of the manifest, and whether it is right."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.errors import ModelError
from analyzer.weights import e5, encoder, manifest, whisper
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
    """Where a model of the manifest lies in the cache once it was fetched; the encoder with its adapter merged in."""
    if entry.name == e5.NAME:
        return cache_dir() / encoder.quick_name(encoder.shipped_adapter())
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
            yield encoder.quick_folder(encoder.shipped_adapter())
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
    for name, wanted in _sums(entry, folder).items():
        found = _digest(folder / name)
        yield Check(f"{entry.name}/{name} (cached)", found == wanted, _detail(found, wanted, folder))


def _sums(entry: manifest.Model, folder: Path) -> dict[str, str]:
    """SHA-256 that the cached files must have: of the manifest, or as they were when the encoder was built."""
    if entry.name != e5.NAME:
        return {file.target: file.sha256 for file in entry.file}
    try:
        return encoder.sums(folder)
    except (OSError, ValueError):
        return {encoder.SUMS: "the list of the sums of the other files"}


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as fault:
        return f"not readable ({fault.strerror})"


def _detail(found: str, wanted: str, folder: Path) -> str:
    return found if found == wanted else f"{found}, expected {wanted}. Delete {folder} and fetch it again."
