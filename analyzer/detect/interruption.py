"""The agent talks over the customer.

What it does: reports agent turns of some length that begin while the customer still speaks.
Why is this bad: who is cut off was not heard.
Example: "and then the engineer never—" "Right, so the first thing I need from you is the account number."
When it is wrong: word times are good to about two tenths of a second; short overlaps are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from analyzer.call import Finding, Turn
from analyzer.detect.evidence import in_order, quotes
from analyzer.detect.rule import Limits, Observed, Rule

MANY = 3


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
    times = "once" if len(found) == 1 else f"{len(found)} times"
    yield Finding(
        rule=RULE.name,
        severity="minor" if len(found) >= MANY else "info",
        confidence=0.7,
        cause="agent",
        message=f"The agent talked over the customer {times}.",
        evidence=in_order(
            (
                *quotes(turns, (before.index for before, _ in found), "was speaking"),
                *quotes(turns, (after.index for _, after in found), "came in"),
            )
        ),
        facts={"interruptions": len(found)},
    )


RULE = Rule(name="interruption", needs=("times", "speakers"), detect=detect)
