"""The progress bar on a terminal: results never run into it, and it is gone at the end."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.cli import main

Write = Callable[..., Path]
TOKEN = re.compile(r"\x1b\[[0-?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+")


class Terminal(io.StringIO):
    """What stands on the screen after all that was written: knows new lines, moves up and erased lines."""

    def isatty(self) -> bool:
        return True

    @property
    def written(self) -> str:
        return self.getvalue()

    @property
    def screen(self) -> list[str]:
        lines, row, column = [""], 0, 0
        for token in TOKEN.findall(self.getvalue()):
            if token == "\n":
                row, column = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
            elif token == "\r":
                column = 0
            elif token == "\x1b[2K":
                lines[row] = ""
            elif token == "\x1b[1A":
                row -= 1
            elif not token.startswith("\x1b"):
                lines[row] = lines[row].ljust(column)[:column] + token + lines[row][column + len(token) :]
                column += len(token)
        return [line.rstrip() for line in lines if line.strip()]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, fake_acts: object) -> Callable[..., Terminal]:
    """`terminal("analyze", path, …)`: the command on a terminal; its results go there too, or into `stdout`."""

    def run(*arguments: object, stdout: io.StringIO | None = None) -> Terminal:
        here = Terminal()
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setattr(sys, "stderr", here)
        monkeypatch.setattr(sys, "stdout", here if stdout is None else stdout)
        with pytest.raises(SystemExit):
            main([str(argument) for argument in arguments])
        return here

    return run


def test_the_gates_lines_do_not_run_into_the_bar(terminal: Callable[..., Terminal], write_call: Write) -> None:
    seen = terminal("gate", *(write_call(f"{name}.json") for name in "abc"), "--fail-under", "1")

    assert "0/3" in seen.written
    assert "2/3" in seen.written
    assert seen.screen == ["PASS  a", "PASS  b", "PASS  c"]


def test_results_that_are_piped_do_not_go_where_the_bar_is(
    terminal: Callable[..., Terminal], write_call: Write
) -> None:
    piped = io.StringIO()
    seen = terminal("gate", write_call("a.json"), write_call("b.json"), "--fail-under", "1", stdout=piped)

    assert piped.getvalue() == "PASS  a\nPASS  b\n"
    assert seen.screen == []


def test_a_summary_and_a_fault_do_not_run_into_the_bar(
    terminal: Callable[..., Terminal], write_call: Write, tmp_path: Path
) -> None:
    (tmp_path / "b.wav").write_text("not sound")
    seen = terminal("analyze", write_call("a.json"), tmp_path / "b.wav", write_call("c.json"))

    assert "1/3" in seen.written
    assert seen.screen[0].startswith("a  English")
    assert sum(line.startswith("c  English") for line in seen.screen) == 1
    assert any(line.startswith("touchpoint: ") for line in seen.screen)
    assert not any("0:00:" in line for line in seen.screen)
