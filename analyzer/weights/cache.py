"""The user's cache folder: things built once, written whole or not at all, by one process at a time."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

COMPLETE = ".complete"


def cache_dir() -> Path:
    """`$TOUCHPOINT_CACHE`, or the user's cache folder of this system."""
    chosen = os.environ.get("TOUCHPOINT_CACHE")
    return Path(chosen) if chosen else user_cache_path("touchpoint")


def build_once(name: str, build: Callable[[Path], None]) -> Path:
    """Folder `name` of the cache, made by `build(folder)` unless it is there already.

    The work happens in a folder beside it that is renamed when complete, under a lock between processes: a
    reader sees all or nothing, and two processes that start at once build once.
    """
    target = cache_dir() / name
    if (target / COMPLETE).exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_name(target.name + ".lock")):
        if (target / COMPLETE).exists():
            return target
        shutil.rmtree(target, ignore_errors=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            build(scratch)
            (scratch / COMPLETE).touch()
            scratch.replace(target)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
    return target


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, scratch = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        Path(scratch).chmod(0o644)
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
