"""A report held against the marks of a person: every label that is missed or wrong, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.agreement.alignment import Where, align, found
from analyzer.agreement.labels import MarkedCall
from analyzer.call import Report, VerdictName

VERDICTS: dict[bool | None, VerdictName] = {True: "met", False: "not_met", None: "not_applicable"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Where a report and a person differ, and how many of the marked attempts after refusal were found."""

    id: str
    severity_marked: str
    severity_found: str | None
    after_refusal_marked: int
    after_refusal_missed: int
    after_refusal_wrong: int
    ignored_marked: tuple[str, ...]
    ignored_found: tuple[str, ...]
    differences: tuple[str, ...]

    @property
    def after_refusal_recall(self) -> float | None:
        if not self.after_refusal_marked:
            return None
        return 1 - self.after_refusal_missed / self.after_refusal_marked


def compare(marked: MarkedCall, report: Report, where: Where | None = None) -> Comparison:
    """`where` says which turns of the report are which of the marked ones; their words find it when it is not given."""
    where = align(marked.turns, report.turns) if where is None else where
    retention, labels = report.retention, marked.labels
    after = retention.attempts_after_refusal if retention else ()
    missed, wrong = found(labels.retention.attempts_after_refusal, after, where)
    return Comparison(
        id=marked.id,
        severity_marked=labels.retention.severity,
        severity_found=retention.severity if retention else None,
        after_refusal_marked=len(labels.retention.attempts_after_refusal),
        after_refusal_missed=len(missed),
        after_refusal_wrong=len(wrong),
        ignored_marked=tuple(intent.kind for intent in labels.ignored),
        ignored_found=tuple(request.kind for request in report.requests if request.is_ignored),
        differences=tuple(_differences(marked, report, where)),
    )


def _differences(marked: MarkedCall, report: Report, where: Where) -> Iterator[str]:
    if report.retention is None:
        yield "retention: not judged"
    else:
        yield from _retention(marked, report, where)
        yield from _requests(marked, report)
        yield from _turns(report, where, "silo", "silo-friction", marked.labels.silo)
        yield from _turns(report, where, "process_block", "process-block", marked.labels.process_block)
    verdicts = {verdict.id: verdict.verdict for point in report.scorecard.touchpoints for verdict in point.criteria}
    for name, mark in marked.labels.criteria.items():
        if verdicts.get(name) != VERDICTS[mark]:
            yield f"{name}: marked {VERDICTS[mark]}, found {verdicts.get(name)}"


def _retention(marked: MarkedCall, report: Report, where: Where) -> Iterator[str]:
    want, got = marked.labels.retention, report.retention
    assert got is not None
    if want.severity != got.severity:
        yield f"severity: marked {want.severity}, found {got.severity}"
    for name in ("first_clear_cancel", "honoured"):
        mine, theirs = getattr(want, name), getattr(got, name)
        if (mine is None) != (theirs is None) or (mine is not None and theirs not in where[mine]):
            yield f"{name}: marked turn {mine}, found turn {theirs} of the transcript"
    for name, reported in (
        ("attempts", tuple(attempt.turn for attempt in got.attempts)),
        ("attempts_after_refusal", got.attempts_after_refusal),
    ):
        yield from _missed_and_wrong(name, *found(getattr(want, name), reported, where))


def _missed_and_wrong(name: str, missed: tuple[int, ...], wrong: tuple[int, ...]) -> Iterator[str]:
    if missed:
        yield f"{name}: missed turns {', '.join(map(str, missed))} of the script"
    if wrong:
        yield f"{name}: wrongly found turns {', '.join(map(str, wrong))} of the transcript"


def _requests(marked: MarkedCall, report: Report) -> Iterator[str]:
    want = Counter((intent.kind, intent.outcome) for intent in marked.labels.intents)
    got = Counter((request.kind, request.outcome) for request in report.requests)
    for kind, outcome in (want - got).elements():
        yield f"request {kind}/{outcome}: missed"
    for kind, outcome in (got - want).elements():
        yield f"request {kind}/{outcome}: wrongly found"


def _turns(report: Report, where: Where, name: str, rule: str, labelled: tuple[int, ...]) -> Iterator[str]:
    reported = tuple(item.turn for finding in report.findings if finding.rule == rule for item in finding.evidence)
    yield from _missed_and_wrong(name, *found(labelled, reported, where))
