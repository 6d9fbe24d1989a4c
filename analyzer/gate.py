"""The gate: whether a call is worse than a build may let through."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Self, get_args

from pydantic import Field

from analyzer.call import FindingSeverity, Report, Value
from analyzer.detect.rules import RULES
from analyzer.errors import ConfigError

ORDER: tuple[FindingSeverity, ...] = get_args(FindingSeverity)  # info … critical


class FailOn(Value):
    """A rule whose findings fail the gate, from a severity upwards."""

    rule: str
    severity: FindingSeverity = "info"

    @classmethod
    def parse(cls, text: str) -> Self:
        """`RULE` or `RULE:SEVERITY`; ConfigError for a name there is not."""
        rule, _, severity = text.partition(":")
        names = [known.name for known in RULES]
        if rule not in names:
            raise ConfigError(f"--fail-on: there is no rule {rule!r}.", next_step=f"Rules: {', '.join(names)}.")
        if severity and severity not in ORDER:
            raise ConfigError(f"--fail-on: {severity!r} is no severity.", next_step=f"Severities: {', '.join(ORDER)}.")
        return cls.model_validate({"rule": rule, "severity": severity or "info"})

    def catches(self, rule: str, severity: FindingSeverity) -> bool:
        return rule == self.rule and ORDER.index(severity) >= ORDER.index(self.severity)


class Gate(Value):
    """What a build may not let through."""

    fail_under: float | None = Field(default=None, ge=0, le=100)
    fail_on: tuple[FailOn, ...] = ()

    def failures(self, report: Report) -> tuple[str, ...]:
        """What the gate was told to fail on and found, in words."""
        found = [
            f"{finding.rule} ({finding.severity}): {finding.message}"
            for finding in report.findings
            if any(condition.catches(finding.rule, finding.severity) for condition in self.fail_on)
        ]
        score = report.scorecard.score
        if self.fail_under is not None and score is not None and score < self.fail_under:
            found.insert(0, f"score {score:g} is under {self.fail_under:g}")
        return tuple(found)

    def unjudged(self, report: Report) -> tuple[str, ...]:
        """What the gate had to know of this call and could not: such a call never passes silently.

        That is the score where there is a bar, and each rule that is named; and any rule that broke down.
        """
        missing = _unchecked(report, {condition.rule for condition in self.fail_on})
        if self.fail_under is not None and report.scorecard.score is None:
            missing.append("the call has no score")
        return tuple(missing)


def _unchecked(report: Report, needed: AbstractSet[str]) -> list[str]:
    absent = sorted(needed - {outcome.rule for outcome in report.rules})
    return [f"{rule} was not checked: the report says nothing of it" for rule in absent] + [
        f"{outcome.rule} was not checked: {outcome.reason or outcome.status}"
        for outcome in report.rules
        if outcome.status == "failed" or (outcome.status == "skipped" and outcome.rule in needed)
    ]


def exit_code(failures: Sequence[str], errors: Sequence[str]) -> int:
    """1 when something was found that the gate fails on, else 2 when something could not be judged, else 0."""
    return 1 if failures else 2 if errors else 0
