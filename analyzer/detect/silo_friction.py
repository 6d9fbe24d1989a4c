"""The company's parts do not talk to each other, and the customer carries the information between them.

What it does: reports turns in which the customer had to repeat what the company was told already, was passed round,
got contradicting information, or in which the agent shows that another part knew nothing (definitions, section 3).
Why is this bad: a well-trained service team is no help when the technician knows nothing.
Example: "I told all this to your colleague on Monday." "There's no note of it here."
When it is wrong: repeating to the same person, or because of a bad line, is no silo, and may look like one.
"""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.call import Finding, Turn
from analyzer.detect.evidence import quotes
from analyzer.detect.rule import Observed, Rule


def shows_silo(turn: Turn) -> bool:
    return turn.has("repeat_complaint") if turn.speaker == "customer" else turn.has("silo")


def detect(observed: Observed) -> Iterable[Finding]:
    turns = observed.call.turns
    found = [turn for turn in turns if shows_silo(turn)]
    if not found:
        return
    yield Finding(
        rule=RULE.name,
        severity="major" if len(found) > 1 else "minor",
        confidence=max(turn.confidence("silo", "repeat_complaint") for turn in found),
        cause="process",
        message="The customer had to carry information between parts of the company.",
        evidence=quotes(turns, (turn.index for turn in found), "parts do not talk"),
        facts={"turns": [turn.index for turn in found]},
    )


RULE = Rule(name="silo-friction", needs=("speakers", "language"), detect=detect)
