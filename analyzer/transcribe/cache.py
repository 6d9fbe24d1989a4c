"""Transcripts that were made before, by what made them: a second run decodes nothing."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from analyzer.transcribe.engine import Engine
from analyzer.transcribe.transcript import Transcript
from analyzer.weights.cache import cache_dir, write_atomically

FORMAT = 3  # raise it when the way from samples to words changes


def transcript_path(
    audio_sha256: str, engine: str, version: str, model_sha256: str, options: dict[str, object]
) -> Path:
    """Cache file of one recording under one engine, model and set of options."""
    key = json.dumps([FORMAT, audio_sha256, engine, version, model_sha256, options], sort_keys=True)
    digest = hashlib.sha256(key.encode("utf-8")).hexdigest()
    return cache_dir() / "transcripts" / digest[:2] / f"{digest}.json"


def path_for(engine: Engine, audio_sha256: str, options: dict[str, object]) -> Path:
    return transcript_path(audio_sha256, engine.name, engine.version, engine.weights.sha256, options)


def load(path: Path) -> Transcript | None:
    """The stored transcript; null when there is none or it is damaged (it is then made again)."""
    try:
        return Transcript.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def save(path: Path, transcript: Transcript) -> None:
    """Store a transcript, where the cache can be written: a full disk must not lose the call that was just heard."""
    with suppress(OSError):  # the mode: what people said is for this user's eyes only
        write_atomically(path, transcript.model_dump_json().encode("utf-8"), mode=0o600)
