"""What was heard: words of all channels, and the language they are in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from analyzer.call import Span
from analyzer.errors import ConfigError
from analyzer.transcribe.engine import HeardWord, check_language
from analyzer.transcribe.transcript import Transcript, transcribe

WHOLE = (Span(start_ms=0, end_ms=10_000),)


@pytest.fixture
def hear(engine_hears: Callable[..., Any]) -> Callable[..., Transcript]:
    """Transcribe ten seconds on two channels with an engine that has these probabilities."""

    def run(
        probabilities: dict[str, float], language: str | None = None, languages: Sequence[str] = ("en", "de")
    ) -> Any:
        engine = engine_hears({0: [(0, "one two")], 1: [(300, "three")]}, probabilities)
        found = transcribe(engine, np.ones((2, 160_000), np.float32), (WHOLE, WHOLE), language, languages)
        assert engine.asked == [found.language]
        return found

    return run


def test_a_forced_language_is_never_overwritten(engine_hears: Callable[..., Any]) -> None:
    """Whatever the engine hears; it is not even asked."""
    engine = engine_hears({0: [(0, "hallo")]}, {"en": 1.0})

    found = transcribe(engine, np.ones((1, 160_000), np.float32), (WHOLE,), "de", ("en",))

    assert (found.language, found.language_confidence) == ("de", 1.0)
    assert (engine.detections, engine.asked) == (0, ["de"])


@pytest.mark.parametrize(
    ("heard", "chosen"),
    [
        ({"en": 0.9, "de": 0.1}, "en"),
        ({"de": 0.6, "en": 0.4}, "de"),
        ({"nl": 0.45, "de": 0.40, "en": 0.1}, "de"),
        ({"nl": 0.5, "de": 0.3}, "de"),
        ({"nl": 0.3, "fr": 0.3}, "en"),
        ({}, "en"),
    ],
)
def test_the_likeliest_of_the_configured_languages_is_chosen(
    hear: Callable[..., Transcript], heard: dict[str, float], chosen: str
) -> None:
    """A language that is not configured must be more than likely to be believed."""
    assert hear(heard).language == chosen


def test_a_foreign_language_that_is_sure_is_kept(hear: Callable[..., Transcript]) -> None:
    found = hear({"fr": 0.8, "en": 0.1, "de": 0.05})

    assert (found.language, found.language_confidence) == ("fr", 0.8)
    assert found.languages_heard == {"fr": 0.8, "en": 0.1, "de": 0.05}


def test_which_languages_count_is_configured(hear: Callable[..., Transcript]) -> None:
    assert hear({"fr": 0.4, "en": 0.3}, languages=("fr",)).language == "fr"


def test_the_confidence_is_that_of_the_chosen_language(hear: Callable[..., Transcript]) -> None:
    assert hear({"nl": 0.45, "de": 0.4}).language_confidence == 0.4
    assert hear({"nl": 0.3}).language_confidence == 0.0


def test_words_of_both_channels_are_in_order_of_time(hear: Callable[..., Transcript]) -> None:
    words = hear({"en": 1.0}).words

    assert [(word.text, word.channel, word.start_ms) for word in words] == [
        ("one", 0, 0),
        ("two", 0, 200),
        ("three", 1, 300),
    ]


def test_words_come_back_to_the_times_of_the_call(engine_hears: Callable[..., Any]) -> None:
    engine = engine_hears({0: [(0, "early"), (1000, "late")]})
    spans = (Span(start_ms=2000, end_ms=3000), Span(start_ms=7000, end_ms=8000))

    found = transcribe(engine, np.ones((1, 160_000), np.float32), (spans,), "en", ("en",))

    assert [(word.text, word.start_ms, word.end_ms) for word in found.words] == [
        ("early", 2000, 2200),
        ("late", 7000, 7200),
    ]


def test_without_speech_nothing_is_decoded_and_no_language_guessed(engine_hears: Callable[..., Any]) -> None:
    engine = engine_hears({})

    found = transcribe(engine, np.zeros((2, 160_000), np.float32), ((), ()), None, ("en", "de"))

    assert found.words == ()
    assert found.language_confidence == 0.0
    assert engine.detections == 0


@pytest.mark.parametrize(("given", "kept"), [(1.2, 1.0), (-0.1, 0.0), (0.12345, 0.123)])
def test_probabilities_are_kept_within_their_limits(given: float, kept: float) -> None:
    class Loud:
        def transcribe(self, chunks: Any, language: str) -> Any:
            return ((HeardWord("word", 0, 100, given),),)

    found = transcribe(Loud(), np.ones((1, 160_000), np.float32), (WHOLE,), "en", ("en",))  # type: ignore[arg-type]

    assert found.words[0].probability == kept


def test_a_language_that_the_model_does_not_know_names_those_it_knows() -> None:
    check_language("de", ("en", "de"), "base")
    with pytest.raises(ConfigError, match=r"model tiny\.en does not know the language 'de'.*Known: en\..*--language"):
        check_language("de", ("en",), "tiny.en")


@pytest.mark.real
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # openai-whisper never closes its vocabulary
@pytest.mark.filterwarnings("ignore:.*tiktoken:pytest.PytestUnraisableExceptionWarning")  # the same, seen at exit
@pytest.mark.parametrize("name", ["faster-whisper", "openai-whisper"])
def test_a_real_engine_refuses_an_unknown_language_and_hears_nothing_in_nothing(name: Any) -> None:
    from analyzer.transcribe.engine import load_engine
    from analyzer.transcribe.speech import Chunk

    engine = load_engine(name, "base")
    tone = (0.1 * np.sin(np.arange(32_000) / 5)).astype(np.float32)

    assert engine.name == name
    assert engine.transcribe((), "en") == ()
    probabilities = engine.language_probabilities(tone)
    assert sum(probabilities.values()) == pytest.approx(1, abs=0.02)
    with pytest.raises(ConfigError, match="does not know the language 'xx'"):
        engine.transcribe((Chunk(0, tone, (Span(start_ms=0, end_ms=2000),)),), "xx")
