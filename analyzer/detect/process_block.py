"""The agent wants to help, and a system, script or rule stands in the way.

What it does: reports agent turns that put the obstacle down to something else than a choice (definitions, section 4).
Why is this bad: "create an environment in which your team is not hindered by processes". It is no fault of the agent.
Example: "The form won't let me go on until I've put all twelve questions to you."
When it is wrong: a rule that the agent owns ("we don't do that") is a choice, and a system that is slow for a moment
blocks nothing; both may sound the same.
"""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.call import Finding
from analyzer.detect.evidence import quotes
from analyzer.detect.rule import Observed, Rule


def detect(observed: Observed) -> Iterable[Finding]:
    turns = observed.call.turns
    found = [turn for turn in turns if turn.speaker == "agent" and turn.has("process_block")]
    if not found:
        return
    yield Finding(
        rule=RULE.name,
        severity="major" if len(found) > 1 else "minor",
        confidence=max(turn.confidence("process_block") for turn in found),
        cause="process",
        message="A system, script or rule kept the agent from helping.",
        evidence=quotes(turns, (turn.index for turn in found), "held up by the process"),
        facts={"turns": [turn.index for turn in found]},
    )


RULE = Rule(name="process-block", needs=("speakers", "language"), detect=detect)
