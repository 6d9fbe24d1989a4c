"""What every rule is: a named fault, what it needs, and one pure function from a call to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from analyzer.call import Call, Finding, Metrics, Request, Retention, Value
from analyzer.detect.policy import Policy, load_policy

Need = Literal["times", "speakers", "language"]
Ledger = Literal["requests", "retention"]


class Limits(Value):
    """Limits of the rules about time; those about retention are a policy."""

    dead_air_ms: int = 5000
    hold_ms: int = 20_000
    interruption_overlap_ms: int = 500
    interruption_words: int = 3


@dataclass(frozen=True, slots=True)
class Observed:
    """What the rules look at: the call with its acts, the two ledgers (null where not drawn up), the metrics.

    `faults` says of a ledger that could not be drawn up because it broke down what went wrong.
    """

    call: Call
    requests: tuple[Request, ...] | None
    retention: Retention | None
    metrics: Metrics
    limits: Limits
    faults: Mapping[Ledger, str] = field(default_factory=dict)
    policy: Policy = field(default_factory=lambda: load_policy("house"))


@dataclass(frozen=True, slots=True)
class Rule:
    """A fault: its name, what the input must carry, how it is found. The module's docstring is its documentation."""

    name: str
    needs: tuple[Need, ...]
    detect: Callable[[Observed], Iterable[Finding]]
    ledger: Ledger | None = None
    languages: frozenset[str] | None = None  # those it has words for; null where it needs none
