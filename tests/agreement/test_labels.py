"""Marks are checked when they are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.agreement.labels import NEXT, read_marked, read_marks
from analyzer.errors import InputError

TURNS = [{"speaker": "agent", "text": "Good morning."}, {"speaker": "customer", "text": "My PIN is 4471."}]
RETENTION = {
    "first_clear_cancel": 1,
    "attempts": [],
    "attempts_after_refusal": [],
    "honoured": None,
    "severity": "none",
}
LABELS: dict[str, Any] = {
    "intents": [{"kind": "cancel", "stated": [1], "outcome": "resolved"}],
    "retention": RETENTION,
    "silo": [0, 1],
    "process_block": [],
    "criteria": {"greeting": True, "heard_first": False, "empathy": None, "next_step": True, "farewell": True},
}


def put(folder: Path, **changes: Any) -> Path:
    """A marked call whose labels are changed; `None` takes a label away."""
    labels = {name: value for name, value in (LABELS | changes).items() if value is not None}
    path = folder / "call.json"
    path.write_text(json.dumps({"id": "c", "language": "en", "turns": TURNS, "labels": labels}))
    return path


def test_marks_of_the_first_and_the_last_turn_are_right(tmp_path: Path) -> None:
    call = read_marked(put(tmp_path))

    assert call.labels.silo == (0, 1)
    assert list(call.labels.places) == [
        ("intents.0.stated", 1), ("retention.first_clear_cancel", 1), ("silo", 0), ("silo", 1),
    ]  # fmt: skip


def test_other_criteria_may_be_marked_too(tmp_path: Path) -> None:
    path = put(tmp_path, criteria=LABELS["criteria"] | {"upsell": False})
    assert read_marked(path).labels.criteria["upsell"] is False


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"silo": [2]}, "labels.silo names turn 2, but the last turn is 1 (the first is 0)"),
        ({"process_block": [9]}, "labels.process_block names turn 9,"),
        ({"intents": [{"kind": "cancel", "stated": [2], "outcome": "resolved"}]}, "labels.intents.0.stated names turn"),
        ({"retention": RETENTION | {"first_clear_cancel": 2}}, "labels.retention.first_clear_cancel names turn 2,"),
        ({"retention": RETENTION | {"honoured": 2}}, "labels.retention.honoured names turn 2,"),
        ({"retention": RETENTION | {"attempts": [0, 2]}}, "labels.retention.attempts names turn 2,"),
        ({"retention": RETENTION | {"attempts_after_refusal": [2]}}, "labels.retention.attempts_after_refusal names"),
        ({"silo": [-1]}, "labels.silo.0: "),
        ({"retention": RETENTION | {"honoured": True}}, "labels.retention.honoured: Input should be a valid integer"),
        ({"silo": None}, "labels.silo: Field required"),
        ({"criteria": {"greeting": True, "heard_first": True, "empathy": True}}, "labels.criteria: there is no mark "
         "for next_step, farewell."),
        ({"criteria": LABELS["criteria"] | {"greeting": "My PIN is 4471"}}, "labels.criteria.greeting: "),
    ],
)  # fmt: skip
def test_what_is_wrong_with_marks_is_named_with_its_place(tmp_path: Path, changes: dict[str, Any], fault: str) -> None:
    path = put(tmp_path, **changes)

    with pytest.raises(InputError) as caught:
        read_marked(path)

    assert caught.value.fault.startswith(f"is not a marked call: {fault}")
    assert (caught.value.path, caught.value.next_step) == (str(path), NEXT)
    assert "4471" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000])
def test_what_is_not_json_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "call.json"
    path.write_bytes(content)

    with pytest.raises(InputError, match=r"call\.json: is not JSON"):
        read_marked(path)


def test_a_transcript_without_labels_has_no_marks(tmp_path: Path) -> None:
    path = tmp_path / "plain.json"
    path.write_text(json.dumps({"id": "c", "language": "en", "turns": TURNS}))

    assert read_marks(path) is None
    assert read_marks(marked := put(tmp_path)) == read_marked(marked)
    with pytest.raises(InputError, match="labels: Field required"):
        read_marked(path)
