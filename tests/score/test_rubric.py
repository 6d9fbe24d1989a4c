"""Rubrics as data: the shipped one loads, broken ones say what is wrong, where, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from analyzer.acts import AGENT_ACTS, CUSTOMER_ACTS
from analyzer.detect.rules import RULES
from analyzer.errors import ConfigError
from analyzer.score.rubric import AnsweredAct, ClosingAct, NoFinding, OpeningAct, load_rubric

NEXT_STEP = "Compare it with service.yaml."
BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGE_BOMB = "a: &a {x: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join(['*' + before] * 9)}]}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def a_rubric(**changes: Any) -> dict[str, Any]:
    criterion = {
        "id": "greeting",
        "name": "Greets",
        "weight": 1,
        "judge": {"kind": "opening_act", "acts": ["greeting"]},
    }
    touchpoint = {"id": "opening", "name": "Opening", "excellence": "One knows.", "criteria": [criterion | changes]}
    return {"name": "own", "title": "Own", "pass_score": 70, "touchpoints": [touchpoint]}


def written(tmp_path: Path, content: object) -> str:
    path = tmp_path / "own.yaml"
    text = content if isinstance(content, str) else yaml.safe_dump(content)
    path.write_text(text, encoding="utf-8")
    return str(path)


def fault_of(path: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_rubric(path)
    return caught.value


def test_the_shipped_rubric_holds_the_five_criteria_of_the_definitions():
    rubric = load_rubric("service")
    ids = {criterion.id for touchpoint in rubric.touchpoints for criterion in touchpoint.criteria}
    assert ids >= {"greeting", "heard_first", "empathy", "next_step", "farewell"}


def test_the_shipped_rubric_names_only_acts_and_rules_there_are():
    judges = [c.judge for touchpoint in load_rubric("service").touchpoints for c in touchpoint.criteria]
    acts: set[str] = set()
    for how in judges:
        if isinstance(how, OpeningAct | ClosingAct):
            acts |= set(how.acts)
        elif isinstance(how, AnsweredAct):
            acts |= set(how.answer)
            assert set(how.said) <= set(CUSTOMER_ACTS)
        elif isinstance(how, NoFinding):
            assert how.rule in {rule.name for rule in RULES}
    assert acts <= set(AGENT_ACTS)


def test_a_rubric_file_loads(tmp_path: Path):
    rubric = load_rubric(written(tmp_path, a_rubric(weight=2.5, critical=True)))
    criterion = rubric.touchpoints[0].criteria[0]
    assert (rubric.name, criterion.weight, criterion.critical) == ("own", 2.5, True)


def test_a_shipped_name_goes_before_a_file_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "service").write_text("nothing", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_rubric("service").name == "service"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (a_rubric(weight="heavy"), "touchpoints.0.criteria.0.weight"),
        (a_rubric(weight=0), "touchpoints.0.criteria.0.weight"),
        (a_rubric(weight=float("inf")), "touchpoints.0.criteria.0.weight"),
        (a_rubric(weight=float("nan")), "touchpoints.0.criteria.0.weight"),
        (a_rubric(id="Greeting!"), "touchpoints.0.criteria.0.id"),
        (a_rubric(colour="red"), "touchpoints.0.criteria.0.colour"),
        (
            a_rubric(judge={"kind": "opening_act", "acts": ["greting"]}),
            "touchpoints.0.criteria.0.judge.opening_act.acts.0",
        ),
        (a_rubric(judge={"kind": "opening_act", "acts": []}), "touchpoints.0.criteria.0.judge.opening_act.acts"),
        (a_rubric(judge={"kind": "by_feeling"}), "touchpoints.0.criteria.0.judge"),
        (a_rubric(judge={}), "touchpoints.0.criteria.0.judge"),
        (a_rubric(judge="opening_act"), "touchpoints.0.criteria.0.judge"),
        (
            a_rubric(judge={"kind": "main_outcome", "outcomes": ["happy"]}),
            "touchpoints.0.criteria.0.judge.main_outcome.outcomes.0",
        ),
        (
            a_rubric(judge={"kind": "acknowledged_within", "agent_turns": 0}),
            "touchpoints.0.criteria.0.judge.acknowledged_within.agent_turns",
        ),
        (
            a_rubric(judge={"kind": "no_finding", "rule": "dead-air", "severities": ["awful"]}),
            "touchpoints.0.criteria.0.judge.no_finding.severities.0",
        ),
        (a_rubric() | {"pass_score": 101}, "pass_score"),
        (a_rubric() | {"touchpoints": []}, "touchpoints"),
        ({"name": "own"}, "title"),
        ([1, 2], "the file"),
        ("", "the file"),
        ("only words", "the file"),
    ],
)
def test_a_broken_rubric_names_file_place_and_next_step(tmp_path: Path, content: object, place: str):
    path = written(tmp_path, content)
    fault = fault_of(path)
    assert fault.path == path
    assert f"is not a rubric: {place}:" in fault.fault
    assert fault.next_step == NEXT_STEP
    assert str(fault).startswith(path)


def test_an_unknown_kind_of_judge_is_told_which_there_are(tmp_path: Path):
    fault = fault_of(written(tmp_path, a_rubric(judge={"kind": "by_feeling"})))
    for kind in ("opening_act", "closing_act", "acknowledged_within", "answered_act", "main_outcome", "no_finding"):
        assert kind in fault.fault


@pytest.mark.parametrize("rule", ["dead_air", "rudeness", "small-talk", ""])
def test_a_rule_there_is_not_is_told_which_there_are(tmp_path: Path, rule: str):
    """It would never run, and no call could be judged."""
    how = {"kind": "no_finding", "rule": rule, "severities": ["major"]}
    fault = fault_of(written(tmp_path, a_rubric(judge=how)))
    assert "touchpoints.0.criteria.0.judge.no_finding.rule:" in fault.fault
    assert f"there is no rule {rule!r}; rules: {', '.join(known.name for known in RULES)}" in fault.fault


def test_criteria_named_twice_are_refused_also_across_touchpoints(tmp_path: Path):
    first, second = a_rubric()["touchpoints"][0], a_rubric()["touchpoints"][0] | {"id": "closing"}
    fault = fault_of(written(tmp_path, a_rubric() | {"touchpoints": [first, second]}))
    assert "criteria named twice: greeting" in fault.fault


def test_touchpoints_named_twice_are_refused(tmp_path: Path):
    first, second = a_rubric()["touchpoints"][0], a_rubric(id="farewell")["touchpoints"][0]
    fault = fault_of(written(tmp_path, a_rubric() | {"touchpoints": [first, second]}))
    assert "touchpoints named twice: opening" in fault.fault


@pytest.mark.parametrize(
    "text",
    [
        "touchpoints: [",
        "\tname: own",
        "name: !!python/object/apply:os.getcwd []",
        "name: 2001-13-45",
        "weight: !!int ''",
        "weight: !!bool maybe",
        "weight: " + "9" * 5000,
        "[" * 100_000,
        "? [1, 2]\n: 3",
        "a: 1\n---\nb: 2\n",
        "name: \x07",
    ],
)
def test_what_is_not_yaml_is_refused(tmp_path: Path, text: str):
    path = written(tmp_path, text)
    fault = fault_of(path)
    assert fault.path == path
    assert "is not YAML" in fault.fault
    assert fault.next_step == NEXT_STEP


@pytest.mark.parametrize("text", [BOMB, MERGE_BOMB, "name: &a own\ntitle: *a\n", "a: &a [*a]\n"])
def test_aliases_are_refused_before_they_can_blow_up(tmp_path: Path, text: str):
    fault = fault_of(written(tmp_path, text))
    assert "aliases" in fault.fault


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path):
    path = written(tmp_path, "#" * 200_001)
    fault = fault_of(path)
    assert fault.path == path
    assert "too large" in fault.fault
    assert "200000 bytes" in fault.next_step


def test_a_file_that_is_not_text_is_refused(tmp_path: Path):
    path = tmp_path / "own.yaml"
    path.write_bytes(b"\xff\xfe\x00name")
    fault = fault_of(str(path))
    assert fault.path == str(path)
    assert "cannot be read" in fault.fault
    assert "UTF-8" in fault.next_step


@pytest.mark.parametrize("name", ["servce", "", ".", "nowhere/own.yaml"])
def test_a_rubric_that_is_not_there_names_those_that_are(name: str):
    fault = fault_of(name)
    assert f"there is no rubric {name!r}" in fault.fault
    assert "Shipped: service." in fault.next_step
    assert fault.exit_code == 2
