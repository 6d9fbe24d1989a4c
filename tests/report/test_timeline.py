"""The axis of the timeline has few labels, however long the call."""

from __future__ import annotations

import pytest

from analyzer.call import Report, Turn
from analyzer.report.timeline import MAX_TICKS, Tick, timeline

HOUR_MS = 3_600_000


def ticks_of(report: Report, duration_ms: int) -> tuple[Tick, ...]:
    call = report.call.model_copy(update={"duration_ms": duration_ms})
    line = timeline(report.model_copy(update={"call": call}))
    assert line is not None
    assert line.span == duration_ms
    return line.ticks


@pytest.mark.parametrize(
    "duration_ms",
    [300_000, 4 * HOUR_MS, 40 * HOUR_MS, 40 * HOUR_MS + 1, 168 * HOUR_MS, 1_700_000_000_000, 1_700_000_000_000_000,
     10**400],
)  # fmt: skip
def test_the_labels_are_few_and_in_order(severe: Report, duration_ms: int) -> None:
    places = [tick.x for tick in ticks_of(severe, duration_ms)]
    assert 5 <= len(places) <= MAX_TICKS + 1
    assert places == sorted(set(places))
    assert 0 <= places[0] <= places[-1] <= 100


def test_steps_are_round(severe: Report) -> None:
    assert [tick.label for tick in ticks_of(severe, 300_000)][:3] == ["0:00", "0:30", "1:00"]
    assert [tick.label for tick in ticks_of(severe, 41 * HOUR_MS)][:3] == ["0:00", "8:00:00", "16:00:00"]


def test_turns_without_times_have_few_labels_too(reports: dict[str, Report]) -> None:
    turns = tuple(Turn(index=i, speaker="agent", start_ms=None, end_ms=None, text="Yes.") for i in range(50_000))
    line = timeline(reports["untimed"].model_copy(update={"turns": turns}))
    assert line is not None
    assert [tick.label for tick in line.ticks][:3] == ["0", "6000", "12000"]
    assert len(line.ticks) <= MAX_TICKS + 1
