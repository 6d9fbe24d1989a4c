"""The sample calls: every script keeps to the format of labelled calls, every recording is whole and audible.

Needs no voices and no model; PyAV decodes.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
SCRIPTS = sorted((SAMPLES / "scripts").glob("*.json"))
SOUND = {".ogg", ".opus", ".wav", ".mp3", ".flac", ".m4a"}

KINDS = {
    "cancel", "change_plan", "billing", "refund", "fault", "complaint", "information", "delivery", "account_change",
    "supervisor", "appointment", "written_confirmation", "data_protection", "other",
}  # fmt: skip
OUTCOMES = {"resolved", "committed", "handed_over", "declined", "withdrawn", "acknowledged", "ignored"}
CRITERIA = {"greeting", "heard_first", "empathy", "next_step", "farewell"}
SEVERITIES = {"none", "mild", "severe"}

MIN_S = 0.8 * 60
MAX_S = 4.5 * 60
RATE = 8000
FRAME = RATE // 50
"""Samples in 20 ms."""

Audio = npt.NDArray[np.float32]


def load_voice() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sample_voice", SAMPLES / "voice.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


voice = load_voice()


def script_of(path: Path) -> dict[str, Any]:
    script: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return script


@cache
def decoded(path: Path) -> Audio:
    """Shape (channels, samples) at 8 kHz."""
    resampler = av.AudioResampler(format="fltp", rate=RATE)
    with av.open(str(path)) as container:
        frames = [piece for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


def loud_frames(channel: Audio) -> npt.NDArray[np.bool_]:
    """Which frames of 20 ms hold speech, above -40 dB of full scale."""
    frames = channel[: len(channel) // FRAME * FRAME].reshape(-1, FRAME)
    return np.asarray(np.sqrt(np.mean(frames**2, axis=1)) > 0.01)


def turns_said_by(script: dict[str, Any], speaker: str) -> set[int]:
    return {index for index, turn in enumerate(script["turns"]) if turn["speaker"] == speaker}


def is_ascending(indices: list[int]) -> bool:
    return indices == sorted(set(indices))


each_script = pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
each_recording = pytest.mark.parametrize("call_id", sorted(voice.RECORDINGS))


def recording_of(call_id: str) -> Path:
    return SAMPLES / "calls" / f"{call_id}{voice.RECORDINGS[call_id].suffix}"


# --- scripts -----------------------------------------------------------------------------------------------


def test_every_script_has_a_recording_plan_and_the_other_way_round() -> None:
    assert {path.stem for path in SCRIPTS} == set(voice.RECORDINGS)


@each_script
def test_a_script_says_what_it_is(path: Path) -> None:
    script = script_of(path)
    assert script["id"] == path.stem
    assert script["language"] in voice.LINES
    assert path.stem.startswith(script["language"])
    assert script["sector"] and script["title"]


@each_script
def test_turns_are_spoken_in_turn(path: Path) -> None:
    turns = script_of(path)["turns"]
    assert {turn["speaker"] for turn in turns} == {"agent", "customer"}
    assert all(turn["text"].strip() for turn in turns)
    assert all(before["speaker"] != after["speaker"] for before, after in pairwise(turns))
    assert all(isinstance(turn.get("pause_ms", 0), int) for turn in turns)


@each_script
def test_intents_are_stated_by_the_customer(path: Path) -> None:
    script = script_of(path)
    said = turns_said_by(script, "customer")
    assert script["labels"]["intents"]
    for intent in script["labels"]["intents"]:
        assert intent["kind"] in KINDS
        assert intent["outcome"] in OUTCOMES
        assert intent["stated"] and is_ascending(intent["stated"])
        assert said.issuperset(intent["stated"])


@each_script
def test_retention_attempts_are_agent_turns_after_the_cancellation(path: Path) -> None:
    script = script_of(path)
    retention = script["labels"]["retention"]
    agent, first, honoured = turns_said_by(script, "agent"), retention["first_clear_cancel"], retention["honoured"]
    attempts, after_refusal = retention["attempts"], retention["attempts_after_refusal"]
    assert agent.issuperset(attempts) and is_ascending(attempts)
    assert set(attempts).issuperset(after_refusal) and is_ascending(after_refusal)
    assert retention["severity"] in SEVERITIES
    if first is None:
        assert not attempts and honoured is None
    else:
        assert first in turns_said_by(script, "customer")
        assert all(first < attempt for attempt in attempts)
    if honoured is not None:
        assert honoured in agent
        assert all(attempt < honoured for attempt in attempts)


@each_script
def test_severity_follows_from_the_attempts(path: Path) -> None:
    retention = script_of(path)["labels"]["retention"]
    after_refusal = len(retention["attempts_after_refusal"])
    assert (retention["severity"] == "none") == (after_refusal == 0)
    assert after_refusal < 3 or retention["severity"] == "severe"


@each_script
def test_silo_and_process_block_name_turns(path: Path) -> None:
    script = script_of(path)
    labels = script["labels"]
    assert is_ascending(labels["silo"]) and is_ascending(labels["process_block"])
    assert set(labels["silo"]) <= set(range(len(script["turns"])))
    assert set(labels["process_block"]) <= turns_said_by(script, "agent")


@each_script
def test_criteria_are_true_false_or_null(path: Path) -> None:
    criteria = script_of(path)["labels"]["criteria"]
    assert set(criteria) == CRITERIA
    assert all(value is None or isinstance(value, bool) for value in criteria.values())


# --- recordings --------------------------------------------------------------------------------------------


def test_there_is_exactly_one_recording_of_each_script() -> None:
    found = sorted(path.name for path in (SAMPLES / "calls").rglob("*") if path.suffix in SOUND)
    assert found == sorted(recording_of(call_id).name for call_id in voice.RECORDINGS)


def test_every_call_of_the_benchmark_that_is_to_be_voiced_is_and_no_other() -> None:
    voiced = sorted(path.stem for path in (SAMPLES / "benchmark").rglob("*") if path.suffix in SOUND)
    assert voiced == sorted(call_id for calls in voice.BENCHMARK.values() for call_id in calls)
    assert len(voiced) == 30


def test_the_samples_stay_small() -> None:
    assert sum(recording_of(call_id).stat().st_size for call_id in voice.RECORDINGS) < 15_000_000


def test_the_plan_shows_both_channel_orders_mono_and_three_formats() -> None:
    plan = voice.RECORDINGS.values()
    assert {recording.suffix for recording in plan} == {".ogg", ".wav", ".mp3"}
    assert {recording.agent_channel for recording in plan} == {0, 1}
    assert [call_id for call_id, recording in voice.RECORDINGS.items() if recording.channels == 1] == [
        "en-better-price"
    ]


@each_recording
def test_a_recording_decodes_with_its_channels_and_length(call_id: str) -> None:
    samples = decoded(recording_of(call_id))
    assert samples.shape[0] == voice.RECORDINGS[call_id].channels
    assert MIN_S < samples.shape[1] / RATE < MAX_S


@each_recording
def test_each_channel_has_sound_and_is_not_clipped(call_id: str) -> None:
    for channel in decoded(recording_of(call_id)):
        assert loud_frames(channel).mean() > 0.1
        assert np.mean(np.abs(channel) > 0.999) < 1e-4


@each_recording
def test_the_agent_speaks_first_on_the_planned_channel(call_id: str) -> None:
    recording = voice.RECORDINGS[call_id]
    if recording.channels == 1:
        pytest.skip("both sides are mixed")
    first = [int(np.argmax(loud_frames(channel))) for channel in decoded(recording_of(call_id))]
    assert int(np.argmin(first)) == recording.agent_channel


@each_recording
def test_the_sides_do_not_leak_into_each_other(call_id: str) -> None:
    """Both channels are loud together only where the script lets the sides overlap."""
    if voice.RECORDINGS[call_id].channels == 1:
        pytest.skip("both sides are mixed")
    left, right = (loud_frames(channel) for channel in decoded(recording_of(call_id)))
    script = script_of(SAMPLES / "scripts" / f"{call_id}.json")
    overlap_ms = sum(-min(0, turn.get("pause_ms", 0)) for turn in script["turns"])
    assert 20 * int(np.sum(left & right)) <= overlap_ms + 100


# --- the mu-law of voice.py --------------------------------------------------------------------------------


def test_mu_law_round_trip_is_the_codec_of_the_wav_file(tmp_path: Path) -> None:
    samples = np.linspace(-0.98, 0.98, 8000)
    once = voice.mu_law_round_trip(samples)
    path = tmp_path / "ramp.wav"
    voice.encode(once[np.newaxis], RATE, path)
    assert np.allclose(decoded(path)[0], once, atol=1e-4)
    assert np.max(np.abs(once - samples)) < 0.02


def test_an_unknown_call_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert voice.main(["no-such-call", "--out", str(tmp_path)]) == 1
    assert "en-silo-friction" in capsys.readouterr().err


def test_a_missing_voice_says_what_to_install() -> None:
    with pytest.raises(voice.VoiceError, match="pip install no-such-voice"):
        voice.package("no_such_voice_module", "no-such-voice")
