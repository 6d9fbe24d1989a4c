"""What the command says of itself, and how quickly."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import Result

import analyzer
from analyzer.cli import COMMANDS, main

HEAVY = {"torch", "transformers", "whisper", "faster_whisper", "spacy", "ctranslate2", "av"}


def paths(group: click.Group = main, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """All commands, those of groups too."""
    yield before
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from paths(command, (*before, name))
        else:
            yield (*before, name)


@pytest.mark.parametrize("path", list(paths()), ids=" ".join)
def test_every_command_explains_itself_with_an_example(
    touchpoint: Callable[..., Result], path: tuple[str, ...]
) -> None:
    result = touchpoint(*path, "--help")

    assert result.exit_code == 0
    assert "Example" in result.output
    assert f"touchpoint {' '.join(path)}".strip() in result.output.partition("Example")[2]


@pytest.mark.parametrize("path", list(paths()), ids=" ".join)
def test_help_loads_nothing_heavy(path: tuple[str, ...], python_env: dict[str, str]) -> None:
    script = (
        "import sys\nfrom analyzer.cli import main\n"
        f"main({[*path, '--help']!r}, standalone_mode=False)\n"
        "print('loaded:', *{name.partition('.')[0] for name in sys.modules})"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], env=python_env, capture_output=True, text=True, check=True, timeout=60
    )

    assert HEAVY & set(run.stdout.partition("loaded:")[2].split()) == set()


def test_help_answers_in_well_under_half_a_second(in_process_of_its_own: Callable[..., object]) -> None:
    """The best of some runs: the machine may be busy with something else."""
    best = 60.0
    for _ in range(8):
        start = time.perf_counter()
        in_process_of_its_own("--help")
        best = min(best, time.perf_counter() - start)
        if best < 0.4:
            break

    assert best < 0.5


def test_every_command_is_listed_with_one_line(touchpoint: Callable[..., Result]) -> None:
    result = touchpoint("--help")

    assert all(f"  {name}  " in result.output for name in COMMANDS)
    assert all(main.get_command(click.Context(main), name) for name in COMMANDS)


def test_the_version_is_the_packages(touchpoint: Callable[..., Result]) -> None:
    assert touchpoint("--version").output == f"touchpoint, version {analyzer.__version__}\n"


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("analyze",), ("analyze", "--nonsense"), ("gate", "x", "--fail-under", "x")]
)
def test_a_command_that_is_not_understood_ends_with_2(
    touchpoint: Callable[..., Result], arguments: tuple[str, ...]
) -> None:
    result = touchpoint(*arguments)

    assert result.exit_code == 2
    assert "Usage: touchpoint" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("--format", "pdf"),
        ("--language", "german"),
        ("--language", "d"),
        ("--max-minutes", "0"),
        ("--max-minutes", "nan"),
        ("--max-minutes", "inf"),
        ("--agent-channel", "2"),
        ("--engine", "siri"),
    ],
)
def test_a_value_that_cannot_be_is_refused_before_anything_is_done(
    touchpoint: Callable[..., Result], write_call: Callable[..., Path], arguments: tuple[str, ...]
) -> None:
    result = touchpoint("analyze", write_call("a.json"), *arguments)

    assert result.exit_code == 2
    assert f"Invalid value for '{arguments[0]}'" in result.stderr


@pytest.mark.parametrize(("option", "known"), [("--rubric", "service"), ("--policy", "house")])
def test_an_unknown_rubric_or_policy_leads_to_the_shipped_ones(
    touchpoint: Callable[..., Result], write_call: Callable[..., Path], option: str, known: str
) -> None:
    result = touchpoint("analyze", write_call("a.json"), option, "mine")

    assert result.exit_code == 2
    assert result.stderr.startswith("touchpoint: there is no ")
    assert known in result.stderr


def test_cli_py_is_the_installed_command(root: Path) -> None:
    """One function, named in pyproject.toml."""
    spec = importlib.util.spec_from_file_location("cli_py", root / "cli.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    scripts = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]

    assert module.main is main
    assert scripts == {"touchpoint": "analyzer.cli:main"}


def test_cli_py_runs_from_any_folder(in_process_of_its_own: Callable[..., object], tmp_path: Path, root: Path) -> None:
    here, there = in_process_of_its_own("schema", cwd=root), in_process_of_its_own("schema", cwd=tmp_path)

    assert here.returncode == 0  # type: ignore[attr-defined]
    assert here.stdout == there.stdout  # type: ignore[attr-defined]
    assert '"touchpoint/1"' in here.stdout  # type: ignore[attr-defined]
