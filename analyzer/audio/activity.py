"""Where someone speaks: the Silero voice activity detector that faster-whisper ships."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.call import Span

_RATE = 16_000
_PER_MS = _RATE // 1000
_PIECE = 600 * _RATE
"""The detector copies its input several times: long recordings are heard in pieces of ten minutes."""
_RUN_IN = 10 * _RATE
"""What it hears before and after a piece, so that the cut leaves no trace."""


@dataclass(frozen=True, slots=True)
class Activity:
    """Limits of the detector. `threshold` is the speech probability (0..1) from which a moment counts."""

    threshold: float = 0.5
    min_speech_ms: int = 100
    min_silence_ms: int = 500
    pad_ms: int = 100


def speech_spans(samples: NDArray[np.float32], options: Activity = Activity()) -> tuple[Span, ...]:
    """Spans of speech in one channel, float32 (n,) at 16 kHz; in order, without overlap, within the recording.

    Raises ValueError where the samples are not of one channel.
    """
    if samples.ndim != 1:
        raise ValueError(f"samples must be one channel (n,), not {samples.shape}")
    merged: list[tuple[int, int]] = []
    for start, end in _heard(samples, options):
        if merged and start == merged[-1][1] and start % _PIECE == 0:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return tuple(Span(start_ms=start // _PER_MS, end_ms=end // _PER_MS) for start, end in merged)


def _heard(samples: NDArray[np.float32], options: Activity) -> Iterator[tuple[int, int]]:
    """Half-open stretches in samples, cut where pieces meet."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps  # no stubs

    limits = VadOptions(
        threshold=options.threshold,
        min_speech_duration_ms=options.min_speech_ms,
        min_silence_duration_ms=options.min_silence_ms,
        speech_pad_ms=options.pad_ms,
    )
    for first in range(0, samples.size, _PIECE):
        last = min(first + _PIECE, samples.size)
        before = max(0, first - _RUN_IN)
        for found in get_speech_timestamps(samples[before : last + _RUN_IN], limits):
            start, end = max(first, before + found["start"]), min(last, before + found["end"])
            if start < end:
                yield start, end
