"""No verdict without evidence: every non-trivial one over all calls of the benchmark carries words of the call.

Trivial is a verdict that says that nothing was found, that a criterion does not apply, or that it cannot be judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.call import Evidence, Report
from analyzer.config import options
from analyzer.inputs import Input
from analyzer.pipeline import analyze

CALLS = sorted((Path(__file__).resolve().parent.parent / "samples" / "benchmark" / "calls").glob("*.json"))
NOTHING_FOUND = {("nothing_ignored", "met"), ("no_pressure", "met")}


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    chosen = options(use_cache=False)
    return [analyze(Input(path, "transcript"), chosen).report for path in CALLS]


def verdicts(report: Report) -> Iterator[tuple[str, tuple[Evidence, ...]]]:
    """What is claimed of a call, and what it rests on."""
    for touchpoint in report.scorecard.touchpoints:
        for verdict in touchpoint.criteria:
            if verdict.verdict in {"met", "not_met"} and (verdict.id, verdict.verdict) not in NOTHING_FOUND:
                yield f"{verdict.id} {verdict.verdict}", verdict.evidence
    for finding in report.findings:
        yield f"finding {finding.rule}", finding.evidence
    for request in report.requests:
        yield f"request {request.kind} {request.outcome}", request.evidence


def test_every_verdict_has_a_quote_and_every_quote_is_said_in_its_turn(reports: list[Report]) -> None:
    told = 0
    for report in reports:
        texts = {turn.index: turn.text for turn in report.turns}
        for claim, evidence in verdicts(report):
            assert evidence, f"{report.call.id}: {claim} rests on nothing"
            for each in evidence:
                assert each.quote in texts[each.turn], (
                    f"{report.call.id}: {claim} quotes what turn {each.turn} never said"
                )
            told += 1
    assert told > 5 * len(CALLS)


def test_every_turn_that_decides_the_severity_is_quoted(reports: list[Report]) -> None:
    pressed = [report for report in reports if report.retention is not None and report.retention.severity != "none"]
    assert pressed
    for report in pressed:
        assert report.retention is not None
        pressure = [finding for finding in report.findings if finding.rule == "retention-pressure"]
        quoted = {each.turn for finding in pressure for each in finding.evidence}
        assert {report.retention.first_clear_cancel, *report.retention.attempts_after_refusal} <= quoted, report.call.id
        assert quoted & {*report.retention.refusals}, f"{report.call.id}: no refusal is quoted"


def test_every_statement_of_a_request_and_what_settled_it_is_quoted(reports: list[Report]) -> None:
    for report in reports:
        for request in report.requests:
            quoted = {each.turn for each in request.evidence}
            assert {*request.stated} <= quoted, (report.call.id, request.kind)
            if request.outcome != "ignored":
                assert quoted - {*request.stated} or request.outcome == "withdrawn", (report.call.id, request.kind)
