"""The caller was put on hold without a word, or never taken off it.

What it does: reports a silence of twenty seconds or more that is the agent's (the customer had spoken and the agent
answers only then, or the agent had spoken last and asked nothing), unless the agent announced a wait, or put the
caller through, just before it. Shorter silences, and long ones that are not the agent's, belong to `dead-air`. It also
reports a call in which the agent announced a wait and never spoke again.
Why is this bad: who waits without a word does not know whether to wait at all, and hangs up.
Example: "My bill is wrong." Forty seconds of nothing. "So, I have it here."
When it is wrong: the caller went to fetch a letter, and the agent spoke first again; a recording was cut off while the
caller waited or was passed on; words that the recogniser missed look like silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analyzer.call import Finding, Turn
from analyzer.detect.evidence import quotes
from analyzer.detect.rule import Observed, Rule
from analyzer.detect.silence import Gap, announced, gaps, is_hold

VERY_LONG_MS = 60_000
BACK_OR_GONE = ("answer", "done", "transfer", "closing", "farewell")  # in the words of the notice itself, or passed on


def detect(observed: Observed) -> Iterable[Finding]:
    turns = observed.call.turns
    for gap in gaps(turns):
        if is_hold(gap, observed.limits) and not announced(turns, gap):
            yield _silent(turns, gap)
    last = _never_returned(turns)
    if last is not None:
        yield _left(turns, last)


def _silent(turns: Sequence[Turn], gap: Gap) -> Finding:
    return Finding(
        rule=RULE.name,
        severity="critical" if gap.length_ms >= VERY_LONG_MS else "major",
        confidence=0.8,
        cause="unclear",
        message=f"The customer was left waiting for {gap.length_ms / 1000:.0f} seconds, and nobody told them to wait.",
        evidence=(
            *quotes(turns, [gap.before.index], "before the silence"),
            *quotes(turns, [gap.after.index], "after the silence"),
        ),
        facts={"silence_ms": gap.length_ms},
    )


def _never_returned(turns: Sequence[Turn]) -> Turn | None:
    """The agent's last turn, where it announces a wait and the caller was not passed on."""
    agent = [turn for turn in turns if turn.speaker == "agent"]
    if not agent or not agent[-1].has("hold_notice"):
        return None
    return None if agent[-1].has(*BACK_OR_GONE) or any(turn.has("transfer") for turn in agent[-2:]) else agent[-1]


def _left(turns: Sequence[Turn], notice: Turn) -> Finding:
    waiting = [turn.index for turn in turns[notice.index + 1 :] if turn.speaker == "customer"]
    return Finding(
        rule=RULE.name,
        severity="major",
        confidence=round(min(notice.confidence("hold_notice"), 0.7), 3),
        cause="unclear",
        message="The agent asked the customer to wait and never came back.",
        evidence=(*quotes(turns, [notice.index], "announces a wait"), *quotes(turns, waiting, "left waiting")),
        facts={"returned": False},
    )


RULE = Rule(name="unannounced-hold", needs=("times", "speakers", "language"), detect=detect)
