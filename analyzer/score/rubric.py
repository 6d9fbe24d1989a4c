"""Rubrics: what excellence looks like at each touchpoint, as data."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from analyzer.call import FindingSeverity, Outcome, RequestKind, Value
from analyzer.errors import ConfigError
from analyzer.resources import PACKAGE

FOLDER = PACKAGE / "rubrics"
MAX_BYTES = 200_000


class OpeningAct(Value):
    """One of the acts in one of the agent's first two turns."""

    kind: Literal["opening_act"]
    acts: tuple[str, ...] = Field(min_length=1)


class ClosingAct(Value):
    """One of the acts in one of the agent's last two turns; not applicable where the caller hung up first."""

    kind: Literal["closing_act"]
    acts: tuple[str, ...] = Field(min_length=1)


class AcknowledgedWithin(Value):
    """The main request is taken up in words by one of the next agent turns after it."""

    kind: Literal["acknowledged_within"]
    agent_turns: int = Field(ge=1)


class AnsweredAct(Value):
    """Where the caller says one thing, the agent answers it with another at least once."""

    kind: Literal["answered_act"]
    said: tuple[str, ...] = Field(min_length=1)
    answer: tuple[str, ...] = Field(min_length=1)


class MainOutcome(Value):
    """The outcome of the main request."""

    kind: Literal["main_outcome"]
    outcomes: tuple[Outcome, ...] = Field(min_length=1)


class NoFinding(Value):
    """No finding of a rule; with `only_if`, not applicable in calls without such a request."""

    kind: Literal["no_finding"]
    rule: str
    severities: tuple[FindingSeverity, ...] = Field(min_length=1)
    only_if: RequestKind | None = None


Judge = Annotated[
    OpeningAct | ClosingAct | AcknowledgedWithin | AnsweredAct | MainOutcome | NoFinding, Field(discriminator="kind")
]


class Criterion(Value):
    """One line of the form."""

    id: str = Field(pattern="^[a-z][a-z0-9_]*$")
    name: str
    weight: float = Field(gt=0)
    critical: bool = False
    judge: Judge


class Touchpoint(Value):
    """A moment of the call that matters, what excellence is there, and how it is judged."""

    id: str = Field(pattern="^[a-z][a-z0-9_]*$")
    name: str
    excellence: str
    criteria: tuple[Criterion, ...] = Field(min_length=1)


class Rubric(Value):
    """A whole form."""

    name: str
    title: str
    pass_score: float = Field(ge=0, le=100)
    touchpoints: tuple[Touchpoint, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> Self:
        ids = Counter(criterion.id for touchpoint in self.touchpoints for criterion in touchpoint.criteria)
        doubled = sorted(name for name, count in ids.items() if count > 1)
        if doubled:
            raise ValueError(f"criteria named twice: {', '.join(doubled)}")
        return self


def load_rubric(name: str) -> Rubric:
    """A shipped rubric by name, or a file; ConfigError names file, place and fault."""
    path = FOLDER / f"{name}.yaml" if (FOLDER / f"{name}.yaml").is_file() else Path(name)
    if not path.is_file():
        shipped = ", ".join(sorted(file.stem for file in FOLDER.glob("*.yaml")))
        raise ConfigError(f"there is no rubric {name!r}.", next_step=f"Shipped: {shipped}. Or give a YAML file.")
    if path.stat().st_size > MAX_BYTES:
        raise ConfigError("is too large for a rubric.", path=path, next_step=f"Keep it under {MAX_BYTES} bytes.")
    try:
        return Rubric.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError, UnicodeDecodeError, RecursionError) as fault:
        raise ConfigError(
            f"is not a rubric: {_first(fault)}", path=path, next_step="Compare it with service.yaml."
        ) from fault


def _first(fault: Exception) -> str:
    if isinstance(fault, ValidationError):
        error = fault.errors()[0]
        return f"{'.'.join(str(step) for step in error['loc']) or 'the file'}: {error['msg']}."
    return f"{fault}."
