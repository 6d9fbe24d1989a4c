"""The gate: what it catches, and that what it could not know never passes."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from analyzer.call import CallInfo, Evidence, Finding, Metrics, Provenance, Report, RuleOutcome, Scorecard
from analyzer.detect.rules import RULES
from analyzer.errors import ConfigError
from analyzer.gate import ORDER, FailOn, Gate, exit_code

PRESSURE = "retention-pressure"


def a_finding(rule: str = PRESSURE, severity: str = "major") -> Finding:
    evidence = Evidence(turn=0, start_ms=None, end_ms=None, speaker="agent", quote="But why?", role="it")
    return Finding(
        rule=rule, severity=severity, confidence=0.9, cause="unclear", message="Tried on.", evidence=(evidence,)
    )  # type: ignore[arg-type]


def ran(status: str = "ok", rule: str = PRESSURE, reason: str | None = None) -> RuleOutcome:
    return RuleOutcome(rule=rule, status=status, reason=reason)  # type: ignore[arg-type]


def a_report(*findings: Finding, score: float | None = 80, rules: tuple[RuleOutcome, ...] = (ran(),)) -> Report:
    numbers: dict[str, Any] = dict.fromkeys(Metrics.model_fields, None) | {"turns": 1}
    return Report(
        call=CallInfo(id="c", source="c.wav", sha256="0", language="en", duration_ms=None, channels=None),
        turns=(),
        requests=(),
        retention=None,
        findings=findings,
        rules=rules,
        scorecard=Scorecard(rubric="service", score=score, passed=None),
        metrics=Metrics(**numbers),
        provenance=Provenance(
            touchpoint="0", engine=None, model=None, model_sha256=None, encoder="e", heads="h", config_sha256="0"
        ),
    )


def gate(*fail_on: str, fail_under: float | None = None) -> Gate:
    return Gate(fail_under=fail_under, fail_on=tuple(FailOn.parse(text) for text in fail_on))


@pytest.mark.parametrize("rule", [rule.name for rule in RULES])
def test_every_rule_can_be_failed_on_and_alone_means_any_severity(rule: str):
    assert FailOn.parse(rule) == FailOn(rule=rule, severity="info")


@pytest.mark.parametrize("severity", ORDER)
def test_a_severity_may_follow_the_rule(severity: str):
    assert FailOn.parse(f"{PRESSURE}:{severity}") == FailOn(rule=PRESSURE, severity=severity)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", ":", ":major", "retention", "Retention-Pressure", " retention-pressure"])
def test_a_rule_there_is_not_is_refused_and_those_there_are_are_named(text: str):
    with pytest.raises(ConfigError, match="there is no rule") as caught:
        FailOn.parse(text)
    assert PRESSURE in caught.value.next_step
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("severity", ["severe", "MAJOR", "major:critical", " major"])
def test_a_severity_there_is_not_is_refused_and_those_there_are_are_named(severity: str):
    with pytest.raises(ConfigError, match="is no severity") as caught:
        FailOn.parse(f"{PRESSURE}:{severity}")
    assert "info, minor, major, critical" in caught.value.next_step


@pytest.mark.parametrize("least", ORDER)
@pytest.mark.parametrize("severity", ORDER)
def test_findings_count_from_the_severity_upwards(least: str, severity: str):
    failures = gate(f"{PRESSURE}:{least}").failures(a_report(a_finding(severity=severity)))
    assert bool(failures) == (ORDER.index(severity) >= ORDER.index(least))  # type: ignore[arg-type]


def test_a_failure_names_rule_severity_and_message():
    assert gate(PRESSURE).failures(a_report(a_finding())) == ("retention-pressure (major): Tried on.",)


def test_findings_of_other_rules_pass():
    assert gate(PRESSURE).failures(a_report(a_finding("dead-air", "critical"))) == ()


def test_one_finding_fails_once_however_many_conditions_catch_it():
    assert len(gate(PRESSURE, f"{PRESSURE}:major").failures(a_report(a_finding()))) == 1


def test_each_finding_is_named():
    assert len(gate(PRESSURE, "dead-air").failures(a_report(a_finding(), a_finding("dead-air", "minor")))) == 2


@pytest.mark.parametrize(("score", "fails"), [(69.9, True), (70, False), (70.1, False), (0, True)])
def test_a_score_fails_only_under_the_bar(score: float, fails: bool):
    assert bool(gate(fail_under=70).failures(a_report(score=score))) is fails


def test_the_score_comes_first_and_says_both_numbers():
    failures = gate(PRESSURE, fail_under=70).failures(a_report(a_finding(), score=12.5))
    assert failures[0] == "score 12.5 is under 70"
    assert len(failures) == 2


@pytest.mark.parametrize("bar", [-1, 101, float("nan")])
def test_a_bar_outside_the_scale_is_refused(bar: float):
    with pytest.raises(ValidationError):
        Gate(fail_under=bar)


def test_no_score_is_no_failure_but_never_passes():
    report = a_report(score=None)
    judging = gate(fail_under=70)
    assert judging.failures(report) == ()
    assert judging.unjudged(report) == ("the call has no score",)


def test_no_score_does_not_matter_to_who_did_not_ask_for_one_where_the_rule_ran():
    assert gate(PRESSURE).unjudged(a_report(score=None)) == ()


@pytest.mark.parametrize("rules", [(ran("skipped"),), (ran("failed"),), (ran(rule="dead-air"),), ()])
def test_no_score_never_passes_where_a_rule_that_was_asked_for_did_not_run(rules: tuple[RuleOutcome, ...]):
    judging = gate(PRESSURE)
    report = a_report(score=None, rules=rules)
    assert judging.failures(report) == ()
    assert exit_code((), judging.unjudged(report)) == 2


def test_each_rule_that_was_asked_for_must_have_run():
    report = a_report(score=None, rules=(ran(), ran("skipped", "dead-air", "no times")))
    assert gate(PRESSURE, "dead-air").unjudged(report) == ("dead-air was not checked: no times",)


def test_a_bar_of_zero_still_needs_a_score():
    assert gate(fail_under=0).unjudged(a_report(score=None)) != ()


def test_a_skipped_rule_that_was_asked_for_never_passes():
    report = a_report(rules=(ran("skipped", reason="the transcript has no times"),))
    assert gate(PRESSURE).unjudged(report) == ("retention-pressure was not checked: the transcript has no times",)


def test_a_skipped_rule_that_nobody_asked_for_is_no_matter():
    report = a_report(rules=(ran(), ran("skipped", "dead-air", "no times")))
    assert gate(PRESSURE).unjudged(report) == ()


def test_a_failed_rule_never_passes_whoever_asked():
    report = a_report(rules=(ran(), ran("failed", "dead-air")))
    assert gate(PRESSURE).unjudged(report) == ("dead-air was not checked: failed",)


def test_a_rule_that_left_no_outcome_never_passes():
    assert gate(PRESSURE).unjudged(a_report(rules=())) != ()


@pytest.mark.parametrize(
    ("failures", "errors", "code"),
    [((), (), 0), (("found",), (), 1), ((), ("unjudged",), 2), (("found",), ("unjudged",), 1)],
)
def test_exit_codes_tell_found_from_not_judged(failures: tuple[str, ...], errors: tuple[str, ...], code: int):
    assert exit_code(failures, errors) == code
