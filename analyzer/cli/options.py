"""Options that several commands share."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import click


class FiniteRange(click.FloatRange):
    """A float within limits, and neither infinite nor `nan`, which passes every comparison."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


def _language(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if value != "auto" and not re.fullmatch("[a-z]{2,3}", value.lower()):
        raise click.BadParameter(f"{value!r} is no language code: give auto, or a code such as en or de.")
    return value.lower()


ENGINES = ("auto", "faster-whisper", "openai-whisper")
SHARED = (
    click.option("--rubric", default="service", show_default=True, help="Name of a shipped rubric, or a YAML file."),
    click.option("--policy", default="house", show_default=True, help="Limits of retention: a shipped name or a file."),
    click.option("--language", default="auto", show_default=True, metavar="auto|en|de|…", callback=_language,
                 help="Language of the calls. A forced one is never overwritten and goes before a transcript's own."),
    click.option("--engine", type=click.Choice(ENGINES), default="auto", show_default=True,
                 help="Speech recogniser; auto takes faster-whisper on a CPU."),
    click.option("--model", default="base", show_default=True, help="Name of a Whisper model, or a path to weights."),
    click.option("--agent-channel", type=click.Choice(["auto", "0", "1"]), default="auto", show_default=True,
                 help="Which channel the agent is on; auto decides from what is said."),
    click.option("--max-minutes", type=FiniteRange(min=0, min_open=True), default=240.0, show_default=True,
                 help="Longest recording to accept."),
    click.option("--no-cache", is_flag=True,
                 help="Neither read nor keep transcripts, or what was read in them, in the user's cache folder."),
)  # fmt: skip


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that decide what a report says."""
    for option in reversed(SHARED):
        command = option(command)
    return command
