"""Small real recordings, written with PyAV: two tones, each on its own channel."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

LEFT_HZ, LEFT_LEVEL = 440.0, 0.5
RIGHT_HZ, RIGHT_LEVEL = 1000.0, 0.25
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}
SAMPLE_FORMATS = {
    "pcm_u8": "u8", "pcm_s24le": "s32", "pcm_s32le": "s32", "pcm_f32le": "flt", "pcm_f64le": "dbl",
    "libmp3lame": "fltp", "aac": "fltp", "libopus": "flt", "adpcm_ima_wav": "s16p", "wmav2": "fltp",
}  # fmt: skip


def tone(hz: float, level: float, seconds: float, rate: int) -> np.ndarray:
    """float32 (n,)"""
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def two_tones(seconds: float = 3.0, rate: int = 16_000) -> np.ndarray:
    """float32 (2, n): 440 Hz at 0.5 on the left, 1000 Hz at 0.25 on the right."""
    return np.stack([tone(LEFT_HZ, LEFT_LEVEL, seconds, rate), tone(RIGHT_HZ, RIGHT_LEVEL, seconds, rate)])


def speech_like(seconds: int, pitch_hz: float = 120, seed: int = 0, rate: int = 16_000) -> np.ndarray:
    """float32 (n,): harmonics through formants that move from vowel to vowel, four syllables a second."""
    random = np.random.default_rng(seed)
    time = np.arange(seconds * rate) / rate
    pitch = pitch_hz * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * time))
    phase = np.cumsum(pitch) / rate
    vowels = np.array([(730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410)])
    syllable = (time * 4).astype(int)
    chosen = vowels[random.integers(0, len(vowels), syllable.max() + 1)][syllable]
    glide = np.ones(800) / 800
    formants = [np.convolve(chosen[:, index], glide, "same") for index in range(3)]
    voice = np.zeros(time.size)
    for harmonic in range(1, 35):
        hz = harmonic * pitch
        shapes = zip(formants, ((1.0, 60), (0.5, 90), (0.25, 120)), strict=True)
        gain = sum(height / (1 + ((hz - formant) / width) ** 2) for formant, (height, width) in shapes)
        voice += gain / harmonic**0.5 * np.sin(2 * np.pi * harmonic * phase) * (hz < rate / 2.2)
    stress = 0.6 + 0.4 * random.random(syllable.max() + 1)
    voice *= np.sin(np.pi * (time * 4 % 1)) ** 0.5 * stress[syllable]
    voice += 0.003 * random.standard_normal(time.size)
    return (voice / np.abs(voice).max() * 0.5).astype(np.float32)


def write_recording(
    path: Path,
    codec: str,
    samples: np.ndarray,
    rate: int,
    *,
    form: str | None = None,
    options: dict[str, str] | None = None,
    bit_rate: int | None = None,
    video: bool = False,
    jump: tuple[int, int] | None = None,
) -> Path:
    """Encode float32 (channels, n). `jump` is (sample, samples): from there on, time stamps are later."""
    layout = LAYOUTS[len(samples)]
    with av.open(str(path), "w", format=form, container_options=options or {}) as container:
        pictures = _video_stream(container) if video else None
        stream: Any = container.add_stream(codec, rate=rate, layout=layout)
        stream.codec_context.format = SAMPLE_FORMATS.get(codec, "s16")
        if bit_rate:
            stream.bit_rate = bit_rate
        stream.codec_context.open()
        if pictures:
            _write_video(container, pictures, len(samples[0]) / rate)
        for frame in _frames(samples, rate, layout, stream.codec_context):
            if jump and frame.pts >= jump[0]:
                frame.pts += jump[1]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _frames(samples: np.ndarray, rate: int, layout: str, context: Any) -> list[AudioFrame]:
    whole = AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
    whole.sample_rate, whole.pts = rate, 0
    resampler = AudioResampler(context.format, layout, rate, frame_size=context.frame_size or 1024)
    frames = [frame for frame in (*resampler.resample(whole), *resampler.resample(None)) if frame is not None]
    position = 0
    for frame in frames:
        frame.pts = position
        position += frame.samples
    return frames


def _video_stream(container: Any) -> Any:
    stream = container.add_stream("libvpx" if container.format.name == "webm" else "mpeg4", rate=5)
    stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
    stream.codec_context.open()
    return stream


def _write_video(container: Any, stream: Any, seconds: float) -> None:
    for index in range(round(seconds * 5)):
        frame = av.VideoFrame.from_ndarray(np.full((96, 64), 16 * (index % 8), np.uint8), format="yuv420p")
        frame.pts = index
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def write_video_only(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        _write_video(container, _video_stream(container), 1.0)
    return path


def dominant_hz(channel: np.ndarray, rate: int = 16_000) -> float:
    """Frequency of the strongest component."""
    spectrum = np.abs(np.fft.rfft(channel * np.hanning(channel.size)))
    return float(np.argmax(spectrum) * rate / channel.size)


def share_of(channel: np.ndarray, hz: float, rate: int = 16_000) -> float:
    """Amplitude of one frequency in a channel."""
    return float(2 * abs(np.mean(channel * np.exp(-2j * np.pi * hz * np.arange(channel.size) / rate))))


def set_wav_sizes(path: Path, size: int) -> Path:
    """Put one value where a WAV file states the sizes of the file and of its data."""
    content = bytearray(path.read_bytes())
    data = content.index(b"data")
    content[4:8] = content[data + 4 : data + 8] = struct.pack("<I", size)
    path.write_bytes(content)
    return path
