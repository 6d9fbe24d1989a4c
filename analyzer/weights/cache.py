"""The user's cache folder: things built once, written whole or not at all, by one process at a time."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from analyzer.errors import ModelError

COMPLETE = ".complete"
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def cache_dir() -> Path:
    """`$TOUCHPOINT_CACHE`, or the user's cache folder of this system."""
    chosen = os.environ.get("TOUCHPOINT_CACHE")
    return Path(chosen) if chosen else user_cache_path("touchpoint")


def build_once(name: str, build: Callable[[Path], None]) -> Path:
    """Folder `name` of the cache, made by `build(folder)` unless it is there already.

    The work happens in a folder beside it that is renamed when complete, under a lock between processes: a
    reader sees all or nothing, and two processes that start at once build once. What a killed process left is
    removed by the next one. ModelError when the cache cannot be written, or what `build` reads cannot be read.
    """
    target = cache_dir() / name
    if _is_complete(target):
        return target
    with locked(target):
        if not _is_complete(target):
            _build(target, build)
    return target


@contextmanager
def locked(target: Path) -> Iterator[None]:
    """Be the only process that makes this file or folder of the cache. ModelError when the cache cannot be written."""
    lock = FileLock(target.with_name(target.name + ".lock"))
    with _told_of_the_cache(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _is_complete(target: Path) -> bool:
    with _told_of_the_cache(target.parent):
        return (target / COMPLETE).exists()


def _build(target: Path, build: Callable[[Path], None]) -> None:
    """Build into a folder of one fixed name, which the lock keeps to one process at a time."""
    scratch = target.with_name(f".{target.name}.partial")
    for left in (target, scratch):
        shutil.rmtree(left, ignore_errors=True)
    with _told_of_the_cache(target.parent):
        scratch.mkdir()
    try:
        _fill(scratch, build)
        with _told_of_the_cache(target.parent):
            (scratch / COMPLETE).touch()
            scratch.replace(target)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def _fill(scratch: Path, build: Callable[[Path], None]) -> None:
    """Build, and tell a fault of the cache from one of the weights that are read: each has another way out."""
    try:
        build(scratch)
    except OSError as fault:
        if fault.errno in FULL or str(fault.filename).startswith(str(scratch)):
            raise _unwritable(scratch.parent, fault) from fault
        raise ModelError(
            f"the weights cannot be read ({fault.strerror or fault}).",
            path=fault.filename,
            next_step="Check the rights to read them, or install the package that holds them again.",
        ) from fault


@contextmanager
def _told_of_the_cache(folder: Path) -> Iterator[None]:
    """Turn a fault of the folder into a ModelError with a way out."""
    try:
        yield
    except OSError as fault:
        raise _unwritable(folder, fault) from fault


def _unwritable(folder: Path, fault: OSError) -> ModelError:
    return ModelError(
        f"the cache of models cannot be written ({fault.strerror or fault}).",
        path=folder,
        next_step="Make room there, or set TOUCHPOINT_CACHE to another folder.",
    )


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
