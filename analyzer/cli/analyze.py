"""`touchpoint analyze`: recordings and transcripts in, reports out."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click.core import ParameterSource

from analyzer.cli.options import shared_options
from analyzer.cli.running import complain, make_options, plain_errors, run

FORMATS = ("json", "html", "csv", "junit")


def _formats(_context: click.Context, _option: click.Parameter, value: str) -> frozenset[str]:
    chosen = frozenset(part.strip() for part in value.split(",") if part.strip())
    if unknown := sorted(chosen - set(FORMATS)):
        raise click.BadParameter(f"{', '.join(unknown)}: choose among {', '.join(FORMATS)}.")
    if not chosen:
        raise click.BadParameter(f"nothing would be written: choose among {', '.join(FORMATS)}.")
    return chosen


def _needs_out(out: Path | None) -> None:
    """UsageError where --format is given without a place to write to."""
    source = click.get_current_context().get_parameter_source("formats")
    if out is None and source is not ParameterSource.DEFAULT:
        raise click.UsageError("--format says what is written into --out: give --out too, or leave --format out.")


@click.command("analyze")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for the reports; made when missing."
)
@click.option(
    "--format",
    "formats",
    default="json,html,csv",
    show_default=True,
    callback=_formats,
    help="What to write into --out: json, html, csv, junit.",
)
@shared_options
def command(inputs: tuple[str, ...], out: Path | None, formats: frozenset[str], **given: object) -> None:
    """Analyse recordings, transcripts, folders or globs.

    With --out each call gets a JSON and an HTML report, and the run index.html and calls.csv. Without it a summary
    of each call is printed.

    Exit code 0: all inputs judged. 2: some input could not be read or judged; all others are done and written.

    \b
    Examples:
      touchpoint analyze call.wav
      touchpoint analyze calls/ 'more/**/*.mp3' --out reports/ --language de
    """  # fmt: skip
    _needs_out(out)
    with plain_errors():
        options = make_options(**given)
        from analyzer.cli.writing import RunWriter

        with RunWriter(out, formats) as writer:
            for outcome in run(inputs, options, exclude=out, on_sound=writer.prepare, on_inputs=writer.spare):
                error = writer.take(outcome)
                if error is not None:
                    complain(error)
                del outcome, error  # and with them the sound, before the next recording is read
            writer.finish()
        sys.exit(writer.exit_code)
