"""What a file's own headers say of its length, and whether the bytes they promise are there.

Decoders hide a missing end: they stop where the bytes stop. So the headers are read here, apart from decoding.
Sources: RIFF/RF64 (EBU Tech 3306), ISO/IEC 14496-12 boxes, RFC 3533 (Ogg), RFC 8794 (EBML), the Xing/LAME header.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

_PLACEHOLDER_BYTES = 0x7FFF0000
"""Writers that cannot seek back leave 0, 0x7FFFFxxx or 0xFFFFFFFF where the size belongs."""
_SLACK_BYTES = 64
"""Some writers count their own header in the size of the data."""
_OGG_TAIL_BYTES = 2 * 65_307
"""Twice the largest Ogg page."""
_OGG_PAGE = b"OggS\0"
_OGG_LAST = 4
_EBML_SEGMENT = 0x18538067
_EBML_CLUSTER = 0x1F43B675


@dataclass(frozen=True, slots=True)
class Structure:
    """`declared_ms` is null where no header states a length; `cut` means that promised bytes are missing."""

    kind: str
    declared_ms: int | None = None
    cut: bool = False
    has_index: bool = True


def inspect(handle: BinaryIO) -> Structure:
    """Read the headers of an open file, whatever its name says.

    The position in the file is left anywhere. A file of zero bytes is of the kind "empty". Unknown or damaged headers
    give `Structure("unknown")` or the container's kind without a claim: judging them is left to the decoder.
    """
    size = handle.seek(0, os.SEEK_END)
    handle.seek(0)
    head = handle.read(12)
    if not head:
        return Structure("empty")
    try:
        return _reader(head)(handle, size)
    except (struct.error, IndexError, ZeroDivisionError):
        return Structure(_kind(head))


def _kind(head: bytes) -> str:
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "wav"
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp"):
        return "mp4"
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 in (0xE2, 0xE4)):
        return "mp3"
    kinds = {b"OggS": "ogg", b"fLaC": "flac", b"\x1aE\xdf\xa3": "matroska", b"FORM": "aiff", b".snd": "au"}
    return kinds.get(head[:4], "amr" if head[:5] == b"#!AMR" else "unknown")


def _reader(head: bytes) -> Callable[[BinaryIO, int], Structure]:
    kind = _kind(head)
    readers = {"wav": _wav, "mp4": _mp4, "mp3": _mp3, "ogg": _ogg, "matroska": _matroska}
    return readers.get(kind, lambda handle, size: Structure(kind))


def _wav(handle: BinaryIO, size: int) -> Structure:
    position, bytes_per_second, long_size = 12, 0, None
    while position + 8 <= size:
        handle.seek(position)
        name, length = struct.unpack("<4sI", handle.read(8))
        if name == b"data":
            return _wav_data(size, position + 8, length if long_size is None else long_size, bytes_per_second)
        if name == b"fmt ":
            bytes_per_second = struct.unpack("<8xI", handle.read(12))[0]
        elif name == b"ds64":
            long_size = struct.unpack("<8xQ", handle.read(16))[0]
        position += 8 + length + length % 2
    return Structure("wav", cut=True)


def _wav_data(size: int, start: int, length: int, bytes_per_second: int) -> Structure:
    held = size - start
    if length == 0 or (length >= _PLACEHOLDER_BYTES and held < length):
        return Structure("wav")
    declared_ms = length * 1000 // bytes_per_second if bytes_per_second else None
    return Structure("wav", declared_ms, cut=length > held + _SLACK_BYTES)


def _mp4(handle: BinaryIO, size: int) -> Structure:
    position, has_index = 0, False
    while position + 8 <= size:
        handle.seek(position)
        length, name = struct.unpack(">I4s", handle.read(8))
        if not name.isalnum() and not name.strip(b" -_\xa9").isalnum():
            break  # padding after the last box
        if length == 1:
            length = struct.unpack(">Q", handle.read(8))[0]
        has_index = has_index or name == b"moov"
        if length == 0 or position + length > size:
            return Structure("mp4", cut=length != 0, has_index=has_index)
        if length < 8:
            break
        position += length
    return Structure("mp4", has_index=has_index)


def _ogg(handle: BinaryIO, size: int) -> Structure:
    """A whole Ogg file ends with a complete page that carries the end-of-stream mark."""
    start = max(0, size - _OGG_TAIL_BYTES)
    handle.seek(start)
    tail = handle.read(size - start)
    position, ended = tail.find(_OGG_PAGE), False
    while position >= 0:
        end = _ogg_page_end(tail, position)
        if end is not None:
            ended = bool(tail[position + 5] & _OGG_LAST)
        following = tail.find(_OGG_PAGE, position + 1 if end is None else end)
        if end is None and following < 0:
            return Structure("ogg", cut=True)
        position = following
    return Structure("ogg", cut=not ended)


def _ogg_page_end(tail: bytes, position: int) -> int | None:
    """Where a page ends, null where it runs beyond the file."""
    header = tail[position : position + 27]
    if len(header) < 27:
        return None
    lengths = tail[position + 27 : position + 27 + header[26]]
    end = position + 27 + header[26] + sum(lengths)
    return end if end <= len(tail) else None


def _matroska(handle: BinaryIO, size: int) -> Structure:
    """Elements whose size is known must fit in the file; live recordings leave the size unknown."""
    position = 0
    while position < size:
        name, length, start = _ebml_element(handle, position)
        if length is None and name == _EBML_CLUSTER:
            break
        if name == _EBML_SEGMENT and length is None:
            position = start
            continue
        if length is not None and start + length > size:
            return Structure("matroska", cut=True)
        position = start + (length or 0)
    return Structure("matroska")


def _ebml_element(handle: BinaryIO, position: int) -> tuple[int, int | None, int]:
    """Name, length in bytes (null where unknown) and start of the content."""
    handle.seek(position)
    raw = handle.read(12)
    name_bytes = 9 - raw[0].bit_length()
    first = raw[name_bytes]
    length_bytes = 9 - first.bit_length()
    if name_bytes > 4 or length_bytes > 8:
        raise struct.error("not an element")
    ones = (1 << (7 * length_bytes)) - 1
    length = int.from_bytes(raw[name_bytes : name_bytes + length_bytes], "big") & ones
    name = int.from_bytes(raw[:name_bytes], "big")
    return name, None if length == ones else length, position + name_bytes + length_bytes


_MP3_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


def _mp3(handle: BinaryIO, size: int) -> Structure:
    """Frames and bytes from the Xing or Info header of the first frame; without one nothing is claimed."""
    start = _id3_bytes(handle)
    handle.seek(start)
    frame = handle.read(200)
    if len(frame) < 4 or frame[0] != 0xFF or frame[1] & 0xE0 != 0xE0:
        return Structure("mp3")
    version = frame[1] >> 3 & 3
    rate = _MP3_RATES[version][frame[2] >> 2 & 3] if version in _MP3_RATES else 0
    mono = frame[3] >> 6 == 3
    mark = 4 + ((17 if mono else 32) if version == 3 else (9 if mono else 17))
    if frame[mark : mark + 4] not in (b"Xing", b"Info"):
        return Structure("mp3")
    flags, frames, length = struct.unpack(">III", frame[mark + 4 : mark + 16])
    declared_ms = frames * (1152 if version == 3 else 576) * 1000 // rate if flags & 1 else None
    return Structure("mp3", declared_ms, cut=flags & 3 == 3 and length > size - start + _SLACK_BYTES)


def _id3_bytes(handle: BinaryIO) -> int:
    handle.seek(0)
    head = handle.read(10)
    if head[:3] != b"ID3":
        return 0
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte & 0x7F
    return 10 + length + (10 if head[5] & 0x10 else 0)
