"""Where nobody speaks, whether it was announced, and whose silence it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analyzer.call import Turn
from analyzer.detect.rule import Limits

LOOK_BACK = 2
WAIT = ("hold_notice", "transfer")  # who is put through knows that they wait
ASKS = ("identity_check", "clarify", "reason_probe")


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence between two turns; `before` is the turn that ended last."""

    before: Turn
    after: Turn
    length_ms: int


def gaps(turns: Sequence[Turn]) -> Iterable[Gap]:
    """Silences of a timed call in order, none where turns touch or overlap. A turn without words breaks none."""
    last: Turn | None = None
    for turn in turns:
        if turn.start_ms is None or turn.end_ms is None or not turn.text.strip():
            continue
        if last is not None and last.end_ms is not None and turn.start_ms > last.end_ms:
            yield Gap(last, turn, turn.start_ms - last.end_ms)
        if last is None or last.end_ms is None or turn.end_ms >= last.end_ms:
            last = turn


def announced(turns: Sequence[Turn], gap: Gap) -> bool:
    """A wait announced in the last two turns; the caller's "all right" may stand between."""
    first = max(gap.after.index - LOOK_BACK, 0)
    return any(turn.has(*WAIT) for turn in turns[first : gap.after.index])


def is_hold(gap: Gap, limits: Limits) -> bool:
    """Whether the caller was left waiting: a long silence that is the agent's.

    It is the agent's when they spoke last and asked nothing, or when the customer spoke last and the agent answers it.
    Here is the border of `dead-air` and `unannounced-hold`: each silence belongs to one of them.
    """
    if gap.length_ms < limits.hold_ms:
        return False
    if gap.before.speaker == "agent":
        return not ("?" in gap.before.text or gap.before.has(*ASKS))
    return gap.before.speaker == "customer" and gap.after.speaker == "agent"
