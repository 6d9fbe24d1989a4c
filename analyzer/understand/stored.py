"""What was understood before, by what understood it: the acts of a transcript that was read already load no model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from analyzer import __version__
from analyzer.call import Act, RequestKind, Turn, TurnIndex, Value
from analyzer.understand.literal import phrases_sha256
from analyzer.understand.model import Understanding
from analyzer.weights.cache import cache_dir, write_atomically

FORMAT = 2  # raise it when the way from vectors to acts changes
ODDS = TypeAdapter(tuple[float, ...])


class Reader(Protocol):
    """What reads the turns of a call: the act model, or a stand-in for it."""

    @property
    def version(self) -> str: ...
    @property
    def encoder_name(self) -> str: ...
    def agent_log_odds(self, texts: Sequence[str]) -> tuple[float, ...]: ...
    def understand(self, turns: Sequence[Turn], language: str) -> Understanding: ...


class _Stored(Value):
    """Acts of every turn, and what the agent's turns respond to."""

    acts: tuple[tuple[Act, ...], ...]
    topics: dict[TurnIndex, dict[RequestKind, float]]


def understand(reader: Reader, turns: Sequence[Turn], language: str, *, use_cache: bool = True) -> Understanding:
    """As `reader.understand`, from the cache where it holds the same turns read by the same model."""
    if not use_cache:
        return reader.understand(turns, language)
    path = _path(reader, "acts", language, [(turn.speaker, turn.text) for turn in turns])
    with suppress(OSError, ValidationError):
        stored = _Stored.model_validate_json(path.read_bytes())
        if len(stored.acts) == len(turns):
            acted = (turn.model_copy(update={"acts": acts}) for turn, acts in zip(turns, stored.acts, strict=True))
            return Understanding(tuple(acted), stored.topics)
    found = reader.understand(turns, language)
    _save(path, _Stored(acts=tuple(turn.acts for turn in found.turns), topics=found.topics).model_dump_json())
    return found


def agent_log_odds(reader: Reader, texts: Sequence[str], *, use_cache: bool = True) -> tuple[float, ...]:
    """As `reader.agent_log_odds`, from the cache where it holds the same texts."""
    if not use_cache:
        return reader.agent_log_odds(texts)
    path = _path(reader, "roles", "", list(texts))
    with suppress(OSError, ValidationError):
        stored = ODDS.validate_json(path.read_bytes())
        if len(stored) == len(texts):
            return stored
    odds = reader.agent_log_odds(texts)
    _save(path, json.dumps(odds))
    return odds


def _path(reader: Reader, what: str, language: str, content: object) -> Path:
    made_by = [FORMAT, __version__, reader.version, reader.encoder_name, phrases_sha256()]
    key = json.dumps([made_by, what, language, content])
    digest = hashlib.sha256(key.encode("utf-8")).hexdigest()
    return cache_dir() / "acts" / digest[:2] / f"{digest}.json"


def _save(path: Path, content: str) -> None:
    """Store it where the cache can be written, for this user's eyes only: what was done tells what was said."""
    with suppress(OSError):
        write_atomically(path, content.encode("utf-8"), mode=0o600)
