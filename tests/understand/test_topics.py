"""What an agent's turn responds to: how the cues are gathered and weighed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from analyzer.acts import KINDS, LABELS
from analyzer.call import Act, RequestKind, Speaker, Turn
from analyzer.understand.topics import ABOUT, ALONE, RESPONDS, Probabilities, candidates, fits

LINK_ALONE = (1.0, 0.0, 0.0, 0.0, 0.0)


def turn(index: int, speaker: Speaker, *wishes: tuple[str, RequestKind]) -> Turn:
    acts = tuple(Act(act=act, kind=kind, confidence=0.9) for act, kind in wishes)
    return Turn(index=index, speaker=speaker, start_ms=None, end_ms=None, text="words", acts=acts)


CALL = (
    turn(0, "agent"),
    turn(1, "customer", ("request", "billing")),
    turn(2, "agent"),
    turn(3, "customer", ("request", "appointment"), ("restate", "billing")),
    turn(4, "agent"),
)


def probabilities(
    linked: Sequence[tuple[int, int, RequestKind, float]],
    about: Sequence[tuple[int, RequestKind, float]] = (),
    responds: float = 0.5,
) -> tuple[Probabilities, Probabilities]:
    """Labels and links of `CALL`: all 0.5 but what is named."""
    labels = np.full((len(CALL), len(LABELS)), 0.5, dtype=np.float32)
    links = np.full((len(CALL), len(CALL), len(KINDS)), 0.5, dtype=np.float32)
    labels[:, RESPONDS] = responds
    for row, kind, value in about:
        labels[row, ABOUT[KINDS.index(kind)]] = value
    for response, request, kind, value in linked:
        links[response, request, KINDS.index(kind)] = value
    return labels, links


def test_candidates_are_the_kinds_that_were_stated_before() -> None:
    found = [(each.row, each.kind) for each in candidates(CALL, *probabilities([]))]

    assert found == [(2, "billing"), (4, "billing"), (4, "appointment")]


def test_a_kind_is_linked_by_the_statement_that_fits_best() -> None:
    found = fits(CALL, *probabilities([(4, 1, "billing", 0.9), (4, 3, "billing", 0.2)]), LINK_ALONE)

    assert found[4]["billing"] == pytest.approx(0.9, abs=1e-3)


def test_a_link_to_a_later_statement_counts_nothing() -> None:
    found = fits(CALL, *probabilities([(2, 3, "billing", 0.99)]), LINK_ALONE)

    assert found == {0: {}, 2: {"billing": 0.5}, 4: {"billing": 0.5, "appointment": 0.5}}


def test_cues_are_log_odds_of_link_rival_own_words_and_response() -> None:
    given = probabilities(
        [(4, 1, "billing", 0.8), (4, 3, "appointment", 0.3)], about=[(4, "billing", 0.7)], responds=0.6
    )
    first, billing, _ = candidates(CALL, *given)

    assert billing.cues == pytest.approx([math.log(p / (1 - p)) for p in (0.8, 0.3, 0.7, 0.6)], abs=1e-3)
    assert first.cues[1] == ALONE


@pytest.mark.parametrize("cue", range(4))
def test_every_cue_counts_by_its_weight(cue: int) -> None:
    given = probabilities(
        [(4, 1, "billing", 0.8), (4, 3, "appointment", 0.8)], about=[(4, "billing", 0.8)], responds=0.8
    )
    weights = [2.0 if position == cue else 0.0 for position in range(5)]

    assert fits(CALL, *given, weights)[4]["billing"] == pytest.approx(16 / 17, abs=1e-3)


def test_what_is_as_good_as_sure_stays_a_finite_number() -> None:
    given = probabilities([(2, 1, "billing", 1.0), (4, 1, "billing", 0.0), (4, 3, "billing", 0.0)])
    found = fits(CALL, *given, LINK_ALONE)

    assert 0.99 < found[2]["billing"] <= 1
    assert 0 <= found[4]["billing"] < 0.01
