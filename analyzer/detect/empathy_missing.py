"""The customer voiced trouble more than once, and the agent never showed that they heard it.

What it does: reports a call in which the customer voices trouble or frustration in two turns or more, and the agent
shows neither understanding nor regret from the first of them to the end of the call.
Why is this bad: help without a word for the trouble feels like none: "they understood me" is what customers remember.
Example: "No heating for nine days!" "Your number?" "My mother is eighty, she's freezing!" "And the model?"
When it is wrong: warmth can lie in the voice alone; the agent may have shown it before the trouble was voiced.
"""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.call import Finding
from analyzer.detect.evidence import cause_of, quotes, with_cause
from analyzer.detect.rule import Observed, Rule

AT_LEAST, OFTEN = 2, 3  # turns in which trouble is voiced


def detect(observed: Observed) -> Iterable[Finding]:
    turns = observed.call.turns
    voiced = [turn for turn in turns if turn.speaker == "customer" and turn.has("frustration")]
    if len(voiced) < AT_LEAST:
        return
    answers = [turn for turn in turns[voiced[0].index + 1 :] if turn.speaker == "agent"]
    if not answers or any(turn.has("empathy", "apology") for turn in answers):
        return
    since = turns[voiced[0].index :]
    surest = sorted((turn.confidence("frustration") for turn in voiced), reverse=True)
    yield Finding(
        rule=RULE.name,
        severity="major" if len(voiced) >= OFTEN else "minor",
        confidence=round(surest[AT_LEAST - 1], 3),
        cause=cause_of(since, ()),
        message=f"The customer voiced trouble in {len(voiced)} turns, and the agent never showed understanding.",
        evidence=with_cause(quotes(turns, (turn.index for turn in voiced), "voices trouble"), since),
        facts={"voiced": len(voiced)},
    )


RULE = Rule(name="empathy-missing", needs=("speakers", "language"), detect=detect)
