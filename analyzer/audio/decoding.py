"""One audio stream to samples at one rate, through whatever damage there is. Internal to `analyzer.audio`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

Samples = NDArray[np.float32]

MIN_GAP_S = 0.1
"""Time stamps wander by less than this without anything missing."""
MAX_GAP_S = 600.0
"""A longer leap is a broken time stamp, not a pause."""
_MAX_BACK_S = 1.0
_CHUNK = 1 << 14
"""Samples that the resampler hands out at once; the last chunk is shorter."""
_MAX_READ_ERRORS = 50
"""Read errors in a row after which the rest is given up."""


class TooLong(Exception):
    """More sound than the caller allows."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """`samples` float32 (channels, n). `damaged` counts pieces lost before the end; `breaks_off` tells that the
    last pieces could not be decoded; `filled_ms` is silence put where time stamps leave a hole."""

    samples: Samples
    source_rate: int
    damaged: int
    breaks_off: bool
    filled_ms: int


def decode(
    container: InputContainer, stream: AudioStream, *, rate: int, max_samples: int, expected_samples: int
) -> Decoded:
    """Decode and resample a whole stream, each channel apart.

    What cannot be decoded is skipped and counted. `expected_samples` only sizes the first buffer.
    Raises TooLong above `max_samples` samples per channel.
    """
    packets = _Packets(container, stream)
    sink = _Sink(rate, max_samples, expected_samples)
    for frame in packets.frames():
        try:
            sink.take(frame)
        except av.FFmpegError:  # a form of sound that cannot be resampled
            packets.lost += 1
            sink.forget()
    sink.flush()
    return Decoded(
        samples=sink.samples,
        source_rate=sink.source_rate,
        damaged=packets.lost,
        breaks_off=packets.lost_in_a_row > 0,
        filled_ms=sink.filled * 1000 // rate,
    )


class _Packets:
    """Frames of a stream; counts what could not be read or decoded."""

    def __init__(self, container: InputContainer, stream: AudioStream) -> None:
        self._container = container
        self._stream = stream
        self.lost = 0
        self.lost_in_a_row = 0

    def frames(self) -> Iterator[AudioFrame]:
        for packet in self._packets():
            try:
                frames = packet.decode()
            except (av.FFmpegError, ValueError):
                self.lost_in_a_row += 1
                continue
            if frames:
                self.lost += self.lost_in_a_row
                self.lost_in_a_row = 0
            yield from frames

    def _packets(self) -> Iterator[av.Packet[AudioStream]]:
        """Packets up to the end. A demuxer that stumbles is asked again from where it stands."""
        failures = 0
        while failures < _MAX_READ_ERRORS:
            try:
                for packet in self._container.demux(self._stream):
                    failures = 0
                    yield packet
                return
            except av.FFmpegError:
                failures += 1
                self.lost_in_a_row += failures == 1


class _Sink:
    """Resamples frames and lays them one after the other, with silence where time stamps leave a hole."""

    def __init__(self, rate: int, max_samples: int, expected_samples: int) -> None:
        self._rate = rate
        self._max = max_samples
        self._expected = expected_samples
        self._buffer: Samples = np.empty((0, 0), np.float32)
        self._length = 0
        self._form: tuple[str, str, int] | None = None
        self._resampler: AudioResampler | None = None
        self._clock = _Clock()
        self.source_rate = 0
        self.filled = 0

    @property
    def samples(self) -> Samples:
        """What has been laid down so far, (channels, n); (0, 0) where nothing has."""
        return self._buffer[:, : self._length]

    def take(self, frame: AudioFrame) -> None:
        if frame.samples == 0:
            return
        self.source_rate = self.source_rate or frame.sample_rate
        gap_s = self._clock.gap_before(frame)
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if gap_s or form != self._form:
            self.flush()
            self._fill(round(gap_s * self._rate))
            self._resampler = AudioResampler(format="fltp", rate=self._rate, frame_size=_CHUNK)
            self._form = form
        assert self._resampler is not None
        for resampled in self._resampler.resample(frame):
            self._append(cast(Samples, resampled.to_ndarray()))

    def flush(self) -> None:
        """Take what the resampler still holds back."""
        if self._resampler is not None:
            for resampled in self._resampler.resample(None):
                self._append(cast(Samples, resampled.to_ndarray()))
        self.forget()

    def forget(self) -> None:
        """Give up the resampler, and what it holds, after it failed."""
        self._resampler = None
        self._form = None

    def _fill(self, count: int) -> None:
        if count and len(self._buffer):
            self._append(np.zeros((len(self._buffer), count), np.float32))
            self.filled += count

    def _append(self, chunk: Samples) -> None:
        if not np.isfinite(chunk).all():
            chunk = np.nan_to_num(chunk, nan=0.0, posinf=1.0, neginf=-1.0)
        end = self._length + chunk.shape[1]
        if end > self._max:
            raise TooLong
        if not len(self._buffer):
            self._buffer = np.empty((len(chunk), max(end, self._expected)), np.float32)
        elif end > self._buffer.shape[1]:
            grown = np.empty((len(self._buffer), max(end, self._buffer.shape[1] * 3 // 2)), np.float32)
            grown[:, : self._length] = self.samples
            self._buffer = grown
        self._buffer[:, self._length : end] = _with_channels(chunk, len(self._buffer))
        self._length = end


class _Clock:
    """Compares the time stamps of frames with the length of what has been decoded."""

    def __init__(self) -> None:
        self._due_s: float | None = None

    def gap_before(self, frame: AudioFrame) -> float:
        """Seconds missing before this frame; 0.0 where time stamps are missing, wander or are broken."""
        length_s = frame.samples / frame.sample_rate
        start_s = frame.time
        if start_s is None:
            self._due_s = None if self._due_s is None else self._due_s + length_s
            return 0.0
        late_s = 0.0 if self._due_s is None else start_s - self._due_s
        is_gap = MIN_GAP_S <= late_s <= MAX_GAP_S
        if self._due_s is None or is_gap or not -_MAX_BACK_S <= late_s <= MAX_GAP_S:
            self._due_s = start_s
        self._due_s += length_s
        return late_s if is_gap else 0.0


def _with_channels(chunk: Samples, channels: int) -> Samples:
    """Streams may change between mono and stereo on their way; the first frame decides."""
    if len(chunk) == channels:
        return chunk
    if channels == 1:
        return np.asarray(chunk.mean(axis=0, keepdims=True), np.float32)
    return np.repeat(chunk, channels, axis=0) if len(chunk) == 1 else chunk[:channels]
