"""Where speech is found."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from analyzer.audio import activity
from analyzer.audio.activity import Activity, speech_spans
from analyzer.call import Span

from .media import speech_like, tone

RATE = 16_000


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def test_speech_between_silences() -> None:
    """
    silence 0-2 s, voice 2-5 s, silence 5-7 s, voice 7-10 s, silence to 12 s

    The voice is artificial, so its first syllable may be missed; its end is found within 0.3 s.
    """
    samples = np.concatenate([silence(2), speech_like(3), silence(2), speech_like(3), silence(2)])

    spans = speech_spans(samples)

    assert len(spans) == 2
    for span, (start_ms, end_ms) in zip(spans, ((2_000, 5_000), (7_000, 10_000)), strict=True):
        assert start_ms - 200 <= span.start_ms <= start_ms + 800
        assert span.end_ms == pytest.approx(end_ms, abs=300)


def test_what_is_not_speech_gives_no_span() -> None:
    """Silence, noise, a dialling tone and nothing at all."""
    noise = (0.01 * np.random.default_rng(0).standard_normal(3 * RATE)).astype(np.float32)

    for samples in (silence(3), noise, tone(440, 0.3, 3.0, RATE), silence(0), silence(0.01)):
        assert speech_spans(samples) == ()


def test_spans_end_with_the_recording() -> None:
    """Speech up to the last sample does not run beyond it."""
    samples = speech_like(3)[: 3 * RATE - 7]

    assert speech_spans(samples)[-1].end_ms <= 3_000


def test_a_short_pause_does_not_part_a_turn() -> None:
    """The least silence that parts two spans is an option."""
    samples = np.concatenate([speech_like(2), silence(0.9), speech_like(2, seed=1)])

    assert len(speech_spans(samples, Activity(min_silence_ms=400))) == 2
    assert len(speech_spans(samples, Activity(min_silence_ms=2_000))) == 1


def test_pieces_of_a_long_recording_join(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hearing a recording in pieces gives what hearing it at once gives, also for speech across the cut."""
    parts = [part for seed in range(4) for part in (speech_like(5, seed=seed), silence(2))]
    samples = np.concatenate(parts)
    whole = speech_spans(samples)

    monkeypatch.setattr(activity, "_PIECE", 10 * RATE)
    pieces = speech_spans(samples)

    assert len(whole) == 4
    assert len(pieces) == len(whole)
    for piece, span in zip(pieces, whole, strict=True):
        assert piece.start_ms == pytest.approx(span.start_ms, abs=100)
        assert piece.end_ms == pytest.approx(span.end_ms, abs=100)


def test_spans_are_ordered_and_apart() -> None:
    """Spans are values of the domain, in order, without overlap."""
    samples = np.concatenate([part for seed in range(3) for part in (speech_like(2, seed=seed), silence(1))])

    spans = speech_spans(samples)

    assert all(isinstance(span, Span) for span in spans)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(spans))


def test_two_channels_are_refused() -> None:
    """Speech is found channel by channel."""
    with pytest.raises(ValueError, match="one channel"):
        speech_spans(np.zeros((2, RATE), np.float32))
