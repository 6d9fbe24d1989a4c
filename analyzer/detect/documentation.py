"""What a rule says of itself: the docstring of its module, taken apart."""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import dataclass

from analyzer.detect.rule import Rule
from analyzer.detect.rules import skipped_where

HEADINGS = ("What it does", "Why is this bad", "Example", "When it is wrong")
PART = re.compile(rf"^({'|'.join(HEADINGS)}): ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Documentation:
    """The fault in one line, and (heading, text) of the parts, each text on one line."""

    summary: str
    parts: tuple[tuple[str, str], ...]


def documentation(rule: Rule) -> Documentation:
    """The documentation of a rule; its last part is what the rule needs."""
    summary, *rest = PART.split(inspect.getdoc(sys.modules[rule.detect.__module__]) or "")
    parts = zip(rest[::2], rest[1::2], strict=True)
    needs = f"it is skipped where {', or where '.join(skipped_where(rule))}."
    return Documentation(_flat(summary), (*((heading, _flat(text)) for heading, text in parts), ("Needs", needs)))


def _flat(text: str) -> str:
    return " ".join(text.split())
