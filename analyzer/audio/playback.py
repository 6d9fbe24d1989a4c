"""Sound for the report page: a small MP3 that every browser plays."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Literal

import av
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

_RATE = 16_000
_BITS_PER_CHANNEL = 32_000
_LAME = {"joint_stereo": "0", "compression_level": "7"}  # 7 takes half the time of the default, and this is speech
_CHUNK = 576 * 100
"""A hundred MPEG-2 layer III frames."""


def encode_playback(samples: NDArray[np.float32]) -> bytes:
    """MP3 of samples, float32 (channels, n) at 16 kHz with one or two channels: 16 kHz, 32 kbit/s per channel.

    The bit rate is constant, so that browsers jump to the right place; the header states length and encoder delay,
    and nothing else, so that the same samples give the same bytes. Values beyond -1..1 are clipped. An hour of
    stereo takes 29 MB. Raises ValueError for another shape or no samples.
    """
    if samples.ndim != 2 or len(samples) not in (1, 2) or samples.shape[1] == 0:
        raise ValueError(f"samples must be (1 or 2, n) with n above 0, not {samples.shape}")
    layout: Literal["mono", "stereo"] = "mono" if len(samples) == 1 else "stereo"
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp3", container_options={"fflags": "+bitexact", "id3v2_version": "0"}) as file:
        stream = file.add_stream("libmp3lame", rate=_RATE, layout=layout, options=_LAME)
        stream.bit_rate = _BITS_PER_CHANNEL * len(samples)
        stream.codec_context.format = "fltp"
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        for frame in (*_frames(samples, layout), None):
            file.mux(stream.encode(frame))
    return buffer.getvalue()


def _frames(samples: NDArray[np.float32], layout: str) -> Iterator[AudioFrame]:
    for start in range(0, samples.shape[1], _CHUNK):
        chunk = np.clip(samples[:, start : start + _CHUNK], -1.0, 1.0)
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(chunk), format="fltp", layout=layout)
        frame.sample_rate = _RATE
        frame.pts = start
        yield frame
