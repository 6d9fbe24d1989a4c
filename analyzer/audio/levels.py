"""How loud channels are, and whether two of them are one. Levels are in dBFS: 0 is a sample of magnitude 1.0."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analyzer.call import Warning

if TYPE_CHECKING:
    from analyzer.audio.recording import Recording

Samples = NDArray[np.float32]
Energies = NDArray[np.float64]

SILENCE_DBFS = -60.0
"""Idle lines of G.711 stand at -72 dBFS; speech one can understand peaks far above this."""
MIN_SOUND_MS = 50
"""Less sound than this is the click of a switch."""
LOW_LEVEL_DBFS = -50.0
CLIPPED_FROM = 0.97
"""The largest values of mu-law and A-law are 0.980 and 0.984."""
MIN_CLIPPED_SHARE = 0.002

_RATE = 16_000
_PEAK_FRAME = _RATE // 100
_FRAME = _RATE // 20
_BLOCK = 1 << 15
_MAX_BLOCKS = 40
_MAX_LAG = _RATE * 60 // 1000
"""Dual mono may be delayed on one side by a jitter buffer, about 50 ms."""
_MIN_FIT = 0.8
_MAX_UNLIKE_SHARE = 0.03
_MAX_ONE_SIDED_FRAMES = 8
"""0.4 s: someone said a word on one side only."""
_ONE_SIDED = 10 ** (9 / 10)


def is_silent(channel: Samples) -> bool:
    """Whether less than 50 ms of a channel, float32 (n,) at 16 kHz, reach -60 dBFS beside its constant offset."""
    if not channel.size:
        return True
    frames = _frames(channel, _PEAK_FRAME)
    offset = np.float32(np.median(channel[:: max(1, channel.size // 100_000)]))
    swing = np.maximum(frames.max(axis=1) - offset, offset - frames.min(axis=1))
    sounding = int(np.count_nonzero(swing >= 10 ** (SILENCE_DBFS / 20)))
    return sounding * _PEAK_FRAME < MIN_SOUND_MS * _RATE // 1000


def same_signal(a: Samples, b: Samples) -> bool:
    """Whether two channels, float32 (n,) at 16 kHz, carry one signal: dual mono.

    One side may be attenuated, inverted or delayed by up to about 50 ms, with some noise of its own. One gain and
    one delay must then explain both sides wherever there is sound. Cross-talk does not pass: its gain turns around
    with who is speaking. Silent channels are the same as nothing.
    """
    length = min(a.size, b.size)
    a, b = _centred(a[:length]), _centred(b[:length])
    if is_silent(a) or is_silent(b):
        return False
    lag, sign = _alignment(a, b)
    a, b = (a[lag:], b[: length - lag]) if lag >= 0 else (a[: length + lag], b[-lag:])
    return _one_gain_explains(_energies(a, a), _energies(b, b), sign * _energies(a, b))


def channel_warnings(recording: Recording) -> tuple[Warning, ...]:
    """What to know about the channels of a recording before trusting who said what.

    Codes: `silent-channel` (one side of two), `dual-mono` (both sides carry one signal), `low-level` (the loudest
    parts of a channel are below -50 dBFS), `clipping` (0.2% of a channel's samples are at the limit).
    """
    return tuple(_channel_warnings(recording.samples))


def _channel_warnings(samples: Samples) -> Iterator[Warning]:
    names = ["left channel", "right channel"] if len(samples) == 2 else ["recording"]
    sounding = [(name, channel) for name, channel in zip(names, samples, strict=True) if not is_silent(channel)]
    if len(sounding) == 1 and len(samples) == 2:
        silent = names[1] if sounding[0][0] == names[0] else names[0]
        yield Warning(code="silent-channel", message=f"The {silent} is silent: everyone heard is on the other one.")
    if len(sounding) == 2 and same_signal(samples[0], samples[1]):
        message = "Both channels carry the same sound, so they do not tell agent and customer apart."
        yield Warning(code="dual-mono", message=message)
    for name, channel in sounding:
        loud = 10 * math.log10(max(float(np.percentile(_energies(channel, channel), 95)) / _FRAME, 1e-20))
        if loud < LOW_LEVEL_DBFS:
            yield Warning(code="low-level", message=f"The {name} is very quiet ({loud:.0f} dBFS): words may be missed.")
        if np.count_nonzero(np.abs(channel) >= CLIPPED_FROM) >= MIN_CLIPPED_SHARE * channel.size:
            yield Warning(code="clipping", message=f"The {name} is overdriven: loud words may be misheard.")


def _centred(channel: Samples) -> Samples:
    """Without the constant offset of a cheap line card, which both sides would share."""
    return channel - np.float32(channel.mean()) if channel.size else channel


def _frames(channel: Samples, length: int) -> Samples:
    """(n, length); a shorter rest at the end is left out, unless it is all there is."""
    whole = channel.size // length * length
    return channel[:whole].reshape(-1, length) if whole else channel[np.newaxis]


def _energies(a: Samples, b: Samples) -> Energies:
    """Inner product of two channels in each frame of 50 ms."""
    products: Energies = np.einsum("ij,ij->i", _frames(a, _FRAME), _frames(b, _FRAME)).astype(np.float64)
    return products


def _alignment(a: Samples, b: Samples) -> tuple[int, int]:
    """Samples by which `a` lags behind `b`, and the sign of their product there.

    Cross-correlation of the blocks of 2 s in which both are loudest, each with the same weight.
    """
    total = np.zeros(2 * _MAX_LAG + 1)
    for start in _loudest_blocks(a, b):
        left, right = a[start : start + _BLOCK], b[start : start + _BLOCK]
        product = np.fft.irfft(np.fft.rfft(left, 2 * _BLOCK) * np.conj(np.fft.rfft(right, 2 * _BLOCK)))
        norm = math.sqrt(float(left @ left) * float(right @ right))
        if norm:
            total += np.concatenate([product[-_MAX_LAG:], product[: _MAX_LAG + 1]]) / norm
    best = int(np.argmax(np.abs(total)))
    lag = best - _MAX_LAG
    limit = a.size // 2
    return (max(-limit, min(limit, lag)), -1 if total[best] < 0 else 1)


def _loudest_blocks(a: Samples, b: Samples) -> list[int]:
    starts = list(range(0, max(1, a.size), _BLOCK))

    def loudness(start: int) -> float:
        left, right = a[start : start + _BLOCK], b[start : start + _BLOCK]
        return float(left @ left) * float(right @ right)

    return sorted(starts, key=loudness, reverse=True)[:_MAX_BLOCKS]


def _one_gain_explains(a: Energies, b: Energies, product: Energies) -> bool:
    both = (a > 0) & (b > 0)
    if not both.any():
        return False
    level = np.sqrt(a * b)
    heard = both & (level >= np.percentile(level[both], 50))
    gain = math.sqrt(float(np.median(a[heard] / b[heard])))
    b = gain * gain * b
    louder = np.maximum(a, b)
    active = louder >= _threshold(louder)
    unlike = active & (2 * gain * product < _MIN_FIT * (a + b))
    one_sided = unlike & (louder > _ONE_SIDED * np.minimum(a, b))
    if np.count_nonzero(one_sided) >= _MAX_ONE_SIDED_FRAMES:
        return False
    return bool(np.count_nonzero(unlike) <= _MAX_UNLIKE_SHARE * np.count_nonzero(active))


def _threshold(energies: Energies) -> float:
    """Within 20 dB of the loud parts and 6 dB above the noise, but never above the loud parts themselves."""
    floor, loud = (float(level) for level in np.percentile(energies, [10, 95]))
    return min(max(loud / 100, floor * 4), loud / 4)
