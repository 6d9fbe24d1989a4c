"""Which request a turn of the agent responds to.

The taggers give each pair of a response and a request a probability by itself. Pairs leave out that requests compete
for a response, that its own words tell a kind, and that a turn which responds to nothing responds to none of them. So
four log odds are weighed together, by a logistic regression that models/train.py fits on the development calls. What
comes out is the probability of each kind by itself; a turn can respond to several, or to none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.acts import KINDS, LABELS
from analyzer.call import RequestKind, Turn, TurnIndex
from analyzer.understand.tagger import sigmoid

Probabilities = NDArray[np.float32]
CUES = ("link", "rival", "own_words", "responds")  # the rival is the best link of another request
WEIGHTS = (*CUES, "intercept")
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
    requested: set[RequestKind] = set()  # a kind that is only repeated is another word for one of these, and no rival
    for row, turn in enumerate(turns):
        if turn.speaker == "agent":
            yield from _of_turn(row, stated, requested, labels[row], links[row])
        for kind in dict.fromkeys((*turn.kinds("request"), *turn.kinds("restate"))):
            stated.setdefault(kind, []).append(row)
        requested.update(turn.kinds("request"))


def _of_turn(
    row: int,
    stated: Mapping[RequestKind, Sequence[int]],
    requested: Collection[RequestKind],
    labels: Probabilities,
    links: Probabilities,
) -> Iterator[Candidate]:
    best = {
        kind: _log_odds(max(links[earlier, KINDS.index(kind)] for earlier in rows)) for kind, rows in stated.items()
    }
    responds = _log_odds(labels[RESPONDS])
    for kind, link in best.items():
        rivals = (best[rival] for rival in requested if rival != kind)
        own_words = _log_odds(labels[ABOUT[KINDS.index(kind)]])
        yield Candidate(row, kind, (link, max(rivals, default=NO_RIVAL), own_words, responds))


def fits(
    turns: Sequence[Turn], labels: Probabilities, links: Probabilities, weights: Mapping[str, float]
) -> dict[TurnIndex, dict[RequestKind, float]]:
    """How likely each turn of the agent responds to each kind of request stated before it; `weights` by `WEIGHTS`."""
    found: dict[TurnIndex, dict[RequestKind, float]] = {turn.index: {} for turn in turns if turn.speaker == "agent"}
    for each in candidates(turns, labels, links):
        odds = weights["intercept"] + sum(weights[name] * cue for name, cue in zip(CUES, each.cues, strict=True))
        found[turns[each.row].index][each.kind] = round(float(sigmoid(np.float32(odds))), 3)
    return found


def _log_odds(probability: float) -> float:
    sure = min(max(float(probability), SURE), 1 - SURE)
    return float(np.log(sure / (1 - sure)))


NO_RIVAL = _log_odds(0.0)  # as if there were one that the turn surely does not respond to
