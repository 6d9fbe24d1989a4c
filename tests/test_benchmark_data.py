"""The benchmark's calls: well-formed, consistent in themselves, and none of their turns in the training data."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from analyzer.agreement.labels import read_marked
from models.dialogues import read_folder

ROOT = Path(__file__).resolve().parent.parent
CALLS = sorted((ROOT / "samples" / "benchmark" / "calls").glob("*.json"))
WORD = re.compile(r"\w+")
STOCK = 5  # a turn of fewer words is what everybody says
PIECE = 4  # words in a row that are looked up


def words(text: str) -> tuple[str, ...]:
    return tuple(WORD.findall(text.lower()))


def pieces(spoken: tuple[str, ...]) -> set[tuple[str, ...]]:
    return {spoken[at : at + PIECE] for at in range(len(spoken) - PIECE + 1)}


def turns_of(path: Path) -> list[tuple[str, ...]]:
    turns: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["turns"]
    return [words(turn["text"]) for turn in turns]


def test_there_are_sixty_calls_in_each_language() -> None:
    languages = Counter(read_marked(path).language for path in CALLS)

    assert languages == {"en": 60, "de": 60}


@pytest.mark.parametrize("path", CALLS, ids=lambda path: path.stem)
def test_marks_are_consistent(path: Path) -> None:
    call = read_marked(path)
    retention, speakers = call.labels.retention, [turn.speaker for turn in call.turns]

    assert call.id == path.stem
    assert set(retention.attempts_after_refusal) <= set(retention.attempts)
    assert {speakers[turn] for turn in retention.attempts} <= {"agent"}
    assert {speakers[turn] for intent in call.labels.intents for turn in intent.stated} <= {"customer"}
    assert (retention.severity == "none") == (not retention.attempts_after_refusal)
    if len(retention.attempts_after_refusal) > 2:
        assert retention.severity == "severe"
    if retention.first_clear_cancel is None:
        assert not retention.attempts
    assert all(0 <= turn < len(speakers) for turn in (*call.labels.silo, *call.labels.process_block))


def test_no_turn_was_trained_or_tuned_on_not_even_nearly() -> None:
    trained = [
        words(turn.text)
        for folder in ("data", "heard", "dev")
        for call in read_folder(ROOT / "models" / folder)
        for turn in call.turns
    ]
    known, where = set(trained), defaultdict(set)
    for row, spoken in enumerate(trained):
        for piece in pieces(spoken):
            where[piece].add(row)

    for path in CALLS:
        for spoken in turns_of(path):
            if len(spoken) < STOCK:
                continue
            assert spoken not in known, (path.stem, spoken)
            own = pieces(spoken)
            shared = Counter(row for piece in own for row in where.get(piece, ()))
            for row, count in shared.most_common(1):
                longest = max(len(own), len(pieces(trained[row])))
                assert count / longest < 0.7, (path.stem, spoken, trained[row])
