"""Policies: where a company (or a court) draws the line on keeping customers, as data."""

from __future__ import annotations

from pydantic import Field

from analyzer.call import Move, Value
from analyzer.detect.settings_file import load_settings
from analyzer.resources import PACKAGE

FOLDER = PACKAGE / "policies"


class AfterRefusal(Value):
    """What follows from attempts after the customer's first no."""

    mild_at_most: int = Field(ge=0)
    always_severe: tuple[Move, ...]


class Policy(Value):
    """One policy file."""

    name: str
    source: str
    after_refusal: AfterRefusal


def load_policy(name: str) -> Policy:
    """A shipped policy by name, or a file; ConfigError when it is neither or broken."""
    return load_settings(Policy, name, FOLDER)
