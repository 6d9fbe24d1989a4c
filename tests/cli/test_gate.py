"""`touchpoint gate`: what fails a build, and that nothing unjudged passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

import analyzer.weights.cache
from analyzer.cli import main

from .conftest import HOSTILE

Run = Callable[..., Result]
Write = Callable[..., Path]
STRANGERS = [("unknown", "Hello."), ("unknown", "I want to cancel.")]


def test_calls_that_meet_all_conditions_pass(touchpoint: Run, write_call: Write) -> None:
    result = touchpoint("gate", write_call("a.json"), "--fail-under", "70", "--fail-on", "retention-pressure")

    assert result.exit_code == 0
    assert result.stdout == "PASS  a\n"


@pytest.mark.parametrize(
    ("conditions", "code"),
    [
        (["--fail-under", "100"], 1),
        (["--fail-under", "0"], 0),
        (["--fail-on", "retention-pressure"], 1),
        (["--fail-on", "retention-pressure:critical"], 1),
        (["--fail-on", "retention-pressure:info"], 1),
        (["--fail-on", "silo-friction"], 0),
        (["--fail-on", "silo-friction", "--fail-on", "retention-pressure:major"], 1),
        (["--fail-under", "0", "--fail-on", "silo-friction"], 0),
    ],
)
def test_a_pressed_call_fails_what_it_should(
    touchpoint: Run, write_call: Write, conditions: list[str], code: int
) -> None:
    result = touchpoint("gate", write_call("a.json", "pressed"), *conditions)

    assert result.exit_code == code
    assert result.stdout.startswith("FAIL  a" if code else "PASS  a")


def test_a_severity_below_the_wanted_one_passes(touchpoint: Run, write_call: Write) -> None:
    mild = [
        ("agent", "{greeting} Good morning."),
        ("customer", "{request:cancel} I'd like to cancel."),
        ("agent", "{save_offer} Three months free?"),
        ("customer", "{refuse} No."),
        ("agent", "{save_offer} Six?"),
        ("customer", "{refuse} No."),
        ("agent", "{done} Done. {farewell} Bye."),
    ]
    path = write_call("mild.json", mild)

    assert touchpoint("gate", path, "--fail-on", "retention-pressure:critical").exit_code == 0
    assert touchpoint("gate", path, "--fail-on", "retention-pressure:major").exit_code == 1


def test_the_reason_stands_below_the_call(touchpoint: Run, write_call: Write) -> None:
    lines = touchpoint(
        "gate", write_call("a.json", "pressed"), "--fail-under", "99", "--fail-on", "retention-pressure"
    ).stdout.splitlines()

    assert lines[0] == "FAIL  a"
    assert "is under 99" in lines[1]
    assert "retention-pressure (critical): " in lines[2]


@pytest.mark.parametrize("conditions", [["--fail-under", "0"], ["--fail-on", "retention-pressure"]])
def test_what_could_not_be_judged_never_passes(touchpoint: Run, write_call: Write, conditions: list[str]) -> None:
    result = touchpoint("gate", write_call("a.json"), write_call("b.json", STRANGERS), *conditions)

    assert result.exit_code == 2
    assert "PASS  a" in result.stdout
    assert "ERROR b" in result.stdout


def test_a_rule_that_was_not_asked_for_may_be_skipped(touchpoint: Run, write_call: Write) -> None:
    """The transcript has no times; only what the gate looks at must have been checked."""
    path = write_call("a.json")

    assert touchpoint("gate", path, "--fail-on", "retention-pressure").exit_code == 0
    assert touchpoint("gate", path, "--fail-on", "dead-air").exit_code == 2


def test_an_input_that_cannot_be_read_never_passes(touchpoint: Run, write_call: Write, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_text("not sound")
    result = touchpoint("gate", write_call("a.json"), tmp_path / "bad.wav", tmp_path / "gone.wav", "--fail-under", "1")

    assert result.exit_code == 2
    assert result.stdout.count("ERROR") == 2
    assert "bad.wav" in result.stdout
    assert "gone.wav" in result.stdout


def test_a_broken_transcript_in_a_folder_never_passes(touchpoint: Run, write_call: Write, tmp_path: Path) -> None:
    folder = write_call("cut/a.json").parent
    (folder / "b.json").write_text('{"id": "b", "turns": [{"speaker": "ag')
    result = touchpoint("gate", folder, "--fail-under", "1")

    assert result.exit_code == 2
    assert "PASS  a" in result.stdout
    assert "b.json: the file is not valid JSON" in result.stdout


def test_a_name_that_is_not_utf8_loses_neither_the_other_calls_nor_the_junit_file(
    touchpoint: Run, write_call: Write, odd_wav: Path, tmp_path: Path
) -> None:
    junit = tmp_path / "gate.xml"
    result = touchpoint("gate", odd_wav, write_call("a.json"), "--fail-under", "1", "--junit", junit)

    assert result.exit_code == 2
    assert "ERROR caf\ufffd.wav" in result.stdout
    assert "PASS  a" in result.stdout
    assert ElementTree.parse(junit).getroot().get("tests") == "2"


def test_an_id_cannot_steer_the_terminal(touchpoint: Run, write_call: Write) -> None:
    result = touchpoint("gate", write_call("a.json", id=HOSTILE), "--fail-under", "1")

    assert result.stdout == "PASS  a\ufffd]0;owned\ufffd\ufffdb\n"


def test_a_failure_weighs_more_than_an_error(touchpoint: Run, write_call: Write, tmp_path: Path) -> None:
    result = touchpoint("gate", tmp_path / "gone.wav", write_call("a.json", "pressed"), "--fail-under", "99")

    assert result.exit_code == 1
    assert "ERROR" in result.stdout
    assert "FAIL" in result.stdout


def test_no_call_at_all_never_passes(touchpoint: Run, tmp_path: Path) -> None:
    assert touchpoint("gate", tmp_path, "--fail-under", "0").exit_code == 2


def test_a_gate_without_a_condition_is_a_mistake(touchpoint: Run, write_call: Write) -> None:
    result = touchpoint("gate", write_call("a.json"))

    assert result.exit_code == 2
    assert "nothing to fail on. Give --fail-under, --fail-on, or both." in result.stderr


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("--fail-on", "rudeness", "there is no rule 'rudeness'. Rules: retention-pressure"),
        ("--fail-on", "dead-air:awful", "'awful' is no severity. Severities: info, minor"),
        ("--fail-under", "101", "Invalid value for '--fail-under'"),
        ("--fail-under", "-1", "Invalid value for '--fail-under'"),
        ("--fail-under", "nan", "Invalid value for '--fail-under'"),
    ],
)
def test_a_condition_that_cannot_be_names_what_can(
    touchpoint: Run, write_call: Write, option: str, value: str, named: str
) -> None:
    result = touchpoint("gate", write_call("a.json"), option, value)

    assert result.exit_code == 2
    assert named in result.stderr


def test_the_junit_file_holds_one_case_per_input(touchpoint: Run, write_call: Write, tmp_path: Path) -> None:
    junit = tmp_path / "new" / "gate.xml"
    paths = [write_call("a.json"), write_call("b.json", "pressed"), write_call("c.json", STRANGERS), tmp_path / "d.wav"]
    result = touchpoint("gate", *paths, "--fail-under", "90", "--junit", junit)

    assert result.exit_code == 1
    root = ElementTree.parse(junit).getroot()
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("4", "1", "2")
    results = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    gone = next(name for name in results if name and "d.wav" in name)
    assert results == {gone: ["error"], "a": [], "b": ["failure"], "c": ["error"]}


def test_the_junit_file_is_the_same_twice(touchpoint: Run, write_call: Write, tmp_path: Path) -> None:
    path = write_call("a.json", "pressed")
    for name in ("first.xml", "second.xml"):
        touchpoint("gate", path, "--fail-under", "90", "--junit", tmp_path / name)

    assert (tmp_path / "first.xml").read_bytes() == (tmp_path / "second.xml").read_bytes()


def test_a_junit_file_that_cannot_be_written_is_an_error(touchpoint: Run, write_call: Write, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = touchpoint("gate", write_call("a.json"), "--fail-under", "1", "--junit", tmp_path / "file" / "gate.xml")

    assert result.exit_code == 2
    assert "gate.xml: cannot be written" in result.stderr
    assert result.stdout == ""  # known before any call is heard


@pytest.mark.parametrize(("call", "code"), [("pressed", 1), ("fair", 2)])
def test_a_junit_file_that_cannot_be_written_at_the_end_hides_no_verdict(
    touchpoint: Run, write_call: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(analyzer.weights.cache, "write_atomically", full)
    result = touchpoint("gate", write_call("a.json", call), "--fail-under", "90", "--junit", tmp_path / "gate.xml")

    assert result.exit_code == code
    assert result.stdout.startswith("FAIL  a" if call == "pressed" else "PASS  a")
    assert "gate.xml: cannot be written (No space left on device). Choose another --junit." in result.stderr


def test_the_junit_file_never_goes_over_an_input(
    touchpoint: Run, write_call: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Known before any call is heard, by whatever name."""
    path = write_call("calls/a.json")
    before = path.read_bytes()
    monkeypatch.chdir(tmp_path)
    result = touchpoint("gate", "calls", "--fail-under", "1", "--junit", "calls/../calls/a.json")

    assert result.exit_code == 2
    assert path.read_bytes() == before
    assert result.stdout == ""
    assert "a.json: this is an input of the run. Choose another --junit." in result.stderr


@pytest.mark.parametrize(("call", "code"), [("pressed", 1), ("fair", 0)])
def test_letters_that_the_terminal_does_not_have_decide_no_verdict(
    fake_acts: object, write_call: Write, call: str, code: int
) -> None:
    path = write_call("a.json", call, id="a→b")
    result = CliRunner(charset="latin-1").invoke(main, ["gate", str(path), "--fail-under", "90"])

    assert result.exit_code == code, result.stderr
    assert result.stdout.startswith(f"{'FAIL' if code else 'PASS'}  a?b\n")
