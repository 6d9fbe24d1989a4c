"""The run as a table for spreadsheets: one line per input, also for those that could not be judged."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from analyzer.report.run import RunFailure, RunRow
from analyzer.report.words import printable

HEADER = (
    "id", "status", "source", "language", "duration_ms", "channels", "agent", "customer_tier", "recorded_at",
    "score", "passed", "critical_failed", "pressure", "asked_to_cancel", "attempts", "attempts_after_refusal",
    "seconds_to_honour", "requests", "ignored_requests", "findings_critical", "findings_major", "findings_minor",
    "findings_info", "rules_found", "rules_failed", "rules_skipped", "warnings", "page", "message",
)  # fmt: skip
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")

Cell = str | int | float | bool | None | tuple[str, ...]


def calls_csv(rows: Sequence[RunRow], failures: Sequence[RunFailure]) -> str:
    """Lines end in a newline, lists in a cell are parted by `; `, unknown values are empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_line(_call(row)) for row in rows)
    writer.writerows(_line(_failure(failure)) for failure in failures)
    return out.getvalue()


def safe_cell(text: str) -> str:
    """Text that stays in its cell and is shown instead of computed.

    Line breaks, tabs and control characters are replaced, and a leading apostrophe stands where a formula would start.
    Spaces are kept, so that a name can be found by its cell.
    """
    flat = " ".join(map(printable, text.split(" ")))
    return f"'{flat}" if flat.lstrip().startswith(FORMULA_STARTS) else flat


def _call(row: RunRow) -> dict[str, Cell]:
    values: dict[str, Cell] = {name: getattr(row, name) for name in HEADER if name in RunRow.model_fields}
    counts = {f"findings_{name}": count for name, count in row.findings}
    return values | counts | {"status": _status(row)}


def _status(row: RunRow) -> str:
    """`incomplete` where a check broke down, `not_judged` where there is no score, else `ok`."""
    if row.rules_failed:
        return "incomplete"
    return "not_judged" if row.score is None else "ok"


def _failure(failure: RunFailure) -> dict[str, Cell]:
    return {"id": "", "status": "failed", "source": failure.input, "message": failure.message}


def _line(cells: dict[str, Cell]) -> dict[str, str | int | float]:
    return {name: _text(value) for name, value in cells.items()}


def _text(value: Cell) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return safe_cell("; ".join(value))
    return safe_cell(value) if isinstance(value, str) else value
