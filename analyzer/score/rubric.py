"""Rubrics: what excellence looks like at each touchpoint, as data."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from analyzer.acts import ACTS
from analyzer.call import FindingSeverity, Outcome, RequestKind, Value
from analyzer.detect.rules import RULES
from analyzer.detect.settings_file import load_settings
from analyzer.resources import PACKAGE

FOLDER = PACKAGE / "rubrics"


def _known_act(name: str) -> str:
    if name not in ACTS:
        raise ValueError(f"there is no dialogue act {name!r}; acts: {', '.join(ACTS)}")
    return name


def _known_rule(name: str) -> str:
    names = [rule.name for rule in RULES]
    if name not in names:
        raise ValueError(f"there is no rule {name!r}; rules: {', '.join(names)}")
    return name


ActName = Annotated[str, AfterValidator(_known_act)]
RuleName = Annotated[str, AfterValidator(_known_rule)]


class OpeningAct(Value):
    """One of the acts, or with `every` each of them, in the agent's first two turns."""

    kind: Literal["opening_act"]
    acts: tuple[ActName, ...] = Field(min_length=1)
    every: bool = False


class ClosingAct(Value):
    """One of the acts in one of the agent's last two turns; not applicable where the caller hung up first."""

    kind: Literal["closing_act"]
    acts: tuple[ActName, ...] = Field(min_length=1)


class AcknowledgedWithin(Value):
    """The main request is taken up in words by one of the next agent turns after it."""

    kind: Literal["acknowledged_within"]
    agent_turns: int = Field(ge=1)


class AnsweredAct(Value):
    """Where the caller says one thing, the agent answers it with another at least once. `unasked` are answers that
    show by themselves, after the first request, that there was something to be answered."""

    kind: Literal["answered_act"]
    said: tuple[ActName, ...] = Field(min_length=1)
    answer: tuple[ActName, ...] = Field(min_length=1)
    unasked: tuple[ActName, ...] = ()


class MainOutcome(Value):
    """The outcome of the main request."""

    kind: Literal["main_outcome"]
    outcomes: tuple[Outcome, ...] = Field(min_length=1)


class NoFinding(Value):
    """No finding of a rule; with `only_if`, not applicable in calls without such a request."""

    kind: Literal["no_finding"]
    rule: RuleName
    severities: tuple[FindingSeverity, ...] = Field(min_length=1)
    only_if: RequestKind | None = None


Judge = Annotated[
    OpeningAct | ClosingAct | AcknowledgedWithin | AnsweredAct | MainOutcome | NoFinding, Field(discriminator="kind")
]


class Criterion(Value):
    """One line of the form."""

    id: str = Field(pattern="^[a-z][a-z0-9_]*$")
    name: str
    weight: float = Field(gt=0, allow_inf_nan=False)
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
        criteria = [criterion.id for touchpoint in self.touchpoints for criterion in touchpoint.criteria]
        for noun, ids in (("criteria", criteria), ("touchpoints", [touchpoint.id for touchpoint in self.touchpoints])):
            doubled = sorted(name for name, count in Counter(ids).items() if count > 1)
            if doubled:
                raise ValueError(f"{noun} named twice: {', '.join(doubled)}")
        return self


def load_rubric(name: str) -> Rubric:
    """A shipped rubric by name, or a file; ConfigError names file, place and fault."""
    return load_settings(Rubric, name, FOLDER)
