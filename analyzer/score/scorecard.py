"""From verdicts to marks: not applicable leaves the denominator, what cannot be judged is never guessed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import fsum

from analyzer.call import Scorecard, TouchpointScore, Verdict
from analyzer.score.judging import Judged, judge
from analyzer.score.rubric import Criterion, Rubric

ENOUGH = 0.5  # share of the applicable weight that must be judged for an overall score


def score_call(rubric: Rubric, judged: Judged) -> Scorecard:
    """The scorecard of one call."""
    touchpoints = []
    for touchpoint in rubric.touchpoints:
        verdicts = tuple(_verdict(criterion, judged) for criterion in touchpoint.criteria)
        touchpoints.append(
            TouchpointScore(
                id=touchpoint.id,
                name=touchpoint.name,
                excellence=touchpoint.excellence,
                score=_score(verdicts),
                criteria=verdicts,
            )
        )
    verdicts = tuple(verdict for touchpoint in touchpoints for verdict in touchpoint.criteria)
    enough = _weight(verdicts, "met", "not_met") >= ENOUGH * _weight(verdicts, "met", "not_met", "cannot_judge")
    return Scorecard(
        rubric=rubric.name,
        title=rubric.title,
        score=_score(verdicts) if enough else None,
        passed=passed(verdicts, rubric.pass_score),
        critical_failed=tuple(verdict.id for verdict in verdicts if verdict.critical and verdict.verdict == "not_met"),
        touchpoints=tuple(touchpoints),
    )


def _verdict(criterion: Criterion, judged: Judged) -> Verdict:
    opinion = judge(criterion.judge, judged)
    return Verdict(
        id=criterion.id,
        name=criterion.name,
        verdict=opinion.verdict,
        confidence=opinion.confidence,
        weight=criterion.weight,
        critical=criterion.critical,
        reason=opinion.reason,
        evidence=opinion.evidence,
    )


def _weight(verdicts: Iterable[Verdict], *names: str) -> float:
    return fsum(verdict.weight for verdict in verdicts if verdict.verdict in names)  # the same in any order


def _share(met: float, missed: float) -> float | None:
    return round(100 * met / (met + missed), 1) if met + missed else None


def _score(verdicts: Sequence[Verdict]) -> float | None:
    return _share(_weight(verdicts, "met"), _weight(verdicts, "not_met"))


def passed(verdicts: Sequence[Verdict], pass_score: float) -> bool | None:
    """Whether the call passes; null where what cannot be judged could turn it either way.

    A failed critical criterion fails the call whatever the score is.
    """
    if any(verdict.critical and verdict.verdict == "not_met" for verdict in verdicts):
        return False
    met, missed = _weight(verdicts, "met"), _weight(verdicts, "not_met")
    open_weight = _weight(verdicts, "cannot_judge")
    best, worst = _share(met + open_weight, missed), _share(met, missed + open_weight)
    if best is None or worst is None:
        return None
    if best < pass_score:
        return False
    critical_open = any(verdict.critical and verdict.verdict == "cannot_judge" for verdict in verdicts)
    return True if worst >= pass_score and not critical_open else None
