"""The rules, case by case, and what the case files themselves must hold."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from analyzer.acts import AGENT_ACTS, CUSTOMER_ACTS
from analyzer.call import Move, RequestKind
from analyzer.detect.rule import Rule
from analyzer.detect.rules import RULES

from .calls import CASES, Case, cases, params

RULE_CASES = {rule.name.replace("-", "_"): rule for rule in RULES}
FILES = sorted(path.stem for path in CASES.glob("*.yaml"))
AT_LEAST = {"retention_ledger": 40, "request_ledger": 40}
WRONG_SIDE = {
    ("silo_friction", "the customer's own silo act is none of the agent's"),
    ("process_block", "the customer's account of a system is none"),
}


def is_hit(case: Case) -> bool:
    if case.file == "retention_ledger":
        return case.expect["severity"] != "none"
    if case.file == "request_ledger":
        return any(request.get("ignored") for request in case.expect)
    return case.expect is not None


def rule_params() -> list[Any]:
    return [
        pytest.param(RULE_CASES[file], *param.values, id=f"{file}: {param.id}", marks=param.marks)
        for file in FILES
        if file in RULE_CASES
        for param in params(file)
    ]


@pytest.mark.parametrize(("rule", "case"), rule_params())
def test_a_rule_finds_its_fault_and_nothing_else(rule: Rule, case: Case):
    findings = list(rule.detect(case.observed))
    if case.expect is None:
        assert findings == []
        return
    assert len(findings) == 1
    finding, expected = findings[0], dict(case.expect)
    assert finding.rule == rule.name
    assert sorted(item.turn for item in finding.evidence) == expected.pop("evidence")
    facts = expected.pop("facts", {})
    assert {name: finding.facts[name] for name in facts} == facts
    assert {name: getattr(finding, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("rule", "case"),
    [pytest.param(*param.values, id=param.id) for param in rule_params()],  # a known miss quotes rightly, too
)
def test_every_quote_is_copied_from_its_turn(rule: Rule, case: Case):
    for finding in rule.detect(case.observed):
        for item in finding.evidence:
            turn = case.turns[item.turn]
            assert (item.quote, item.speaker) == (turn.text, turn.speaker)
            assert (item.start_ms, item.end_ms) == (turn.start_ms, turn.end_ms)


def test_every_rule_has_cases():
    assert set(RULE_CASES) <= set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_a_file_has_enough_cases_of_which_more_stay_silent(file: str):
    hits = [case for case in cases(file) if is_hit(case)]
    assert len(cases(file)) >= AT_LEAST.get(file, 8)
    assert len(cases(file)) - len(hits) > len(hits)


@pytest.mark.parametrize("file", FILES)
def test_names_are_unique(file: str):
    names = [case.name for case in cases(file)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("file", FILES)
def test_each_hit_has_a_near_miss(file: str):
    hits = {case.name for case in cases(file) if is_hit(case) and not case.todo}
    misses = {case.near for case in cases(file) if not is_hit(case)} - {None}
    assert misses <= hits, "a near miss of no hit"
    assert hits <= misses, "hits without a near miss"


@pytest.mark.parametrize("file", FILES)
def test_acts_are_acts_that_the_speaker_can_hold(file: str):
    held = {"agent": {*AGENT_ACTS}, "customer": {*CUSTOMER_ACTS}, "unknown": {*AGENT_ACTS, *CUSTOMER_ACTS}}
    for case in cases(file):
        if (file, case.name) not in WRONG_SIDE:
            for turn in case.turns:
                assert {act.act for act in turn.acts} <= held[turn.speaker], case.name
                wish = {act.act for act in turn.acts if act.kind}
                assert wish <= {"request", "restate"}, case.name


def test_topics_are_kinds_of_requests_and_belong_to_agent_turns():
    for case in (case for file in FILES for case in cases(file)):
        for index, fit in case.topics.items():
            assert case.turns[index].speaker == "agent", case.name
            assert set(fit) <= set(get_args(RequestKind)), case.name


def test_every_move_is_an_act_of_the_agent():
    assert set(get_args(Move)) <= set(AGENT_ACTS)
