"""Policies as data: the shipped one says what definitions.md says, broken ones say what is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.call import Attempt, Move
from analyzer.detect import retention_pressure
from analyzer.detect.policy import FOLDER, broken_limits, load_policy, severity
from analyzer.detect.retention_ledger import retention_ledger
from analyzer.errors import ConfigError

from .calls import cases

STRICT = """\
name: strict
source: a test
after_refusal: {mild_at_most: 0, always_severe: [save_offer]}
"""


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_shipped_policy_draws_the_lines_of_the_definitions():
    house = load_policy("house")
    assert house.after_refusal.mild_at_most == 2
    assert set(house.after_refusal.always_severe) == {"guilt", "threat", "obstruction"}
    assert severity([], house) == "none"


def test_a_policy_of_ones_own_moves_the_lines(tmp_path: Path):
    case = next(case for case in cases("retention_ledger") if case.expect["severity"] == "mild")
    ledger = retention_ledger(case.turns, load_policy(written(tmp_path, STRICT)), case.topics)
    assert (ledger.policy, ledger.severity) == ("strict", "severe")
    assert ledger.limits_broken == ("attempts_after_refusal", "mild_at_most", "save_offer")


def test_every_shipped_policy_says_where_it_comes_from_and_that_it_is_no_legal_advice():
    for path in FOLDER.glob("*.yaml"):
        policy = load_policy(path.stem)
        assert policy.name == path.stem
        assert len(policy.source) > 20
        assert "Not legal advice" in policy.note


def attempts(*moves: Move) -> list[Attempt]:
    return [Attempt(turn=2 * number, moves=(move,)) for number, move in enumerate(moves, 1)]


@pytest.mark.parametrize(
    ("name", "moves", "expected"),
    [
        ("house", ["save_offer"], "mild"),
        ("house", ["save_offer"] * 3, "severe"),
        ("house", ["guilt"], "severe"),
        ("one-offer", ["reason_probe"], "mild"),
        ("one-offer", ["reason_probe"] * 2, "severe"),
        ("cut-short", ["save_offer"], "severe"),
        ("unreasonable-delay", ["save_offer"] * 2, "none"),
        ("unreasonable-delay", ["save_offer"] * 4, "mild"),
        ("unreasonable-delay", ["save_offer"] * 5, "severe"),
        ("unreasonable-delay", ["threat"], "severe"),
    ],
)
def test_each_policy_draws_its_own_line(name: str, moves: list[Move], expected: str):
    assert severity(attempts(*moves), load_policy(name)) == expected


@pytest.mark.parametrize(
    ("name", "moves", "seconds", "expected"),
    [
        ("house", ["save_offer"] * 9, 9999, []),
        ("one-offer", ["save_offer"], None, []),
        ("one-offer", ["save_offer", "save_offer"], None, [("offers_at_most", 1, 2)]),
        ("one-offer", ["reason_probe", "reason_probe"], None, [("probes_at_most", 1, 2)]),
        ("cut-short", ["reason_probe"] * 3, None, []),
        ("unreasonable-delay", ["save_offer"] * 5, 600, [("offers_at_most", 4, 5)]),
        ("unreasonable-delay", [], 600.1, [("seconds_to_honour_at_most", 600, 600.1)]),
    ],
)
def test_limits_hold_before_the_first_no_too(
    name: str, moves: list[Move], seconds: float | None, expected: list[tuple[str, float, float]]
):
    broken = broken_limits(attempts(*moves), [], seconds, load_policy(name))

    assert [(each.limit, each.allowed, each.found) for each in broken] == expected


def test_the_finding_names_the_limit_it_broke(tmp_path: Path):
    case = next(case for case in cases("retention_ledger") if case.expect["severity"] == "mild")
    policy = load_policy(written(tmp_path, STRICT))
    ledger = retention_ledger(case.turns, policy, case.topics)
    observed = replace(case.observed, retention=ledger, policy=policy)

    (finding,) = retention_pressure.RULE.detect(observed)

    assert "policy strict" in finding.message
    assert "save offer after the first no" in finding.message
    assert finding.facts["limits"][0] == {"limit": "attempts_after_refusal", "allowed": 0, "found": 1}


def test_a_finding_by_another_limit_is_as_sure_as_its_attempts(tmp_path: Path):
    """The policy allows the attempts after the no, so their number is not what is wrong."""
    case = next(case for case in cases("retention_ledger") if case.name == "one offer after a restated wish is mild")
    text = "name: no-offers\nsource: a test\noffers_at_most: 0\nafter_refusal: {allowed: 5, mild_at_most: 9, "
    policy = load_policy(written(tmp_path, text + "always_severe: [threat]}\n"))
    ledger = retention_ledger(case.turns, policy, case.topics)
    assert ledger.attempts_after_refusal and ledger.limits_broken == ("offers_at_most",)

    (finding,) = retention_pressure.RULE.detect(replace(case.observed, retention=ledger, policy=policy))

    sure = [max(act.confidence for act in turn.acts) for turn in case.turns if turn.acts]
    assert min(sure) <= finding.confidence <= max(sure)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name: [", "not YAML"),
        ("just words", "is not a policy"),
        ("", "is not a policy"),
        (STRICT.replace("0", "-1"), "after_refusal.mild_at_most"),
        (STRICT.replace("save_offer", "smiling"), "after_refusal.always_severe.0"),
        (STRICT + "colour: red\n", "colour"),
        ("a: &a [1, 1]\nname: *a\n", "aliases"),
        ("[" * 100_000, "not YAML"),
        ("name: 2001-13-45\n", "not YAML"),
    ],
)
def test_a_broken_policy_names_file_place_and_next_step(tmp_path: Path, text: str, fault: str):
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_policy(path)
    assert caught.value.path == path
    assert fault in str(caught.value)
    assert caught.value.next_step == "Compare it with cut-short.yaml."


def test_a_policy_that_is_not_there_names_those_that_are():
    with pytest.raises(ConfigError, match=r"no policy 'hous'.*Shipped: cut-short, house, one-offer, unr"):
        load_policy("hous")


def test_a_policy_whose_name_is_too_long_for_the_system_is_a_mistake():
    with pytest.raises(ConfigError, match=r"x: cannot be read \(File name too long\)\. Check the name") as caught:
        load_policy("x" * 300)
    assert caught.value.path == "x" * 300


def test_a_policy_that_may_not_be_looked_at_names_file_and_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = written(tmp_path, STRICT)
    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(ConfigError, match=r"own\.yaml: cannot be read \(Permission denied\)"):
        load_policy(path)
