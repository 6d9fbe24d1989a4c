"""Silence that nobody announced.

What it does: reports a silence of five seconds or more between two turns, unless the agent announced a wait just
before it.
Why is this bad: the caller does not know whether anybody is still there.
Example: the caller explains the fault; eleven seconds later the agent says "so, what was the number?".
"""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.call import Finding
from analyzer.detect.evidence import quotes
from analyzer.detect.rule import Observed, Rule
from analyzer.detect.silence import Gap, gaps

LONG_MS = 15_000
LOOK_BACK = 2


def detect(observed: Observed) -> Iterable[Finding]:
    turns = observed.call.turns
    for gap in gaps(turns):
        if gap.length_ms >= observed.limits.dead_air_ms and not _announced(observed, gap):
            yield Finding(
                rule=RULE.name,
                severity="major" if gap.length_ms >= LONG_MS else "minor",
                confidence=0.9,
                cause="unclear",
                message=f"Nobody spoke for {gap.length_ms / 1000:.0f} seconds, and no wait was announced.",
                evidence=(
                    *quotes(turns, [gap.before.index], "before the silence"),
                    *quotes(turns, [gap.after.index], "after the silence"),
                ),
                facts={"silence_ms": gap.length_ms},
            )


def _announced(observed: Observed, gap: Gap) -> bool:
    """A wait announced in the last two turns; the caller's "all right" may stand between."""
    first = max(gap.after.index - LOOK_BACK, 0)
    return any(turn.has("hold_notice") for turn in observed.call.turns[first : gap.after.index])


RULE = Rule(name="dead-air", needs=("times", "speakers", "language"), detect=detect)
