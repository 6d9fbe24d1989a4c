"""Stand-ins for the heavy parts, and a cache folder of its own for every test.

Tests with real models (marker `real`) share one cache folder for the session, so that weights are built once.
"""

from __future__ import annotations

import json
import os
import re
import wave
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.acts import AGENT_ACTS, CUSTOMER_ACTS
from analyzer.call import Act, RequestKind, Span, Turn
from analyzer.resources import PACKAGE
from analyzer.transcribe.engine import HeardWord
from analyzer.transcribe.speech import Chunk
from analyzer.weights.whisper import WhisperWeights

ROOT = PACKAGE.parent
RATE = 16_000
MARK = re.compile(r"\{(\w+)(?::(\w+))?\}")
WORD_MS = 200


@pytest.fixture(scope="session")
def real_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "real-cache"


@pytest.fixture(autouse=True)
def cache_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterable[Path]:
    """TOUCHPOINT_CACHE points here during the test."""
    real = request.node.get_closest_marker("real") is not None
    folder = request.getfixturevalue("real_cache") if real else tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOUCHPOINT_CACHE", str(folder))
        yield folder


@pytest.fixture
def root() -> Path:
    """The checkout, or the folder that holds the installed package."""
    return ROOT


@pytest.fixture
def python_env() -> dict[str, str]:
    """Environment for a child process that imports the same package from anywhere."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@dataclass(frozen=True, slots=True)
class Understood:
    turns: tuple[Turn, ...]
    topics: Mapping[int, Mapping[RequestKind, float]]


class FakeActs:
    """An act model that reads acts off the text: `{request:cancel} I want to leave` holds a request to cancel."""

    languages = ("en", "de")
    encoder_name = "fake-encoder@1"
    version = "fake-heads@1"

    def __init__(self) -> None:
        self.loads = 0

    def load(self) -> None:
        self.loads += 1

    def agent_log_odds(self, texts: Sequence[str]) -> tuple[float, ...]:
        return tuple(self._odds({name for name, _ in MARK.findall(text)}) for text in texts)

    def understand(self, turns: Sequence[Turn], language: str) -> Understood:
        acted = tuple(turn.model_copy(update={"acts": self._acts(turn)}) for turn in turns)
        return Understood(acted, self._topics(acted))

    @staticmethod
    def _topics(turns: Sequence[Turn]) -> dict[int, dict[RequestKind, float]]:
        """Every turn is about what was stated last before it."""
        topics: dict[int, dict[RequestKind, float]] = {}
        last: tuple[RequestKind, ...] = ()
        for turn in turns:
            topics[turn.index] = dict.fromkeys(last, 0.9)
            last = turn.kinds("request", "restate") or last
        return topics

    @staticmethod
    def _odds(names: set[str]) -> float:
        return 3.0 * bool(names - set(CUSTOMER_ACTS)) - 3.0 * bool(names - set(AGENT_ACTS))

    @staticmethod
    def _acts(turn: Turn) -> tuple[Act, ...]:
        if turn.speaker == "unknown":
            return ()
        return tuple(
            Act.model_validate({"act": name, "kind": kind or None, "confidence": 0.9})
            for name, kind in MARK.findall(turn.text)
        )


@dataclass
class FakeEngine:
    """A recogniser that hears what it is told, and counts how often it is asked."""

    spoken: Mapping[int, Sequence[tuple[int, str]]]
    languages: Mapping[str, float] = field(default_factory=lambda: {"en": 0.97, "de": 0.01})
    name: Any = "faster-whisper"
    version: str = "0"
    weights: WhisperWeights = field(default_factory=lambda: WhisperWeights("fake", "0" * 64, Path("fake")))
    calls: int = 0
    detections: int = 0
    asked: list[str] = field(default_factory=list)

    def language_probabilities(self, samples: np.ndarray) -> dict[str, float]:
        self.detections += 1
        return dict(self.languages)

    def transcribe(self, chunks: Sequence[Chunk], language: str) -> tuple[tuple[HeardWord, ...], ...]:
        self.calls += 1
        self.asked.append(language)
        told = {channel: list(self._words(lines)) for channel, lines in self.spoken.items()}
        return tuple(tuple(told.pop(chunk.channel, ())) for chunk in chunks)

    @staticmethod
    def _words(lines: Sequence[tuple[int, str]]) -> Iterable[HeardWord]:
        for start, text in lines:
            for number, word in enumerate(text.split()):
                at = start + number * WORD_MS
                yield HeardWord(word, at, at + WORD_MS, 0.9)


@pytest.fixture
def engine_hears() -> Callable[..., FakeEngine]:
    """`engine_hears({channel: [(start_ms, text), …]}, languages={…})`"""
    return FakeEngine


TALK = {
    0: [(0, "{greeting} good morning"), (6000, "{done} that is closed for you"), (11_000, "{farewell} goodbye")],
    1: [(2500, "{request:cancel} please end my contract"), (9000, "{thanks} thank you")],
}


@pytest.fixture
def talk() -> dict[int, list[tuple[int, str]]]:
    """A fair call of twelve seconds: the agent on channel 0, the customer on channel 1."""
    return {channel: list(lines) for channel, lines in TALK.items()}


@pytest.fixture
def fake_acts(monkeypatch: pytest.MonkeyPatch) -> FakeActs:
    """The pipeline understands by marks in the text; no model is loaded."""
    import analyzer.pipeline

    model = FakeActs()
    monkeypatch.setattr(analyzer.pipeline, "act_model", lambda: model)
    return model


@pytest.fixture
def use_engine(monkeypatch: pytest.MonkeyPatch, fake_acts: FakeActs) -> Callable[[FakeEngine], FakeEngine]:
    """The pipeline hears by this engine, over the whole length of each channel."""
    import analyzer.pipeline

    def use(engine: FakeEngine) -> FakeEngine:
        monkeypatch.setattr(analyzer.pipeline, "load_engine", lambda name, model: engine)
        monkeypatch.setattr(
            analyzer.pipeline,
            "speech_spans",
            lambda samples: (Span(start_ms=0, end_ms=samples.size * 1000 // RATE),),
        )
        return engine

    return use


def noise(channels: int, seconds: float) -> np.ndarray:
    """float32 (channels, n): each channel a sound of its own, that comes and goes at its own pace."""
    time = np.arange(round(seconds * RATE)) / RATE
    rows = []
    for channel in range(channels):
        random = np.random.default_rng(channel)
        gate = (time * (1 + channel) * 0.7).astype(int) % 2 == channel % 2
        rows.append(0.3 * gate * random.uniform(-1, 1, time.size))
    return np.stack(rows).astype(np.float32)


@pytest.fixture
def write_wav() -> Callable[..., Path]:
    """`write_wav(path, samples=None, channels=2, seconds=12.0)`: WAV, by default with sound on all channels."""

    def write(path: Path, samples: np.ndarray | None = None, channels: int = 2, seconds: float = 12.0) -> Path:
        sound = noise(channels, seconds) if samples is None else samples
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as stream:
            stream.setnchannels(len(sound))
            stream.setsampwidth(2)
            stream.setframerate(RATE)
            stream.writeframes((sound.T * 32_000).astype("<i2").tobytes())
        return path

    return write


FAIR = (
    ("agent", "{greeting} {introduction} Good morning, Brindle Broadband."),
    ("customer", "{request:cancel} I'd like to cancel, please."),
    ("agent", "{acknowledge} You'd like to cancel. {done} That is done."),
    ("customer", "{thanks} Thank you."),
    ("agent", "{farewell} Goodbye."),
)
PRESSED = (
    ("agent", "{greeting} Good morning."),
    ("customer", "{request:cancel} I'd like to cancel, please."),
    ("agent", "{save_offer} I can give you three months free."),
    ("customer", "{refuse} No, thank you."),
    ("agent", "{save_offer} Six months, then."),
    ("customer", "{refuse} No."),
    ("agent", "{guilt} After all we have done for you."),
    ("customer", "{refuse} No. {restate:cancel} Please cancel it."),
)


@pytest.fixture
def write_call(tmp_path: Path) -> Callable[..., Path]:
    """`write_call(name, lines="fair", **keys)`: a native transcript of a fair or a pressed call, or of other lines."""

    def write(name: str, lines: str | Sequence[tuple[str, str]] = "fair", **keys: Any) -> Path:
        chosen = {"fair": FAIR, "pressed": PRESSED}.get(lines, lines) if isinstance(lines, str) else lines
        turns = [{"speaker": speaker, "text": text} for speaker, text in chosen]
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"id": path.stem, "language": "en", "turns": turns} | keys
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write
