"""Policies: where a company (or a court) draws the line on keeping customers, as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from pydantic import Field, model_validator

from analyzer.call import Attempt, Move, PressureSeverity, Value
from analyzer.detect.settings_file import load_settings
from analyzer.resources import PACKAGE

FOLDER = PACKAGE / "policies"


class AfterRefusal(Value):
    """What follows from attempts after the customer's first no: how many are allowed, up to how many pressure is
    still mild, and which moves are severe however few they are."""

    allowed: int = Field(default=0, ge=0)
    mild_at_most: int = Field(ge=0)
    always_severe: tuple[Move, ...]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.allowed > self.mild_at_most:
            raise ValueError(f"allowed ({self.allowed}) is more than mild_at_most ({self.mild_at_most})")
        return self


class Policy(Value):
    """One policy file. A limit that is null is not drawn.

    `offers_at_most` and `probes_at_most` count attempts with a save offer and with a question for the reason, from
    the first clear wish on; `seconds_to_honour_at_most` runs from that wish to the turn that carries it out.
    """

    name: str
    source: str
    note: str = ""
    after_refusal: AfterRefusal
    offers_at_most: int | None = Field(default=None, ge=0)
    probes_at_most: int | None = Field(default=None, ge=0)
    seconds_to_honour_at_most: float | None = Field(default=None, ge=0)


@dataclass(frozen=True, slots=True)
class Broken:
    """A limit of a policy and how far the call went beyond it."""

    limit: str
    allowed: float
    found: float


def load_policy(name: str) -> Policy:
    """A shipped policy by name, or a file; ConfigError when it is neither or broken."""
    return load_settings(Policy, name, FOLDER)


def severity(after: Sequence[Attempt], policy: Policy) -> PressureSeverity:
    """`none`, `mild` or `severe` from the attempts after the first refusal."""
    hard = any(set(attempt.moves) & set(policy.after_refusal.always_severe) for attempt in after)
    if len(after) <= policy.after_refusal.allowed and not hard:
        return "none"
    return "severe" if hard or len(after) > policy.after_refusal.mild_at_most else "mild"


def broken_limits(
    attempts: Sequence[Attempt], after: Sequence[Attempt], seconds: float | None, policy: Policy
) -> Iterator[Broken]:
    """Every limit of the policy that a call broke, those after the refusal first."""
    limits = policy.after_refusal
    if len(after) > limits.allowed:
        yield Broken("attempts_after_refusal", limits.allowed, len(after))
    if len(after) > limits.mild_at_most:
        yield Broken("mild_at_most", limits.mild_at_most, len(after))
    for move in limits.always_severe:
        if number := _with(move, after):
            yield Broken(move, 0, number)
    for name, found, allowed in (
        ("offers_at_most", _with("save_offer", attempts), policy.offers_at_most),
        ("probes_at_most", _with("reason_probe", attempts), policy.probes_at_most),
        ("seconds_to_honour_at_most", seconds, policy.seconds_to_honour_at_most),
    ):
        if allowed is not None and found is not None and found > allowed:
            yield Broken(name, allowed, found)


def _with(move: Move, attempts: Sequence[Attempt]) -> int:
    return sum(move in attempt.moves for attempt in attempts)
