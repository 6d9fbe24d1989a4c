"""The `touchpoint` command: one module per sub-command, imported when it is called."""

from __future__ import annotations

from importlib import import_module

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


class LazyGroup(click.Group):
    """Knows its commands by name and imports one only to run it: `--help` stays quick."""

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
