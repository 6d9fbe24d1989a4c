"""The customer said no, and the agent went on trying to keep them.

What it does: reports a call in which the agent made retention attempts (asking why, offering, persuading, shaming,
threatening, obstructing) after the customer's first refusal; definitions, section 2.
Why is this bad: "define clearly where the limit lies", and let customers go who repeatedly show no interest.
Example: a caller asks to cancel, says no to an offer, and is asked "but why?" for eight minutes.
When it is wrong: a reason that was only given can be taken for a no, and an offer about another request counts as one
to stay.
"""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.call import Finding, FindingSeverity, PressureSeverity
from analyzer.detect.evidence import cause_of, in_order, quotes
from analyzer.detect.rule import Observed, Rule

SEVERITIES: dict[PressureSeverity, FindingSeverity] = {"mild": "major", "severe": "critical"}


def detect(observed: Observed) -> Iterable[Finding]:
    ledger, turns = observed.retention, observed.call.turns
    if ledger is None or ledger.first_clear_cancel is None or ledger.severity == "none":
        return
    after = [attempt for attempt in ledger.attempts if attempt.turn in ledger.attempts_after_refusal]
    honoured = () if ledger.honoured is None else (ledger.honoured,)
    times = "once" if len(after) == 1 else f"{len(after)} times"
    yield Finding(
        rule=RULE.name,
        severity=SEVERITIES[ledger.severity],
        confidence=_confidence(observed),
        cause=cause_of(turns[ledger.first_clear_cancel :], {move for attempt in after for move in attempt.moves}),
        message=f"After the customer's first no, the agent tried {times} more to keep them.",
        evidence=in_order(
            (
                *quotes(turns, [ledger.first_clear_cancel], "asks to cancel"),
                *quotes(turns, ledger.refusals, "says no"),
                *quotes(turns, ledger.attempts_after_refusal, "attempt after refusal"),
                *quotes(turns, honoured, "carried out"),
            )
        ),
        facts={
            "severity": ledger.severity,
            "attempts": len(ledger.attempts),
            "attempts_after_refusal": len(after),
            "moves_after_refusal": sorted({move for attempt in after for move in attempt.moves}),
            "seconds_to_honour": ledger.seconds_to_honour,
        },
    )


def _confidence(observed: Observed) -> float:
    """How sure the weakest link is that the verdict needs: the wish, a refusal, and an attempt behind it."""
    ledger, turns = observed.retention, observed.call.turns
    assert ledger is not None and ledger.first_clear_cancel is not None
    wish = turns[ledger.first_clear_cancel].confidence("request", "restate")
    refusal = max(turns[index].confidence("refuse", "request", "restate") for index in ledger.refusals)
    attempt = max(
        turns[attempt.turn].confidence(*attempt.moves)
        for attempt in ledger.attempts
        if attempt.turn in ledger.attempts_after_refusal
    )
    return round(min(wish, refusal, attempt), 3)


RULE = Rule(name="retention-pressure", needs=("speakers", "language"), detect=detect, ledger="retention")
