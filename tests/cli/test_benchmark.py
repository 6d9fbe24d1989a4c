"""`touchpoint benchmark`: figures over marked calls whose acts are read off marks in the text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import analyzer.cli.benchmark

Run = Callable[..., Result]
Record = Callable[[Path], Path]
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


def write(folder: Path, name: str, language: str = "en", *, call_id: str | None = None, **changes: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    labels = {**LABELS, **changes}
    turns = [{"speaker": speaker, "text": text} for speaker, text in TURNS]
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"id": call_id or name, "language": language, "turns": turns, "labels": labels}))
    return path


SEVERE = {**LABELS["retention"], "severity": "severe"}


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


def test_a_call_that_cannot_be_judged_lowers_the_severity_by_its_recall_only(touchpoint: Run, tmp_path: Path) -> None:
    write(tmp_path / "marked", "judged")
    write(tmp_path / "marked", "blind", "fr")

    touchpoint("benchmark", tmp_path / "marked", "--json", tmp_path / "figures.json")

    table = figures(tmp_path / "figures.json")["all clean"]
    assert table["confusion"]["mild"] == {"mild": 1, "None": 1}
    assert table["figures"]["severity"]["value"] == pytest.approx(2 / 3, abs=1e-4)


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


@pytest.mark.parametrize(("name", "call_id"), [("x1", "call-1"), ("index", "index"), ("a", "b/c")])
def test_a_call_keeps_its_marks_whatever_its_id_becomes_in_the_run(
    touchpoint: Run, tmp_path: Path, name: str, call_id: str
) -> None:
    write(tmp_path / "marked", name, call_id=call_id)

    result = touchpoint("benchmark", tmp_path / "marked", "--json", tmp_path / "figures.json")

    assert result.exit_code == 0, result.output
    table = figures(tmp_path / "figures.json")["en clean"]
    assert (table["calls"], table["figures"]["attempts"]["value"]) == (1, 1)


def test_two_calls_with_one_id_are_each_measured_on_their_own_marks(touchpoint: Run, tmp_path: Path) -> None:
    write(tmp_path / "marked", "one", call_id="same")
    write(tmp_path / "marked", "two", call_id="same", retention=SEVERE)

    result = touchpoint("benchmark", tmp_path / "marked", "--json", tmp_path / "figures.json")

    assert result.exit_code == 0, result.output
    assert figures(tmp_path / "figures.json")["en clean"]["confusion"] == {
        "none": {}, "mild": {"mild": 1}, "severe": {"mild": 1},
    }  # fmt: skip


def test_files_of_one_name_in_two_folders_are_two_calls(touchpoint: Run, tmp_path: Path) -> None:
    write(tmp_path / "marked" / "en", "c1")
    write(tmp_path / "marked" / "de", "c1", "de", retention=SEVERE)

    result = touchpoint("benchmark", tmp_path / "marked", "--json", tmp_path / "figures.json")

    assert result.exit_code == 0, result.output
    held = figures(tmp_path / "figures.json")
    assert held["en clean"]["confusion"]["mild"] == {"mild": 1}
    assert held["de clean"]["confusion"]["severe"] == {"mild": 1}


@pytest.fixture
def record(use_engine: Any, engine_hears: Any, write_wav: Any) -> Record:
    """`record(path)`: a recording in which the turns of TURNS are heard."""
    sides: dict[int, list[tuple[int, str]]] = {0: [], 1: []}
    for number, (speaker, text) in enumerate(TURNS):
        sides[0 if speaker == "agent" else 1].append((number * 4000, text))
    use_engine(engine_hears(sides))
    return lambda path: write_wav(path, seconds=30.0)


def test_every_recording_of_a_name_is_measured(touchpoint: Run, tmp_path: Path, record: Record) -> None:
    write(tmp_path / "marked", "c1")
    record(tmp_path / "marked" / "c1.wav")
    record(tmp_path / "marked" / "c1.mp3")

    result = touchpoint("benchmark", tmp_path / "marked", "--json", tmp_path / "figures.json")

    assert result.exit_code == 0, result.output
    table = figures(tmp_path / "figures.json")["en recognised"]
    assert (table["calls"], table["figures"]["attempts_after_refusal"]["value"]) == (2, 1)


def test_a_recording_is_of_the_call_in_its_own_folder(
    touchpoint: Run, tmp_path: Path, record: Record
) -> None:  # fmt: skip
    write(tmp_path / "marked" / "en", "c1")
    write(tmp_path / "marked" / "de", "c1", "de", retention=SEVERE)
    record(tmp_path / "marked" / "en" / "c1.wav")
    record(tmp_path / "marked" / "de" / "c1.wav")

    touchpoint("benchmark", tmp_path / "marked", "--text", "recognised", "--json", tmp_path / "figures.json")

    held = figures(tmp_path / "figures.json")
    assert held["en recognised"]["confusion"]["mild"] == {"mild": 1}
    assert held["de recognised"]["confusion"]["severe"] == {"mild": 1}


def test_a_recording_that_may_be_of_two_calls_is_of_none_and_named(
    touchpoint: Run, tmp_path: Path, record: Record
) -> None:  # fmt: skip
    write(tmp_path / "marked" / "en", "c1")
    write(tmp_path / "marked" / "de", "c1", "de")
    record(tmp_path / "marked" / "voiced" / "c1.wav")

    clean = touchpoint("benchmark", tmp_path / "marked", "--text", "clean")
    both = touchpoint("benchmark", tmp_path / "marked")

    assert clean.exit_code == 0, clean.output
    assert both.exit_code == 2
    assert "voiced/c1.wav: may be a recording of" in both.stderr
    assert "recognised text" not in both.stdout


def test_a_recording_that_is_gone_meanwhile_moves_no_marks(
    touchpoint: Run, tmp_path: Path, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "marked", "c1")
    write(tmp_path / "marked", "c2", retention=SEVERE)
    first = record(tmp_path / "marked" / "c1.wav")
    record(tmp_path / "marked" / "c2.wav")
    make_options = analyzer.cli.benchmark.make_options

    def later(**given: object) -> Any:
        first.unlink()
        return make_options(**given)

    monkeypatch.setattr(analyzer.cli.benchmark, "make_options", later)
    result = touchpoint("benchmark", tmp_path / "marked", "--json", tmp_path / "figures.json")

    assert result.exit_code == 2
    assert "c1.wav" in result.stderr
    table = figures(tmp_path / "figures.json")["en recognised"]
    assert table["confusion"] == {"none": {}, "mild": {}, "severe": {"mild": 1}}


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a turn that is not there": ({"silo": [9]}, "labels.silo names turn 9, but the last turn is 6"),
    "no mark for a criterion": (
        {"criteria": {"greeting": True}},
        "labels.criteria: there is no mark for heard_first, empathy,",
    ),
    "another shape": ({"process_block": 3}, "labels.process_block: "),
    "no severity": ({"retention": {**LABELS["retention"], "severity": "some"}}, "labels.retention.severity: "),
}


@pytest.mark.parametrize(("changes", "fault"), BAD.values(), ids=BAD)
def test_marks_that_cannot_be_are_named_and_the_other_calls_measured(
    touchpoint: Run, tmp_path: Path, changes: dict[str, Any], fault: str
) -> None:
    write(tmp_path / "marked", "good")
    bad = write(tmp_path / "marked", "bad", **changes)

    result = touchpoint("benchmark", tmp_path / "marked")

    assert result.exit_code == 2
    assert f"touchpoint: {bad}: is not a marked call: {fault}" in result.stderr
    assert "Traceback" not in result.output
    assert "en, clean text: 1 calls" in result.stdout


@pytest.mark.parametrize("content", [b'{"id": "x", "turns": [', b"\xff\xfe", b"[" * 100_000, b""])
def test_a_broken_file_is_named_and_the_calls_are_measured(touchpoint: Run, tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "marked", "good")
    broken = tmp_path / "marked" / "broken.json"
    broken.write_bytes(content)

    result = touchpoint("benchmark", tmp_path / "marked")

    assert result.exit_code == 2
    assert f"touchpoint: {broken}: " in result.stderr
    assert "Traceback" not in result.output
    assert "en, clean text: 1 calls" in result.stdout


def test_where_no_marks_can_be_used_each_file_says_why(touchpoint: Run, tmp_path: Path) -> None:
    write(tmp_path / "marked", "bad", silo=[9])

    result = touchpoint("benchmark", tmp_path / "marked")

    assert result.exit_code == 2
    assert "bad.json: is not a marked call" in result.stderr
    assert "no marked calls that can be used" in result.stderr


def test_figures_are_never_written_over_a_marked_call(touchpoint: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "marked", "one")
    before = path.read_bytes()

    result = touchpoint("benchmark", tmp_path / "marked", "--json", tmp_path / "marked" / "." / "one.json")

    assert result.exit_code == 2
    assert "never written to" in result.stderr
    assert "Choose another --json" in result.stderr
    assert path.read_bytes() == before
