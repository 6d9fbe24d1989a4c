"""What comes out of `read_recording`, for every format that calls are kept in."""

from __future__ import annotations

import base64
import hashlib
import zlib
from pathlib import Path

import av
import numpy as np
import pytest

from analyzer.audio.recording import SAMPLE_RATE, Recording, read_recording
from analyzer.call import Warning

from .media import (
    LEFT_HZ,
    LEFT_LEVEL,
    RIGHT_HZ,
    RIGHT_LEVEL,
    dominant_hz,
    set_wav_sizes,
    share_of,
    tone,
    two_tones,
    write_recording,
)

FORMATS = [
    # suffix, codec, rate, container as reported, codec as reported
    ("wav", "pcm_u8", 8_000, "wav", "pcm_u8"),
    ("wav", "pcm_s16le", 8_000, "wav", "pcm_s16le"),
    ("wav", "pcm_s16le", 11_025, "wav", "pcm_s16le"),
    ("wav", "pcm_s16le", 16_000, "wav", "pcm_s16le"),
    ("wav", "pcm_s16le", 22_050, "wav", "pcm_s16le"),
    ("wav", "pcm_s24le", 48_000, "wav", "pcm_s24le"),
    ("wav", "pcm_s32le", 44_100, "wav", "pcm_s32le"),
    ("wav", "pcm_f32le", 16_000, "wav", "pcm_f32le"),
    ("wav", "pcm_f64le", 32_000, "wav", "pcm_f64le"),
    ("wav", "pcm_mulaw", 8_000, "wav", "pcm_mulaw"),
    ("wav", "pcm_alaw", 8_000, "wav", "pcm_alaw"),
    ("wav", "adpcm_ima_wav", 8_000, "wav", "adpcm_ima_wav"),
    ("w64", "pcm_s16le", 16_000, "w64", "pcm_s16le"),
    ("au", "pcm_mulaw", 8_000, "au", "pcm_mulaw"),
    ("aiff", "pcm_s16be", 16_000, "aiff", "pcm_s16be"),
    ("caf", "pcm_s16le", 16_000, "caf", "pcm_s16le"),
    ("mp3", "libmp3lame", 8_000, "mp3", "mp3"),
    ("mp3", "libmp3lame", 16_000, "mp3", "mp3"),
    ("mp3", "libmp3lame", 44_100, "mp3", "mp3"),
    ("m4a", "aac", 8_000, "mp4", "aac"),
    ("m4a", "aac", 48_000, "mp4", "aac"),
    ("aac", "aac", 16_000, "aac", "aac"),
    ("ogg", "libopus", 16_000, "ogg", "opus"),
    ("opus", "libopus", 48_000, "ogg", "opus"),
    ("flac", "flac", 8_000, "flac", "flac"),
    ("flac", "flac", 44_100, "flac", "flac"),
    ("webm", "libopus", 48_000, "matroska", "opus"),
    ("mkv", "aac", 16_000, "matroska", "aac"),
]


def assert_two_tones(recording: Recording) -> None:
    """Each tone on its own side, at its level within 1 dB, the other at least 30 dB below."""
    middle = recording.samples[:, SAMPLE_RATE // 2 : SAMPLE_RATE * 5 // 2]
    for channel, hz, level, other in zip(
        middle, (LEFT_HZ, RIGHT_HZ), (LEFT_LEVEL, RIGHT_LEVEL), (RIGHT_HZ, LEFT_HZ), strict=True
    ):
        assert dominant_hz(channel) == pytest.approx(hz, abs=1.0)
        assert 20 * np.log10(share_of(channel, hz) / level) == pytest.approx(0, abs=1.0)
        assert share_of(channel, other) < share_of(channel, hz) * 10 ** (-30 / 20)


@pytest.mark.parametrize(("suffix", "codec", "rate", "container", "codec_name"), FORMATS)
def test_channels_stay_apart_with_pitch_and_level(
    tmp_path: Path, suffix: str, codec: str, rate: int, container: str, codec_name: str
) -> None:
    """Every format gives two channels at 16 kHz, each with its own tone, the length of the call, and no warning."""
    path = write_recording(tmp_path / f"call.{suffix}", codec, two_tones(rate=rate), rate, bit_rate=96_000)

    recording = read_recording(path)

    assert recording.warnings == ()
    assert (recording.channels, recording.samples.dtype) == (2, np.float32)
    assert recording.source_rate == (48_000 if "opus" in codec else rate)
    assert (recording.container, recording.codec) == (container, codec_name)
    padding_ms = 260 if suffix in {"m4a", "aac", "mkv"} else 80
    assert 3_000 <= recording.duration_ms < 3_000 + padding_ms
    assert_two_tones(recording)


def test_amr_is_read_as_one_channel(tmp_path: Path) -> None:
    """AMR of mobile telephones, one channel of 8 kHz."""
    path = write_recording(
        tmp_path / "call.amr", "libopencore_amrnb", two_tones(rate=8_000)[:1], 8_000, bit_rate=12_200
    )

    recording = read_recording(path)

    assert (recording.channels, recording.container, recording.codec) == (1, "amr", "amr_nb")
    assert recording.duration_ms == pytest.approx(3_000, abs=40)
    assert dominant_hz(recording.samples[0]) == pytest.approx(LEFT_HZ, abs=2.0)


GSM = base64.b64decode(
    "eNo90mtIU2EYwPFVJDUNUxNzGbw1L80bIm1LJDmKivOGyfKKMe+Qezu4llT4YaJ0RWoesGAJZwdsDTOy3VpqbRHiFLEdm7fjcdOcH+YlP+SX"
    "MursWH1/eJ8f/+clRZuQKClvV2my+0qCb3q70/gvjpiP/erZ2snr/NAwXEcyA6s7B086hlOa5dqPp50Rysf2QxnI9AIK9L6APQczkERAxH1J"
    "vBaEgvmC98Qri4zQvdQYKNCzfW94hRRvCgiM80QumeRTsqRVrg+hQQXWe36b4ozP9J7d8q/4qsbHvN3ptdA2uhLvm4D4lLZokYS2SV7plxry"
    "AvMCCowaRa50BBd51QK+RyWOgQ6eW2aJVuTW+A2rc56FMHPYxRZ7SiODhLXhysaiUhQZXQm+XeBfQWDArS6XnqA4mxOarCsU8rHGGWm0qNJu"
    "PMh/yCJRjmAvp5pnBZJTxaIZmlPJU4zV0DJjf3fCAClkOix4zLs5qAR2CH4e3gqBNjq0aBHDVGvPnLpo8sKagLi2cnxwUJw4ggsSiyWnPKpK"
    "vmJ8cdk2XJc8W8gaTPj4Yi8wQ21q01SkHIKe313pegwMbHDl9xlDEkHJNkLLxjCaE7vUdm6JBtneQT2kZZHfM79J9ksCnVxCcSlbWn3RJyeK"
    "51a3xskxBInduTvCIk0MshHlQu2AL/4qCTPRA+XScCyzqdCFCdmSPXbQOPTcO6IS1ENHFIOM6hUnLKt0LflVE+w152yTkQyyRZt12hUhhEhn"
    "RsOUFgXWDW67ff/c+FET9xYXxVObPuuvY4ApGaGk8PEltSF6vyRI+BFQybMizYGtxkEayaOGjLs0+NQ3FKdkkWrcvN41/ZRF+kh4xl1ROiv9"
    "j2RKvu1IDXfFRb/zlGGmfqEfqRDz/CWL16Xsn3yEO3htr1+1dEjDXf3JEOeLFmLeoBy9IWbTzqa2IHRIedZlGlkLcmEZFPKmyRlhpAAmujdK"
    "sEgrx2rIryJppIBXOqahgST0dqqJBsa+IZ3yb0mTMMed96+kZyswf16Nqe4sMSf+A+wSpoI="
)
"""Half a second of 440 Hz in GSM 06.10, which PyAV reads but does not write."""


def test_gsm_is_read_as_one_channel(tmp_path: Path) -> None:
    """Raw GSM 06.10 as telephone exchanges store it."""
    path = tmp_path / "call.gsm"
    path.write_bytes(zlib.decompress(GSM))

    recording = read_recording(path)

    assert (recording.channels, recording.source_rate, recording.container) == (1, 8_000, "gsm")
    assert recording.duration_ms == 500
    assert dominant_hz(recording.samples[0]) == pytest.approx(LEFT_HZ, abs=4.0)
    assert recording.warnings == ()


@pytest.mark.parametrize(
    ("suffix", "codec", "video_first"), [("mp4", "aac", True), ("mkv", "aac", True), ("webm", "libopus", True)]
)
def test_sound_is_taken_out_of_a_video(tmp_path: Path, suffix: str, codec: str, video_first: bool) -> None:
    """A video meeting gives its audio stream, without a word about the pictures."""
    path = write_recording(
        tmp_path / f"call.{suffix}", codec, two_tones(rate=48_000), 48_000, bit_rate=96_000, video=video_first
    )

    recording = read_recording(path)

    assert recording.warnings == ()
    assert_two_tones(recording)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_resampling_keeps_every_sample_in_its_place(tmp_path: Path, rate: int) -> None:
    """The length is exact (nothing stays in the resampler), and the wave lies where it lay before."""
    path = write_recording(tmp_path / "call.wav", "pcm_f32le", two_tones(rate=rate), rate)

    samples = read_recording(path).samples

    assert samples.shape == (2, 3 * SAMPLE_RATE)
    inside = slice(200, -200)
    assert np.abs(samples[:, inside] - two_tones(rate=SAMPLE_RATE)[:, inside]).max() < 0.002


def test_tones_above_half_of_16_khz_are_not_folded_back(tmp_path: Path) -> None:
    """12 kHz in a 48 kHz recording is gone at 16 kHz, not heard as 4 kHz."""
    sound = tone(12_000, 0.5, 2.0, 48_000) + tone(440, 0.1, 2.0, 48_000)
    path = write_recording(tmp_path / "call.wav", "pcm_f32le", sound[np.newaxis], 48_000)

    channel = read_recording(path).samples[0]

    assert dominant_hz(channel) == pytest.approx(440, abs=1)
    assert share_of(channel, 4_000) < 0.0005


def test_the_file_is_not_touched(stereo_wav: Path) -> None:
    """The input has the same bytes and the same time afterwards, and its folder holds nothing new."""
    before, stat = stereo_wav.read_bytes(), stereo_wav.stat()

    recording = read_recording(stereo_wav)

    assert stereo_wav.read_bytes() == before
    assert stereo_wav.stat().st_mtime_ns == stat.st_mtime_ns
    assert list(stereo_wav.parent.iterdir()) == [stereo_wav]
    assert recording.sha256 == hashlib.sha256(before).hexdigest()


def test_the_name_of_a_file_does_not_matter(stereo_wav: Path) -> None:
    """A WAV file called `.mp3`, or without any suffix, is read as what it is."""
    for name in ("call.mp3", "call"):
        renamed = stereo_wav.rename(stereo_wav.with_name(name))
        assert read_recording(renamed).container == "wav"
        stereo_wav = renamed


@pytest.mark.parametrize("name", ["http:call.wav", "concat:a|b.wav", "Anruf Müller %03d?.wav", "-call.wav"])
def test_odd_names_are_names(stereo_wav: Path, name: str) -> None:
    """Nothing in a name is taken for an address, a pattern or an option."""
    assert read_recording(stereo_wav.rename(stereo_wav.with_name(name))).duration_ms == 3_000


def test_several_audio_tracks_are_told(tmp_path: Path) -> None:
    """Of several tracks the first is read, and the reader is told that there are more."""
    path = tmp_path / "call.mkv"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("pcm_s16le", rate=16_000, layout="mono") for _ in range(2)]
        for stream, sound in zip(streams, two_tones(), strict=True):
            frame = av.AudioFrame.from_ndarray((sound[np.newaxis] * 32767).astype(np.int16), "s16", "mono")
            frame.sample_rate, frame.pts = 16_000, 0
            container.mux(stream.encode(frame))

    recording = read_recording(path)

    assert [warning.code for warning in recording.warnings] == ["more-streams"]
    assert dominant_hz(recording.samples[0]) == pytest.approx(LEFT_HZ, abs=1)


def test_the_same_file_gives_the_same_samples(stereo_wav: Path) -> None:
    """Reading is deterministic, and equal readings compare equal."""
    first, second = read_recording(stereo_wav), read_recording(stereo_wav)

    assert first == second
    assert np.array_equal(first.samples, second.samples)


def test_samples_are_read_only(stereo_wav: Path) -> None:
    """A stage that writes into the samples of the stage before is stopped."""
    with pytest.raises(ValueError, match="read-only"):
        read_recording(stereo_wav).samples[0, 0] = 1.0


@pytest.mark.parametrize(
    "samples", [np.zeros(10, np.float32), np.zeros((3, 10), np.float32), np.zeros((1, 10), np.float64)]
)
def test_a_recording_checks_its_samples(samples: np.ndarray) -> None:
    """Only float32 of one or two channels makes a recording."""
    with pytest.raises(ValueError, match="samples must be float32"):
        Recording(Path("a.wav"), "0" * 64, samples, 8_000, "pcm_s16le", "wav")


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFF000, 0])
def test_streamed_wav_is_whole(stereo_wav: Path, size: int) -> None:
    """A recorder that writes to a pipe leaves a placeholder for the size: that is not a missing end."""
    recording = read_recording(set_wav_sizes(stereo_wav, size))

    assert recording.warnings == ()
    assert recording.duration_ms == 3_000


def test_wav_with_64_bit_sizes(tmp_path: Path) -> None:
    """RF64, the WAV for files above 4 GB."""
    path = write_recording(tmp_path / "call.wav", "pcm_s16le", two_tones(), 16_000, options={"rf64": "always"})

    recording = read_recording(path)

    assert recording.warnings == ()
    assert_two_tones(recording)


def test_streamed_webm_is_whole(tmp_path: Path) -> None:
    """WebM from a browser states neither length nor sizes: that is not a missing end."""
    path = write_recording(tmp_path / "c.webm", "libopus", two_tones(rate=48_000), 48_000, options={"live": "1"})

    recording = read_recording(path)

    assert recording.warnings == ()
    assert recording.duration_ms == pytest.approx(3_000, abs=40)


def test_fragmented_mp4_is_whole(tmp_path: Path) -> None:
    """MP4 in fragments, with an index that states no length."""
    path = write_recording(
        tmp_path / "c.m4a", "aac", two_tones(), 16_000, form="mp4", options={"movflags": "frag_keyframe+empty_moov"}
    )

    recording = read_recording(path)

    assert recording.warnings == ()
    assert recording.duration_ms == pytest.approx(3_000, abs=260)


def test_holes_in_the_time_stamps_become_silence(tmp_path: Path) -> None:
    """Packets that never came leave silence of their length, so that later words keep their times."""
    path = write_recording(tmp_path / "c.mkv", "pcm_s16le", two_tones(), 16_000, jump=(16_384, 32_000))

    recording = read_recording(path)

    assert recording.warnings == (
        Warning(code="gaps", message="The recording has holes: 2.0 seconds are missing and stand as silence."),
    )
    assert recording.duration_ms == pytest.approx(5_000, abs=5)
    assert np.abs(recording.samples[0, 17_000:48_000]).max() < 10 ** (-90 / 20)
    assert dominant_hz(recording.samples[1, 49_000:]) == pytest.approx(RIGHT_HZ, abs=1)


def test_a_broken_time_stamp_is_not_a_pause(tmp_path: Path) -> None:
    """A leap of hours adds no hours of silence."""
    path = write_recording(tmp_path / "c.mkv", "pcm_s16le", two_tones(), 16_000, jump=(16_384, 16_000 * 7_200))

    assert read_recording(path).duration_ms == pytest.approx(3_000, abs=5)


def test_a_stream_that_changes_its_form_goes_on(tmp_path: Path) -> None:
    """MP3 pieces of other rate and channel count, one after the other: the first piece decides the channels."""
    parts = [
        write_recording(tmp_path / "a.mp3", "libmp3lame", two_tones(), 16_000, options={"write_xing": "0"}),
        write_recording(tmp_path / "b.mp3", "libmp3lame", two_tones()[:1], 16_000, options={"write_xing": "0"}),
    ]
    path = tmp_path / "both.mp3"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))

    recording = read_recording(path)

    assert recording.channels == 2
    assert recording.duration_ms == pytest.approx(6_000, abs=400)
    assert_two_tones(recording)
    assert dominant_hz(recording.samples[1, -32_000:-8_000]) == pytest.approx(LEFT_HZ, abs=1)


def test_numbers_that_are_none_do_not_spread(tmp_path: Path) -> None:
    """NaN and infinity in a float WAV are taken out before anything is computed."""
    sound = two_tones()
    sound[0, 1_000], sound[1, 2_000] = np.nan, np.inf

    recording = read_recording(write_recording(tmp_path / "call.wav", "pcm_f32le", sound, 16_000))

    assert np.isfinite(recording.samples).all()
    assert_two_tones(recording)


def test_a_rate_below_the_telephone_is_told(tmp_path: Path) -> None:
    """6 kHz can be read, but not well."""
    path = write_recording(tmp_path / "call.wav", "pcm_s16le", two_tones(rate=6_000), 6_000)

    assert [warning.code for warning in read_recording(path).warnings] == ["low-rate"]


def test_one_silent_side_is_no_error(tmp_path: Path) -> None:
    """Digital silence on one channel only: the recording is read."""
    sound = two_tones()
    sound[1] = 0

    recording = read_recording(write_recording(tmp_path / "call.wav", "pcm_s16le", sound, 16_000))

    assert recording.channels == 2
    assert not recording.samples[1].any()
