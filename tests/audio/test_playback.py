"""The sound that goes into the report page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analyzer.audio.playback import encode_playback
from analyzer.audio.recording import read_recording

from .media import LEFT_HZ, RIGHT_HZ, dominant_hz, share_of, two_tones


def test_both_channels_come_back(tmp_path: Path) -> None:
    """The MP3 holds each channel with its own tone, at its place and of the same length."""
    path = tmp_path / "playback.mp3"
    path.write_bytes(encode_playback(two_tones()))

    recording = read_recording(path)

    assert (recording.codec, recording.source_rate, recording.channels) == ("mp3", 16_000, 2)
    assert recording.warnings == ()
    assert recording.duration_ms == 3_000
    assert dominant_hz(recording.samples[0]) == pytest.approx(LEFT_HZ, abs=1)
    assert dominant_hz(recording.samples[1]) == pytest.approx(RIGHT_HZ, abs=1)
    assert share_of(recording.samples[0, 8_000:40_000], RIGHT_HZ) < 0.005
    assert np.corrcoef(recording.samples[0], two_tones()[0])[0, 1] > 0.99


@pytest.mark.parametrize(("channels", "most"), [(1, 4_200), (2, 8_400)])
def test_it_is_small(channels: int, most: int) -> None:
    """32 kbit/s for each channel: 4 kB a second and channel."""
    assert len(encode_playback(two_tones(seconds=10)[:channels])) < most * 10


def test_the_same_samples_give_the_same_bytes() -> None:
    """Nothing of the time or the machine gets in."""
    assert encode_playback(two_tones()) == encode_playback(two_tones())


def test_it_starts_with_sound_not_with_tags() -> None:
    """The first bytes are an MPEG frame."""
    assert encode_playback(two_tones())[:2] == b"\xff\xf3"


def test_values_beyond_full_scale_are_clipped(tmp_path: Path) -> None:
    """Loud samples become loud, not noise of overflow."""
    path = tmp_path / "playback.mp3"
    path.write_bytes(encode_playback(two_tones() * 4))

    assert np.abs(read_recording(path).samples).max() < 1.3


@pytest.mark.parametrize("shape", [(0,), (100,), (3, 100), (1, 0)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    """One or two channels with at least one sample."""
    with pytest.raises(ValueError, match="samples must be"):
        encode_playback(np.zeros(shape, np.float32))
