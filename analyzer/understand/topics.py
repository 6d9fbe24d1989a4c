"""Which request a turn of the agent responds to.

The taggers give each pair of a response and a request a probability by itself. Pairs leave out that requests compete
for a response, that its own words tell a kind, and that a turn which responds to nothing responds to none of them. So
four log odds are weighed together, by a logistic regression that models/train.py fits on the development calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.acts import KINDS, LABELS
from analyzer.call import RequestKind, Turn, TurnIndex

Probabilities = NDArray[np.float32]
CUES = ("link", "best link of another kind", "the turn's own words", "responds at all")
ALONE = -6.0  # for the best link of another kind, where only one kind was stated
SURE = 1e-4  # probabilities nearer to 0 or 1 than this say no more
ABOUT = tuple(LABELS.index(("about", kind)) for kind in KINDS)
RESPONDS = LABELS.index(("group", "response"))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A turn of the agent, by its row, with a kind of request that was stated before, and what speaks for it, one
    value for each of `CUES`."""

    row: int
    kind: RequestKind
    cues: tuple[float, ...]


def candidates(turns: Sequence[Turn], labels: Probabilities, links: Probabilities) -> Iterator[Candidate]:
    """Every turn of the agent with every kind of request that the turns before it state.

    `labels` (turns, labels) and `links` (turns, turns, kinds) as `ActModel.probabilities` gives them.
    """
    stated: dict[RequestKind, list[int]] = {}
    for row, turn in enumerate(turns):
        if turn.speaker == "agent":
            yield from _of_turn(row, stated, labels[row], links[row])
        for kind in dict.fromkeys((*turn.kinds("request"), *turn.kinds("restate"))):
            stated.setdefault(kind, []).append(row)


def _of_turn(
    row: int, stated: Mapping[RequestKind, Sequence[int]], labels: Probabilities, links: Probabilities
) -> Iterator[Candidate]:
    best = {
        kind: _log_odds(max(links[earlier, KINDS.index(kind)] for earlier in rows)) for kind, rows in stated.items()
    }
    responds = _log_odds(labels[RESPONDS])
    for kind, link in best.items():
        other = max((value for rival, value in best.items() if rival != kind), default=ALONE)
        yield Candidate(row, kind, (link, other, _log_odds(labels[ABOUT[KINDS.index(kind)]]), responds))


def fits(
    turns: Sequence[Turn], labels: Probabilities, links: Probabilities, weights: Sequence[float]
) -> dict[TurnIndex, dict[RequestKind, float]]:
    """How likely each turn of the agent responds to each kind of request stated before it.

    `weights` are those of the cues and, last, the intercept.
    """
    found: dict[TurnIndex, dict[RequestKind, float]] = {turn.index: {} for turn in turns if turn.speaker == "agent"}
    for each in candidates(turns, labels, links):
        odds = weights[-1] + sum(weight * cue for weight, cue in zip(weights, each.cues, strict=False))
        found[turns[each.row].index][each.kind] = round(float(1 / (1 + np.exp(-odds))), 3)
    return found


def _log_odds(probability: np.float32) -> float:
    sure = min(max(float(probability), SURE), 1 - SURE)
    return float(np.log(sure / (1 - sure)))
