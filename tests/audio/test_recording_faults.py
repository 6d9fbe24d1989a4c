"""What cannot be read, and what can be read in part: each fault in plain words, with the next step."""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from analyzer.audio.recording import SAMPLE_RATE, read_recording
from analyzer.errors import InputError

from .media import LEFT_HZ, dominant_hz, two_tones, write_recording, write_video_only

Cut = Callable[[Path, float], Path]


def fault_of(path: Path, **options: float) -> str:
    with pytest.raises(InputError) as caught:
        read_recording(path, **options)
    assert caught.value.path == str(path)
    assert caught.value.next_step
    assert caught.value.exit_code == 2
    return caught.value.fault


def test_missing_file(tmp_path: Path) -> None:
    """The message names the file, the fault and the next step."""
    path = tmp_path / "gone.wav"

    assert fault_of(path) == "there is no such file."
    with pytest.raises(InputError, match=r"gone\.wav: there is no such file\. Check the name and the folder\."):
        read_recording(path)


def test_folder(tmp_path: Path) -> None:
    """A folder is not a recording."""
    assert fault_of(tmp_path) == "this is a folder, not a recording."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are a Unix thing")
def test_pipe(tmp_path: Path) -> None:
    """A named pipe would block for ever: it is refused."""
    os.mkfifo(tmp_path / "pipe.wav")

    assert fault_of(tmp_path / "pipe.wav") == "this is not an ordinary file."


def test_unreadable_file(stereo_wav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing rights are told as such."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)

    assert fault_of(stereo_wav) == "the file cannot be opened (Permission denied)."


@pytest.mark.parametrize("suffix", ["wav", "mp3", "m4a", "ogg", "flac", "webm", "gsm", "txt"])
def test_empty_file(tmp_path: Path, suffix: str) -> None:
    """Zero bytes, under whatever name."""
    path = tmp_path / f"call.{suffix}"
    path.touch()

    assert fault_of(path) == "the file is empty (0 bytes)."


@pytest.mark.parametrize(
    "suffix", ["wav", "mp3", "m4a", "ogg", "flac", "webm", "amr", "gsm", "aac", "g722", "ul", "txt"]
)
@pytest.mark.parametrize("content", ["text", "noise", "zeros", "two bytes"])
def test_not_audio(tmp_path: Path, suffix: str, content: str) -> None:
    """Text, noise and zeros are not sound, even when their name says so."""
    contents = {
        "text": b"Hello, this is a note about a call.\n" * 500,
        "noise": random.Random(7).randbytes(50_000),
        "zeros": bytes(50_000),
        "two bytes": b"hi",
    }
    path = tmp_path / f"call.{suffix}"
    path.write_bytes(contents[content])

    assert fault_of(path)


def test_playlists_are_not_followed(tmp_path: Path, stereo_wav: Path) -> None:
    """Formats that make the reader fetch other files or addresses are refused."""
    path = tmp_path / "call.m3u8"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{stereo_wav.name}\n#EXT-X-ENDLIST\n")
    script = tmp_path / "call.ffconcat"
    script.write_text(f"ffconcat version 1.0\nfile {stereo_wav.name}\n")

    assert fault_of(path) == fault_of(script) == "this is not a recording that can be read."


def test_video_without_sound(tmp_path: Path) -> None:
    """Pictures only."""
    assert fault_of(write_video_only(tmp_path / "call.mp4")) == "the file has no audio stream: it holds only video."


def test_more_than_two_channels(tmp_path: Path) -> None:
    """Six channels cannot be agent and customer."""
    sound = np.repeat(two_tones(), 3, axis=0)
    path = write_recording(tmp_path / "call.wav", "pcm_s16le", sound, 16_000)

    assert fault_of(path) == "the recording has 6 channels; at most two can be told apart."


@pytest.mark.parametrize("level", [0.0, 0.0009])
def test_silence_on_all_channels(tmp_path: Path, level: float) -> None:
    """Digital silence, or a hum below -60 dBFS."""
    sound = two_tones() / 0.5 * level
    path = write_recording(tmp_path / "call.wav", "pcm_s16le", sound.astype(np.float32), 16_000)

    assert fault_of(path) == "the recording holds only silence (nothing reaches -60 dBFS)."


def test_a_quiet_voice_is_not_silence(tmp_path: Path) -> None:
    """-54 dBFS is a recording."""
    sound = (two_tones() / 0.5 * 0.002).astype(np.float32)

    assert read_recording(write_recording(tmp_path / "call.wav", "pcm_s16le", sound, 16_000)).duration_ms == 3_000


@pytest.mark.parametrize(
    ("suffix", "codec", "options"),
    [
        ("wav", "pcm_s16le", {}),
        ("mp3", "libmp3lame", {}),
        ("mp3", "libmp3lame", {"write_xing": "0"}),
        ("aac", "aac", {}),
        ("ogg", "libopus", {}),
        ("webm", "libopus", {"live": "1"}),
    ],
)
def test_too_long(tmp_path: Path, suffix: str, codec: str, options: dict[str, str]) -> None:
    """The limit holds where the file states its length, and where only decoding shows it."""
    rate = 48_000 if codec == "libopus" else 16_000
    path = write_recording(tmp_path / f"call.{suffix}", codec, two_tones(rate=rate), rate, options=options)

    assert fault_of(path, max_minutes=0.04) == "the recording is longer than 0.04 minutes."
    assert read_recording(path, max_minutes=0.06).duration_ms >= 2_990


def test_a_limit_that_is_none_is_refused(stereo_wav: Path) -> None:
    """A limit of zero or less is a mistake of the caller."""
    with pytest.raises(ValueError, match="max_minutes must be positive"):
        read_recording(stereo_wav, max_minutes=0)


CUT_FORMATS = [
    ("wav", "pcm_s16le", {}),
    ("wav", "pcm_s16le", {"rf64": "always"}),
    ("wav", "pcm_mulaw", {}),
    ("wav", "adpcm_ima_wav", {}),
    ("au", "pcm_mulaw", {}),
    ("aiff", "pcm_s16be", {}),
    ("mp3", "libmp3lame", {}),
    ("ogg", "libopus", {"page_duration": "200000"}),
    ("m4a", "aac", {"movflags": "faststart"}),
    ("mp4", "aac", {"movflags": "frag_keyframe+empty_moov", "frag_duration": "200000"}),
    ("aac", "aac", {}),
    ("flac", "flac", {}),
    ("webm", "libopus", {}),
    ("mkv", "aac", {}),
]


@pytest.mark.parametrize(("suffix", "codec", "options"), CUT_FORMATS)
@pytest.mark.parametrize("share", [0.5, 0.93])
def test_what_is_left_of_a_cut_recording_is_read(
    tmp_path: Path, cut: Cut, suffix: str, codec: str, options: dict[str, str], share: float
) -> None:
    """A copy that stopped half way, or just before the end: what is there is read, and the reader is told."""
    rate = 48_000 if codec == "libopus" else 16_000
    whole = write_recording(tmp_path / f"call.{suffix}", codec, two_tones(rate=rate), rate, options=options)

    recording = read_recording(cut(whole, share))

    assert [warning.code for warning in recording.warnings] == ["truncated"]
    assert recording.warnings[0].message.startswith("The recording is cut off: 0:0")
    assert 3_000 * (share - 0.2) < recording.duration_ms < 3_000 * (share + 0.1)
    assert dominant_hz(recording.samples[0]) == pytest.approx(LEFT_HZ, abs=2)


def test_the_warning_says_how_much_was_read(stereo_wav: Path, cut: Cut) -> None:
    """Read and promised length stand in the message where the file states its length."""
    message = read_recording(cut(stereo_wav, 0.5)).warnings[0].message

    assert message == "The recording is cut off: 0:01.4 of 0:03.0 could be read."


def test_a_video_that_was_cut(tmp_path: Path, cut: Cut) -> None:
    """The end is missing in the sound of a WebM video, too."""
    path = write_recording(tmp_path / "c.webm", "libopus", two_tones(rate=48_000), 48_000, video=True)

    assert [warning.code for warning in read_recording(cut(path, 0.6)).warnings] == ["truncated"]


def test_mp4_without_its_index(tmp_path: Path, cut: Cut) -> None:
    """The index of an ordinary MP4 comes last: without it nothing can be read, and the message says why."""
    whole = write_recording(tmp_path / "call.m4a", "aac", two_tones(), 16_000)

    assert fault_of(cut(whole, 0.6)) == (
        "the recording was cut off before its index was written, so nothing in it can be read."
    )


@pytest.mark.parametrize("kept", [12, 36, 44])
def test_nothing_left_but_a_header(stereo_wav: Path, kept: int) -> None:
    """A file that was cut before its first sample holds nothing."""
    stereo_wav.write_bytes(stereo_wav.read_bytes()[:kept])

    assert fault_of(stereo_wav) == "the recording is damaged and nothing in it can be read."


@pytest.mark.parametrize("rate", [0, 1, 2_000_000_000])
def test_a_header_with_an_absurd_rate(stereo_wav: Path, rate: int) -> None:
    """A damaged header does not turn seconds into hours, nor ask for all memory."""
    content = bytearray(stereo_wav.read_bytes())
    content[24:28] = struct.pack("<I", rate)
    stereo_wav.write_bytes(content)

    assert fault_of(stereo_wav) == "the recording is damaged and nothing in it can be read."


@pytest.mark.parametrize(
    ("suffix", "codec", "options"),
    [
        ("mp3", "libmp3lame", {}),
        ("m4a", "aac", {}),
        ("aac", "aac", {}),
        ("flac", "flac", {}),
        ("ogg", "libopus", {"page_duration": "100000"}),
    ],
)
def test_damage_in_the_middle(tmp_path: Path, suffix: str, codec: str, options: dict[str, str]) -> None:
    """Bytes that were overwritten cost what they held: the rest is read, and the reader is told."""
    rate = 48_000 if codec == "libopus" else 16_000
    path = write_recording(tmp_path / f"call.{suffix}", codec, two_tones(seconds=8, rate=rate), rate, options=options)
    content = bytearray(path.read_bytes())
    start, length = len(content) // 2, len(content) // 5
    content[start : start + length] = random.Random(3).randbytes(length)
    path.write_bytes(content)

    recording = read_recording(path)

    assert [warning.code for warning in recording.warnings] in (["truncated"], ["gaps"])
    assert 3_500 < recording.duration_ms < 8_300
    assert dominant_hz(recording.samples[0, :SAMPLE_RATE]) == pytest.approx(LEFT_HZ, abs=2)


def test_a_size_that_is_a_little_off_is_no_cut(stereo_wav: Path) -> None:
    """Some recorders count their own header as sound."""
    content = bytearray(stereo_wav.read_bytes())
    data = content.index(b"data") + 4
    content[data : data + 4] = struct.pack("<I", struct.unpack("<I", content[data : data + 4])[0] + 44)
    stereo_wav.write_bytes(content)

    assert read_recording(stereo_wav).warnings == ()


def test_tags_after_the_sound_are_no_fault(tmp_path: Path) -> None:
    """An ID3 tag of version 1 at the end of an MP3, and padding at the end of an MP4."""
    tagged = write_recording(tmp_path / "call.mp3", "libmp3lame", two_tones(), 16_000)
    tagged.write_bytes(tagged.read_bytes() + b"TAG" + b"Call".ljust(125, b"\0"))
    padded = write_recording(tmp_path / "call.m4a", "aac", two_tones(), 16_000)
    padded.write_bytes(padded.read_bytes() + bytes(512))

    assert read_recording(tagged).warnings == read_recording(padded).warnings == ()


def test_nothing_is_printed(tmp_path: Path, cut: Cut, capfd: pytest.CaptureFixture[str]) -> None:
    """The decoder's own grumbling about damage stays inside."""
    path = write_recording(tmp_path / "call.mp3", "libmp3lame", two_tones(), 16_000)

    read_recording(cut(path, 0.5))

    assert capfd.readouterr() == ("", "")
