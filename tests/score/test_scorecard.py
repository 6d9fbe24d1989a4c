"""From verdicts to marks: what leaves the denominator, what is never guessed, what fails a call at once."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.call import Scorecard, Verdict, VerdictName
from analyzer.score import scorecard
from analyzer.score.judging import Judged, Opinion
from analyzer.score.rubric import Criterion, OpeningAct, Rubric, Touchpoint
from analyzer.score.scorecard import passed, score_call

from .test_judging import judged

MARKS: dict[str, VerdictName] = {"+": "met", "-": "not_met", "/": "not_applicable", "?": "cannot_judge"}
Mark = tuple[str, float, bool]  # sign, weight, critical
marks = st.lists(
    st.tuples(st.sampled_from("+-/?"), st.sampled_from((0.1, 0.2, 0.3, 1.0, 2.0)), st.booleans()), max_size=7
)


def verdicts(*given: Mark) -> tuple[Verdict, ...]:
    return tuple(
        Verdict(id=f"c{number}", verdict=MARKS[sign], confidence=1, weight=weight, critical=critical, reason="!")
        for number, (sign, weight, critical) in enumerate(given)
    )


def card(monkeypatch: pytest.MonkeyPatch, *touchpoints: list[Mark], pass_score: float = 70) -> Scorecard:
    """The scorecard of a rubric whose criteria are judged as given."""
    signs: dict[str, str] = {}
    rooms = []
    for room, given_marks in enumerate(touchpoints):
        criteria = []
        for number, (sign, weight, critical) in enumerate(given_marks):
            act = f"t{room}_{number}"
            signs[act] = sign
            how = OpeningAct.model_construct(kind="opening_act", acts=(act,))  # a name that only this test knows
            criteria.append(Criterion.model_construct(id=act, name=act, weight=weight, critical=critical, judge=how))
        rooms.append(Touchpoint.model_construct(id=f"t{room}", name="T", excellence="E", criteria=tuple(criteria)))

    def as_given(how: OpeningAct, _: Judged) -> Opinion:
        return Opinion(MARKS[signs[how.acts[0]]], "!", 1.0)

    monkeypatch.setattr(scorecard, "judge", as_given)
    return score_call(
        Rubric.model_construct(name="r", title="R", pass_score=pass_score, touchpoints=tuple(rooms)), judged("A", "C")
    )


def one(sign: str, weight: float = 1, critical: bool = False) -> Mark:
    return (sign, weight, critical)


def test_the_score_is_the_share_of_weight_that_is_met(monkeypatch: pytest.MonkeyPatch):
    assert card(monkeypatch, [one("+", 3), one("-", 1)]).score == 75


def test_not_applicable_leaves_the_denominator(monkeypatch: pytest.MonkeyPatch):
    assert card(monkeypatch, [one("+"), one("/", 50)]).score == 100
    assert card(monkeypatch, [one("-"), one("/", 50)]).score == 0


def test_sums_are_divided_once_over_all_touchpoints(monkeypatch: pytest.MonkeyPatch):
    found = card(monkeypatch, [one("+", 1)], [one("-", 1), one("-", 2)])
    assert [touchpoint.score for touchpoint in found.touchpoints] == [100, 0]
    assert found.score == 25


def test_where_nothing_applies_there_is_no_score_and_no_verdict(monkeypatch: pytest.MonkeyPatch):
    found = card(monkeypatch, [one("/"), one("/")])
    assert (found.score, found.passed, found.touchpoints[0].score) == (None, None, None)


def test_where_nothing_can_be_judged_there_is_no_score_and_no_verdict(monkeypatch: pytest.MonkeyPatch):
    found = card(monkeypatch, [one("?"), one("?", critical=True)])
    assert (found.score, found.passed, found.critical_failed) == (None, None, ())


def test_less_than_half_judged_gives_no_score(monkeypatch: pytest.MonkeyPatch):
    assert card(monkeypatch, [one("+", 1), one("?", 1)]).score == 100
    assert card(monkeypatch, [one("+", 1), one("?", 1.5)]).score is None


def test_what_does_not_apply_need_not_be_judged(monkeypatch: pytest.MonkeyPatch):
    assert card(monkeypatch, [one("+", 1), one("/", 100), one("?", 1)]).score == 100


@pytest.mark.parametrize(
    ("given_marks", "expected"),
    [
        ([one("+", 7), one("-", 3)], True),
        ([one("+", 69), one("-", 31)], False),
        ([one("+", 7), one("?", 3)], True),
        ([one("+", 6), one("?", 4)], None),
        ([one("-", 4), one("?", 6)], False),
        ([one("-", 3), one("?", 7)], None),
        ([one("+", 9), one("?", 1, critical=True)], None),
        ([one("+", 9), one("/", 1, critical=True)], True),
        ([one("+", 99), one("-", 1, critical=True)], False),
        ([one("?", 99), one("-", 1, critical=True)], False),
    ],
)
def test_a_call_passes_only_when_what_is_open_cannot_turn_it(given_marks: list[Mark], expected: bool | None):
    assert passed(verdicts(*given_marks), 70) is expected


def test_a_failed_critical_criterion_fails_whatever_the_score_and_is_named(monkeypatch: pytest.MonkeyPatch):
    found = card(monkeypatch, [one("+", 99)], [one("-", 1, critical=True), one("-", 0.1)])
    assert found.score is not None
    assert found.score > 90
    assert (found.passed, found.critical_failed) == (False, ("t1_0",))


def test_verdicts_keep_weight_and_gravity_of_their_criterion(monkeypatch: pytest.MonkeyPatch):
    (verdict,) = card(monkeypatch, [one("+", 2.5, critical=True)]).touchpoints[0].criteria
    assert (verdict.id, verdict.weight, verdict.critical, verdict.source) == ("t0_0", 2.5, True, "machine")


def test_what_the_rubric_says_travels_with_the_marks(monkeypatch: pytest.MonkeyPatch):
    found = card(monkeypatch, [one("+")])
    (touchpoint,) = found.touchpoints
    assert (found.rubric, found.title) == ("r", "R")
    assert (touchpoint.name, touchpoint.excellence, touchpoint.criteria[0].name) == ("T", "E", "t0_0")


def test_the_order_of_criteria_changes_no_mark(monkeypatch: pytest.MonkeyPatch):
    given_marks = [one("+", 0.1), one("-", 0.2), one("+", 0.3), one("?", 0.7, critical=True)]
    cards = [card(monkeypatch, list(order)) for order in permutations(given_marks)]
    assert len({(found.score, found.passed) for found in cards}) == 1


def test_the_order_of_touchpoints_changes_no_mark(monkeypatch: pytest.MonkeyPatch):
    rooms = [[one("+", 0.1)], [one("-", 0.2), one("+", 0.3)], [one("/")]]
    cards = [card(monkeypatch, *order) for order in permutations(rooms)]
    assert len({(found.score, found.passed) for found in cards}) == 1


@settings(deadline=None, derandomize=True)
@given(marks, st.randoms(use_true_random=False), st.floats(0, 100))
def test_no_order_of_verdicts_changes_whether_a_call_passes(given_marks: list[Mark], random: object, bar: float):
    shuffled = list(given_marks)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert passed(verdicts(*given_marks), bar) is passed(verdicts(*shuffled), bar)


@settings(deadline=None, derandomize=True)
@given(marks, st.floats(0, 100))
def test_judging_what_is_open_never_turns_a_verdict(given_marks: list[Mark], bar: float):
    before = passed(verdicts(*given_marks), bar)
    if before is None:
        return
    for sign in "+-":
        later = [(sign if mark == "?" else mark, weight, critical) for mark, weight, critical in given_marks]
        assert passed(verdicts(*later), bar) is before
