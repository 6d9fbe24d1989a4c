"""Which recording of a folder is of which marked call. No recording is opened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.agreement.folder import read_folder

RETENTION = {"first_clear_cancel": None, "attempts": [], "attempts_after_refusal": [], "honoured": None,
             "severity": "none"}  # fmt: skip
CRITERIA = dict.fromkeys(("greeting", "heard_first", "empathy", "next_step", "farewell"))
LABELS = {"intents": [], "retention": RETENTION, "silo": [], "process_block": [], "criteria": CRITERIA}
MARKED: dict[str, Any] = {
    "id": "same", "language": "en", "turns": [{"speaker": "agent", "text": "Hello."}], "labels": LABELS,
}  # fmt: skip
UNMARKED = {key: value for key, value in MARKED.items() if key != "labels"}
REPORT = UNMARKED | {"schema": "touchpoint/1"}
CONTENTS = {
    "marked": json.dumps(MARKED),
    "bad": json.dumps(MARKED | {"labels": LABELS | {"silo": [7]}}),
    "broken": '{"turns": [',
    "unmarked": json.dumps(UNMARKED),
    "report": json.dumps(REPORT),
    "sound": "",
}


def put(folder: Path, files: dict[str, str]) -> None:
    for name, what in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(CONTENTS[what])


@pytest.mark.parametrize(
    ("files", "script"),
    [
        ({"c.json": "marked"}, "c.json"),
        ({"calls/c.json": "marked"}, "calls/c.json"),
        ({"v/c.json": "marked", "calls/c.json": "marked"}, "v/c.json"),
        ({"v/calls/c.json": "marked", "w/calls/c.json": "marked"}, "v/calls/c.json"),
        ({"calls/c.json": "marked", "v/c.json": "report"}, "calls/c.json"),
        ({"calls/c.json": "marked", "drafts/c.json": "unmarked"}, "calls/c.json"),
        ({"v/c.json": "marked", "calls/c.json": "broken"}, "v/c.json"),
        ({"calls/d.json": "marked"}, None),
        ({"calls/c.json": "marked", "v/c.json": "unmarked"}, None),
        ({"calls/c.json": "marked", "v/c.json": "bad"}, None),
        ({"calls/c.json": "marked", "v/c.json": "broken"}, None),
    ],
)  # fmt: skip
def test_a_recording_is_of_the_transcript_beside_it_or_else_of_the_nearest_marked_one(
    tmp_path: Path, files: dict[str, str], script: str | None
) -> None:
    put(tmp_path, files | {"v/c.wav": "sound"})
    folder = read_folder(tmp_path)

    recorded, unclear = folder.recorded()

    assert not unclear
    assert list(recorded) == ([] if script is None else [tmp_path / "v" / "c.wav"])
    assert all(marked is folder.calls[tmp_path / (script or "")] for marked in recorded.values())


@pytest.mark.parametrize("other", ["marked", "bad", "broken"])
def test_two_that_are_equally_near_are_not_chosen_between(tmp_path: Path, other: str) -> None:
    put(tmp_path, {"v/c.wav": "sound", "en/c.json": "marked", "de/c.json": other})

    recorded, unclear = read_folder(tmp_path).recorded()

    assert not recorded
    assert len(unclear) == 1
    assert unclear[0].path == str(tmp_path / "v" / "c.wav")
    assert all(str(tmp_path / name / "c.json") in unclear[0].fault for name in ("en", "de"))


def test_marks_are_kept_by_file_and_every_bad_file_is_a_fault(tmp_path: Path) -> None:
    put(
        tmp_path,
        {"en/c.json": "marked", "de/c.json": "marked", "b.json": "bad", "x.json": "broken", "r.json": "report"},
    )

    folder = read_folder(tmp_path)

    assert set(folder.calls) == {tmp_path / "en" / "c.json", tmp_path / "de" / "c.json"}
    assert {fault.path for fault in folder.faults} == {str(tmp_path / "b.json"), str(tmp_path / "x.json")}


def test_a_folder_that_is_none_holds_nothing(tmp_path: Path) -> None:
    folder = read_folder(tmp_path / "gone")
    assert (folder.calls, folder.faults, folder.recorded()) == ({}, (), ({}, ()))
