"""What is said literally: fixed phrases that carry an act whatever stands around them, as spaCy patterns."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import yaml

from analyzer.call import Speaker
from analyzer.resources import PACKAGE

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.matcher import PhraseMatcher

PHRASES = PACKAGE / "understand" / "phrases.yaml"


@cache
def phrases_sha256() -> str:
    """Fingerprint of the phrases."""
    return hashlib.sha256(PHRASES.read_bytes()).hexdigest()


def load_phrases(languages: Iterable[str]) -> None:
    """Load what `literal_acts` needs for these languages, which takes a second."""
    for language in languages:
        _matcher(language)


def literal_acts(text: str, speaker: Speaker, language: str) -> frozenset[str]:
    """Acts whose phrases occur in the text; none for a language without phrases.

    Letter case, line breaks and the shape of apostrophes make no difference.
    """
    tools = _matcher(language)
    if tools is None:
        return frozenset()
    pipeline, matcher = tools
    names = {pipeline.vocab.strings[match[0]] for match in matcher(pipeline.make_doc(_plain(text)))}
    return frozenset(act for role, _, act in (name.partition(":") for name in names) if role == speaker)


def _plain(text: str) -> str:
    return " ".join(text.replace("’", "'").split())


@contextmanager
def _without_torch() -> Iterator[None]:
    """Let spaCy load as it does where torch is not installed: matching phrases needs none, and torch takes seconds.

    Where torch is loaded already, nothing changes.
    """
    if "torch" in sys.modules:
        yield
        return
    sys.modules["torch"] = None  # type: ignore[assignment]  # what the import system reads as: not there
    try:
        yield
    finally:
        del sys.modules["torch"]


@cache
def _matcher(language: str) -> tuple[Language, PhraseMatcher] | None:
    with _without_torch():
        from spacy import blank
        from spacy.matcher import PhraseMatcher

    phrases = yaml.safe_load(PHRASES.read_text(encoding="utf-8")).get(language)
    if phrases is None:
        return None
    pipeline = blank(language)
    matcher = PhraseMatcher(pipeline.vocab, attr="LOWER")
    for role, acts in phrases.items():
        for act, lines in acts.items():
            matcher.add(f"{role}:{act}", [pipeline.make_doc(line) for line in lines])
    return pipeline, matcher
