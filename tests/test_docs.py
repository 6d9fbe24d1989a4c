"""The docs hold what the code says of them."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from analyzer.agreement.labels import MarkedCall
from analyzer.cli import main
from analyzer.resources import PACKAGE

ROOT = PACKAGE.parent
DEFINITIONS = (ROOT / "docs" / "definitions.md").read_text(encoding="utf-8")
SECTIONS = {
    "1": "Requests",
    "2": "Retention pressure",
    "3": "Silo friction",
    "4": "Process block",
    "5": "Criteria",
    "6": "Conventions",
    "7": "Labelled call as a file",
}
CITED = re.compile(r"definitions(?:\.md)?, sections? (\d+(?:(?:, | and )\d+)*)")
FOLDERS = ("analyzer", "tests", "models", "samples", "docs")


def headings() -> dict[str, str]:
    return dict(re.findall(r"^## (\d+)\. (.+)$", DEFINITIONS, re.MULTILINE))


def citations() -> set[str]:
    files = [
        path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".yaml", ".md"}
    ]
    cited = [match for path in files for match in CITED.findall(path.read_text(encoding="utf-8"))]
    return {number for group in cited for number in re.findall(r"\d+", group)}


def test_sections_of_the_definitions_keep_their_numbers() -> None:
    assert headings().items() >= SECTIONS.items()
    assert list(headings()) == [str(number + 1) for number in range(len(headings()))]


def test_every_section_that_is_cited_is_there() -> None:
    assert {"1", "2", "7"} <= citations() <= set(headings())


def test_the_labelled_call_of_the_definitions_is_one() -> None:
    [example] = re.findall(r"```json\n(.*?)```", DEFINITIONS, re.DOTALL)
    marked = MarkedCall.model_validate(json.loads(example))

    assert set(marked.labels.criteria) == {"greeting", "heard_first", "empathy", "next_step", "farewell"}
    assert all(set(intent.stated) <= set(range(len(marked.turns))) for intent in marked.labels.intents)


@pytest.mark.parametrize("path", [[], ["analyze"], ["models", "fetch"]], ids=" ".join)
def test_commands_are_written_down_as_they_explain_themselves(path: list[str]) -> None:
    """But for where lines break."""
    help_text = CliRunner().invoke(main, [*path, "--help"], prog_name="touchpoint").output
    written = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")

    assert "-h, --help" in help_text
    assert "".join(help_text.split()) in "".join(written.split())
