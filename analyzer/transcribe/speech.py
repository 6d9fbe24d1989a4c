"""Speech without its silences: what the engines decode, and the way back to times of the call.

Each channel of a call is silent while the other side talks. The stretches with speech are joined into chunks of
at most 28 seconds (Whisper's window is 30), so that no window is spent on silence and none invites invented text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.call import Span

Samples = NDArray[np.float32]
SAMPLES_PER_MS = 16
CHUNK_LIMIT_MS = 28_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Joined speech of one channel: `samples` is one-dimensional float32 at 16 kHz, `spans` its pieces in the call."""

    channel: int
    samples: Samples
    spans: tuple[Span, ...]

    @property
    def length_ms(self) -> int:
        return len(self.samples) // SAMPLES_PER_MS

    def to_call(self, start_ms: float, end_ms: float) -> Span:
        """Where a stretch of the chunk lies in the call, kept inside the piece that holds its middle."""
        middle, offset = (start_ms + end_ms) / 2, 0
        for span in self.spans:
            if middle < offset + span.length_ms or span is self.spans[-1]:
                break
            offset += span.length_ms
        shift = span.start_ms - offset
        start = min(max(round(start_ms + shift), span.start_ms), span.end_ms)
        return Span(start_ms=start, end_ms=min(max(round(end_ms + shift), start), span.end_ms))


def pack(samples: Samples, spans: Iterable[Span], channel: int) -> tuple[Chunk, ...]:
    """Chunks of one channel in order of time; spans longer than the limit are cut."""
    groups: list[list[Span]] = []
    for span in _limited(spans):
        if groups and sum(held.length_ms for held in groups[-1]) + span.length_ms <= CHUNK_LIMIT_MS:
            groups[-1].append(span)
        else:
            groups.append([span])
    return tuple(_chunk(samples, group, channel) for group in groups)


def _limited(spans: Iterable[Span]) -> Iterable[Span]:
    for span in spans:
        for start in range(span.start_ms, span.end_ms, CHUNK_LIMIT_MS):
            yield Span(start_ms=start, end_ms=min(start + CHUNK_LIMIT_MS, span.end_ms))


def _chunk(samples: Samples, spans: Sequence[Span], channel: int) -> Chunk:
    pieces = [samples[span.start_ms * SAMPLES_PER_MS : span.end_ms * SAMPLES_PER_MS] for span in spans]
    return Chunk(channel, np.concatenate(pieces), tuple(spans))
