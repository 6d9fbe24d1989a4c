"""What holds of the ledgers whatever is said: arbitrary acts on arbitrary turns."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.acts import AGENT_ACTS, CUSTOMER_ACTS
from analyzer.call import Act, Move, RequestKind, Speaker, Turn
from analyzer.detect.metrics import measure
from analyzer.detect.policy import load_policy
from analyzer.detect.request_ledger import request_ledger
from analyzer.detect.retention_ledger import retention_ledger
from analyzer.detect.rule import Limits, Observed
from analyzer.detect.rules import run_rules

from .calls import Topics, call_of

KINDS: tuple[RequestKind, ...] = get_args(RequestKind)
HOUSE = load_policy("house")
steadily = settings(deadline=None, derandomize=True, max_examples=60)  # the same calls on every machine
HARD = {"guilt", "threat", "obstruction"}

confidences = st.floats(0, 1)
acts = st.builds(
    Act,
    act=st.sampled_from((*AGENT_ACTS, *CUSTOMER_ACTS, "nonsense")),
    kind=st.none() | st.sampled_from(KINDS),
    confidence=confidences,
)
likely = st.builds(
    Act,
    act=st.sampled_from(("request", "restate", "refuse", "withdraw", "save_offer", "obstruction", "done", "commit")),
    kind=st.sampled_from(("cancel", "cancel", "refund")),
    confidence=st.just(0.9),
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[tuple[Turn, ...], Topics]:
    speakers: list[Speaker] = draw(st.lists(st.sampled_from(get_args(Speaker)), max_size=14))
    timed, clock, turns = draw(st.booleans()), 0, []
    for index, speaker in enumerate(speakers):
        start = clock = max(0, clock + draw(st.integers(-3000, 9000)))
        end = clock = start + draw(st.integers(0, 8000))
        held = draw(st.lists(acts | likely, max_size=4))
        text = draw(st.sampled_from(("No.", "Why?", "Well then, three words", "?")))
        times = (start, end) if timed else (None, None)
        turns.append(
            Turn(index=index, speaker=speaker, start_ms=times[0], end_ms=times[1], text=text, acts=tuple(held))
        )
    indices = st.integers(0, max(len(turns) - 1, 0))
    return tuple(turns), draw(st.dictionaries(indices, st.dictionaries(st.sampled_from(KINDS), confidences)))


def observed(turns: tuple[Turn, ...], topics: Topics) -> Observed:
    call = call_of(turns)
    return Observed(
        call, request_ledger(turns, topics), retention_ledger(turns, HOUSE, topics), measure(call, Limits()), Limits()
    )


@steadily
@given(calls())
def test_no_rule_breaks_down_whatever_is_said(call: tuple[tuple[Turn, ...], Topics]):
    _, outcomes = run_rules(observed(*call), ())
    assert [outcome for outcome in outcomes if outcome.status != "ok"] == []


@steadily
@given(calls())
def test_the_same_input_gives_the_same_output(call: tuple[tuple[Turn, ...], Topics]):
    once, again = observed(*call), observed(*call)
    assert once == again
    assert run_rules(once, ()) == run_rules(again, ())


@steadily
@given(calls())
def test_attempts_are_agent_turns_after_the_wish_that_hold_their_moves(call: tuple[tuple[Turn, ...], Topics]):
    turns, topics = call
    ledger = retention_ledger(turns, HOUSE, topics)
    indices = [attempt.turn for attempt in ledger.attempts]
    assert indices == sorted(set(indices))
    for attempt in ledger.attempts:
        assert ledger.first_clear_cancel is not None
        assert attempt.turn > ledger.first_clear_cancel
        assert turns[attempt.turn].speaker == "agent"
        assert set(attempt.moves) <= set(get_args(Move)) & {act.act for act in turns[attempt.turn].acts}


@steadily
@given(calls())
def test_attempts_after_a_refusal_are_attempts_behind_the_first_refusal(call: tuple[tuple[Turn, ...], Topics]):
    ledger = retention_ledger(*call[:1], HOUSE, call[1])
    attempts = [attempt.turn for attempt in ledger.attempts]
    first = min(ledger.refusals, default=len(call[0]))
    assert list(ledger.attempts_after_refusal) == [turn for turn in attempts if turn > first]


@steadily
@given(calls())
def test_the_severity_follows_from_the_attempts_after_a_refusal(call: tuple[tuple[Turn, ...], Topics]):
    ledger = retention_ledger(*call[:1], HOUSE, call[1])
    after = [attempt for attempt in ledger.attempts if attempt.turn in ledger.attempts_after_refusal]
    hard = any(HARD & set(attempt.moves) for attempt in after)
    expected = "none" if not after else "severe" if hard or len(after) >= 3 else "mild"
    assert ledger.severity == expected
    assert bool(ledger.limits_broken) == bool(after)


@steadily
@given(calls())
def test_who_never_asked_to_cancel_was_never_pressed_to_stay(call: tuple[tuple[Turn, ...], Topics]):
    turns, topics = call
    ledger = retention_ledger(turns, HOUSE, topics)
    wishes = [
        turn.index for turn in turns if turn.speaker == "customer" and "cancel" in turn.kinds("request", "restate")
    ]
    if ledger.first_clear_cancel is None:
        assert (ledger.attempts, ledger.refusals, ledger.honoured) == ((), (), None)
    else:
        assert ledger.first_clear_cancel in wishes


@steadily
@given(calls())
def test_refusals_are_customer_turns_between_the_wish_and_its_end(call: tuple[tuple[Turn, ...], Topics]):
    turns, topics = call
    ledger = retention_ledger(turns, HOUSE, topics)
    for refusal in ledger.refusals:
        assert ledger.first_clear_cancel is not None
        assert turns[refusal].speaker == "customer"
        assert ledger.first_clear_cancel < refusal < (len(turns) if ledger.honoured is None else ledger.honoured)


@steadily
@given(calls())
def test_no_retention_follows_the_turn_that_honours(call: tuple[tuple[Turn, ...], Topics]):
    turns, topics = call
    ledger = retention_ledger(turns, HOUSE, topics)
    if ledger.honoured is not None:
        assert turns[ledger.honoured].speaker == "agent"
        assert turns[ledger.honoured].has("done", "commit")
        assert all(attempt.turn <= ledger.honoured for attempt in ledger.attempts)
    timed = all(turn.start_ms is not None for turn in turns)
    assert (ledger.seconds_to_honour is not None) == (ledger.honoured is not None and timed)


@steadily
@given(calls())
def test_requests_are_stated_by_the_customer_in_order(call: tuple[tuple[Turn, ...], Topics]):
    turns, topics = call
    for request in request_ledger(turns, topics):
        assert all(turns[index].speaker == "customer" for index in request.stated)
        assert all(turns[index].kinds("request", "restate") for index in request.stated)
        assert all(before < after for before, after in pairwise(request.stated))


@steadily
@given(calls())
def test_no_statement_is_lost(call: tuple[tuple[Turn, ...], Topics]):
    turns, topics = call
    said = {turn.index for turn in turns if turn.speaker == "customer" and turn.kinds("request", "restate")}
    assert said == {index for request in request_ledger(turns, topics) for index in request.stated}


@steadily
@given(calls())
def test_only_a_turn_of_the_agent_acknowledges_and_only_after_the_statement(
    call: tuple[tuple[Turn, ...], Topics],
):
    turns, topics = call
    for request in request_ledger(turns, topics):
        if request.acknowledged is not None:
            assert turns[request.acknowledged].speaker == "agent"
            assert request.acknowledged > request.stated[0]
            assert request.outcome != "ignored"


@steadily
@given(calls())
def test_silence_of_the_agent_ignores_every_request_not_taken_back(call: tuple[tuple[Turn, ...], Topics]):
    turns, topics = call
    mute = tuple(turn.model_copy(update={"acts": ()}) if turn.speaker == "agent" else turn for turn in turns)
    assert {request.outcome for request in request_ledger(mute, topics)} <= {"ignored", "withdrawn"}


@steadily
@given(calls())
def test_turns_before_the_wish_do_not_change_what_follows_it(call: tuple[tuple[Turn, ...], Topics]):
    turns, _ = call
    ledger = retention_ledger(turns, HOUSE, {})
    first = ledger.first_clear_cancel
    if first is None:
        return
    quiet = tuple(turn.model_copy(update={"acts": ()}) if turn.index < first else turn for turn in turns)
    assert retention_ledger(quiet, HOUSE, {}) == ledger
