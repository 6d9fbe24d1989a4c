"""`touchpoint rules`: the list, and one rule explained."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result

from analyzer.detect.documentation import HEADINGS, documentation
from analyzer.detect.rules import LACKS, RULES

Run = Callable[..., Result]
NAMES = [rule.name for rule in RULES]


def words(text: str) -> str:
    return " ".join(text.split())


def test_all_rules_are_listed_with_their_first_line(touchpoint: Run) -> None:
    result = touchpoint("rules")

    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines() if line[:1].strip()] == NAMES
    for rule in RULES:
        assert f"{rule.name} {documentation(rule).summary}" in words(result.stdout)


@pytest.mark.parametrize("arguments", [(), *(("--explain", name) for name in NAMES)], ids=" ".join)
def test_nothing_is_wider_than_80_columns(touchpoint: Run, arguments: tuple[str, ...]) -> None:
    assert max(map(len, touchpoint("rules", *arguments).stdout.splitlines())) <= 80


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_is_explained_with_all_its_parts(touchpoint: Run, name: str) -> None:
    result = touchpoint("rules", "--explain", name)

    assert result.exit_code == 0
    assert result.stdout.startswith(f"{name}: ")
    headings = [line.removesuffix(":") for line in result.stdout.splitlines()[1:] if line[:1].strip()]
    assert headings[-5:] == [*HEADINGS, "Needs"]
    documented = documentation(next(rule for rule in RULES if rule.name == name))
    for heading, text in documented.parts:
        assert f"{heading}: {text}" in words(result.stdout)


def test_what_a_rule_needs_is_said(touchpoint: Run) -> None:
    needs = {name: words(touchpoint("rules", "--explain", name).stdout).partition("Needs: ")[2] for name in NAMES}

    lacks = (LACKS["times"], LACKS["speakers"], LACKS["language"])
    assert needs["dead-air"] == f"it is skipped where {', or where '.join(lacks)}."
    assert "the rule has no words for the language (only for de and en)" in needs["promise-without-date"]


@pytest.mark.parametrize("name", ["dead_air", "nonsense", ""])
def test_an_unknown_name_ends_with_2_and_leads_to_the_known_ones(touchpoint: Run, name: str) -> None:
    result = touchpoint("rules", "--explain", name)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == f"touchpoint: --explain: there is no rule {name!r}. Rules: {', '.join(NAMES)}.\n"
