"""Things that are built once: whole or not at all, whatever else runs or dies."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analyzer.errors import ModelError
from analyzer.weights.cache import build_once, cache_dir, write_atomically

BUILDER = """
import os, sys, time
from pathlib import Path
from analyzer.weights.cache import build_once

def build(folder):
    with open(os.environ["BUILDS"], "a") as log:
        log.write("x")
    (folder / "half").write_text("half")
    if sys.argv[1:] == ["die"]:
        os.kill(os.getpid(), 9)
    time.sleep(0.3)
    (folder / "whole").write_text("whole")

folder = build_once("thing", build)
assert (folder / "whole").read_text() == "whole"
"""


def start(env: dict[str, str], builds: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", BUILDER, *arguments], env={**env, "BUILDS": str(builds)})


def seen(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


def test_the_cache_is_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOUCHPOINT_CACHE", str(tmp_path / "elsewhere"))

    assert cache_dir() == tmp_path / "elsewhere"
    assert build_once("thing", lambda folder: None) == tmp_path / "elsewhere" / "thing"


def test_without_the_variable_it_is_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOUCHPOINT_CACHE")

    assert cache_dir().name == "touchpoint"


def test_what_is_built_is_not_built_again() -> None:
    built: list[Path] = []

    first = build_once("thing", built.append)
    second = build_once("thing", built.append)

    assert first == second
    assert len(built) == 1


def test_processes_that_start_at_once_build_once(
    cache_folder: Path, tmp_path: Path, python_env: dict[str, str]
) -> None:
    running = [start(python_env, tmp_path / "builds") for _ in range(3)]

    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert (tmp_path / "builds").read_text() == "x"
    assert seen(cache_folder) == {"thing"}


def test_a_builder_that_raises_leaves_nothing(cache_folder: Path) -> None:
    def build(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_once("thing", build)

    assert seen(cache_folder) == set()
    assert (build_once("thing", lambda folder: None)).is_dir()


def test_after_a_killed_builder_the_next_one_succeeds_and_cleans_up(
    cache_folder: Path, tmp_path: Path, python_env: dict[str, str]
) -> None:
    assert start(python_env, tmp_path / "builds", "die").wait(60) == -signal.SIGKILL
    assert not (cache_folder / "thing").exists()

    assert start(python_env, tmp_path / "builds").wait(60) == 0

    assert (tmp_path / "builds").read_text() == "xx"
    assert seen(cache_folder) == {"thing"}


def test_a_folder_without_its_mark_is_built_again(cache_folder: Path) -> None:
    """As an unpacked copy that somebody interrupted would be."""
    (cache_folder / "thing").mkdir()
    (cache_folder / "thing" / "old").touch()

    folder = build_once("thing", lambda made: (made / "new").touch())

    assert (folder / "new").exists()
    assert not (folder / "old").exists()


def test_a_cache_that_cannot_be_written_names_the_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TOUCHPOINT_CACHE", str(tmp_path / "file"))

    with pytest.raises(ModelError, match=r"cannot be written.*TOUCHPOINT_CACHE"):
        build_once("thing", lambda folder: None)


def test_a_disk_that_fills_up_while_building_leaves_nothing(cache_folder: Path) -> None:
    def build(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError(28, "No space left on device")

    with pytest.raises(ModelError, match="No space left"):
        build_once("thing", build)

    assert seen(cache_folder) == set()


def test_a_file_of_the_cache_that_cannot_be_written_is_told_of_the_cache(cache_folder: Path) -> None:
    def build(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder / "model.bin"))

    with pytest.raises(ModelError, match=r"the cache of models cannot be written \(Permission denied\)") as caught:
        build_once("thing", build)

    assert caught.value.path == str(cache_folder)


@pytest.mark.parametrize(
    ("fault", "path"),
    [
        (PermissionError(13, "Permission denied", "/site/toy/part.bin"), "/site/toy/part.bin"),
        (OSError(5, "Input/output error"), None),
    ],
)
def test_weights_that_cannot_be_read_are_no_fault_of_the_cache(
    cache_folder: Path, fault: OSError, path: str | None
) -> None:
    """The message names the file and the fault, and does not send anybody to make room."""

    def build(folder: Path) -> None:
        (folder / "half").touch()
        raise fault

    with pytest.raises(
        ModelError, match=f"the weights cannot be read .{fault.strerror}.*install the package"
    ) as caught:
        build_once("thing", build)

    assert caught.value.path == path
    assert "TOUCHPOINT_CACHE" not in str(caught.value)
    assert seen(cache_folder) == set()


@pytest.mark.parametrize("step", ["mkdir", "replace"])
def test_each_step_of_the_cache_itself_is_told_of_the_cache(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, step, refuse)

    with pytest.raises(ModelError, match=r"the cache of models cannot be written \(Permission denied\)"):
        build_once("thing", lambda folder: None)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "file"
    write_atomically(path, b"first")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"second")

    assert path.read_bytes() == b"first"
    assert [each.name for each in path.parent.iterdir()] == ["file"]


@pytest.fixture
def umask() -> Iterator[Callable[[int], object]]:
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@pytest.mark.parametrize(("mask", "rights"), [(0o022, 0o644), (0o077, 0o600), (0o027, 0o640), (0o002, 0o664)])
def test_who_may_read_a_file_is_the_users_choice(
    tmp_path: Path, umask: Callable[[int], object], mask: int, rights: int
) -> None:
    """Reports hold people's words: a user who keeps files to themselves keeps them too."""
    umask(mask)
    write_atomically(tmp_path / "file", b"words")

    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == rights


def test_the_umask_never_adds_rights(tmp_path: Path, umask: Callable[[int], object]) -> None:
    umask(0)
    write_atomically(tmp_path / "file", b"words", 0o600)

    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o644, 0o600])
def test_a_file_has_its_mode_from_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    """At the moment it gets its name, its rights are settled."""
    modes = []
    replace = Path.replace

    def watch(self: Path, target: Path) -> Path:
        modes.append(stat.S_IMODE(self.stat().st_mode))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watch)
    write_atomically(tmp_path / "file", b"secret", mode)

    assert modes == [mode]
