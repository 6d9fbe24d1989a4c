"""The two ledgers, case by case: tests/detect/cases."""

from __future__ import annotations

import pytest

from analyzer.detect.policy import load_policy
from analyzer.detect.retention_ledger import retention_ledger

from .calls import Case, params


@pytest.mark.parametrize("case", params("retention_ledger"))
def test_the_retention_ledger_follows_the_definitions(case: Case):
    ledger = retention_ledger(case.turns, load_policy("house"), case.topics)
    found = {
        "first": ledger.first_clear_cancel,
        "refusals": list(ledger.refusals),
        "attempts": {attempt.turn: list(attempt.moves) for attempt in ledger.attempts},
        "after": list(ledger.attempts_after_refusal),
        "honoured": ledger.honoured,
        "severity": ledger.severity,
    }
    assert found == {"refusals": []} | case.expect


@pytest.mark.parametrize("case", params("request_ledger"))
def test_the_request_ledger_follows_the_definitions(case: Case):
    found = [
        {
            "kind": request.kind,
            "stated": list(request.stated),
            "outcome": request.outcome,
            "acknowledged": request.acknowledged,
            "questions": request.questions_before_acknowledgement,
            "ignored": request.is_ignored,
        }
        for request in case.observed.requests or ()
    ]
    assert len(found) == len(case.expect)
    for request, expected in zip(found, case.expect, strict=True):
        expected = {"ignored": False} | expected
        assert {key: request[key] for key in expected} == expected
