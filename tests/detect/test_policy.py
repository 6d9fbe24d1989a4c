"""Policies as data: the shipped one says what definitions.md says, broken ones say what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.detect.policy import load_policy
from analyzer.detect.retention_ledger import retention_ledger, severity
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
    assert ledger.limits_broken == ("attempt_after_refusal", "mild_at_most", "save_offer")


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
    assert caught.value.next_step == "Compare it with house.yaml."


def test_a_policy_that_is_not_there_names_those_that_are():
    with pytest.raises(ConfigError, match=r"no policy 'hous'.*Shipped: house"):
        load_policy("hous")
