"""Silence that nobody announced.

What it does: reports a silence of five seconds or more between two turns, unless the agent announced a wait, or
put the caller through, just before it. From twenty seconds on, a silence that is the agent's is `unannounced-hold`.
Why is this bad: the caller does not know whether anybody is still there.
Example: the caller explains the fault; eleven seconds later the agent says "so, what was the number?".
When it is wrong: the caller may have been looking for something; words that the recogniser missed look like silence.
"""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.call import Finding
from analyzer.detect.evidence import quotes
from analyzer.detect.rule import Observed, Rule
from analyzer.detect.silence import announced, gaps, is_hold

LONG_MS = 15_000


def detect(observed: Observed) -> Iterable[Finding]:
    turns = observed.call.turns
    for gap in gaps(turns):
        long_enough = gap.length_ms >= observed.limits.dead_air_ms
        if long_enough and not is_hold(gap, observed.limits) and not announced(turns, gap):
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


RULE = Rule(name="dead-air", needs=("times", "speakers", "language"), detect=detect)
