"""The run as a page: every call in a table, the ones to listen to first at the top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.report.page import render
from analyzer.report.run import RunFailure, RunRow


@dataclass(frozen=True)
class Totals:
    """Figures of a run; null where nothing could be counted."""

    calls: int
    failures: int
    judged: int
    passed: int
    mean_score: float | None
    severe: int
    with_ignored: int
    incomplete: int
    duration_ms: int

    @classmethod
    def of(cls, rows: Sequence[RunRow], failures: Sequence[RunFailure]) -> Totals:
        scores = [row.score for row in rows if row.score is not None]
        return cls(
            calls=len(rows),
            failures=len(failures),
            judged=sum(row.passed is not None for row in rows),
            passed=sum(row.passed is True for row in rows),
            mean_score=sum(scores) / len(scores) if scores else None,
            severe=sum(row.pressure == "severe" for row in rows),
            with_ignored=sum(bool(row.ignored_requests) for row in rows),
            incomplete=sum(bool(row.rules_failed) for row in rows),
            duration_ms=sum(row.duration_ms or 0 for row in rows),
        )


def index_page(rows: Sequence[RunRow], failures: Sequence[RunFailure]) -> str:
    """One self-contained HTML file that links to the pages of the calls beside it."""
    return render(
        "index.html.j2",
        styles=("base.css", "index.css"),
        script="index.js",
        rows=sorted(rows, key=lambda row: (row.attention, row.id)),
        failures=failures,
        totals=Totals.of(rows, failures),
    )
