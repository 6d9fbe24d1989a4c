"""Recordings of calls: any common format to samples per channel at 16 kHz. Files are only ever read."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from analyzer.audio.decoding import Decoded, TooLong, decode
from analyzer.audio.levels import SILENCE_DBFS, is_silent
from analyzer.audio.structure import Structure, inspect
from analyzer.call import Warning
from analyzer.errors import InputError

SAMPLE_RATE = 16_000

_CONTAINERS = "wav,w64,mp3,mov,ogg,flac,matroska,amr,amrnb,amrwb,gsm,aac,aiff,au,caf,asf,avi,mpegts,flv,wv,voc,sln"
"""Containers that hold sound in themselves. Playlists and the like, which make the reader fetch other files or
addresses, are not among them; nor are headerless G.711 and G.722, for which any bytes are sound."""
_DECLARING = frozenset({"mov", "flac", "matroska", "asf", "aiff", "au"})
"""Containers whose length is stated in the file; elsewhere the library guesses it from the bit rate."""
_WAV_PACKET_BYTES = 1 << 16
_NAMES = {"mov": "mp4", "mp2": "mp3"}
_SHORT_BY_MS = 400
"""Lossy encoders pad: the length they state may exceed what is decoded by some frames."""
_SHORT_BY_LOSSLESS_MS = 50
_MIN_GOOD_RATE = 8_000
_RATES = range(4_000, 768_001)
_MIN_NAMED_GAP_MS = 1_000
_HASH_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Recording:
    """A decoded recording. `samples` is float32 (channels, n) at 16 kHz, nominally within -1..1, and read-only
    (copy before handing it to libraries that want to write, such as `torch.from_numpy`). `sha256` is that of the
    file's bytes. Two recordings are equal when file and reading are; samples are not compared."""

    path: Path
    sha256: str
    samples: NDArray[np.float32] = field(repr=False, compare=False)
    source_rate: int
    codec: str
    container: str
    warnings: tuple[Warning, ...] = ()

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.dtype != np.float32 or len(self.samples) not in (1, 2):
            raise ValueError(f"samples must be float32 (1 or 2, n), not {self.samples.dtype} {self.samples.shape}")
        view = self.samples.view()
        view.flags.writeable = False
        object.__setattr__(self, "samples", view)

    @property
    def channels(self) -> int:
        return len(self.samples)

    @property
    def duration_ms(self) -> int:
        return int(self.samples.shape[1]) * 1000 // SAMPLE_RATE


def read_recording(path: Path, *, max_minutes: float = 240.0) -> Recording:
    """Decode a recording, each channel apart, resampled to 16 kHz.

    Reads WAV (PCM, float, G.711, ADPCM, GSM), MP3, M4A/AAC, Ogg, FLAC, WebM, MP4 with video, AMR, GSM and more.
    Sound that is cut off or damaged is read as far as it goes, with the warning `truncated`; holes in the time
    stamps of a second or more are filled with silence, with the warning `gaps`; `more-streams` and `low-rate` tell
    of what their names say. What the channels hold is judged by `levels.channel_warnings`.

    Raises InputError where the file is missing, empty, unreadable, not sound, without an audio stream, in more
    than two channels, longer than `max_minutes`, or silent on all channels (`levels.is_silent`).
    """
    path = Path(path)
    if not max_minutes > 0:
        raise ValueError(f"max_minutes must be positive, not {max_minutes}")
    with _opened(path) as handle:
        sha256 = _sha256(handle)
        structure = inspect(handle)
        if structure.kind == "empty":
            raise InputError("the file is empty (0 bytes).", path=path, next_step="Export the recording again.")
        with _container(path, handle, structure) as container:
            stream = _audio_stream(path, container)
            declared_ms = _declared_ms(structure, container, stream)
            decoded = _decoded(path, container, stream, None if structure.cut else declared_ms, max_minutes)
            codec, name = stream.codec_context.codec.canonical_name, _container_name(container)
            warnings = (*_damage_warnings(decoded, structure, declared_ms, codec), *_other_warnings(decoded, container))
    return Recording(path, sha256, decoded.samples, decoded.source_rate, codec, name, warnings)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if path.is_dir():
        raise InputError("this is a folder, not a recording.", path=path, next_step="Name a file in it.")
    if path.exists() and not path.is_file():
        raise InputError("this is not an ordinary file.", path=path, next_step="Name a recording.")
    try:
        handle = path.open("rb")
    except FileNotFoundError:
        raise InputError("there is no such file.", path=path, next_step="Check the name and the folder.") from None
    except OSError as error:
        raise InputError(
            f"the file cannot be opened ({error.strerror}).", path=path, next_step="Check the rights to read it."
        ) from error
    with handle:
        yield handle


def _sha256(handle: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := handle.read(_HASH_BLOCK_BYTES):
        digest.update(block)
    return digest.hexdigest()


@contextmanager
def _container(path: Path, handle: BinaryIO, structure: Structure) -> Iterator[InputContainer]:
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file", "max_size": str(_WAV_PACKET_BYTES)}
    try:
        container = av.open(f"file:{path.absolute()}", "r", options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise _unopened(path, structure) from error
    with container:
        if container.format.name == "gsm" and not _starts_as_gsm(handle):
            raise _not_audio(path)
        yield container


def _unopened(path: Path, structure: Structure) -> InputError:
    if structure.kind == "mp4" and not structure.has_index:
        return InputError(
            "the recording was cut off before its index was written, so nothing in it can be read.",
            path=path,
            next_step="Copy it again from where it was recorded, or repair it with a video repair tool.",
        )
    return _not_audio(path) if structure.kind == "unknown" else _unreadable(path)


def _not_audio(path: Path) -> InputError:
    return InputError(
        "this is not a recording that can be read.",
        path=path,
        next_step="Give WAV, MP3, M4A, Ogg, Opus, FLAC, WebM, MP4, AMR or GSM.",
    )


def _unreadable(path: Path) -> InputError:
    return InputError(
        "the recording is damaged and nothing in it can be read.",
        path=path,
        next_step="Copy or export it again from where it was recorded.",
    )


def _starts_as_gsm(handle: BinaryIO) -> bool:
    """Raw GSM 06.10 has no header, but each frame of 33 bytes begins with the half byte 0xD (RFC 3551, 4.5.8)."""
    handle.seek(0)
    head = handle.read(33 * 10)
    return len(head) >= 33 and all(byte >> 4 == 0xD for byte in head[::33])


def _audio_stream(path: Path, container: InputContainer) -> AudioStream:
    if not container.streams.audio:
        held = "only video" if container.streams.video else "no sound"
        raise InputError(
            f"the file has no audio stream: it holds {held}.", path=path, next_step="Export the call with its sound."
        )
    stream = container.streams.audio[0]
    if getattr(stream, "codec_context", None) is None:
        raise InputError(
            "the sound is coded in a way that cannot be decoded here.", path=path, next_step="Export it as WAV or FLAC."
        )
    channels = stream.codec_context.channels
    if channels > 2:
        raise InputError(
            f"the recording has {channels} channels; at most two can be told apart.",
            path=path,
            next_step="Export it in stereo, the agent on one side and the customer on the other.",
        )
    if stream.codec_context.sample_rate not in _RATES:
        raise _unreadable(path)
    return stream


def _declared_ms(structure: Structure, container: InputContainer, stream: AudioStream) -> int | None:
    """Length that the file itself states for its sound, null where it states none."""
    if structure.declared_ms is not None:
        return structure.declared_ms
    if container.format.name.split(",")[0] not in _DECLARING:
        return None
    if stream.duration is not None and stream.time_base is not None:
        return int(stream.duration * stream.time_base * 1000)
    if container.duration is not None and len(container.streams) == 1:
        return container.duration * 1000 // av.time_base
    return None


def _decoded(
    path: Path, container: InputContainer, stream: AudioStream, declared_ms: int | None, max_minutes: float
) -> Decoded:
    too_long = InputError(
        f"the recording is longer than {max_minutes:g} minutes.",
        path=path,
        next_step="Cut it into its calls, or raise the limit.",
    )
    if (declared_ms or 0) > max_minutes * 60_000:
        raise too_long
    most = math.floor(max_minutes * 60 * SAMPLE_RATE)
    expected = min(most, ((declared_ms or 300_000) + 1_000) * SAMPLE_RATE // 1000)
    try:
        decoded = decode(container, stream, rate=SAMPLE_RATE, max_samples=most, expected_samples=expected)
    except TooLong:
        raise too_long from None
    if not decoded.samples.size:
        raise _unreadable(path)
    if all(is_silent(channel) for channel in decoded.samples):
        raise InputError(
            f"the recording holds only silence (nothing reaches {SILENCE_DBFS:g} dBFS).",
            path=path,
            next_step="Check the line and the recorder, and export it again.",
        )
    return decoded


def _container_name(container: InputContainer) -> str:
    name = container.format.name.split(",")[0]
    return _NAMES.get(name, name)


def _damage_warnings(
    decoded: Decoded, structure: Structure, declared_ms: int | None, codec: str
) -> tuple[Warning, ...]:
    length_ms = decoded.samples.shape[1] * 1000 // SAMPLE_RATE
    read_ms = length_ms - decoded.filled_ms
    short_by_ms = _SHORT_BY_LOSSLESS_MS if codec.startswith(("pcm_", "flac")) else _SHORT_BY_MS
    short = declared_ms is not None and length_ms < declared_ms - short_by_ms
    if decoded.damaged:
        share = f"{_clock(read_ms)} of {_clock(declared_ms)}" if declared_ms else _clock(read_ms)
        fault = f"Parts of the recording are damaged: {share} could be read. Times after a damaged part may be early."
    elif structure.cut or decoded.breaks_off or short:
        fault = (
            f"The recording is cut off: {_clock(read_ms)} of {_clock(declared_ms)} could be read."
            if declared_ms
            else f"The recording is cut off: {_clock(read_ms)} could be read, and its end is missing."
        )
    elif decoded.filled_ms >= _MIN_NAMED_GAP_MS:
        missing = f"{decoded.filled_ms / 1000:.1f} seconds"
        return (Warning(code="gaps", message=f"The recording has holes: {missing} are missing and stand as silence."),)
    else:
        return ()
    return (Warning(code="truncated", message=fault),)


def _other_warnings(decoded: Decoded, container: InputContainer) -> Iterator[Warning]:
    tracks = len(container.streams.audio)
    if tracks > 1:
        yield Warning(code="more-streams", message=f"The file holds {tracks} audio tracks; only the first was read.")
    if decoded.source_rate < _MIN_GOOD_RATE:
        message = f"Recorded at {decoded.source_rate} Hz, below telephone quality: many words will be wrong."
        yield Warning(code="low-rate", message=message)


def _clock(duration_ms: int) -> str:
    """Minutes, seconds and tenths, as in 3:07.4."""
    tenths = duration_ms // 100
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"
