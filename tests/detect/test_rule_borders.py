"""Rules that lie side by side never report the same moment twice: arbitrary acts on arbitrary turns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.call import Finding, Turn
from analyzer.detect import dead_air, retention_pressure, sales_pressure, unannounced_hold
from analyzer.detect.rule import Limits, Rule
from analyzer.detect.silence import announced, gaps

from .calls import Topics
from .test_ledger_properties import calls, observed, steadily


def turns_with(rule: Rule, call: tuple[tuple[Turn, ...], Topics], role: str) -> set[int]:
    found: list[Finding] = list(rule.detect(observed(*call)))
    return {item.turn for finding in found for item in finding.evidence if item.role == role}


@steadily
@given(calls())
def test_an_attempt_is_pressure_to_stay_or_to_buy_but_never_both(call: tuple[tuple[Turn, ...], Topics]):
    to_buy = turns_with(sales_pressure.RULE, call, "attempt after the no")
    assert not to_buy & turns_with(retention_pressure.RULE, call, "attempt after refusal")
    first = observed(*call).retention.first_clear_cancel  # type: ignore[union-attr]
    assert first is None or all(turn < first for turn in to_buy)


def silences_of(rule: Rule, call: tuple[tuple[Turn, ...], Topics]) -> list[int]:
    return [finding.evidence[-1].turn for finding in rule.detect(observed(*call)) if "silence_ms" in finding.facts]


@steadily
@given(calls(), st.integers(1, 12))
def test_every_silence_that_nobody_announced_belongs_to_exactly_one_rule(
    call: tuple[tuple[Turn, ...], Topics], slower: int
):
    turns, topics = tuple(slowed(turn, slower) for turn in call[0]), call[1]
    reported = silences_of(dead_air.RULE, (turns, topics)) + silences_of(unannounced_hold.RULE, (turns, topics))
    silent = [
        gap.after.index for gap in gaps(turns) if gap.length_ms >= Limits().dead_air_ms and not announced(turns, gap)
    ]
    assert sorted(reported) == silent


def slowed(turn: Turn, factor: int) -> Turn:
    """The same turn in a call that drags: pauses reach the length of a hold."""
    if turn.start_ms is None or turn.end_ms is None:
        return turn
    return turn.model_copy(update={"start_ms": turn.start_ms * factor, "end_ms": turn.end_ms * factor})
