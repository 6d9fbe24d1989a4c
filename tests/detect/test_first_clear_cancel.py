"""The ledger of retention starts at a clear wish to leave, not at a guess."""

from __future__ import annotations

import pytest

from analyzer.call import Act, Turn
from analyzer.detect.policy import load_policy
from analyzer.detect.retention_ledger import retention_ledger


def turn(index: int, speaker: str, *acts: Act) -> Turn:
    return Turn.model_validate(
        {"index": index, "speaker": speaker, "start_ms": None, "end_ms": None, "text": "words", "acts": acts}
    )


def cancel(act: str, confidence: float) -> Act:
    return Act(act=act, kind="cancel", confidence=confidence)


@pytest.mark.parametrize(("confidence", "first"), [(0.9, 0), (0.55, 0), (0.54, 2)])
def test_only_a_clear_wish_starts_the_ledger(confidence: float, first: int) -> None:
    turns = (
        turn(0, "customer", cancel("request", confidence)),
        turn(1, "agent", Act(act="reason_probe", confidence=1.0)),
        turn(2, "customer", cancel("restate", 0.95), Act(act="refuse", confidence=0.95)),
    )
    assert retention_ledger(turns, load_policy("house"), {}).first_clear_cancel == first


def test_a_call_of_guesses_has_no_ledger() -> None:
    turns = (
        turn(0, "customer", cancel("request", 0.5)),
        turn(1, "agent", Act(act="obstruction", confidence=1.0)),
        turn(2, "customer", cancel("restate", 0.54), Act(act="refuse", confidence=0.95)),
        turn(3, "agent", Act(act="guilt", confidence=1.0)),
    )
    found = retention_ledger(turns, load_policy("house"), {})
    assert found.first_clear_cancel is None
    assert found.severity == "none"
