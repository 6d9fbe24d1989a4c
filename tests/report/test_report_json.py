"""The published JSON: its schema, its bytes, and reading it back."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest

from analyzer.call import Report
from analyzer.errors import InputError
from analyzer.report.json import report_schema, to_json, validate

# Through importlib, as the package has no types of its own.
Draft202012Validator = import_module("jsonschema").Draft202012Validator


def test_every_report_fits_the_published_schema(report: Report) -> None:
    schema = report_schema()
    Draft202012Validator.check_schema(schema)
    assert list(Draft202012Validator(schema).iter_errors(json.loads(to_json(report)))) == []


def test_the_schema_names_itself() -> None:
    schema = report_schema()
    assert schema["$id"] == "urn:touchpoint:report:1"
    assert schema["$schema"].endswith("2020-12/schema")
    assert "schema" in schema["required"] and "schema_" not in schema["properties"]


def test_the_schema_refuses_unknown_and_missing_fields(severe: Report) -> None:
    validator = Draft202012Validator(report_schema())
    data = json.loads(to_json(severe))
    assert not validator.is_valid(data | {"more": 1})
    assert not validator.is_valid({key: value for key, value in data.items() if key != "findings"})


def test_equal_reports_give_equal_bytes(report: Report) -> None:
    text = to_json(report)
    assert text == to_json(validate(json.loads(text)))
    assert text.endswith("}\n") and text.encode("utf-8")
    assert list(json.loads(text))[:3] == ["schema", "call", "warnings"]


def test_text_stays_readable(reports: dict[str, Report]) -> None:
    assert "Aydın" in to_json(reports["untimed"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": "touchpoint/9"}, "schema"),
        ({"turns": "none"}, "turns"),
        ({"metrics": {"turns": "5"}}, "metrics.turns"),
    ],
)
def test_what_is_no_report_is_refused_with_its_place(severe: Report, change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        validate(json.loads(to_json(severe)) | change)
