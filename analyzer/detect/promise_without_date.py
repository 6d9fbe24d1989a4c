"""The agent promises a next step and never says when.

What it does: reports promises for which no time is named: not in the words they answer, not in the promise, not later
by the agent. What happens at once, or is said to be done before the customer asks for something new, needs no time
unless the customer asks for one. Times are read literally, in languages that have a list of words (times.yaml): a day,
a date, an hour, a term, "now"; "soon" and "as soon as possible" name none.
Why is this bad: who does not know when has to call again to find out.
Example: "Somebody will ring you." "When would that be?" "As soon as they can."
When it is wrong: a time that the list does not know ("once the snow is gone"), or one that an earlier turn named; a
time of something else hides a promise without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analyzer.call import Finding, Turn
from analyzer.detect.evidence import cause_of, quotes, with_cause
from analyzer.detect.rule import Observed, Rule
from analyzer.detect.times import LANGUAGES, asks_when, says_when

ANSWERS = 2  # turns before a promise that it may answer: "Tuesday at ten?" "Yes." "I'll book it."
AT_ONCE = ("done", "transfer", "hold_notice")
COURTESY = frozenset({"greeting", "introduction", "identity_check", "closing", "farewell"})


def detect(observed: Observed) -> Iterable[Finding]:
    turns, language = observed.call.turns, observed.call.info.language
    if language not in LANGUAGES:
        return
    open_ended = [turn for turn in turns if _promises(turn) and not _dated(turns, turn, language)]
    asked = {turn.index: _asked(turns, turn, language) for turn in open_ended}
    found = [turn for turn in open_ended if asked[turn.index] or not _kept(turns, turn)]
    if not found:
        return
    since = turns[found[0].index :]
    asking = sorted({index for turn in found for index in asked[turn.index]})
    then = ", though the customer asked" if asking else ""
    yield Finding(
        rule=RULE.name,
        severity="major" if asking else "minor",
        confidence=round(min(max(turn.confidence("commit") for turn in found), 0.8), 3),
        cause=cause_of(since, ()),
        message=f"The agent promised a next step and never said when{then}.",
        evidence=with_cause(
            (
                *quotes(turns, (turn.index for turn in found), "promise without a date"),
                *quotes(turns, asking, "asks when"),
            ),
            since,
        ),
        facts={"promises": len(found), "asked_when": bool(asking)},
    )


def _promises(turn: Turn) -> bool:
    return turn.speaker == "agent" and turn.has("commit")


def _dated(turns: Sequence[Turn], promise: Turn, language: str) -> bool:
    """Whether a time is named in what the promise answers, in the promise, or later by the agent."""
    answered = turns[max(promise.index - ANSWERS, 0) : promise.index]
    later = (turn for turn in turns[promise.index + 1 :] if turn.speaker == "agent" and not _only_courtesy(turn))
    return any(says_when(turn.text, language) for turn in (*answered, promise, *later))


def _only_courtesy(turn: Turn) -> bool:
    return bool(turn.acts) and {act.act for act in turn.acts} <= COURTESY


def _asked(turns: Sequence[Turn], promise: Turn, language: str) -> list[int]:
    """The turns after a promise in which the customer asks when."""
    return [
        turn.index
        for turn in turns[promise.index + 1 :]
        if turn.speaker == "customer"
        and asks_when(turn.text, language)
        and ("?" in turn.text or turn.has("follow_up", "request", "restate"))
    ]


def _kept(turns: Sequence[Turn], promise: Turn) -> bool:
    """Whether it happens at once, or is said to be done before the customer asks for something new."""
    if promise.has(*AT_ONCE):
        return True
    for turn in turns[promise.index + 1 :]:
        if turn.speaker == "customer" and turn.has("request"):
            return False
        if turn.speaker == "agent" and turn.has("done"):
            return True
    return False


RULE = Rule(name="promise-without-date", needs=("speakers", "language"), detect=detect, languages=LANGUAGES)
