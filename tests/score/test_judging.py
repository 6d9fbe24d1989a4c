"""Each kind of criterion, judged on calls of a few turns (definitions.md, section 5)."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.call import Act, Call, CallInfo, Evidence, Finding, Request, RequestKind, RuleOutcome, Turn
from analyzer.detect.request_ledger import request_ledger
from analyzer.score.judging import Judged, Opinion, judge
from analyzer.score.rubric import AcknowledgedWithin, AnsweredAct, ClosingAct, MainOutcome, NoFinding, OpeningAct

GREETING = OpeningAct(kind="opening_act", acts=("greeting",))
FAREWELL = ClosingAct(kind="closing_act", acts=("farewell",))
HEARD_FIRST = AcknowledgedWithin(kind="acknowledged_within", agent_turns=2)
EMPATHY = AnsweredAct(
    kind="answered_act", said=("frustration",), answer=("empathy", "apology"), unasked=("empathy", "apology")
)
NEXT_STEP = MainOutcome(kind="main_outcome", outcomes=("resolved", "committed", "handed_over", "declined"))
NO_PRESSURE = NoFinding(
    kind="no_finding", rule="retention-pressure", severities=("critical", "major"), only_if="cancel"
)
NO_SILO = NoFinding(kind="no_finding", rule="silo-friction", severities=("major",))
ALL = (GREETING, FAREWELL, HEARD_FIRST, EMPATHY, NEXT_STEP, NO_PRESSURE, NO_SILO)


def judged(*lines: str, **changes: Any) -> Judged:
    """A call of lines such as `A greeting`, `C request:refund frustration`; its requests are listed."""
    turns = tuple(_turn(index, line) for index, line in enumerate(lines))
    info = CallInfo(id="c", source="c.json", sha256="0", language="en", duration_ms=None, channels=None)
    whole: dict[str, Any] = {
        "call": Call(info=info, turns=turns),
        "requests": request_ledger(turns, topics_of(turns)),
        "findings": (),
        "rules": (
            RuleOutcome(rule="retention-pressure", status="ok"),
            RuleOutcome(rule="silo-friction", status="ok"),
        ),
        "blind": None,
    }
    return Judged(**(whole | changes))


def topics_of(turns: tuple[Turn, ...]) -> dict[int, dict[RequestKind, float]]:
    """Every turn is about what was stated last before it."""
    topics: dict[int, dict[RequestKind, float]] = {}
    last: tuple[RequestKind, ...] = ()
    for turn in turns:
        topics[turn.index] = dict.fromkeys(last, 0.9)
        last = turn.kinds("request", "restate") or last
    return topics


def _turn(index: int, line: str) -> Turn:
    who, *named = line.split()
    parts = [name.partition(":") for name in named]
    acts = tuple(Act(act=act, kind=kind or None, confidence=0.9) for act, _, kind in parts)  # type: ignore[arg-type]
    speaker = "agent" if who == "A" else "customer"
    return Turn(index=index, speaker=speaker, start_ms=None, end_ms=None, text=f"words {index}", acts=acts)  # type: ignore[arg-type]


def a_finding(rule: str, severity: str, confidence: float = 0.8) -> Finding:
    evidence = Evidence(turn=0, start_ms=None, end_ms=None, speaker="agent", quote="words 0", role="it")
    return Finding(
        rule=rule,
        severity=severity,
        confidence=confidence,
        cause="unclear",
        message=f"{severity}!",
        evidence=(evidence,),  # type: ignore[arg-type]
    )


def quoted(opinion: Opinion) -> list[int]:
    return [item.turn for item in opinion.evidence]


@pytest.mark.parametrize("how", ALL)
def test_nothing_said_can_be_judged_when_the_input_does_not_carry_it(how: object):
    opinion = judge(how, judged("A greeting", "C request:cancel", blind="agent and customer are not told apart"))
    assert opinion.verdict == "cannot_judge"
    assert opinion.confidence == 0
    assert "not told apart" in opinion.reason


@pytest.mark.parametrize("how", ALL)
def test_every_verdict_says_why(how: object):
    assert judge(how, judged("A greeting", "C request:cancel")).reason


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (("A greeting", "C request:refund"), "met"),
        (("C greeting", "A", "C", "A greeting"), "met"),
        (("C greeting", "A", "C"), "not_met"),
        (("A", "C", "A", "C", "A greeting"), "not_met"),
        (("C greeting", "A"), "not_met"),
    ],
)
def test_the_greeting_belongs_to_the_agents_opening(lines: tuple[str, ...], verdict: str):
    opinion = judge(GREETING, judged(*lines))
    assert opinion.verdict == verdict
    assert opinion.evidence, "a verdict shows where"


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (("C", "A farewell"), "met"),
        (("C", "A farewell", "C farewell"), "met"),
        (("A farewell", "C", "A", "C", "A"), "not_met"),
        (("C farewell", "A done"), "not_met"),
        (("A done", "C frustration"), "not_applicable"),
    ],
)
def test_the_close_is_the_agents_unless_the_caller_was_gone(lines: tuple[str, ...], verdict: str):
    assert judge(FAREWELL, judged(*lines)).verdict == verdict


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (("C request:refund", "A acknowledge"), "met"),
        (("C request:refund", "A identity_check", "C", "A acknowledge"), "met"),
        (("C request:refund", "A identity_check", "C", "A identity_check", "C", "A acknowledge"), "not_met"),
        (("C request:refund", "A identity_check"), "not_met"),
        (("C request:refund", "A empathy"), "not_met"),
        (("C request:refund", "A done"), "met"),
        (("A acknowledge", "C request:refund", "A hold_notice"), "not_met"),
        (("C request:refund",), "not_met"),
    ],
)
def test_the_main_request_is_heard_first_in_one_of_two_agent_turns(lines: tuple[str, ...], verdict: str):
    opinion = judge(HEARD_FIRST, judged(*lines))
    assert opinion.verdict == verdict
    stated = next(index for index, line in enumerate(lines) if "request" in line)
    assert quoted(opinion)[0] == stated


def test_the_main_request_is_the_first_stated_in_whatever_order_they_are_listed():
    whole = judged("C request:refund", "A acknowledge", "C request:fault", "A identity_check")
    turned = judged(
        "C request:refund", "A acknowledge", "C request:fault", "A identity_check", requests=whole.requests[::-1]
    )
    assert judge(HEARD_FIRST, whole).verdict == judge(HEARD_FIRST, turned).verdict == "met"


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (("C request:refund", "A acknowledge"), "not_applicable"),
        (("C frustration", "A empathy"), "met"),
        (("C frustration", "A", "C frustration", "A apology"), "met"),
        (("C frustration", "A save_offer"), "not_met"),
        (("C frustration empathy", "A"), "not_met"),
        (("A frustration", "C"), "not_applicable"),
    ],
)
def test_trouble_that_is_voiced_is_met_with_understanding(lines: tuple[str, ...], verdict: str):
    assert judge(EMPATHY, judged(*lines)).verdict == verdict


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [("done", "met"), ("commit", "met"), ("transfer", "met"), ("decline", "met"), ("acknowledge", "not_met"),
     ("identity_check", "not_met"), ("save_offer", "not_met")],
)  # fmt: skip
def test_the_next_step_is_the_outcome_of_the_main_request(answer: str, verdict: str):
    assert judge(NEXT_STEP, judged("C request:refund", f"A {answer}")).verdict == verdict


def test_the_outcome_of_a_later_request_is_no_next_step_of_the_first():
    lines = ("C request:refund", "A identity_check", "C request:fault", "A done")
    assert judge(NEXT_STEP, judged(*lines)).verdict == "not_met"


@pytest.mark.parametrize("how", [HEARD_FIRST, NEXT_STEP])
@pytest.mark.parametrize("requests", [None, ()])
def test_without_a_known_request_its_criteria_cannot_be_judged(how: object, requests: tuple[Request, ...] | None):
    opinion = judge(how, judged("A greeting", "C", requests=requests))
    assert opinion.verdict == "cannot_judge"


def test_no_finding_is_met_only_by_a_rule_that_ran():
    assert judge(NO_SILO, judged("A", "C")).verdict == "met"


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ((RuleOutcome(rule="silo-friction", status="skipped", reason="no language"),), "no language"),
        ((RuleOutcome(rule="silo-friction", status="failed", reason="KeyError: 1"),), "KeyError: 1"),
        ((RuleOutcome(rule="silo-friction", status="failed"),), "failed"),
        ((), "there is no such rule"),
    ],
)
def test_a_rule_that_did_not_run_found_nothing_and_proves_nothing(rules: tuple[RuleOutcome, ...], why: str):
    opinion = judge(NO_SILO, judged("A", "C", rules=rules))
    assert opinion.verdict == "cannot_judge"
    assert why in opinion.reason


def test_a_finding_of_the_rule_and_severity_is_not_met_and_shows_the_surest():
    findings = (a_finding("silo-friction", "major", 0.6), a_finding("silo-friction", "major", 0.9))
    opinion = judge(NO_SILO, judged("A", "C", findings=findings))
    assert (opinion.verdict, opinion.confidence) == ("not_met", 0.9)
    assert quoted(opinion) == [0]


@pytest.mark.parametrize("finding", [a_finding("silo-friction", "minor"), a_finding("process-block", "major")])
def test_a_milder_finding_or_one_of_another_rule_does_not_count(finding: Finding):
    assert judge(NO_SILO, judged("A", "C", findings=(finding,))).verdict == "met"


def test_pressure_is_not_applicable_where_nobody_asked_to_cancel():
    assert judge(NO_PRESSURE, judged("C request:refund", "A")).verdict == "not_applicable"
    assert judge(NO_PRESSURE, judged("C request:cancel", "A done")).verdict == "met"


def test_whether_it_applies_is_not_guessed_without_the_requests():
    assert judge(NO_PRESSURE, judged("C request:cancel", "A", requests=None)).verdict == "cannot_judge"


def test_what_was_found_is_not_met_even_without_the_requests():
    findings = (a_finding("retention-pressure", "critical"),)
    assert judge(NO_PRESSURE, judged("C", "A", requests=None, findings=findings)).verdict == "not_met"


def test_a_kind_nobody_can_judge_is_an_error_and_no_verdict():
    with pytest.raises(TypeError, match="no way to judge str"):
        judge("by feeling", judged("A", "C"))


def test_sympathy_before_any_trouble_was_voiced_answers_none() -> None:
    """Definitions, section 9: an agent who opens with "sorry to hear that" has not shown understanding."""
    opinion = judge(EMPATHY, judged("A greeting apology", "C request:refund", "C frustration", "A save_offer"))

    assert opinion.verdict == "not_met"


def test_understanding_shows_that_there_was_trouble_whose_words_were_not_understood() -> None:
    opinion = judge(EMPATHY, judged("A greeting", "C request:refund", "A empathy", "C thanks"))

    assert opinion.verdict == "met"
    assert quoted(opinion) == [2]
    assert "cause" in opinion.reason


def test_sympathy_before_the_request_shows_no_trouble() -> None:
    assert judge(EMPATHY, judged("A greeting empathy", "C request:refund", "A done")).verdict == "not_applicable"


def test_the_quote_of_an_apology_is_called_one() -> None:
    opinion = judge(EMPATHY, judged("C request:refund frustration", "A apology"))

    assert [(item.turn, item.role) for item in opinion.evidence] == [(0, "frustration"), (1, "apology")]


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (("A greeting introduction", "C"), "met"),
        (("A greeting", "C", "A introduction", "C"), "met"),
        (("A greeting", "C", "A acknowledge", "C"), "not_met"),
        (("A introduction", "C", "A acknowledge", "C"), "not_met"),
        (("A", "C", "A", "C", "A greeting introduction"), "not_met"),
    ],
    ids=["both", "one in each of two turns", "nobody is named", "nobody is greeted", "too late"],
)
def test_a_greeting_takes_a_greeting_word_and_a_name(lines: tuple[str, ...], verdict: str) -> None:
    both = OpeningAct(kind="opening_act", acts=("greeting", "introduction"), every=True)

    assert judge(both, judged(*lines)).verdict == verdict
