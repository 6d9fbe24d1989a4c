"""What is said of time, literally: whether words say when, or ask it. Lists per language in times.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import cast

import yaml

from analyzer.resources import PACKAGE

LISTS = cast(
    dict[str, dict[str, list[str]]],
    yaml.safe_load((PACKAGE / "detect" / "times.yaml").read_text(encoding="utf-8")),
)
LANGUAGES = frozenset(LISTS)
NUMBER = r"\d{1,3}"
RANGE = r"(?:-|–| to | or | bis | oder )"
DATE = r"\d{1,2}\.\s?\d{1,2}\.|\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}|\d{1,2}(?:st|nd|rd|th)|\d{1,2}:\d\d"
CLAUSE_ENDS = r"(?=\s*(?:$|[.,;:!?]|-|–|a\.?m\b|p\.?m\b|uhr\b|o'clock\b))"


@dataclass(frozen=True, slots=True)
class _Patterns:
    when: re.Pattern[str]
    not_when: re.Pattern[str]
    asks: re.Pattern[str]


def says_when(text: str, language: str) -> bool:
    """Whether the words name a time: a day, a date, an hour, a term, "now". KeyError for a language without a list."""
    patterns = _patterns(language)
    return patterns.when.search(patterns.not_when.sub(" ", _plain(text))) is not None


def asks_when(text: str, language: str) -> bool:
    """Whether the words that ask for a time occur. KeyError for a language without a list."""
    return _patterns(language).asks.search(_plain(text)) is not None


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("’", "'").split())


@cache
def _patterns(language: str) -> _Patterns:
    lists = LISTS[language]
    number = f"(?:{NUMBER}|{_any(lists['numbers'])})"
    when = (
        _any(lists["when"]),
        DATE,
        f"{number}(?:{RANGE}{number})? {_any(lists['units'])}",
        f"{_any(lists['before'])} (?:{_any(lists['ordinals'])}|\\d{{1,2}}\\.)",
        f"{_any(lists['hours'])} {number}{CLAUSE_ENDS}",
    )
    return _Patterns(_whole(when), _whole([_any(lists["not_when"])]), _whole([_any(lists["asks"])]))


def _any(phrases: Iterable[str]) -> str:
    """One of the phrases; `*` stands for any ending."""
    written = (re.escape(phrase).replace(r"\*", r"\w*") for phrase in phrases)
    return f"(?:{'|'.join(written)})"


def _whole(parts: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")
