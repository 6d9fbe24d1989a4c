"""Calls marked by people (definitions, section 7): a native transcript with `labels`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from analyzer.call import Outcome, PressureSeverity, RequestKind, Speaker, TurnIndex
from analyzer.errors import InputError

CRITERIA = ("greeting", "heard_first", "empathy", "next_step", "farewell")
NEXT = "See docs/definitions.md, section 7, for what is marked and how."
MarkedIndex = Annotated[TurnIndex, Field(strict=True)]  # `true` is no turn


class _Marked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class MarkedTurn(_Marked):
    """One turn of the script."""

    speaker: Speaker
    text: str


class MarkedIntent(_Marked):
    """One intent of the customer."""

    kind: RequestKind
    stated: tuple[MarkedIndex, ...]
    outcome: Outcome


class MarkedRetention(_Marked):
    """The retention ledger as a person drew it up."""

    first_clear_cancel: MarkedIndex | None
    attempts: tuple[MarkedIndex, ...]
    attempts_after_refusal: tuple[MarkedIndex, ...]
    honoured: MarkedIndex | None
    severity: PressureSeverity


class Labels(_Marked):
    """What people marked; all of CRITERIA are there, and one that is not applicable is null."""

    intents: tuple[MarkedIntent, ...]
    retention: MarkedRetention
    silo: tuple[MarkedIndex, ...]
    process_block: tuple[MarkedIndex, ...]
    criteria: dict[str, bool | None]

    @field_validator("criteria")
    @classmethod
    def _all_there(cls, criteria: dict[str, bool | None]) -> dict[str, bool | None]:
        missing = [name for name in CRITERIA if name not in criteria]
        if missing:
            raise ValueError(f"there is no mark for {', '.join(missing)}")
        return criteria

    @property
    def ignored(self) -> tuple[MarkedIntent, ...]:
        """Intents that count as ignored (definitions, section 1)."""
        return tuple(
            intent
            for intent in self.intents
            if intent.outcome == "ignored" or (intent.outcome == "acknowledged" and len(intent.stated) >= 3)
        )

    @property
    def places(self) -> Iterator[tuple[str, TurnIndex]]:
        """Every turn that is marked, with the label that names it."""
        for number, intent in enumerate(self.intents):
            yield from ((f"intents.{number}.stated", turn) for turn in intent.stated)
        for name in ("first_clear_cancel", "honoured"):
            if (turn := getattr(self.retention, name)) is not None:
                yield f"retention.{name}", turn
        for name in ("attempts", "attempts_after_refusal"):
            yield from ((f"retention.{name}", turn) for turn in getattr(self.retention, name))
        for name in ("silo", "process_block"):
            yield from ((name, turn) for turn in getattr(self, name))


class MarkedCall(_Marked):
    """A whole call with its marks; turns are numbered from 0 in the order of the file."""

    id: str
    language: str
    turns: tuple[MarkedTurn, ...] = Field(min_length=1)
    labels: Labels

    @model_validator(mode="after")
    def _marks_are_of_turns(self) -> Self:
        last = len(self.turns) - 1
        for name, turn in self.labels.places:
            if turn > last:
                raise ValueError(f"labels.{name} names turn {turn}, but the last turn is {last} (the first is 0)")
        return self


def read_marked(path: Path) -> MarkedCall:
    """A marked call; InputError when the file is none."""
    return _marked(_content(path), path)


def read_marks(path: Path) -> MarkedCall | None:
    """A marked call, null for a file without `labels`; InputError when the marks cannot be used."""
    content = _content(path)
    return _marked(content, path) if isinstance(content, dict) and "labels" in content else None


def _content(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except OSError as fault:
        raise InputError(f"cannot be read ({fault.strerror}).", path=path, next_step="Check the path.") from fault
    except (ValueError, RecursionError) as fault:
        raise InputError(f"is not JSON ({fault}).", path=path, next_step=NEXT) from fault


def _marked(content: object, path: Path) -> MarkedCall:
    try:
        return MarkedCall.model_validate(content)
    except ValidationError as fault:
        raise InputError(f"is not a marked call: {_first(fault)}.", path=path, next_step=NEXT) from fault


def _first(fault: ValidationError) -> str:
    error: Any = fault.errors()[0]
    where = ".".join(str(step) for step in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
