"""Plain words, the verdict, and the places of the timeline."""

from __future__ import annotations

import pytest

from analyzer.call import Report, Request, Retention, RuleOutcome
from analyzer.report import words
from analyzer.report.html import call_page
from analyzer.report.timeline import timeline
from analyzer.report.verdict import verdict_line


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "0:00"), (999, "0:00"), (14_000, "0:14"), (192_000, "3:12"), (3_725_000, "1:02:05"), (None, "–")],
)
def test_clock(ms: int | None, text: str) -> None:
    assert words.clock(ms) == text


def test_an_unknown_name_becomes_readable() -> None:
    assert words.rule_title("my-own_rule") == "My own rule"
    assert words.check_name("dead-air") == "Long silences"
    assert words.act_words("request", "written_confirmation") == "request: written confirmation"


@pytest.mark.parametrize("limit", [10, 20, 40])
def test_a_long_text_is_shortened_at_a_word(limit: int) -> None:
    short = words.shorten("one  two\nthree four five six seven eight nine", limit)
    assert len(short) <= limit and (short.endswith("…") or limit > 40)
    assert words.shorten("one two", limit) == "one two"


def test_a_score_is_never_rounded_up() -> None:
    assert words.score_words(99.99) == "99"
    assert words.score_words(None) == "–"


def test_control_and_direction_characters_are_replaced() -> None:
    assert words.printable("a\x1b[31mb\x07\u202ec\n d") == "a�[31mb��c d"


def test_facts_carry_their_unit() -> None:
    assert words.fact_name("gap_ms") == "Gap"
    assert words.fact_words(9400, "gap_ms") == "9.4 s"
    assert words.fact_words(["guilt", "own", True, None]) == "appealed to guilt, own, yes, –"


def test_the_verdict_of_a_severe_call(severe: Report) -> None:
    assert verdict_line(severe) == (
        "The customer asked to cancel at 0:06. After the first no, the agent tried 7 more times. "
        "It was carried out after 2:19. 1 request went unanswered: a refund (said 3 times). "
        "Also noticed: long silences (1), obstacles of the process (1)."
    )


def test_the_verdict_says_what_was_not_checked(reports: dict[str, Report]) -> None:
    assert "could not be judged" in verdict_line(reports["mono"])
    assert "5 checks were not possible." in verdict_line(reports["mono"])
    assert verdict_line(reports["failed_rule"]).startswith("No fault was found in what could be checked.")


def test_where_nothing_was_checked_nothing_is_said_to_be_fine(reports: dict[str, Report]) -> None:
    rules = tuple(RuleOutcome(rule=rule.rule, status="skipped", reason="!") for rule in reports["mono"].rules)
    nothing = reports["mono"].model_copy(update={"rules": rules, "findings": ()})
    assert verdict_line(nothing) == (
        "Whether the customer was pressed to stay could not be judged. No check was possible."
    )
    assert "Nothing could be checked." in call_page(nothing, audio=None)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"attempts": (), "attempts_after_refusal": ()}, "The agent made no attempt to keep them."),
        ({"attempts_after_refusal": ()}, "The agent tried 9 times to keep them and stopped at the first no."),
        ({"attempts_after_refusal": (), "refusals": ()}, "The agent tried 9 times to keep them. "),
        ({"attempts_after_refusal": (8,)}, "After the first no, the agent tried 1 more time."),
        ({"seconds_to_honour": None}, "It was carried out at 2:20."),
        ({"honoured": None, "seconds_to_honour": None}, "It was said to be done, but the agent went on."),
    ],
)
def test_the_verdict_on_a_cancellation(severe: Report, changes: dict[str, object], sentence: str) -> None:
    assert severe.retention is not None
    retention = Retention(**(severe.retention.model_dump() | changes))
    assert sentence in verdict_line(severe.model_copy(update={"retention": retention}))


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [("withdrawn", "took the wish back"), ("declined", "gave a reason"), ("handed_over", "passed on")],
)
def test_a_cancellation_that_was_not_honoured(severe: Report, outcome: str, sentence: str) -> None:
    assert severe.retention is not None
    retention = severe.retention.model_copy(update={"honoured": None, "seconds_to_honour": None})
    cancel = Request(**(severe.requests[0].model_dump() | {"outcome": outcome}))
    changed = severe.model_copy(update={"retention": retention, "requests": (cancel,)})
    assert sentence in verdict_line(changed)


@pytest.mark.parametrize(
    ("outcomes", "attempts", "sentence"),
    [
        (["ignored"], True, "It was never carried out."),
        ([], True, "It was never carried out."),
        (["committed"], True, "It was said to be done, but the agent went on."),
        (["ignored", "resolved"], True, "It was said to be done, but the agent went on."),
        (["resolved", "ignored"], True, "It was said to be done, but the agent went on."),
        (["withdrawn", "acknowledged"], True, "It was never carried out."),
        (["ignored", "withdrawn"], True, "The customer then took the wish back."),
        (["resolved"], False, "It was carried out."),
        (["committed"], False, "It was promised."),
    ],
)
def test_what_became_of_a_wish_that_no_turn_honoured(
    severe: Report, outcomes: list[str], attempts: bool, sentence: str
) -> None:
    """The wish to leave may be stated as several requests; with pressure behind it a yes is none."""
    assert severe.retention is not None
    changes = {"honoured": None, "seconds_to_honour": None} | ({} if attempts else {"attempts": ()})
    wishes = tuple(
        Request(**(severe.requests[0].model_dump() | {"outcome": outcome, "stated": (number,)}))
        for number, outcome in enumerate(outcomes)
    )
    changed = severe.model_copy(update={"retention": severe.retention.model_copy(update=changes), "requests": wishes})
    assert sentence in verdict_line(changed)


def test_the_request_that_was_done_is_the_one_that_was_honoured(severe: Report) -> None:
    lost, done = (
        Request(**(severe.requests[0].model_dump() | {"outcome": outcome, "stated": (number,)}))
        for number, outcome in enumerate(("ignored", "committed"))
    )
    assert "It was promised after 2:19." in verdict_line(severe.model_copy(update={"requests": (lost, done)}))


def test_every_place_of_the_timeline_is_on_the_picture(report: Report) -> None:
    line = timeline(report)
    if line is None:
        assert not report.turns
        return
    assert len(line.blocks) == len(report.turns)
    assert all(block.x >= 0 and block.width > 0 and block.x + block.width <= 100.2 for block in line.blocks)
    assert all(0 <= mark.x <= 100 and 0 <= mark.y <= line.axis_y for mark in line.marks)
    assert 1 <= len(line.ticks) <= 12


def test_the_timeline_without_times_uses_the_order(reports: dict[str, Report]) -> None:
    line = timeline(reports["untimed"])
    assert line is not None and not line.timed
    assert [tick.label for tick in line.ticks] == ["0", "1", "2", "3", "4", "5", "6"]
    assert len({block.width for block in line.blocks}) == 1


def test_one_lane_where_nobody_is_known(reports: dict[str, Report]) -> None:
    line = timeline(reports["mono"])
    assert line is not None and [lane.speaker for lane in line.lanes] == ["unknown"]


def test_marks_tell_attempts_after_the_first_no_apart(severe: Report) -> None:
    line = timeline(severe)
    assert line is not None
    kinds = [mark.kind for mark in line.marks]
    assert (kinds.count("attempt"), kinds.count("pushed"), kinds.count("refusal")) == (2, 7, 5)
    assert line.legend == ("cancel", "refusal", "attempt", "pushed", "honoured", "finding")
