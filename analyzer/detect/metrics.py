"""Figures of the conversation. Sums are divided once; what the input does not carry is null."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.call import Call, Metrics, Speaker, Turn
from analyzer.detect.interruption import overlaps
from analyzer.detect.rule import Limits
from analyzer.detect.silence import gaps

MINUTE_MS = 60_000


def measure(call: Call, limits: Limits) -> Metrics:
    turns = call.turns
    timed, roles = call.has_times, call.has_times and call.knows_speakers
    silences = [gap.length_ms for gap in gaps(turns)]
    agent, customer = _spoken_ms(turns, "agent"), _spoken_ms(turns, "customer")
    return Metrics(
        turns=len(turns),
        talk_share_agent=_ratio(agent, agent + customer) if roles else None,
        interruptions=sum(1 for _ in overlaps(turns, limits)) if roles else None,
        dead_air_ms=sum(length for length in silences if length >= limits.dead_air_ms) if timed else None,
        longest_silence_ms=max(silences, default=0) if timed else None,
        longest_monologue_ms=max(map(_length, turns), default=0) if timed else None,
        questions_per_minute=_ratio(_agent_questions(turns) * MINUTE_MS, call.info.duration_ms or 0) if roles else None,
        words_per_minute_agent=_ratio(_words(turns, "agent") * MINUTE_MS, agent) if roles else None,
        words_per_minute_customer=_ratio(_words(turns, "customer") * MINUTE_MS, customer) if roles else None,
    )


def _length(turn: Turn) -> int:
    return 0 if turn.start_ms is None or turn.end_ms is None else turn.end_ms - turn.start_ms


def _spoken_ms(turns: Sequence[Turn], speaker: Speaker) -> int:
    return sum(_length(turn) for turn in turns if turn.speaker == speaker)


def _words(turns: Sequence[Turn], speaker: Speaker) -> int:
    return sum(len(turn.text.split()) for turn in turns if turn.speaker == speaker)


def _agent_questions(turns: Sequence[Turn]) -> int:
    return sum(turn.text.count("?") for turn in turns if turn.speaker == "agent")


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 3) if whole else None
