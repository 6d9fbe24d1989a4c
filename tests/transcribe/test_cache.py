"""Transcripts that were made before."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analyzer.audio.recording import Recording, read_recording
from analyzer.call import Call, Word
from analyzer.config import Options, options
from analyzer.pipeline import hear
from analyzer.transcribe import cache
from analyzer.transcribe.transcript import Transcript

TRANSCRIPT = Transcript(
    language="en",
    language_confidence=0.9,
    words=(Word(text="Grüezi", start_ms=0, end_ms=300, probability=0.5, channel=0),),
)


@pytest.fixture
def engine(engine_hears: Callable[..., Any], use_engine: Callable[..., Any], talk: Any) -> Any:
    return use_engine(engine_hears(talk))


@pytest.fixture
def recording(tmp_path: Path, write_wav: Callable[..., Path]) -> Recording:
    return read_recording(write_wav(tmp_path / "call.wav"))


def heard(recording: Recording, engine: Any, **changes: Any) -> Call:
    return hear(recording, engine, options(**changes))


def stored(cache_folder: Path) -> list[Path]:
    return list((cache_folder / "transcripts").rglob("*.json"))


def test_a_second_run_decodes_nothing(recording: Recording, engine: Any) -> None:
    first, second = heard(recording, engine), heard(recording, engine)

    assert first == second
    assert (engine.calls, engine.detections) == (1, 1)


def test_without_the_cache_nothing_is_read_or_kept(recording: Recording, engine: Any, cache_folder: Path) -> None:
    heard(recording, engine, use_cache=False)
    heard(recording, engine, use_cache=False)

    assert engine.calls == 2
    assert stored(cache_folder) == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"language": "en"}', b"\xff\xfe", b'{"words": 3}'])
def test_a_damaged_file_is_made_again(recording: Recording, engine: Any, cache_folder: Path, content: bytes) -> None:
    first = heard(recording, engine)
    [path] = stored(cache_folder)
    path.write_bytes(content)

    assert heard(recording, engine) == first
    assert heard(recording, engine) == first
    assert engine.calls == 2


def test_only_the_user_may_read_what_people_said(recording: Recording, engine: Any, cache_folder: Path) -> None:
    heard(recording, engine)

    assert [stat.S_IMODE(path.stat().st_mode) for path in stored(cache_folder)] == [0o600]


def test_another_language_model_version_or_recording_is_another_transcript(engine_hears: Callable[..., Any]) -> None:
    def path(audio: str = "a", engine: str = "e", version: str = "1", model: str = "m", language: str = "en") -> Path:
        return cache.transcript_path(audio, engine, version, model, {"language": language})

    others = [path(audio="b"), path(engine="f"), path(version="2"), path(model="n"), path(language="de")]

    assert path() == path()
    assert len({path(), *others}) == 6


def test_a_forced_language_is_not_answered_by_a_detected_one(recording: Recording, engine: Any) -> None:
    heard(recording, engine)

    assert heard(recording, engine, language="de").info.language == "de"
    assert engine.calls == 2


def test_what_is_stored_comes_back_as_it_was(tmp_path: Path) -> None:
    cache.save(tmp_path / "a" / "b.json", TRANSCRIPT)

    assert cache.load(tmp_path / "a" / "b.json") == TRANSCRIPT
    assert cache.load(tmp_path / "none.json") is None


def test_a_cache_that_cannot_be_written_does_not_lose_the_call(
    recording: Recording, engine: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TOUCHPOINT_CACHE", str(tmp_path / "file"))

    assert heard(recording, engine).turns


def test_switching_the_cache_off_does_not_change_the_fingerprint_of_the_config() -> None:
    with_cache: Options = options()

    assert with_cache.config_sha256 == options(use_cache=False).config_sha256
