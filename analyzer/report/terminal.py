"""A call or a run on the terminal: readable at 80 columns, and plain text where it is piped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from analyzer.call import Evidence, Finding, Report, TouchpointScore
from analyzer.report.run import SEVERITY_ORDER, RunFailure, RunRow
from analyzer.report.verdict import not_checked, verdict_line
from analyzer.report.words import (
    CAUSES,
    SEVERITIES,
    SPEAKERS,
    VERDICTS,
    clock,
    confidence_words,
    count_words,
    language_name,
    mark_name,
    passed_words,
    printable,
    rule_title,
    score_words,
    shorten,
    where,
)

QUOTE_LENGTH = 150
SHOWN_QUOTES = 4
STYLES = {"critical": "bold red", "major": "red", "minor": "yellow", "info": "cyan"}
VERDICT_STYLES = {"met": "green", "not_met": "red", "not_applicable": "dim", "cannot_judge": "magenta"}
PASSED_STYLES = {True: "green", False: "bold red", None: "magenta"}
RESULTS = {True: "passed", False: "failed", None: "open"}  # short words: the ids need the room
UNKNOWN = "–"
PRESSURE_STYLES = {"severe": "bold red", "mild": "yellow", "none": ""}


def call_summary(report: Report) -> RenderableType:
    """Verdict, findings with their moments, score per touchpoint, and what was not checked."""
    parts = (_head(report), *_warnings(report), *_findings(report), *_scores(report), *_unchecked(report))
    return Group(*parts)


def run_table(rows: Sequence[RunRow], failures: Sequence[RunFailure], out: Console) -> None:
    """Write one line per call, then the inputs that could not be judged."""
    if rows:
        out.print(_table(rows, width=out.width, plain=not out.is_terminal))
    for failure in failures:
        named = f"{failure.input}: " if failure.input else ""
        out.print(_text(("not judged ", "bold red"), (named, ""), (failure.message, "")))
    judged = count_words(len(rows), "call", "calls")
    missing = f", {count_words(len(failures), 'input', 'inputs')} not judged" if failures else ""
    out.print(_text((f"{judged}{missing}", "bold")))


def _text(*parts: tuple[str, str]) -> Text:
    """Styled text of parts; nothing in them is read as markup or sent to the terminal as a control."""
    text = Text()
    for words, style in parts:
        text.append(_clean(words), style)
    return text


def _clean(words: str) -> str:
    """`printable`, but with the spaces at the ends of a part kept."""
    lead = " " * (len(words) - len(words.lstrip(" ")))
    tail = " " * (len(words) - len(words.rstrip(" ")))
    return f"{lead}{printable(words)}{tail}" if words.strip() else words


def _indent(part: RenderableType, left: int = 2) -> Padding:
    return Padding(part, (0, 0, 0, left), expand=False)


def _head(report: Report) -> RenderableType:
    call, card = report.call, report.scorecard
    score = "no score" if card.score is None else f"{score_words(card.score)} of 100"
    facts = (
        f"  {language_name(call.language)}, {clock(call.duration_ms) if call.duration_ms is not None else 'no times'}"
    )
    title = _text((call.id, "bold"), (facts, "dim"), (f"  {score}, ", ""))
    title.append(passed_words(card.passed), PASSED_STYLES[card.passed])
    return Group(title, _indent(_text((verdict_line(report), ""))))


def _warnings(report: Report) -> Iterator[RenderableType]:
    for warning in report.warnings:
        yield _indent(_text(("Note: ", "yellow"), (warning.message, "")))


def _findings(report: Report) -> Iterator[RenderableType]:
    for finding in sorted(report.findings, key=lambda finding: SEVERITY_ORDER.index(finding.severity)):
        yield Text()
        yield _indent(_finding_title(finding))
        yield _indent(_text((finding.message, "")), 4)
        for item in finding.evidence[:SHOWN_QUOTES]:
            yield _indent(_quote(item), 4)
        if (more := len(finding.evidence) - SHOWN_QUOTES) > 0:
            yield _indent(_text((f"and {count_words(more, 'more moment', 'more moments')}", "dim")), 4)


def _finding_title(finding: Finding) -> Text:
    judged = f"  {CAUSES[finding.cause].lower()}, {confidence_words(finding.confidence)} ({finding.confidence:.2f})"
    severity = SEVERITIES[finding.severity]
    return _text((f"{severity}: ", STYLES[finding.severity]), (rule_title(finding.rule), "bold"), (judged, "dim"))


def _quote(item: Evidence) -> RenderableType:
    line = Table.grid(padding=(0, 1))
    line.add_column(min_width=7, justify="right", no_wrap=True)
    line.add_column(ratio=1, overflow="fold")
    said = _text((f"{SPEAKERS[item.speaker]}: ", "dim"), (f"“{shorten(item.quote, QUOTE_LENGTH)}”", ""))
    line.add_row(_text((where(item.start_ms, item.turn), "cyan")), said)
    return line


def _scores(report: Report) -> Iterator[RenderableType]:
    card = report.scorecard
    if not card.touchpoints:
        return
    yield Text()
    yield _indent(_text((f"Scorecard {card.rubric}", "bold"), (f"  {card.title}", "dim")))
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for touchpoint in card.touchpoints:
        table.add_row(_text((touchpoint.name, "")), score_words(touchpoint.score), _marks(touchpoint))
    yield _indent(table)


def _marks(touchpoint: TouchpointScore) -> Text:
    """The marks that are not met or not judged; a touchpoint without them needs no words."""
    open_marks = [mark for mark in touchpoint.criteria if mark.verdict in ("not_met", "cannot_judge")]
    parts: list[tuple[str, str]] = []
    for mark in open_marks:
        words = f"{VERDICTS[mark.verdict].lower()}{' (critical)' if mark.critical else ''}: "
        parts += [("; " if parts else "", ""), (words, VERDICT_STYLES[mark.verdict]), (mark_name(mark), "")]
    return _text(*parts)


def _unchecked(report: Report) -> Iterator[RenderableType]:
    groups = not_checked(report)
    if groups:
        yield Text()
    for group in groups:
        yield _indent(_text((f"{group.sentence}.", "bold red" if group.status == "failed" else "yellow")))


def _table(rows: Sequence[RunRow], *, width: int, plain: bool) -> Table:
    room = 2 if plain else 1  # the box has a space of its own between columns
    box = None if plain else SIMPLE_HEAD
    table = Table(box=box, pad_edge=False, show_edge=False, header_style="bold", padding=(0, room, 0, 0))
    shown = [column for column in COLUMNS if width >= column.from_width]
    for column in shown:
        table.add_column(column.name, justify=column.justify, no_wrap=not column.folds, overflow="fold")
    for row in rows:
        table.add_row(*(_text((column.text(row), column.style(row))) for column in shown))
    return table


def _pressure(row: RunRow) -> str:
    if row.pressure is None:
        return "not judged"
    return f"{row.pressure} ({row.attempts_after_refusal})" if row.attempts_after_refusal else row.pressure


def _found(row: RunRow) -> str:
    if not row.rules_ok and not row.findings.total:
        return UNKNOWN
    worst = next((severity for severity, count in row.findings if count), None)
    return f"{row.findings.total}, {worst}" if worst else "none"


@dataclass(frozen=True)
class Column:
    """One column of the run's table, shown from a width of the terminal on."""

    name: str
    text: Callable[[RunRow], str]
    style: Callable[[RunRow], str] = lambda _: ""
    justify: Literal["left", "right"] = "left"
    from_width: int = 0
    folds: bool = False


COLUMNS = (
    Column("call", lambda row: row.id, folds=True),
    Column("score", lambda row: score_words(row.score), justify="right"),
    Column(
        "result",
        lambda row: "incomplete" if row.rules_failed else RESULTS[row.passed],
        lambda row: "bold red" if row.rules_failed else PASSED_STYLES[row.passed],
    ),
    Column("pressure", _pressure, lambda row: PRESSURE_STYLES.get(row.pressure or "", "")),
    Column(
        "ignored",
        lambda row: UNKNOWN if row.ignored_requests is None else str(row.ignored_requests),
        lambda row: "red" if row.ignored_requests else "dim",
        justify="right",
        from_width=70,
    ),
    Column("findings", _found, from_width=70),
    Column("length", lambda row: clock(row.duration_ms), justify="right", from_width=100),
)
