"""The agent talks over the customer.

What it does: reports agent turns of some length that begin while the customer still speaks. It is worse where the
customer was stating a request and fell silent over it: the request was cut off.
Why is this bad: who is cut off was not heard.
Example: "and then the engineer never—" "Right, so the first thing I need from you is the account number."
When it is wrong: word times are good to about two tenths of a second; short overlaps are left alone. A request can have
been said in full before the agent came in; a sentence of agreement can be meant kindly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from analyzer.call import Finding, FindingSeverity, Turn
from analyzer.detect.evidence import in_order, quotes
from analyzer.detect.rule import Limits, Observed, Rule

MANY = 3
CONFIDENCE = 0.7  # of the times


def overlaps(turns: Sequence[Turn], limits: Limits) -> Iterator[tuple[Turn, Turn]]:
    """Pairs of (who was speaking, who came in) of different speakers, the second no mere "mhm"."""
    for before, after in pairwise(turns):
        if before.end_ms is None or after.start_ms is None or before.speaker == after.speaker:
            continue
        overlap = before.end_ms - after.start_ms
        if overlap >= limits.interruption_overlap_ms and len(after.text.split()) >= limits.interruption_words:
            yield before, after


def detect(observed: Observed) -> Iterable[Finding]:
    turns = observed.call.turns
    found = [
        (before, after)
        for before, after in overlaps(turns, observed.limits)
        if before.speaker == "customer" and after.speaker == "agent"
    ]
    if not found:
        return
    cut_off = [before for before, after in found if _cuts_off_a_request(observed, before, after)]
    yield Finding(
        rule=RULE.name,
        severity=_severity(len(found), len(cut_off)),
        confidence=round(min(CONFIDENCE, max(map(_stated, cut_off), default=1.0)), 3),
        cause="agent",
        message=_message(len(found), len(cut_off)),
        evidence=in_order(
            (
                *quotes(turns, (before.index for before, _ in found if before not in cut_off), "was speaking"),
                *quotes(turns, (before.index for before in cut_off), "request cut off"),
                *quotes(turns, (after.index for _, after in found), "came in"),
            )
        ),
        facts={"interruptions": len(found), "requests_cut_off": len(cut_off)},
    )


def _cuts_off_a_request(observed: Observed, before: Turn, after: Turn) -> bool:
    """Whether the customer states a request and falls silent while the agent speaks.

    Where the ledger of requests was not drawn up, what is a request cannot be told.
    """
    if observed.requests is None or before.end_ms is None or after.end_ms is None:
        return False
    return _stated(before) > 0 and before.end_ms <= after.end_ms


def _stated(turn: Turn) -> float:
    return turn.confidence("request", "restate")


def _severity(interruptions: int, cut_off: int) -> FindingSeverity:
    if cut_off:
        return "major"
    return "minor" if interruptions >= MANY else "info"


def _message(interruptions: int, cut_off: int) -> str:
    times = "once" if interruptions == 1 else f"{interruptions} times"
    request = {0: "", 1: " and cut off a request"}.get(cut_off, f" and cut off requests {cut_off} times")
    return f"The agent talked over the customer {times}{request}."


RULE = Rule(name="interruption", needs=("times", "speakers"), detect=detect)
