"""Write the parts of the docs that come from the code: `python docs/generate.py [--check]`.

commands.md from the `--help` texts, rules.md from the rules' own documentation, report.schema.json from the report.
With --check nothing is written: exit code 1 names what is out of date.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import click

from analyzer.cli import main as touchpoint
from analyzer.detect.documentation import documentation
from analyzer.detect.rules import RULES
from analyzer.report.json import report_schema

DOCS = Path(__file__).parent
NOTE = "<!-- Made by docs/generate.py: change the code, then run `make docs`. -->\n"


def commands() -> str:
    """Every command with its help text."""
    parts = [f"# Commands\n{NOTE}"]
    for context in _walk(touchpoint, "touchpoint", None):
        parts.append(f"## {context.command_path}\n\n```text\n{context.get_help().strip()}\n```\n")
    return "\n".join(parts)


def _walk(command: click.Command, name: str, parent: click.Context | None) -> Iterator[click.Context]:
    """The context of each command as it is when the command runs: settings of a group hold for its commands."""
    context = click.Context(command, parent, name, terminal_width=100, **command.context_settings)
    yield context
    if isinstance(command, click.Group):
        for inner_name in command.list_commands(context):
            inner = command.get_command(context, inner_name)
            if inner is not None:
                yield from _walk(inner, inner_name, context)


def rules() -> str:
    """Every rule: the documentation of its module, and what it needs."""
    parts = [
        f"# Rules\n{NOTE}",
        "A rule is named for the fault it finds. What the words mean: [definitions](definitions.md).\n",
    ]
    for rule in RULES:
        documented = documentation(rule)
        parts.append(f"## {rule.name}\n\n{documented.summary}\n")
        parts += [f"**{heading}:** {text}\n" for heading, text in documented.parts]
    return "\n".join(parts)


def outputs() -> dict[Path, str]:
    return {
        DOCS / "commands.md": commands(),
        DOCS / "rules.md": rules(),
        DOCS / "report.schema.json": json.dumps(report_schema(), indent=2, ensure_ascii=False) + "\n",
    }


def main() -> int:
    stale = [path for path, text in outputs().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path} is out of date: run `make docs`.")
        return int(bool(stale))
    for path in stale:
        path.write_text(outputs()[path], encoding="utf-8")
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
