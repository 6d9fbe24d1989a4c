"""`touchpoint analyze`: what is written, what is said, and what happens when an input is bad."""

from __future__ import annotations

import base64
import json
import os
import shutil
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import analyzer.cli.writing
import analyzer.pipeline
from analyzer.audio.playback import encode_playback
from analyzer.cli import main
from analyzer.cli.running import Outcome
from analyzer.cli.writing import RunWriter
from analyzer.config import options
from analyzer.errors import InputError
from analyzer.inputs import Input

from .conftest import HOSTILE

Run = Callable[..., Result]
Write = Callable[..., Path]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def written(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir())


def report(out: Path, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / f"{name}.json").read_text(encoding="utf-8"))
    return content


def test_each_call_and_the_run_are_written(touchpoint: Run, write_call: Write, out: Path) -> None:
    result = touchpoint("analyze", write_call("a.json"), write_call("b.json", "pressed"), "--out", out)

    assert result.exit_code == 0
    assert written(out) == ["a.html", "a.json", "b.html", "b.json", "calls.csv", "index.html"]
    assert report(out, "a")["schema"] == "touchpoint/1"
    assert str(out.resolve() / "index.html") in result.stdout


@pytest.mark.parametrize(
    ("formats", "files"),
    [
        ("json", ["a.json"]),
        ("html", ["a.html", "index.html"]),
        ("csv", ["calls.csv"]),
        ("junit", ["junit.xml"]),
        ("json, csv", ["a.json", "calls.csv"]),
        ("json,html,csv,junit", ["a.html", "a.json", "calls.csv", "index.html", "junit.xml"]),
    ],
)
def test_only_the_formats_that_are_asked_for_are_written(
    touchpoint: Run, write_call: Write, out: Path, formats: str, files: list[str]
) -> None:
    result = touchpoint("analyze", write_call("a.json"), "--out", out, "--format", formats)

    assert result.exit_code == 0
    assert written(out) == files
    place = out.resolve() / "index.html" if "index.html" in files else out.resolve()
    assert result.stdout.rstrip("\n").endswith(f"Reports: {place}")


@pytest.mark.parametrize("formats", ["", ",", " , "])
def test_no_format_at_all_is_a_mistake(touchpoint: Run, write_call: Write, out: Path, formats: str) -> None:
    result = touchpoint("analyze", write_call("a.json"), "--out", out, "--format", formats)

    assert result.exit_code == 2
    assert "nothing would be written: choose among json, html, csv, junit." in result.stderr
    assert not out.exists()


def test_a_format_without_a_place_to_write_to_is_a_mistake(touchpoint: Run, write_call: Write) -> None:
    result = touchpoint("analyze", write_call("a.json"), "--format", "json")

    assert result.exit_code == 2
    assert "give --out too, or leave --format out." in result.stderr
    assert result.stdout == ""


def test_without_out_a_summary_is_printed_and_nothing_is_written(
    touchpoint: Run, write_call: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_call("calls/a.json", "pressed")
    monkeypatch.chdir(tmp_path)
    result = touchpoint("analyze", path)

    assert result.exit_code == 0
    assert "Kept pushing" in result.stdout
    assert [each.name for each in tmp_path.iterdir()] == ["calls"]


BAD: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "gone.wav": (lambda path: None, "there is no such file", "Check the name"),
    "empty": (lambda path: path.mkdir(), "holds no recordings", "Put recordings"),
    "text.wav": (lambda path: path.write_text("not sound") and None, "not a recording", "Give WAV, MP3"),
    "zero.mp3": (lambda path: path.touch(), "empty (0 bytes)", "Export the recording again"),
    "other.json": (lambda path: path.write_text("{}") and None, "not a transcript", "A transcript is JSON"),
    "broken.json": (lambda path: path.write_text('{"turns": [') and None, "not valid JSON", "A transcript is JSON"),
    "robot.json": (
        lambda path: path.write_text('{"id": "r", "language": "en", "turns": [{"speaker": "robot"}]}') and None,
        "turns.0.speaker",
        "docs/transcripts.md",
    ),
    "pipe.wav": (lambda path: os.mkfifo(path), "not an ordinary file", "Name a recording"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(BAD))
def test_a_bad_input_is_named_with_a_next_step_and_stops_no_other(
    touchpoint: Run, write_call: Write, tmp_path: Path, out: Path, name: str
) -> None:
    make, fault, step = BAD[name]
    make(tmp_path / name)
    result = touchpoint("analyze", write_call("a.json"), tmp_path / name, write_call("b.json"), "--out", out)

    assert result.exit_code == 2
    [line] = [line for line in result.stderr.splitlines() if line.startswith("touchpoint: ")]
    assert name in line
    assert fault in line
    assert step in line
    assert {"a.json", "b.json", "index.html", "calls.csv"} <= set(written(out))
    assert name in (out / "index.html").read_text(encoding="utf-8")
    assert name in (out / "calls.csv").read_text(encoding="utf-8")


def test_a_silent_recording_is_an_error_and_no_report(
    touchpoint: Run, write_call: Write, write_wav: Write, tmp_path: Path, out: Path
) -> None:
    path = write_wav(tmp_path / "still.wav", np.zeros((2, 32_000), np.float32))
    result = touchpoint("analyze", path, write_call("a.json"), "--out", out)

    assert result.exit_code == 2
    assert "still.wav: the recording holds only silence" in result.stderr
    assert "still.json" not in written(out)
    assert "a.json" in written(out)


def test_json_that_is_nested_without_end_stops_no_other_call(
    touchpoint: Run, write_call: Write, tmp_path: Path, out: Path
) -> None:
    (tmp_path / "deep.json").write_text('{"turns": ' + "[" * 100_000)
    result = touchpoint("analyze", tmp_path / "deep.json", write_call("a.json"), "--out", out)

    assert result.exit_code == 2
    assert "a.json" in written(out)


def test_nothing_to_analyse_is_not_success(touchpoint: Run, tmp_path: Path, out: Path) -> None:
    result = touchpoint("analyze", tmp_path / "*.wav", "--out", out)

    assert result.exit_code == 2
    assert "no file matches" in result.stderr


def test_a_call_that_cannot_be_judged_is_written_and_ends_with_2(touchpoint: Run, write_call: Write, out: Path) -> None:
    strangers = [("unknown", "Hello."), ("unknown", "Hello, I want to cancel.")]
    result = touchpoint("analyze", write_call("a.json", strangers), write_call("b.json"), "--out", out)

    assert result.exit_code == 2
    assert "Not judged in full: a." in result.stdout
    assert report(out, "a")["scorecard"]["score"] is None
    assert report(out, "b")["scorecard"]["score"] == 100


def test_a_defect_of_ours_on_one_call_stops_no_other(
    touchpoint: Run, write_call: Write, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = analyzer.pipeline.read_transcript

    def broken(path: Path) -> Any:
        if path.name == "b.json":
            raise ZeroDivisionError("boom")
        return read(path)

    monkeypatch.setattr(analyzer.pipeline, "read_transcript", broken)
    paths = [write_call(f"{name}.json") for name in "abc"]
    result = touchpoint("analyze", *paths, "--out", out)

    assert result.exit_code == 2
    assert "b.json: could not be analysed (ZeroDivisionError: boom)." in result.stderr
    assert "please report it" in result.stderr
    assert {"a.json", "c.json", "index.html"} <= set(written(out))
    assert "b.json" not in written(out)


@pytest.mark.parametrize("fault", [ZeroDivisionError("boom"), OSError(28, "No space left on device")])
def test_a_report_that_cannot_be_made_stops_no_other(
    touchpoint: Run, write_call: Write, out: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    page = analyzer.cli.writing.call_page

    def broken(found: Any, **given: Any) -> str:
        if found.call.id == "b":
            raise fault
        return page(found, **given)

    monkeypatch.setattr(analyzer.cli.writing, "call_page", broken)
    result = touchpoint("analyze", *(write_call(f"{name}.json") for name in "abc"), "--out", out)

    assert result.exit_code == 2
    assert "b.json" in result.stderr
    assert "boom" in result.stderr or "No space left" in result.stderr
    assert {"a.html", "c.html", "index.html"} <= set(written(out))
    assert "b.json" in (out / "calls.csv").read_text(encoding="utf-8")


def test_a_defect_outside_of_the_calls_is_not_the_gates_verdict(
    touchpoint: Run, write_call: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1 is kept for the gate; a traceback for the report of the defect."""
    import analyzer.cli.running

    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(analyzer.cli.running, "find_inputs", broken)
    for command in (["analyze"], ["gate", "--fail-under", "50"]):
        result = touchpoint(*command, write_call("a.json"))
        assert result.exit_code == 2
        assert "ZeroDivisionError: boom" in result.stderr


@pytest.mark.parametrize("make", [lambda path: path.touch(), lambda path: path.mkdir()], ids=["a file", "under a file"])
def test_a_folder_that_cannot_be_made_is_told_before_any_call_is_heard(
    touchpoint: Run, write_call: Write, tmp_path: Path, make: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analyzer.pipeline, "analyze", lambda *_: pytest.fail("a call was analysed"))
    place = tmp_path / "place"
    make(place)
    if place.is_dir():
        (place / "file").touch()
        place = place / "file" / "out"
    result = touchpoint("analyze", write_call("a.json"), "--out", place)

    assert result.exit_code == 2
    assert str(place) in result.stderr.replace("\n", "")


def test_a_folder_that_cannot_be_written_is_told_before_any_call_is_heard(
    touchpoint: Run, write_call: Write, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analyzer.pipeline, "analyze", lambda *_: pytest.fail("a call was analysed"))
    monkeypatch.setattr(analyzer.cli.writing.os, "access", lambda *_: False)  # as root, rights are no hindrance
    result = touchpoint("analyze", write_call("a.json"), "--out", out)

    assert result.exit_code == 2
    assert result.stderr.startswith(f"touchpoint: {out}: the folder for the reports cannot be written")
    assert "--out" in result.stderr


def test_an_overview_that_cannot_be_written_leaves_the_reports(touchpoint: Run, write_call: Write, out: Path) -> None:
    (out / "index.html").mkdir(parents=True)
    result = touchpoint("analyze", write_call("a.json"), "--out", out)

    assert result.exit_code == 2
    assert "the overview of the run cannot be written" in result.stderr
    assert "a.json" in written(out)


def test_the_same_transcripts_give_the_same_bytes(touchpoint: Run, write_call: Write, tmp_path: Path) -> None:
    paths = [write_call("a.json"), write_call("b.json", "pressed")]
    for name in ("first", "second"):
        assert touchpoint("analyze", *paths, "--out", tmp_path / name, "--format", "json,html,csv,junit").exit_code == 0

    assert written(tmp_path / "first") == written(tmp_path / "second")
    for name in written(tmp_path / "first"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name


def test_the_same_recording_gives_the_same_bytes(
    touchpoint: Run, write_wav: Write, engine_hears: Any, use_engine: Any, talk: Any, tmp_path: Path
) -> None:
    """Heard anew, from the cache, and with the cache off."""
    engine = use_engine(engine_hears(talk))
    path = write_wav(tmp_path / "call.wav")
    runs: dict[str, list[str]] = {"first": [], "cached": [], "anew": ["--no-cache"]}
    for name, more in runs.items():
        assert touchpoint("analyze", path, "--out", tmp_path / name, *more).exit_code == 0

    assert engine.calls == 2
    texts = {(tmp_path / name / "call.json").read_bytes() for name in runs}
    assert len(texts) == 1


def test_a_report_does_not_tell_where_the_file_lay(
    touchpoint: Run, write_call: Write, tmp_path: Path, out: Path
) -> None:
    touchpoint("analyze", write_call("deep/folder/a.json"), "--out", out)
    first = (out / "a.json").read_bytes()
    shutil.rmtree(out)
    touchpoint("analyze", write_call("elsewhere/a.json"), "--out", out)

    assert (out / "a.json").read_bytes() == first
    assert b"folder" not in first


def test_relative_paths_work_from_another_folder(
    touchpoint: Run, write_call: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_call("calls/a.json")
    monkeypatch.chdir(tmp_path / "calls")

    assert touchpoint("analyze", ".", "--out", "../out").exit_code == 0
    assert "a.json" in written(tmp_path / "out")


def test_reports_of_an_earlier_run_in_the_folder_are_not_analysed(
    touchpoint: Run, write_call: Write, tmp_path: Path
) -> None:
    path = write_call("calls/a.json")
    for _ in range(2):
        result = touchpoint("analyze", path.parent, "--out", path.parent / "out")
        assert result.exit_code == 0
        assert "[1/1]" in result.stderr


@pytest.fixture
def heard(engine_hears: Any, use_engine: Any, talk: Any) -> Any:
    return use_engine(engine_hears(talk))


def test_recordings_with_one_stem_have_ids_of_their_own(
    touchpoint: Run, write_wav: Write, heard: Any, tmp_path: Path, out: Path
) -> None:
    wav = write_wav(tmp_path / "in" / "call.wav")
    shutil.copy(wav, tmp_path / "in" / "call.mp3")  # the decoder goes by the content
    write_wav(tmp_path / "in" / "alone.wav")

    assert touchpoint("analyze", tmp_path / "in", "--out", out, "--format", "json").exit_code == 0
    assert written(out) == ["alone.json", "call.mp3.json", "call.wav.json"]
    assert report(out, "call.mp3")["call"]["id"] == "call.mp3"


def test_recordings_with_one_name_in_many_folders_all_have_a_report(
    touchpoint: Run, write_wav: Write, heard: Any, tmp_path: Path, out: Path
) -> None:
    for folder in ("a/x", "b/x", "c"):
        write_wav(tmp_path / "in" / folder / "call.wav")

    assert touchpoint("analyze", tmp_path / "in", "--out", out, "--format", "json").exit_code == 0
    assert written(out) == ["c_call.wav.json", "x_call.wav-2.json", "x_call.wav.json"]


def test_a_transcript_keeps_its_id_beside_a_recording_of_its_name(
    touchpoint: Run, write_wav: Write, write_call: Write, heard: Any, tmp_path: Path, out: Path
) -> None:
    write_wav(tmp_path / "in" / "call.wav")
    write_call("in/call.json", id="4471")

    assert touchpoint("analyze", tmp_path / "in", "--out", out, "--format", "json").exit_code == 0
    assert written(out) == ["4471.json", "call.wav.json"]


def test_transcripts_with_one_id_do_not_overwrite_each_other(touchpoint: Run, write_call: Write, out: Path) -> None:
    """Nor where a file system takes upper and lower case for one; the later one says that it was renamed."""
    paths = [write_call("a.json", id="x"), write_call("b.json", "pressed", id="x"), write_call("c.json", id="X")]

    assert touchpoint("analyze", *paths, "--out", out, "--format", "json,csv").exit_code == 0
    assert written(out) == ["X-3.json", "calls.csv", "x-2.json", "x.json"]
    assert report(out, "x")["warnings"] == []
    assert [warning["code"] for warning in report(out, "x-2")["warnings"]] == ["same-id"]
    assert report(out, "x-2")["call"]["id"] == "x-2"


def test_a_call_named_index_does_not_lose_its_page_to_the_overview(
    touchpoint: Run, write_call: Write, out: Path
) -> None:
    assert touchpoint("analyze", write_call("a.json", id="index"), "--out", out).exit_code == 0
    assert written(out) == ["calls.csv", "index-2.html", "index-2.json", "index.html"]


@pytest.mark.parametrize("call_id", ["[/b] x", "../../up", "a/b", " ", "ünï", "con: *?", "x" * 300])
def test_an_id_of_any_letters_is_a_safe_file_name(touchpoint: Run, write_call: Write, out: Path, call_id: str) -> None:
    strangers = [("unknown", "Hello [/b].")]
    result = touchpoint("analyze", write_call("a.json", strangers, id=call_id), "--out", out, "--format", "json,csv")

    assert result.exit_code == 2  # not judged in full
    [name] = set(written(out)) - {"calls.csv"}
    assert json.loads((out / name).read_text(encoding="utf-8"))["call"]["id"] == call_id
    assert [path.name for path in out.parent.iterdir() if path.suffix == ".json"] == ["a.json"]
    said = f"Not judged in full: {call_id}. Each report says why."
    assert "".join(said.split()) in "".join(result.stdout.split())  # wherever lines break


def test_a_file_name_that_is_not_utf8_is_analysed_like_any_other(
    touchpoint: Run, write_call: Write, tmp_path: Path, out: Path
) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.json"))
    try:
        write_call("a.json").rename(odd)
    except OSError:
        pytest.skip("this file system takes no such names")
    result = touchpoint("analyze", odd, "--out", out)

    assert result.exit_code == 0
    assert report(out, "a")["call"]["source"] == "caf\ufffd.json"


def test_half_a_surrogate_pair_loses_no_report(touchpoint: Run, write_call: Write, out: Path) -> None:
    half = json.loads('"a\\ud83d"')
    path = write_call("a.json", [("agent", f"Hello {half}"), ("customer", half)], id=half, agent=half)
    result = touchpoint("analyze", path, "--out", out, "--format", "json,html,csv,junit")

    assert "defect" not in result.stderr
    assert {path.suffix for path in out.iterdir()} == {".json", ".html", ".csv", ".xml"}
    [name] = [path.stem for path in out.glob("a*.json")]
    assert report(out, name)["turns"][1]["text"] == "a\ufffd"


def test_a_bad_file_whose_name_is_not_utf8_loses_no_other(
    touchpoint: Run, write_call: Write, odd_wav: Path, out: Path
) -> None:
    result = touchpoint("analyze", odd_wav, write_call("a.json"), "--out", out, "--format", "json,html,csv,junit")

    assert result.exit_code == 2
    assert "caf\ufffd.wav: " in result.stderr
    assert {"a.json", "index.html", "calls.csv", "junit.xml"} <= set(written(out))
    assert "caf\ufffd.wav" in (out / "calls.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("shape", ["fair", "strangers"])
def test_an_id_or_a_name_cannot_steer_the_terminal(
    touchpoint: Run, write_call: Write, tmp_path: Path, out: Path, shape: str
) -> None:
    """Neither that of a call, nor that of one that was not judged in full, nor that of a file."""
    lines = "fair" if shape == "fair" else [("unknown", "Hello.")]
    good = write_call("a.json", lines, id=HOSTILE)
    (tmp_path / f"{HOSTILE}.wav").write_text("not sound")
    for more in ((), ("--out", out)):
        result = touchpoint("analyze", good, tmp_path / f"{HOSTILE}.wav", *more)
        assert not set(result.output) & set("\x1b\x07\u202e")
        assert "]0;owned" in result.stdout
        assert "]0;owned" in result.stderr


def test_progress_goes_to_stderr_in_plain_lines(touchpoint: Run, write_call: Write, out: Path) -> None:
    result = touchpoint("analyze", write_call("a.json"), write_call("b.json"), "--out", out)

    assert result.stderr.splitlines() == ["[1/2] a.json", "[2/2] b.json"]
    assert "[1/2]" not in result.stdout


def test_an_unknown_model_is_named_for_each_recording(
    touchpoint: Run, write_wav: Write, write_call: Write, tmp_path: Path, out: Path
) -> None:
    result = touchpoint("analyze", write_wav(tmp_path / "a.wav"), write_call("b.json"), "--model", "huge", "--out", out)

    assert result.exit_code == 2
    assert "a.wav: no model is called 'huge'" in result.stderr
    assert "b.json" in written(out)


@pytest.mark.real
def test_a_real_call_is_judged_the_same_from_any_folder(
    in_process_of_its_own: Callable[..., Any], write_call: Write, tmp_path: Path, root: Path
) -> None:
    lines = [
        ("agent", "Good morning, Alder Insurance, how can I help?"),
        ("customer", "I'd like to cancel my contract, please."),
        ("agent", "Of course, you want to cancel. I have done that for you now."),
        ("customer", "Thank you. Goodbye."),
        ("agent", "Goodbye."),
    ]
    path = write_call("calls/a.json", lines)
    first = in_process_of_its_own("analyze", path, "--out", tmp_path / "first", "--format", "json", cwd=root)
    second = in_process_of_its_own("analyze", "a.json", "--out", "../second", "--format", "json", cwd=path.parent)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert (tmp_path / "first" / "a.json").read_bytes() == (tmp_path / "second" / "a.json").read_bytes()
    assert [request["kind"] for request in report(tmp_path / "first", "a")["requests"]] == ["cancel"]


def test_each_page_has_the_sound_of_its_own_call(write_call: Write, out: Path, fake_acts: object) -> None:
    """The sound is made while a call is recognised; what was begun for another call must not end up in a page."""
    judged = analyzer.pipeline.analyze(Input(write_call("a.json"), "transcript"), options()).report
    first, second = (np.full((2, 16_000), level, dtype=np.float32) for level in (0.1, 0.2))
    with RunWriter(out, frozenset({"html"})) as writer:
        for name, prepared, samples in (("a", first, first), ("b", first, second)):
            info = judged.call.model_copy(update={"id": name})
            analysis = analyzer.pipeline.Analysis(judged.model_copy(update={"call": info}), samples)
            writer.prepare(prepared)
            assert writer.take(Outcome(name, analysis, None)) is None

    for name, samples in (("a", first), ("b", second)):
        sound = base64.b64encode(encode_playback(samples)).decode()
        assert sound in (out / f"{name}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("formats", ["json", "json,html,csv"])
@pytest.mark.parametrize("place", ["calls", "./calls/.", "link"])
def test_a_report_never_goes_over_an_input(
    touchpoint: Run, write_call: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, formats: str
) -> None:
    """Whatever the folder is called; the other calls are written, and nothing of the one that cannot be."""
    path, other = write_call("calls/a.json"), write_call("calls/b.json", id="4471")
    before = path.read_bytes(), other.read_bytes()
    (tmp_path / "link").symlink_to(tmp_path / "calls")
    monkeypatch.chdir(tmp_path)
    result = touchpoint("analyze", "calls/a.json", "calls/b.json", "--out", place, "--format", formats)

    assert result.exit_code == 2
    assert (path.read_bytes(), other.read_bytes()) == before
    [line] = [line for line in result.stderr.splitlines() if line.startswith("touchpoint: ")]
    assert line.startswith(f"touchpoint: {Path(place)}/a.json: the report of a.json would be written over a.json")
    assert line.endswith("Choose another --out.")
    assert report(tmp_path / "calls", "4471")["call"]["id"] == "4471"
    assert "a.html" not in written(tmp_path / "calls")
    if "csv" in formats:
        assert "a.json" in (tmp_path / "calls" / "calls.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [None, "{}", '{"turns": ['], ids=["a call", "no call", "half a call"])
def test_a_report_never_goes_over_another_input(
    touchpoint: Run, write_call: Write, tmp_path: Path, content: str | None
) -> None:
    """The id in one transcript is the name of another file of the run, which need not be a call that can be read."""
    kept, path = write_call("calls/b.json", id="7"), write_call("calls/a.json", id="b")
    if content is not None:
        kept.write_text(content)
    before = kept.read_bytes()
    result = touchpoint("analyze", path, kept, "--out", kept.parent)

    assert result.exit_code == 2
    assert kept.read_bytes() == before
    assert f"{kept}: the report of a.json would be written over b.json, which is an input of the run." in result.stderr


def test_an_input_that_is_a_link_stays_a_link(touchpoint: Run, write_call: Write, tmp_path: Path) -> None:
    path = write_call("store/a.json")
    before = path.read_bytes()
    link = tmp_path / "calls" / "a.json"
    link.parent.mkdir()
    link.symlink_to(path)
    result = touchpoint("analyze", link, "--out", link.parent)

    assert result.exit_code == 2
    assert link.is_symlink()
    assert path.read_bytes() == before


def test_the_report_of_an_earlier_run_is_written_anew(touchpoint: Run, write_call: Write, out: Path) -> None:
    path = write_call("a.json")
    for lines in ("fair", "pressed"):
        write_call("a.json", lines)
        assert touchpoint("analyze", path, "--out", out).exit_code == 0

    assert report(out, "a")["retention"]["severity"] != "none"


class Encoder:
    """Stands in for the encoder: the first sound takes until `go_on` is set."""

    def __init__(self) -> None:
        self.encoded: list[float] = []
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self, samples: np.ndarray) -> bytes:
        self.encoded.append(float(samples.flat[0]))
        self.begun.set()
        assert self.go_on.wait(10)
        return b"sound"

    def finish(self) -> None:
        self.go_on.set()
        for thread in threading.enumerate():
            if thread.name.startswith("playback"):
                thread.join(10)
                assert not thread.is_alive()


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Encoder]:
    stand_in = Encoder()
    monkeypatch.setattr(analyzer.cli.writing, "encode_playback", stand_in)
    yield stand_in
    stand_in.go_on.set()


def sound(level: float) -> np.ndarray:
    return np.full((2, 16_000), level, dtype=np.float32)


def test_the_sound_of_a_recording_that_failed_is_let_go(out: Path, encoder: Encoder) -> None:
    """Neither the queue nor the writer keeps it, and only what is being encoded already is encoded."""
    gone = []
    with RunWriter(out, frozenset({"html"})) as writer:
        writer.prepare(sound(1))
        assert encoder.begun.wait(10)
        for level in (2, 3):
            writer.take(Outcome("a.wav", None, InputError("no speech.")))
            samples = sound(level)
            gone.append(weakref.ref(samples))
            writer.prepare(samples)
            del samples
        writer.prepare(sound(4))
        assert [samples() for samples in gone] == [None, None]
        writer.take(Outcome("a.wav", None, InputError("no speech.")))
    encoder.finish()

    assert encoder.encoded == [1]


def test_a_run_that_is_stopped_encodes_no_more(
    touchpoint: Run, write_wav: Write, tmp_path: Path, out: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped_at_the_second(source: Input, options: Any, call_id: str | None, on_sound: Callable[..., object]) -> Any:
        on_sound(sound(1 if source.path.stem == "a" else 2))
        assert encoder.begun.wait(10)
        if source.path.stem == "b":
            raise KeyboardInterrupt
        raise InputError("no speech.")

    monkeypatch.setattr(analyzer.pipeline, "analyze", stopped_at_the_second)
    result = touchpoint("analyze", *(write_wav(tmp_path / f"{name}.wav", seconds=0.1) for name in "ab"), "--out", out)
    encoder.finish()

    assert result.exit_code == 130
    assert encoder.encoded == [1]


@pytest.mark.parametrize("ends", ["judged", "failed"])
@pytest.mark.parametrize("command", ["analyze", "gate"])
def test_the_sound_of_a_call_is_let_go_before_the_next_is_read(
    touchpoint: Run,
    write_call: Write,
    write_wav: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    ends: str,
) -> None:
    judged = analyzer.pipeline.analyze(Input(write_call("a.json"), "transcript"), options())
    known: list[weakref.ref[np.ndarray]] = []
    alive: list[int] = []

    def heard(source: Input, options: Any, call_id: str | None, on_sound: Callable[..., object] | None) -> Any:
        alive.append(sum(samples() is not None for samples in known))
        samples = sound(0.5)
        known.append(weakref.ref(samples))
        if ends == "failed":
            raise InputError("no speech.", path=source.path)
        return replace(judged, samples=samples)

    monkeypatch.setattr(analyzer.pipeline, "analyze", heard)
    more = ["--out", tmp_path / "out"] if command == "analyze" else ["--fail-under", "0"]
    result = touchpoint(command, *(write_wav(tmp_path / f"{name}.wav", seconds=0.1) for name in "xyz"), *more)

    assert result.exit_code == (0 if ends == "judged" else 2)
    assert alive == [0, 0, 0]


@pytest.mark.parametrize("charset", ["ascii", "latin-1"])
def test_letters_that_the_terminal_does_not_have_are_replaced(
    fake_acts: object, write_call: Write, out: Path, charset: str
) -> None:
    """With --out and without; the exit code is that of the calls."""
    path = write_call("a.json", "pressed", id="a→b")
    for more in ([], ["--out", str(out)]):
        result = CliRunner(charset=charset).invoke(main, ["analyze", str(path), *more])
        assert result.exit_code == 0, result.stderr
        assert "a?b" in result.stdout


def test_on_a_terminal_without_unicode_the_run_ends_as_ever(
    in_process_of_its_own: Callable[..., Any], python_env: dict[str, str], tmp_path: Path, out: Path
) -> None:
    python_env["PYTHONIOENCODING"] = "ascii"
    result = in_process_of_its_own("analyze", tmp_path / "a→b.wav", "--out", out)

    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "0 calls, 1 input not judged" in result.stdout
