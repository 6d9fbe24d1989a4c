"""The `touchpoint` command: one module per sub-command, imported when it is called."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

import click

from analyzer import __version__

COMMANDS = {
    "analyze": "Analyse recordings and transcripts, and write reports.",
    "benchmark": "Measure the analysis on calls that people have marked.",
    "gate": "Fail a build when calls treat customers worse than allowed.",
    "rules": "List the rules, or explain one.",
    "models": "List, fetch and verify the model weights.",
    "schema": "Print the JSON Schema of the report.",
}


STOPPED, READER_GONE = 130, 141  # as a shell counts SIGINT and SIGPIPE


@contextmanager
def own_exit_codes() -> Iterator[None]:
    """Codes of their own for a command that was stopped or lost its reader: click's is 1, the gate's verdict."""
    try:
        yield
    except (KeyboardInterrupt, click.Abort):
        click.echo("touchpoint: stopped.", err=True)
        sys.exit(STOPPED)
    except BrokenPipeError:
        _let_output_go()
        sys.exit(READER_GONE)


def _let_output_go() -> None:
    """What is still to be written goes nowhere, or Python would fail on it when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            os.dup2(nowhere, stream.fileno())


def _show_what_can_be_shown() -> None:
    """Let the terminal replace letters that it does not have: printing them must not end a run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


class LazyGroup(click.Group):
    """Knows its commands by name and imports one only to run it: `--help` stays quick."""

    def make_context(self, *given: Any, **named: Any) -> click.Context:
        _show_what_can_be_shown()
        with own_exit_codes():
            return super().make_context(*given, **named)

    def invoke(self, ctx: click.Context) -> Any:
        with own_exit_codes():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"analyzer.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="touchpoint")
def main() -> None:
    """Listen to service calls and show, with evidence, where the customer was not heard.

    \b
    Example:
      touchpoint analyze calls/ --out reports/
    """
