"""Text that a recogniser wrote over and over: the sign of a decoder in a loop."""

from __future__ import annotations

import zlib

COMPRESSION_LIMIT = 2.4  # of openai-whisper: above it a segment is decoded again
SHORT = 40  # characters below which compression says nothing


def is_loop(text: str) -> bool:
    """Whether a text repeats itself beyond what people say."""
    data = text.strip().encode("utf-8")
    if len(data) < SHORT:
        return False
    return len(data) / len(zlib.compress(data)) > COMPRESSION_LIMIT
