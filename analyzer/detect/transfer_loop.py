"""The customer is passed on and on, or sent back to where they came from.

What it does: reports a call in which the customer was passed on three times, or twice and had to state the request
again each time, or was sent off wrongly or in a circle (a transfer that is an obstruction; definitions, section 6). A
transfer that is announced and then carried out is one.
Why is this bad: each part of the company answers only for itself, and the customer does the walking.
Example: "That's the shop." "The shop sent me to you." "Then it's the depot." "And what does the depot say?"
When it is wrong: an obstacle in the same breath as the one right transfer looks like being sent off wrongly; somebody
new who neither greets nor asks who is calling is taken for the same person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analyzer.call import Finding, FindingSeverity, RequestKind, Turn
from analyzer.detect.evidence import cause_of, quotes, with_cause
from analyzer.detect.rule import Observed, Rule

TWICE, OFTEN = 2, 3
SOMEONE_NEW = ("greeting", "introduction", "identity_check")


def detect(observed: Observed) -> Iterable[Finding]:
    turns = observed.call.turns
    passes = _passes(turns)
    if not passes:
        return
    back = [turn for turn in passes if _sent_back(turn)]
    again = _stated_again(turns, passes)
    each_time = len(again) == len(passes)
    if not (back or len(passes) >= OFTEN or (len(passes) >= TWICE and each_time)):
        return
    meanwhile = turns[passes[0].index : passes[-1].index + 1]
    wrongly = " and sent off wrongly or in a circle" if back else ""
    times = "once" if len(passes) == 1 else f"{len(passes)} times"
    yield Finding(
        rule=RULE.name,
        severity=_severity(passes, back, each_time),
        confidence=_confidence(passes, back),
        cause=cause_of(meanwhile, ()) if back else "process",
        message=f"The customer was passed on {times}{wrongly}.",
        evidence=with_cause(
            (
                *quotes(turns, (turn.index for turn in passes if turn not in back), "passed on"),
                *quotes(turns, (turn.index for turn in back), "sent off wrongly"),
                *quotes(turns, (turn.index for turn in again), "stated again"),
            ),
            meanwhile,
        ),
        facts={"passed_on": len(passes), "stated_again": len(again), "sent_back": len(back)},
    )


def _sent_back(turn: Turn) -> bool:
    return turn.has("transfer") and turn.has("obstruction")


def _passes(turns: Sequence[Turn]) -> list[Turn]:
    """The transfers; one that only carries out the one before it is not counted again."""
    passes: list[Turn] = []
    for turn in turns:
        if turn.speaker != "agent" or not turn.has("transfer"):
            continue
        if not passes or _sent_back(turn) or _taken_over(turns[passes[-1].index + 1 : turn.index + 1]):
            passes.append(turn)
    return passes


def _taken_over(turns: Sequence[Turn]) -> bool:
    """Whether somebody new answered, or the customer had been there before."""
    return any(
        turn.has(*SOMEONE_NEW)
        if turn.speaker == "agent"
        else turn.speaker == "customer" and turn.has("repeat_complaint")
        for turn in turns
    )


def _stated_again(turns: Sequence[Turn], passes: Sequence[Turn]) -> list[Turn]:
    """After each transfer the first turn in which the customer states a known request again, if there is one."""
    ends = [*(turn.index for turn in passes[1:]), len(turns)]
    found = []
    for passed, end in zip(passes, ends, strict=True):
        known = {kind for turn in turns[: passed.index] for kind in _stated(turn)}
        after = (turn for turn in turns[passed.index + 1 : end] if turn.speaker == "customer")
        found += [turn for turn in after if turn.has("restate") or known.intersection(_stated(turn))][:1]
    return found


def _stated(turn: Turn) -> tuple[RequestKind, ...]:
    return turn.kinds("request", "restate") if turn.speaker == "customer" else ()


def _severity(passes: Sequence[Turn], back: Sequence[Turn], each_time: bool) -> FindingSeverity:
    if len(passes) >= OFTEN and each_time:
        return "critical"
    return "major" if back or len(passes) >= OFTEN else "minor"


def _confidence(passes: Sequence[Turn], back: Sequence[Turn]) -> float:
    """Of the surest turn that sends off wrongly; where there is none, of the least sure transfer."""
    if back:
        return round(max(min(turn.confidence("transfer"), turn.confidence("obstruction")) for turn in back), 3)
    return round(min(turn.confidence("transfer") for turn in passes), 3)


RULE = Rule(name="transfer-loop", needs=("speakers", "language"), detect=detect)
