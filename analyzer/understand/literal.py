"""What is said literally: fixed phrases that carry an act whatever stands around them, as spaCy patterns."""

from __future__ import annotations

import hashlib
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


@cache
def _matcher(language: str) -> tuple[Language, PhraseMatcher] | None:
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
