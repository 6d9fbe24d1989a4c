"""`touchpoint benchmark`: figures over marked calls whose acts are read off marks in the text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Run = Callable[..., Result]
TURNS = [
    ("agent", "{greeting} Alder here, good morning."),
    ("customer", "{request:cancel} I want to end it."),
    ("agent", "{save_offer} Take half price."),
    ("customer", "{refuse} No."),
    ("agent", "{reason_probe} But why?"),
    ("customer", "{refuse} Just end it."),
    ("agent", "{done} It is ended. {farewell} Bye."),
]
LABELS: dict[str, Any] = {
    "intents": [{"kind": "cancel", "stated": [1], "outcome": "resolved"}],
    "retention": {
        "first_clear_cancel": 1,
        "attempts": [2, 4],
        "attempts_after_refusal": [4],
        "honoured": 6,
        "severity": "mild",
    },
    "silo": [],
    "process_block": [],
    "criteria": {"greeting": True, "heard_first": False, "empathy": None, "next_step": True, "farewell": True},
}


def write(folder: Path, name: str, language: str = "en", **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    labels = {**LABELS, **changes}
    turns = [{"speaker": speaker, "text": text} for speaker, text in TURNS]
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"id": name, "language": language, "turns": turns, "labels": labels}))
    return path


def figures(path: Path) -> dict[str, dict[str, Any]]:
    tables = json.loads(path.read_text())["tables"]
    return {f"{table['language']} {table['text']}": table for table in tables}


def test_calls_marked_as_they_are_understood_agree_in_full(touchpoint: Run, tmp_path: Path) -> None:
    for name, language in (("one", "en"), ("two", "en"), ("three", "de")):
        write(tmp_path / "marked", name, language)

    result = touchpoint("benchmark", tmp_path / "marked", "--json", tmp_path / "figures.json")

    assert result.exit_code == 0, result.output
    assert "en, clean text: 2 calls" in result.stdout
    held = figures(tmp_path / "figures.json")
    assert set(held) == {"en clean", "de clean", "all clean"}
    for name in ("severity", "attempts", "attempts_after_refusal", "intent_outcomes", "first_clear_cancel"):
        assert held["all clean"]["figures"][name]["value"] == 1, name
    assert held["all clean"]["confusion"]["mild"] == {"mild": 3}
    assert held["all clean"]["figures"]["silo"]["value"] is None


def test_what_is_marked_otherwise_lowers_its_figure_and_is_told(touchpoint: Run, tmp_path: Path) -> None:
    retention = {**LABELS["retention"], "attempts_after_refusal": [2, 4], "severity": "severe"}
    write(tmp_path / "marked", "right")
    write(tmp_path / "marked", "harder", retention=retention)

    result = touchpoint("benchmark", tmp_path / "marked", "--json", tmp_path / "figures.json", "--worst", "1")

    table = figures(tmp_path / "figures.json")["en clean"]
    assert table["figures"]["attempts_after_refusal"]["value"] == pytest.approx(4 / 5)
    assert table["confusion"]["severe"] == {"mild": 1}
    assert "harder (clean text)" in result.stdout
    assert "severity: marked severe, found mild" in result.stdout
    assert "right (clean text)" not in result.stdout


def test_recordings_of_the_same_name_are_measured_on_what_is_heard(
    touchpoint: Run, tmp_path: Path, use_engine: Any, engine_hears: Any, write_wav: Any
) -> None:
    write(tmp_path / "marked", "voiced")
    write_wav(tmp_path / "marked" / "audio" / "voiced.wav", seconds=30.0)
    sides: dict[int, list[tuple[int, str]]] = {0: [], 1: []}
    for number, (speaker, text) in enumerate(TURNS):
        sides[0 if speaker == "agent" else 1].append((number * 4000, text))
    use_engine(engine_hears(sides))

    touchpoint("benchmark", tmp_path / "marked", "--json", tmp_path / "figures.json")

    held = figures(tmp_path / "figures.json")
    assert set(held) == {"en clean", "en recognised"}
    assert held["en recognised"]["figures"]["attempts_after_refusal"]["value"] == 1


def test_a_folder_without_marked_calls_says_what_is_needed(touchpoint: Run, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"turns": []}')

    result = touchpoint("benchmark", tmp_path)

    assert result.exit_code == 2
    assert "no marked calls" in result.stderr
    assert "labels" in result.stderr


def test_a_call_that_cannot_be_read_leaves_the_others_measured(touchpoint: Run, tmp_path: Path) -> None:
    write(tmp_path / "marked", "good")
    (tmp_path / "marked" / "good.wav").write_bytes(b"no sound")

    result = touchpoint("benchmark", tmp_path / "marked")

    assert result.exit_code == 2
    assert "en, clean text: 1 calls" in result.stdout
    assert "good.wav" in result.stderr
