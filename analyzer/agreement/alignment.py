"""Which turns of a recognised call are which turns of its script.

A recogniser cuts and joins turns and gets words wrong, so turn numbers differ. Words are matched per speaker in order;
a recognised turn stands for every script turn of which it holds a good share of the words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from analyzer.agreement.labels import MarkedTurn
from analyzer.call import Turn, TurnIndex

SHARE = 0.35  # of the words of a script turn that a recognised turn must hold
WORD = re.compile(r"\w+")
Where = Mapping[TurnIndex, frozenset[TurnIndex]]


def same(script: Sequence[MarkedTurn]) -> Where:
    """Every turn is itself: the report is about the script's own turns."""
    return {index: frozenset({index}) for index in range(len(script))}


def align(script: Sequence[MarkedTurn], heard: Sequence[Turn]) -> Where:
    """For each script turn the recognised turns that hold it; empty where it was not recognised."""
    matches: Counter[tuple[int, int]] = Counter()
    for speaker in ("agent", "customer"):
        written = [
            (index, word) for index, turn in enumerate(script) if turn.speaker == speaker for word in words(turn.text)
        ]
        spoken = [(turn.index, word) for turn in heard if turn.speaker == speaker for word in words(turn.text)]
        matcher = SequenceMatcher(None, [word for _, word in written], [word for _, word in spoken], autojunk=False)
        for block in matcher.get_matching_blocks():
            for step in range(block.size):
                matches[written[block.a + step][0], spoken[block.b + step][0]] += 1
    return {
        index: frozenset(
            turn for (row, turn), count in matches.items() if row == index and count >= SHARE * len(words(marked.text))
        )
        for index, marked in enumerate(script)
    }


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def found(
    marked: Sequence[TurnIndex], reported: Sequence[TurnIndex], where: Where
) -> tuple[tuple[TurnIndex, ...], tuple[TurnIndex, ...]]:
    """Script turns that were missed, and reported turns that stand for none of the marked ones."""
    hits = frozenset(reported)
    missed = tuple(index for index in marked if not where[index] & hits)
    right = frozenset(turn for index in marked for turn in where[index])
    return missed, tuple(turn for turn in reported if turn not in right)
