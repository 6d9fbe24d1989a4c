"""From a recording to its report, with a recogniser that hears what it is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import analyzer.pipeline
from analyzer.call import Report, VerdictName
from analyzer.config import options
from analyzer.errors import ConfigError, InputError
from analyzer.inputs import Input
from analyzer.pipeline import analyze
from analyzer.speakers.roles import decide


@pytest.fixture
def report_on(
    tmp_path: Path, write_wav: Callable[..., Path], engine_hears: Callable[..., Any], use_engine: Callable[..., Any]
) -> Callable[..., Report]:
    """`report_on(spoken, samples=…, languages=…, **options)`"""

    def run(
        spoken: Any, *, channels: int = 2, samples: Any = None, heard: dict[str, float] | None = None, **chosen: Any
    ) -> Report:
        use_engine(engine_hears(spoken, heard or {"en": 0.97}))
        path = write_wav(tmp_path / "call.wav", samples, channels)
        return analyze(Input(path, "recording"), options(**chosen)).report

    return run


def verdicts(report: Report) -> set[VerdictName]:
    return {each.verdict for touchpoint in report.scorecard.touchpoints for each in touchpoint.criteria}


def codes(report: Report) -> list[str]:
    return [warning.code for warning in report.warnings]


def statuses(report: Report) -> dict[str, str]:
    return {outcome.rule: outcome.status for outcome in report.rules}


def test_two_channels_become_a_judged_call(report_on: Callable[..., Report], talk: Any) -> None:
    report = report_on(talk)

    assert [turn.speaker for turn in report.turns] == ["agent", "customer", "agent", "customer", "agent"]
    assert (report.call.id, report.call.source, report.call.channels) == ("call", "call.wav", 2)
    assert (report.call.language, report.call.duration_ms) == ("en", 12_000)
    assert [request.kind for request in report.requests] == ["cancel"]
    assert report.retention is not None
    assert report.retention.severity == "none"
    assert report.scorecard.score is not None
    assert set(statuses(report).values()) == {"ok"}
    assert report.provenance.engine == "faster-whisper 0"


def test_the_agent_is_found_on_either_channel(report_on: Callable[..., Report], talk: Any) -> None:
    straight = report_on(talk)
    swapped = report_on({0: talk[1], 1: talk[0]}, use_cache=False)

    assert [(turn.speaker, turn.text) for turn in swapped.turns] == [
        (turn.speaker, turn.text) for turn in straight.turns
    ]
    assert swapped.scorecard == straight.scorecard


def test_a_channel_that_is_named_is_believed(report_on: Callable[..., Report], talk: Any) -> None:
    assert report_on(talk, agent_channel="1").turns[0].speaker == "customer"


def test_roles_that_cannot_be_told_are_not_guessed(report_on: Callable[..., Report]) -> None:
    """The reader is told which option helps, and nothing is judged."""
    report = report_on({0: [(0, "mm hm well")], 1: [(4000, "yes and so")]})

    assert {turn.speaker for turn in report.turns} == {"unknown"}
    assert codes(report) == ["roles"]
    assert "--agent-channel" in report.warnings[0].message
    assert verdicts(report) == {"cannot_judge"}
    assert report.scorecard.score is None


@pytest.mark.parametrize(
    ("odds", "told"), [(1.9, ["roles"]), (2.1, ["roles-unsure"]), (2.9, ["roles-unsure"]), (3.1, [])]
)
def test_roles_that_are_told_by_little_are_said_to_be(
    report_on: Callable[..., Report], talk: Any, monkeypatch: pytest.MonkeyPatch, odds: float, told: list[str]
) -> None:
    monkeypatch.setattr(analyzer.pipeline, "_roles", lambda *_: decide({0: [odds / 2, odds / 2], 1: [0.0]}))
    report = report_on(talk)

    assert codes(report) == told
    assert all("--agent-channel" in warning.message for warning in report.warnings)


def test_roles_that_are_given_are_sure(report_on: Callable[..., Report], talk: Any) -> None:
    assert codes(report_on(talk, agent_channel="0")) == []


@pytest.mark.parametrize(
    ("heard", "told"),
    [
        ({"en": 0.4, "nl": 0.35}, ["language-unsure"]),
        ({"nl": 0.3}, ["language-unsure"]),
        ({"en": 0.5}, []),
        ({"fr": 0.9}, ["language"]),
    ],
)
def test_a_language_that_is_not_sure_is_said_to_be(
    report_on: Callable[..., Report], talk: Any, heard: dict[str, float], told: list[str]
) -> None:
    assert codes(report_on(talk, heard=heard)) == told
    assert codes(report_on(talk, heard=heard, language="en", use_cache=False)) == []


def test_one_channel_is_written_down_but_not_judged(report_on: Callable[..., Report], talk: Any) -> None:
    report = report_on({0: talk[0]}, channels=1)

    assert codes(report) == ["one-channel"]
    assert {turn.speaker for turn in report.turns} == {"unknown"}
    assert all(turn.acts == () for turn in report.turns)
    assert verdicts(report) == {"cannot_judge"}
    assert (report.scorecard.score, report.scorecard.passed) == (None, None)
    assert report.retention is None
    assert report.requests == ()
    assert {each.rule for each in report.findings} <= {"dead-air"}
    assert all("not told apart" in (each.reason or "") for each in report.rules if each.status == "skipped")
    assert statuses(report)["retention-pressure"] == "skipped"


def test_one_channel_cannot_be_the_agents(
    report_on: Callable[..., Report], talk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is told before anything is recognised."""
    monkeypatch.setattr(analyzer.pipeline, "transcribe", lambda *_: pytest.fail("the recording was recognised"))
    with pytest.raises(ConfigError, match=r"one channel.*Leave --agent-channel out"):
        report_on({0: talk[0]}, channels=1, agent_channel="0")


def test_neither_channel_of_dual_mono_can_be_the_agents(
    report_on: Callable[..., Report], talk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analyzer.pipeline, "transcribe", lambda *_: pytest.fail("the recording was recognised"))
    one = 0.3 * np.random.default_rng(3).uniform(-1, 1, (1, 12 * 16_000)).astype(np.float32)
    with pytest.raises(ConfigError, match=r"both channels .* carry the same sound.*Leave --agent-channel out"):
        report_on(talk, samples=np.concatenate([one, one]), agent_channel="1")


def test_dual_mono_is_noticed_and_heard_once(
    report_on: Callable[..., Report], talk: Any, write_wav: Callable[..., Path]
) -> None:
    """Two channels with one signal: no words are doubled, and nobody is given a role."""
    one = 0.3 * np.random.default_rng(3).uniform(-1, 1, (1, 12 * 16_000)).astype(np.float32)
    report = report_on(talk, samples=np.concatenate([one, one]))

    assert "dual-mono" in codes(report)
    assert report.call.channels == 2
    assert {turn.speaker for turn in report.turns} == {"unknown"}
    assert not any("request:cancel" in turn.text for turn in report.turns)
    assert verdicts(report) == {"cannot_judge"}
    assert report.scorecard.score is None


def test_a_silent_side_is_not_heard(report_on: Callable[..., Report], talk: Any) -> None:
    sound = 0.3 * np.random.default_rng(3).uniform(-1, 1, (1, 12 * 16_000)).astype(np.float32)
    report = report_on(talk, samples=np.concatenate([sound, np.zeros_like(sound)]))

    assert {"silent-channel", "one-channel"} <= set(codes(report))
    assert {turn.speaker for turn in report.turns} == {"unknown"}
    assert len(report.turns) == 3
    assert verdicts(report) == {"cannot_judge"}


def test_a_recording_without_words_is_an_error_with_a_next_step(report_on: Callable[..., Report]) -> None:
    with pytest.raises(InputError, match=r"call\.wav: no speech was recognised.*Listen to it.*--model"):
        report_on({})


def test_a_foreign_language_is_written_down_but_not_judged(report_on: Callable[..., Report], talk: Any) -> None:
    report = report_on(talk, heard={"fr": 0.9, "en": 0.05})

    assert report.call.language == "fr"
    assert "language" in codes(report)
    assert len(report.turns) == 5
    assert statuses(report)["retention-pressure"] == "skipped"
    assert statuses(report)["ignored-intent"] == "skipped"
    assert verdicts(report) == {"cannot_judge"}
    assert report.scorecard.score is None


def test_a_forced_language_stands_in_the_report(report_on: Callable[..., Report], talk: Any) -> None:
    assert report_on(talk, heard={"fr": 0.99}, language="de").call.language == "de"


def test_a_broken_ledger_fails_its_rules_and_no_others(
    report_on: Callable[..., Report], talk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(analyzer.pipeline, "retention_ledger", broken)
    report = report_on(talk)

    assert statuses(report)["retention-pressure"] == statuses(report)["sales-pressure"] == "failed"
    assert statuses(report)["ignored-intent"] == "ok"
    assert report.retention is None
    reasons = [each.reason for each in report.rules if each.status == "failed"]
    assert set(reasons) == {"ZeroDivisionError: boom"}


def test_a_recording_is_only_read(tmp_path: Path, report_on: Callable[..., Report], talk: Any) -> None:
    report = report_on(talk)
    path = tmp_path / "call.wav"
    before = (path.read_bytes(), path.stat().st_mtime_ns)

    analyze(Input(path, "recording"), options())

    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert report.call.sha256


def test_a_transcript_is_judged_without_a_recogniser(
    write_call: Callable[..., Path], fake_acts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analyzer.pipeline, "load_engine", lambda *_: pytest.fail("a recogniser was loaded"))

    analysis = analyze(Input(write_call("fair.json", id="my id"), "transcript"), options())

    assert analysis.samples is None
    assert analysis.report.call.id == "my id"
    assert analysis.report.provenance.engine is None
    assert analysis.report.scorecard.score == 100
    assert statuses(analysis.report)["dead-air"] == "skipped"


@pytest.mark.parametrize("language", ["en-GB", "EN"])
def test_a_regional_language_is_judged(write_call: Callable[..., Path], fake_acts: Any, language: str) -> None:
    report = analyze(Input(write_call("a.json", language=language), "transcript"), options()).report

    assert report.call.language == "en"
    assert report.scorecard.score == 100


def test_a_forced_language_goes_before_that_of_a_transcript(write_call: Callable[..., Path], fake_acts: Any) -> None:
    path = write_call("a.json", language="fr")

    assert analyze(Input(path, "transcript"), options(language="en")).report.scorecard.score == 100
    assert analyze(Input(path, "transcript"), options(language="en")).report.call.language == "en"


def test_a_language_that_cannot_be_judged_is_named(write_call: Callable[..., Path], fake_acts: Any) -> None:
    report = analyze(Input(write_call("a.json", language="fr"), "transcript"), options()).report
    why = "the language is fr, only en and de can be judged"

    assert {each.reason for each in report.rules if "times" not in (each.reason or "")} == {why}
    reasons = {each.reason for touchpoint in report.scorecard.touchpoints for each in touchpoint.criteria}
    assert reasons == {f"Cannot judge: {why}."}


def test_a_pressed_call_is_found_out(write_call: Callable[..., Path], fake_acts: Any) -> None:
    report = analyze(Input(write_call("bad.json", "pressed"), "transcript"), options()).report

    assert report.retention is not None
    assert report.retention.severity == "severe"
    assert [each.rule for each in report.findings if each.severity == "critical"] == ["retention-pressure"]
    assert report.scorecard.passed is False


def test_the_fingerprint_of_the_config_is_stable() -> None:
    assert options().config_sha256 == options().config_sha256
    assert len(options().config_sha256) == 64


@pytest.mark.parametrize(
    "changed",
    [
        {"language": "de"},
        {"engine": "openai-whisper"},
        {"agent_channel": "1"},
        {"max_minutes": 5.0},
    ],
)
def test_what_decides_the_report_changes_the_fingerprint(changed: dict[str, Any]) -> None:
    assert options(**changed).config_sha256 != options().config_sha256


def test_the_fingerprint_does_not_depend_on_where_weights_lie(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()

    first, second = (options(model=str(tmp_path / name)).config_sha256 for name in ("a", "b"))

    assert first == second


def test_the_fingerprint_of_a_name_does_not_depend_on_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that happens to be called `base` is not the model `base`."""
    elsewhere = options().config_sha256
    (tmp_path / "base").mkdir()
    monkeypatch.chdir(tmp_path)

    assert options().config_sha256 == elsewhere


def test_a_call_heard_and_read_before_is_neither_decoded_nor_read_again(
    report_on: Callable[..., Report], talk: Any, fake_acts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = report_on(talk)
    assert fake_acts.loads == 1  # while the engine was listening
    for asked in ("understand", "agent_log_odds", "load"):
        monkeypatch.setattr(fake_acts, asked, None)

    assert report_on(talk) == first


def test_without_the_cache_nothing_of_a_call_is_kept(
    report_on: Callable[..., Report], talk: Any, cache_folder: Path
) -> None:
    report_on(talk, use_cache=False)

    assert list(cache_folder.rglob("*.json")) == []
