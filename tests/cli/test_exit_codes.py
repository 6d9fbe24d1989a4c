"""Exit code 1 is the gate's verdict and nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import analyzer.cli.running
import analyzer.cli.writing

Run = Callable[..., Result]
Write = Callable[..., Path]


@pytest.fixture
def without_reader(python_env: dict[str, str], root: Path) -> Callable[..., tuple[int, bytes]]:
    """Exit code of a command whose stdout or stderr nobody reads, and what it says on the other one."""

    def run(*arguments: object, gone: str) -> tuple[int, bytes]:
        command = [sys.executable, str(root / "cli.py"), *map(str, arguments)]
        process = subprocess.Popen(command, env=python_env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        closed, other = (process.stdout, process.stderr) if gone == "stdout" else (process.stderr, process.stdout)
        assert closed is not None
        assert other is not None
        closed.close()
        said = other.read()
        other.close()
        return process.wait(60), said

    return run


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["gate", "--help"],
        ["schema"],
        ["models", "list"],
        ["gate", "gone.wav", "--fail-under", "1"],
        ["analyze", "gone.wav", "--out"],
    ],
    ids=" ".join,
)
def test_who_lost_its_reader_says_nothing_and_ends_with_141(
    without_reader: Callable[..., tuple[int, bytes]], tmp_path: Path, arguments: list[str]
) -> None:
    more = [tmp_path / "out"] if arguments[-1] == "--out" else []
    code, said = without_reader(*arguments, *more, gone="stdout")

    assert code == 141
    assert b"Traceback" not in said
    assert b"BrokenPipe" not in said


def test_a_log_that_nobody_reads_ends_with_141(without_reader: Callable[..., tuple[int, bytes]]) -> None:
    assert without_reader("analyze", "gone.wav", gone="stderr") == (141, b"")


@pytest.mark.parametrize("command", [["analyze"], ["gate", "--fail-under", "1"]], ids=" ".join)
def test_who_is_stopped_ends_with_130(
    touchpoint: Run, write_call: Write, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    def stopped(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(analyzer.cli.running, "find_inputs", stopped)
    result = touchpoint(*command, write_call("a.json"))

    assert result.exit_code == 130
    assert result.stderr.endswith("touchpoint: stopped.\n")


def test_what_was_written_before_a_stop_stays(
    touchpoint: Run, write_call: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = analyzer.cli.writing.call_page

    def stopped(found: Any, **given: Any) -> str:
        if found.call.id == "b":
            raise KeyboardInterrupt
        return page(found, **given)

    monkeypatch.setattr(analyzer.cli.writing, "call_page", stopped)
    result = touchpoint("analyze", write_call("a.json"), write_call("b.json"), "--out", tmp_path / "out")

    assert result.exit_code == 130
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.html", "a.json", "b.json"}
