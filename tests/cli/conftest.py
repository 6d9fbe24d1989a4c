"""The command in this process, with its heavy parts replaced."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from analyzer.cli import main


@pytest.fixture
def touchpoint(fake_acts: object) -> Callable[..., Result]:
    """`touchpoint("analyze", path, …)`; acts are read off marks in the text."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="touchpoint")

    return run


HOSTILE = "a\x1b]0;owned\x07\u202eb"
"""An id that would rename the window of a terminal and turn what follows around."""


@pytest.fixture
def odd_wav(tmp_path: Path) -> Path:
    """A file that is no recording, under a name that is not UTF-8."""
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    try:
        odd.write_text("not sound")
    except OSError:
        pytest.skip("this file system takes no such names")
    return odd


@pytest.fixture
def in_process_of_its_own(python_env: dict[str, str], root: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`python cli.py …`"""

    def run(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(root / "cli.py"), *map(str, arguments)]
        return subprocess.run(command, env=python_env, cwd=cwd, capture_output=True, text=True, timeout=120)

    return run
