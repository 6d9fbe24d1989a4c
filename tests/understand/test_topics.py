"""What an agent's turn responds to: how the cues are gathered and weighed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from analyzer.acts import KINDS, LABELS
from analyzer.call import Act, RequestKind, Speaker, Turn
from analyzer.understand.topics import ABOUT, CUES, NO_RIVAL, RESPONDS, WEIGHTS, Probabilities, candidates, fits

LINK_ALONE = {name: float(name == "link") for name in WEIGHTS}


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
    assert first.cues[1] == NO_RIVAL


def test_who_surely_does_not_respond_to_the_other_request_is_as_good_as_none() -> None:
    rivals = [(4, 3, "appointment", 0.0), (4, 1, "billing", 0.8), (2, 1, "billing", 0.8)]
    alone, beside, _ = candidates(CALL, *probabilities(rivals))

    assert beside.cues == pytest.approx(alone.cues)


def test_another_word_for_a_request_is_no_rival_of_it() -> None:
    """ "I was charged twice", later "so do I get it back?": one need, repeated as another kind."""
    call = (turn(0, "customer", ("request", "billing")), turn(1, "customer", ("restate", "refund")), turn(2, "agent"))
    labels = np.full((3, len(LABELS)), 0.5, dtype=np.float32)
    links = np.full((3, 3, len(KINDS)), 0.9, dtype=np.float32)
    billing, refund = candidates(call, labels, links)

    assert (billing.kind, billing.cues[1]) == ("billing", NO_RIVAL)
    assert refund.cues[1] > 0


@pytest.mark.parametrize("cue", CUES)
def test_every_cue_counts_by_its_weight(cue: str) -> None:
    given = probabilities(
        [(4, 1, "billing", 0.8), (4, 3, "appointment", 0.8)], about=[(4, "billing", 0.8)], responds=0.8
    )
    weights = {name: 2.0 if name == cue else 0.0 for name in WEIGHTS}

    assert fits(CALL, *given, weights)[4]["billing"] == pytest.approx(16 / 17, abs=1e-3)


def test_what_is_as_good_as_sure_stays_a_finite_number() -> None:
    given = probabilities([(2, 1, "billing", 1.0), (4, 1, "billing", 0.0), (4, 3, "billing", 0.0)])
    found = fits(CALL, *given, LINK_ALONE)

    assert 0.99 < found[2]["billing"] <= 1
    assert 0 <= found[4]["billing"] < 0.01
