"""Calls marked by people (definitions, section 7): a native transcript with `labels`."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from analyzer.call import Outcome, PressureSeverity, RequestKind, TurnIndex
from analyzer.errors import InputError


class _Marked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class MarkedTurn(_Marked):
    """One turn of the script."""

    speaker: str
    text: str


class MarkedIntent(_Marked):
    """One intent of the customer."""

    kind: RequestKind
    stated: tuple[TurnIndex, ...]
    outcome: Outcome


class MarkedRetention(_Marked):
    """The retention ledger as a person drew it up."""

    first_clear_cancel: TurnIndex | None
    attempts: tuple[TurnIndex, ...]
    attempts_after_refusal: tuple[TurnIndex, ...]
    honoured: TurnIndex | None
    severity: PressureSeverity


class Labels(_Marked):
    """What people marked; a criterion that is not applicable is null."""

    intents: tuple[MarkedIntent, ...]
    retention: MarkedRetention
    silo: tuple[TurnIndex, ...]
    process_block: tuple[TurnIndex, ...]
    criteria: dict[str, bool | None]

    @property
    def ignored(self) -> tuple[MarkedIntent, ...]:
        """Intents that count as ignored (definitions, section 1)."""
        return tuple(
            intent
            for intent in self.intents
            if intent.outcome == "ignored" or (intent.outcome == "acknowledged" and len(intent.stated) >= 3)
        )


class MarkedCall(_Marked):
    """A whole call with its marks; turns are numbered from 0 in the order of the file."""

    id: str
    language: str
    turns: tuple[MarkedTurn, ...]
    labels: Labels


def read_marked(path: Path) -> MarkedCall:
    """A marked call; InputError when the file is none."""
    try:
        return MarkedCall.model_validate(json.loads(path.read_bytes()))
    except (OSError, ValueError, ValidationError) as fault:
        raise InputError(
            f"is not a marked call: {fault}", path=path, next_step="See docs/definitions.md for what is marked."
        ) from fault
