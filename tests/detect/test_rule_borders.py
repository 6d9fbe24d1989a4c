"""Rules that lie side by side never report the same moment twice: arbitrary acts on arbitrary turns."""

from __future__ import annotations

from hypothesis import given

from analyzer.call import Finding, Turn
from analyzer.detect import retention_pressure, sales_pressure
from analyzer.detect.rule import Rule

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
