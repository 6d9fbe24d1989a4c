"""The user's cache folder: things built once, written whole or not at all, by one process at a time."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from analyzer.errors import ModelError

COMPLETE = ".complete"


def cache_dir() -> Path:
    """`$TOUCHPOINT_CACHE`, or the user's cache folder of this system."""
    chosen = os.environ.get("TOUCHPOINT_CACHE")
    return Path(chosen) if chosen else user_cache_path("touchpoint")


def build_once(name: str, build: Callable[[Path], None]) -> Path:
    """Folder `name` of the cache, made by `build(folder)` unless it is there already.

    The work happens in a folder beside it that is renamed when complete, under a lock between processes: a
    reader sees all or nothing, and two processes that start at once build once. What a killed process left is
    removed by the next one. ModelError when the cache cannot be written.
    """
    target = cache_dir() / name
    if (target / COMPLETE).exists():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(target.name + ".lock")):
            if not (target / COMPLETE).exists():
                _build(target, build)
    except OSError as fault:
        raise ModelError(
            f"the cache of models cannot be written ({fault.strerror or fault}).",
            path=target.parent,
            next_step="Make room there, or set TOUCHPOINT_CACHE to another folder.",
        ) from fault
    return target


def _build(target: Path, build: Callable[[Path], None]) -> None:
    """Build into a folder of one fixed name, which the lock keeps to one process at a time."""
    scratch = target.with_name(f".{target.name}.partial")
    for left in (target, scratch):
        shutil.rmtree(left, ignore_errors=True)
    scratch.mkdir()
    try:
        build(scratch)
        (scratch / COMPLETE).touch()
        scratch.replace(target)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def write_atomically(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file whole or not at all, from the start with the rights of `mode` that the user's umask leaves."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.parent / f".writing-{secrets.token_hex(8)}"
    try:
        with open(scratch, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as stream:
            stream.write(data)
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
