"""The call as a picture: where each turn and each mark stands. Only places are computed here; a template draws them.

Places across are percentages, so that the picture fits any width while its text keeps its size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from analyzer.call import Report, Turn
from analyzer.report.words import SPEAKERS, clock, count_words, rule_title, shorten, turns_by_index, where

MarkKind = Literal["cancel", "refusal", "attempt", "pushed", "honoured", "finding"]

MARK_NAMES: dict[MarkKind, str] = {
    "cancel": "asked to cancel",
    "refusal": "customer said no",
    "attempt": "attempt to keep the customer",
    "pushed": "attempt after the first no",
    "honoured": "cancellation accepted",
    "finding": "finding",
}
# Marks of the agent stand above the agent's lane, those of the customer below the customer's.
TRACKS: dict[MarkKind, str] = {
    "attempt": "agent", "pushed": "agent", "honoured": "agent", "cancel": "customer", "refusal": "customer",
    "finding": "finding",
}  # fmt: skip
TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
TICK_STEPS_TURNS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
MAX_TICKS = 10
LANE_PX, GAP_PX, LEVEL_PX, AXIS_PX = 26, 6, 18, 26
# A mark is 14 pixels wide; on the narrowest picture, 640 pixels, that is 2.2 %.
MARK_WIDTH = 2.3
MAX_LEVELS = 4
MIN_BLOCK_WIDTH = 0.15
EDGE_WIDTH = 2.5


@dataclass(frozen=True)
class Lane:
    """One speaker's row; units are those of the SVG."""

    speaker: str
    label: str
    y: int


@dataclass(frozen=True)
class Block:
    """One turn on its lane."""

    turn: int
    speaker: str
    x: float
    width: float
    y: int
    pushed: bool
    title: str


@dataclass(frozen=True)
class Mark:
    """A moment worth a look: a refusal, an attempt, a finding."""

    kind: MarkKind
    turn: int
    x: float
    y: int
    title: str
    start_ms: int | None
    end_ms: int | None


@dataclass(frozen=True)
class Tick:
    """A label of the time axis."""

    x: float
    label: str
    anchor: str


@dataclass(frozen=True)
class Timeline:
    """Everything the template draws."""

    lanes: tuple[Lane, ...]
    blocks: tuple[Block, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    findings_y: int | None
    height: int
    axis_y: int
    span: int
    timed: bool
    description: str

    @property
    def legend(self) -> tuple[MarkKind, ...]:
        drawn = {mark.kind for mark in self.marks}
        return tuple(kind for kind in MARK_NAMES if kind in drawn)


@dataclass(frozen=True)
class _Scale:
    """Where on the picture a turn stands: by its time, or by its place in the order."""

    timed: bool
    span: int
    places: dict[int, int]

    @classmethod
    def of(cls, report: Report) -> _Scale:
        timed = bool(report.turns) and all(turn.start_ms is not None for turn in report.turns)
        ends = [turn.end_ms or 0 for turn in report.turns]
        span = max([report.call.duration_ms or 0, *ends]) if timed else len(report.turns)
        return cls(timed, max(span, 1), {turn.index: place for place, turn in enumerate(report.turns)})

    def percent(self, value: float) -> float:
        return round(min(max(100 * value / self.span, 0), 100), 3)

    def extent(self, turn: Turn) -> tuple[float, float]:
        """Left edge and width in percent."""
        if self.timed and turn.start_ms is not None and turn.end_ms is not None:
            left = self.percent(turn.start_ms)
            return left, max(round(self.percent(turn.end_ms) - left, 3), MIN_BLOCK_WIDTH)
        left = self.percent(self.places[turn.index])
        return left, round(92 / self.span, 3)

    def centre(self, turn: Turn, start_ms: int | None) -> float:
        if self.timed and start_ms is not None:
            return self.percent(start_ms)
        left, width = self.extent(turn)
        return round(left + width / 2, 3)


@dataclass(frozen=True)
class _Point:
    """A mark that has no height yet."""

    kind: MarkKind
    turn: int
    x: float
    title: str
    start_ms: int | None
    end_ms: int | None


def timeline(report: Report) -> Timeline | None:
    """The picture of a call, or null where there are no turns."""
    if not report.turns:
        return None
    scale = _Scale.of(report)
    tracks = _tracks(_points(report, scale))
    heights = {
        track: LEVEL_PX * (1 + max((level for _, level in placed), default=-1)) for track, placed in tracks.items()
    }
    lanes = tuple(_lanes(report, heights["agent"] + GAP_PX))
    below = lanes[-1].y + LANE_PX + GAP_PX
    base = {"agent": heights["agent"], "customer": below, "finding": below + heights["customer"]}
    axis_y = base["finding"] + heights["finding"] + GAP_PX // 2
    return Timeline(
        lanes=lanes,
        blocks=tuple(_blocks(report, scale, {lane.speaker: lane.y for lane in lanes})),
        marks=tuple(_mark(point, base, level) for placed in tracks.values() for point, level in placed),
        ticks=tuple(_ticks(report, scale)),
        findings_y=base["finding"] + LEVEL_PX // 2 if heights["finding"] else None,
        height=axis_y + AXIS_PX,
        axis_y=axis_y,
        span=scale.span,
        timed=scale.timed,
        description=_description(report, scale),
    )


def _lanes(report: Report, top: int) -> Iterator[Lane]:
    heard = {turn.speaker for turn in report.turns}
    speakers = [speaker for speaker in SPEAKERS if speaker in heard]
    for place, speaker in enumerate(speakers):
        label = "Not known" if speaker == "unknown" else SPEAKERS[speaker]
        yield Lane(speaker, label, top + place * (LANE_PX + GAP_PX))


def _blocks(report: Report, scale: _Scale, lane_y: dict[str, int]) -> Iterator[Block]:
    pushed = set(report.retention.attempts_after_refusal) if report.retention else set()
    for turn in report.turns:
        left, width = scale.extent(turn)
        title = f"{where(turn.start_ms, turn.index)} {SPEAKERS[turn.speaker]}: {shorten(turn.text, 90)}"
        yield Block(turn.index, turn.speaker, left, width, lane_y[turn.speaker], turn.index in pushed, title)


def _points(report: Report, scale: _Scale) -> Iterator[_Point]:
    turns = turns_by_index(report)
    for kind, index in _ledger(report):
        if turn := turns.get(index):
            title = f"{where(turn.start_ms, index)} {MARK_NAMES[kind]}: {shorten(turn.text, 90)}"
            yield _Point(kind, index, scale.centre(turn, turn.start_ms), title, turn.start_ms, turn.end_ms)
    for finding in report.findings:
        first = finding.evidence[0]
        if turn := turns.get(first.turn):
            title = f"{where(first.start_ms, first.turn)} {rule_title(finding.rule)}: {shorten(finding.message, 90)}"
            x = scale.centre(turn, first.start_ms)
            yield _Point("finding", first.turn, x, title, first.start_ms, first.end_ms)


def _ledger(report: Report) -> Iterator[tuple[MarkKind, int]]:
    retention = report.retention
    if retention is None:
        return
    if retention.first_clear_cancel is not None:
        yield "cancel", retention.first_clear_cancel
    for refusal in retention.refusals:
        yield "refusal", refusal
    for attempt in retention.attempts:
        yield ("pushed" if attempt.turn in retention.attempts_after_refusal else "attempt"), attempt.turn
    if retention.honoured is not None:
        yield "honoured", retention.honoured


def _tracks(points: Iterable[_Point]) -> dict[str, list[tuple[_Point, int]]]:
    """The marks of each track from left to right, each with its level."""
    tracks: dict[str, list[_Point]] = {track: [] for track in ("agent", "customer", "finding")}
    for point in sorted(points, key=lambda point: point.x):
        tracks[TRACKS[point.kind]].append(point)
    return {track: list(zip(placed, _levels(placed), strict=True)) for track, placed in tracks.items()}


def _levels(points: Iterable[_Point]) -> Iterator[int]:
    """Lowest level on which each mark touches none before it, else the one where it hides least."""
    taken: list[float] = [-math.inf] * MAX_LEVELS
    for point in points:
        free = (level for level in range(MAX_LEVELS) if point.x - taken[level] >= MARK_WIDTH)
        level = next(free, taken.index(min(taken)))
        taken[level] = point.x
        yield level


def _mark(point: _Point, base: dict[str, int], level: int) -> Mark:
    track = TRACKS[point.kind]
    offset = LEVEL_PX * level + LEVEL_PX // 2
    y = base[track] - offset if track == "agent" else base[track] + offset
    return Mark(point.kind, point.turn, point.x, y, point.title, point.start_ms, point.end_ms)


def _ticks(report: Report, scale: _Scale) -> Iterator[Tick]:
    steps = tuple(1000 * step for step in TICK_STEPS_S) if scale.timed else TICK_STEPS_TURNS
    step = _step(scale.span, steps)
    for value in range(0, scale.span + 1, step):
        if not scale.timed and value >= scale.span:
            return
        x = scale.percent(value if scale.timed else value + 0.5)
        label = clock(value) if scale.timed else str(report.turns[value].index)
        yield Tick(x, label, _anchor(x))


def _step(span: int, steps: tuple[int, ...]) -> int:
    """The first step that makes few enough labels; where none does, as many times the longest as it takes."""
    longest = steps[-1] * -(-span // (steps[-1] * MAX_TICKS))
    return next((step for step in steps if span <= step * MAX_TICKS), longest)


def _anchor(x: float) -> str:
    """Keeps the labels at both ends of the axis on the picture."""
    if x < EDGE_WIDTH:
        return "start"
    return "end" if x > 100 - EDGE_WIDTH else "middle"


def _description(report: Report, scale: _Scale) -> str:
    extent = f"over {clock(scale.span)}" if scale.timed else "in their order"
    return f"{count_words(len(report.turns), 'turn', 'turns')} {extent}"
