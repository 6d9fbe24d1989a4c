"""Where nobody speaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analyzer.call import Turn


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence between two turns; `before` is the turn that ended last."""

    before: Turn
    after: Turn
    length_ms: int


def gaps(turns: Sequence[Turn]) -> Iterable[Gap]:
    """Silences of a timed call in order, none where turns touch or overlap."""
    last: Turn | None = None
    for turn in turns:
        if turn.start_ms is None or turn.end_ms is None:
            continue
        if last is not None and last.end_ms is not None and turn.start_ms > last.end_ms:
            yield Gap(last, turn, turn.start_ms - last.end_ms)
        if last is None or last.end_ms is None or turn.end_ms >= last.end_ms:
            last = turn
