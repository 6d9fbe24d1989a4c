"""The command in this process, with its heavy parts replaced."""

from __future__ import annotations

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


@pytest.fixture
def in_process_of_its_own(python_env: dict[str, str], root: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`python cli.py …`"""

    def run(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(root / "cli.py"), *map(str, arguments)]
        return subprocess.run(command, env=python_env, cwd=cwd, capture_output=True, text=True, timeout=120)

    return run
