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
    if any(turn.speaker == "agent" and turn.has("process_block") for turn in turns):
        return "process"
    return "agent" if set(agent_acts) & {"guilt", "threat"} else "unclear"
