"""The run: its rows, the spreadsheet, the terminal and the gate's XML."""

from __future__ import annotations

import csv
import io
import re

import pytest
from junitparser import JUnitXml
from rich.console import Console

from analyzer.call import Report
from analyzer.errors import InputError
from analyzer.report.csv import HEADER, calls_csv, safe_cell
from analyzer.report.index import Totals, index_page
from analyzer.report.junit import GateCase, junit_xml
from analyzer.report.run import RunFailure, RunRow, SeverityCounts, file_stem
from analyzer.report.terminal import call_summary, run_table

FAILURE = RunFailure.of(InputError("no audio stream.", path="=broken.mp3", next_step="Convert it."))


def rows_of(reports: dict[str, Report]) -> list[RunRow]:
    return [RunRow.of(report) for report in reports.values()]


def lines_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_row_holds_what_the_report_says(severe: Report) -> None:
    row = RunRow.of(severe)
    assert (row.pressure, row.attempts_after_refusal, row.ignored_requests) == ("severe", 7, 1)
    assert (row.findings.critical, row.findings.major, row.findings.minor, row.findings.total) == (1, 1, 2, 4)
    assert row.page == "2024-03-18-dana-0417.html"


@pytest.mark.parametrize("call_id", ["en-001", "2024.03_a", "anruf-ä"])
def test_a_safe_id_is_its_own_file_name(call_id: str) -> None:
    assert file_stem(call_id) == call_id


@pytest.mark.parametrize("call_id", ["../../etc/passwd", "a/b", "..", "", "<b>", "x" * 300, "a\\b", "a\x00b"])
def test_an_unsafe_id_makes_a_safe_and_distinct_file_name(call_id: str) -> None:
    stem = file_stem(call_id)
    assert stem != call_id and not set(stem) & set('/\\<>\x00:"') and not stem.startswith(".") and len(stem) < 140
    assert len({file_stem(other) for other in ("a/b", "a_b", "a\\b")}) == 3


@pytest.mark.parametrize("letter", ["ж", "通", "𝕏"])
def test_a_file_name_is_short_in_bytes_too(letter: str) -> None:
    stem = file_stem(letter * 120)
    assert len(stem.encode()) <= 200 and stem != letter * 120 and stem.startswith(letter)
    assert stem != file_stem(letter * 119)
    assert file_stem(letter * 40) == letter * 40


def test_an_id_that_utf8_cannot_hold_makes_a_file_name() -> None:
    assert file_stem("a\ud83d").encode().startswith(b"a_-")


def test_totals_divide_once_and_know_nothing_of_nothing(reports: dict[str, Report]) -> None:
    totals = Totals.of(rows_of(reports), [FAILURE])
    assert (totals.calls, totals.failures, totals.judged, totals.passed) == (7, 1, 5, 1)
    assert totals.mean_score == pytest.approx((42.86 + 50 + 100 + 1 + 42.86) / 5)
    assert Totals.of([], []).mean_score is None


def test_the_calls_to_hear_first_come_first(reports: dict[str, Report]) -> None:
    ordered = sorted(rows_of(reports), key=lambda row: row.attention)
    assert ordered[0].pressure == "severe" and ordered[0].passed is False


def test_every_input_has_a_line(reports: dict[str, Report]) -> None:
    text = calls_csv(rows_of(reports), [FAILURE])
    lines = lines_of(text)
    assert text.splitlines()[0] == ",".join(HEADER) and "\r" not in text
    statuses = ["ok", "ok", "not_judged", "incomplete", "incomplete", "ok", "incomplete", "failed"]
    assert [line["status"] for line in lines] == statuses
    assert lines[0]["rules_found"] == "dead-air; retention-pressure; ignored-intent; process-block"
    assert lines[-1]["message"] == "no audio stream. Convert it."
    assert text == calls_csv(rows_of(reports), [FAILURE])


def test_what_was_not_judged_is_unknown_and_not_nothing(reports: dict[str, Report]) -> None:
    """As on one channel, where nobody is told apart."""
    skipped = tuple(rule.model_copy(update={"status": "skipped"}) for rule in reports["mono"].rules)
    blind = RunRow.of(reports["mono"].model_copy(update={"rules": skipped, "findings": ()}))
    assert (blind.requests, blind.ignored_requests) == (None, None)
    [line] = lines_of(calls_csv([blind], []))
    assert (line["status"], line["requests"], line["ignored_requests"]) == ("not_judged", "", "")
    assert Totals.of([blind], []).with_ignored == 0
    out = console(80)
    run_table([blind], [], out)
    cells = out.export_text().splitlines()[1].split()
    assert cells == ["mono-0007", "–", "open", "not", "judged", "–", "–"]
    assert re.search(r'data-name="Ignored" data-sort="-1">–<', index_page([blind], []))


def test_a_check_that_broke_down_leaves_the_requests_unknown(severe: Report) -> None:
    rules = tuple(
        rule.model_copy(update={"status": "failed"}) if rule.rule == "ignored-intent" else rule for rule in severe.rules
    )
    assert RunRow.of(severe.model_copy(update={"rules": rules})).ignored_requests is None


def test_no_cell_is_a_formula(reports: dict[str, Report]) -> None:
    for line in lines_of(calls_csv(rows_of(reports), [FAILURE])):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in line.values())


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "  =1", "＝1"])
def test_a_formula_is_neutralised(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["\t=1", "\n=1", "\r=1", "\xa0=1", "\u2028=1"])
def test_a_formula_after_a_break_is_neutralised(text: str) -> None:
    assert safe_cell(text) == "'=1"


@pytest.mark.parametrize("text", ["a=b, -1", "two  spaces.wav", " ends with one ", "anruf-ä", ""])
def test_ordinary_text_stays(text: str) -> None:
    assert safe_cell(text) == text


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "a\u202eb"])
def test_what_cannot_be_seen_is_shown(text: str) -> None:
    assert safe_cell(text) == "a\ufffdb"


@pytest.mark.parametrize("line_break", ["\r", "\n", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])
def test_no_text_makes_a_row_of_its_own(severe: Report, line_break: str) -> None:
    """Also where a reader breaks lines at a lone carriage return, as Excel does."""
    agent = f"Ann{line_break}=HYPERLINK(1)"
    info = severe.call.model_copy(update={"agent": agent, "source": f"a{line_break}b.wav"})
    failure = FAILURE.model_copy(update={"message": agent})
    text = calls_csv([RunRow.of(severe.model_copy(update={"call": info}))], [failure])
    assert len(text.splitlines()) == 3
    call, failed = lines_of(text)
    assert (call["agent"], call["source"], failed["message"]) == ("Ann =HYPERLINK(1)", "a b.wav", "Ann =HYPERLINK(1)")


def console(width: int, *, terminal: bool = False) -> Console:
    return Console(
        width=width,
        file=io.StringIO(),
        record=True,
        force_terminal=terminal,
        color_system="truecolor" if terminal else None,
    )


@pytest.mark.parametrize("width", [40, 80, 160])
@pytest.mark.parametrize("terminal", [True, False])
def test_the_summary_keeps_within_the_width(report: Report, width: int, terminal: bool) -> None:
    out = console(width, terminal=terminal)
    out.print(call_summary(report))
    assert max(map(len, out.export_text().splitlines())) <= width


@pytest.mark.parametrize("width", [40, 80, 160])
def test_the_table_keeps_within_the_width(reports: dict[str, Report], width: int) -> None:
    out = console(width)
    run_table(rows_of(reports), [FAILURE], out)
    text = out.export_text()
    assert max(map(len, text.splitlines())) <= width
    assert "7 calls, 1 input not judged" in text and "=broken.mp3" in text


@pytest.mark.parametrize("terminal", [True, False])
def test_an_id_of_25_letters_stays_whole_at_80_columns(
    severe: Report, reports: dict[str, Report], terminal: bool
) -> None:
    """Beside the longest words of the other columns."""
    changes = {"id": "en-appointment-called-off", "findings": SeverityCounts(critical=12), "attempts_after_refusal": 12}
    row = RunRow.of(severe).model_copy(update=changes)
    out = console(80, terminal=terminal)
    run_table([row, RunRow.of(reports["mono"]), RunRow.of(reports["failed_rule"])], [], out)
    text = out.export_text()
    for words in ("en-appointment-called-off", "12, critical", "severe (12)", "not judged", "open", "incomplete"):
        assert words in text
    assert max(map(len, text.splitlines())) <= 80


def test_piped_output_is_plain(reports: dict[str, Report]) -> None:
    out = console(80)
    for report in reports.values():
        out.print(call_summary(report))
    run_table(rows_of(reports), [FAILURE], out)
    assert isinstance(out.file, io.StringIO)
    text = out.file.getvalue()
    assert not set(text) & set("\x1b\x07\u202e│─━┃┏")
    assert "[bold red]x[/]" in text


def test_the_summary_says_what_matters(severe: Report, reports: dict[str, Report]) -> None:
    out = console(160)
    out.print(call_summary(severe))
    text = out.export_text()
    assert "0:40" in text and "After the first no, the agent tried 7 more times" in text
    assert "not met (critical): Stops at the first no" in text and "and 3 more moments" in text
    assert "Scorecard service  Calls about leaving" in text
    out.print(call_summary(reports["untimed"]))
    assert "Not checked because the transcript has no times: long silences" in out.export_text()


def test_the_gate_as_junit(hostile: Report) -> None:
    cases = [
        GateCase(id="a", failures=("x < y", "z")),
        GateCase(id=hostile.turns[0].text, errors=("broken\x00",)),
        GateCase(id="c"),
    ]
    text = junit_xml(cases)
    read = JUnitXml.fromstring(text.encode())
    assert (read.tests, read.failures, read.errors) == (3, 1, 1)
    assert 'message="x &lt; y; z"' in text and text == junit_xml(cases)
    assert "timestamp" not in text and "hostname" not in text
