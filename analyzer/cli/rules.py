"""`touchpoint rules`: what is looked for, and when it is wrong."""

from __future__ import annotations

import click

from analyzer.cli.running import plain_errors

WIDTH = 80


@click.command("rules")
@click.option("--explain", metavar="NAME", help="Print the whole documentation of one rule.")
def command(explain: str | None) -> None:
    """List the rules, or explain one.

    \b
    Examples:
      touchpoint rules
      touchpoint rules --explain dead-air
    """
    with plain_errors():
        click.echo(_list() if explain is None else _explain(explain))


def _list() -> str:
    from analyzer.detect.documentation import documentation
    from analyzer.detect.rules import RULES

    formatter = click.HelpFormatter(width=WIDTH)
    formatter.write_dl([(rule.name, documentation(rule).summary) for rule in RULES])
    return formatter.getvalue().rstrip()


def _explain(name: str) -> str:
    from analyzer.detect.documentation import documentation
    from analyzer.detect.rules import RULES
    from analyzer.errors import ConfigError

    by_name = {rule.name: rule for rule in RULES}
    if name not in by_name:
        raise ConfigError(f"--explain: there is no rule {name!r}.", next_step=f"Rules: {', '.join(by_name)}.")
    documented = documentation(by_name[name])
    formatter = click.HelpFormatter(width=WIDTH)
    formatter.write_text(f"{name}: {documented.summary}")
    for heading, text in documented.parts:
        with formatter.section(heading):
            formatter.write_text(text)
    return formatter.getvalue().rstrip()
