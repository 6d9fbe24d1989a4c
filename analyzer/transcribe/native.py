"""Native transcripts: calls whose words were written down elsewhere (JSON with a `turns` list)."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from analyzer.call import Call, CallInfo, Milliseconds, Turn, whole
from analyzer.errors import InputError

NEXT = "See docs/transcripts.md for the format."
LONGEST_MS = 7 * 24 * 60 * 60 * 1000  # no call takes a week; the clock of a computer is past it in any unit


Text = Annotated[str, BeforeValidator(lambda given: whole(given) if isinstance(given, str) else given)]


def _primary(tag: str) -> str:
    """The language of a tag such as `en-GB` or `DE`: its first part, in lower case."""
    return re.split("[-_]", tag.strip(), maxsplit=1)[0].lower() or tag


class NativeTurn(BaseModel):
    """One turn as written in the file; other keys are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    speaker: Literal["agent", "customer", "unknown"]
    text: Text
    start_ms: Milliseconds | None = None
    end_ms: Milliseconds | None = None


class NativeTranscript(BaseModel):
    """The file; other keys (labels, sector …) are ignored. Half a surrogate pair in a text becomes U+FFFD."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Text = Field(min_length=1)
    language: Annotated[Text, Field(min_length=2), AfterValidator(_primary)]
    agent: Text | None = None
    customer_tier: Text | None = None
    recorded_at: Text | None = None
    turns: tuple[NativeTurn, ...] = Field(min_length=1)


def read_transcript(path: Path) -> Call:
    """The call in a native transcript; InputError names what is wrong and where."""
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise InputError(f"cannot be read ({fault.strerror}).", path=path, next_step="Check the path.") from fault
    try:
        native = NativeTranscript.model_validate(json.loads(data))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise InputError(f"is not JSON ({fault}).", path=path, next_step=NEXT) from fault
    except ValidationError as fault:
        raise InputError(f"is not a transcript: {_first(fault)}.", path=path, next_step=NEXT) from fault
    _check_times(native, path)
    turns = _turns(native, path)
    ends = [turn.end_ms for turn in turns if turn.end_ms is not None]
    info = CallInfo(
        id=native.id,
        source=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        language=native.language,
        duration_ms=max(ends) if len(ends) == len(turns) else None,
        channels=None,
        agent=native.agent,
        customer_tier=native.customer_tier,
        recorded_at=native.recorded_at,
    )
    return Call(info=info, turns=turns)


def _check_times(native: NativeTranscript, path: Path) -> None:
    """InputError for a time that is no time of a call, as one that counts from 1970."""
    for index, turn in enumerate(native.turns):
        for name, time_ms in (("start_ms", turn.start_ms), ("end_ms", turn.end_ms)):
            if time_ms is not None and time_ms >= LONGEST_MS:
                raise InputError(
                    f"is not a transcript: turns.{index}.{name}: lies a week or more after the start of the call.",
                    path=path,
                    next_step="Times count from the start of the call, in milliseconds: take its start away from each.",
                )


def _turns(native: NativeTranscript, path: Path) -> tuple[Turn, ...]:
    if not any(turn.text.strip() for turn in native.turns):
        raise InputError("has no turn with words.", path=path, next_step=NEXT)
    timed = all(turn.start_ms is not None and turn.end_ms is not None for turn in native.turns)
    try:
        return tuple(
            Turn(
                index=index,
                speaker=turn.speaker,
                text=turn.text.strip(),
                start_ms=turn.start_ms if timed else None,
                end_ms=turn.end_ms if timed else None,
            )
            for index, turn in enumerate(native.turns)
        )
    except ValidationError as fault:
        raise InputError(f"has a turn that cannot be: {_first(fault)}.", path=path, next_step=NEXT) from fault


def _first(fault: ValidationError) -> str:
    error: Any = fault.errors()[0]
    where = ".".join(str(step) for step in error["loc"])
    return f"{where or 'the file'}: {error['msg']}"
