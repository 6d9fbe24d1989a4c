"""`touchpoint schema`: the published JSON Schema of the report."""

from __future__ import annotations

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of the report (touchpoint/1).

    \b
    Example:
      touchpoint schema > report.schema.json
    """
    import json

    from analyzer.report.json import report_schema

    click.echo(json.dumps(report_schema(), indent=2, ensure_ascii=False))
