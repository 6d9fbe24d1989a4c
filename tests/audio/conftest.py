"""Files that several tests of the audio package start from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .media import two_tones, write_recording


@pytest.fixture
def stereo_wav(tmp_path: Path) -> Path:
    return write_recording(tmp_path / "call.wav", "pcm_s16le", two_tones(), 16_000)


@pytest.fixture
def cut(tmp_path: Path) -> Callable[[Path, float], Path]:
    """The first part of a file, as another file of the same suffix."""

    def write(path: Path, share: float) -> Path:
        content = path.read_bytes()
        target = tmp_path / f"cut{path.suffix}"
        target.write_bytes(content[: int(len(content) * share)])
        return target

    return write
