"""Helpers to build findings whose every claim can be heard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analyzer.call import Cause, Evidence, Turn


def quotes(turns: Sequence[Turn], indices: Iterable[int], role: str) -> tuple[Evidence, ...]:
    return tuple(Evidence.of(turns[index], role) for index in indices if turns[index].text.strip())


def in_order(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(sorted(evidence, key=lambda item: item.turn))


def cause_of(turns: Sequence[Turn], agent_acts: Iterable[str]) -> Cause:
    """Process before person: the agent says that a system or script forces it, or it is guilt or threat, or unclear."""
    if forced(turns):
        return "process"
    return "agent" if set(agent_acts) & {"guilt", "threat"} else "unclear"


def forced(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Turns in which the agent says that a system, script or rule forces it."""
    return tuple(turn for turn in turns if turn.speaker == "agent" and turn.has("process_block"))


def with_cause(evidence: Iterable[Evidence], turns: Sequence[Turn]) -> tuple[Evidence, ...]:
    """The evidence in order, and beside it that for a cause in the process."""
    held = tuple(evidence)
    quoted = {item.turn for item in held}
    reasons = (Evidence.of(turn, "puts it down to the process") for turn in forced(turns) if turn.index not in quoted)
    return in_order((*held, *reasons))
