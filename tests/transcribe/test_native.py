"""Transcripts that were made elsewhere."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.errors import InputError
from analyzer.transcribe.native import LONGEST_MS, NEXT, read_transcript

GOOD: dict[str, Any] = {
    "id": "2024/call 7",
    "language": "de",
    "turns": [
        {"speaker": "agent", "text": " Guten Tag. ", "start_ms": 0, "end_ms": 900},
        {"speaker": "customer", "text": "Hallo.", "start_ms": 800, "end_ms": 1500},
    ],
}


@pytest.fixture
def put(tmp_path: Path) -> Any:
    def write(content: Any) -> Path:
        path = tmp_path / "call.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return write


def turn(**changes: Any) -> dict[str, Any]:
    """The file with its second turn changed; `None` takes a key away."""
    second = {key: value for key, value in (GOOD["turns"][1] | changes).items() if value is not None}
    return GOOD | {"turns": [GOOD["turns"][0], second]}


def test_a_transcript_becomes_a_call(put: Any) -> None:
    path = put(GOOD)
    call = read_transcript(path)

    assert call.info.id == "2024/call 7"
    assert (call.info.source, call.info.language, call.info.duration_ms) == ("call.json", "de", 1500)
    assert call.info.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert call.info.channels is None
    assert [(each.index, each.speaker, each.text, each.start_ms) for each in call.turns] == [
        (0, "agent", "Guten Tag.", 0),
        (1, "customer", "Hallo.", 800),
    ]
    assert call.has_times


@pytest.mark.parametrize(
    ("written", "language"),
    [("en", "en"), ("en-GB", "en"), ("DE", "de"), ("de_AT", "de"), (" EN-us ", "en"), ("-GB", "-GB")],
)
def test_a_language_is_the_first_part_of_its_tag(put: Any, written: str, language: str) -> None:
    assert read_transcript(put(GOOD | {"language": written})).info.language == language


def test_half_a_surrogate_pair_is_replaced_wherever_it_stands(put: Any) -> None:
    """As programs write it that cut a text in the middle of an emoji."""
    half, whole = json.loads('"Hello \\ud83d"'), "Hello \ufffd"
    path = put(turn(text=half) | {"id": half, "agent": half, "customer_tier": half, "recorded_at": half})
    call = read_transcript(path)

    assert (call.info.id, call.info.agent, call.info.customer_tier, call.info.recorded_at) == (whole,) * 4
    assert call.turns[1].text == whole
    assert read_transcript(put(turn(text="Hello \U0001f600"))).turns[1].text == "Hello \U0001f600"


def test_what_is_known_of_the_call_is_kept_and_other_keys_are_ignored(put: Any) -> None:
    extra = {"agent": "Dana", "customer_tier": "gold", "recorded_at": "2024-03-18T09:00:00Z", "sector": "telecom"}
    content = turn(labels=["x"], deeper={"a": [1]}) | extra

    info = read_transcript(put(content)).info

    assert (info.agent, info.customer_tier, info.recorded_at) == ("Dana", "gold", "2024-03-18T09:00:00Z")


@pytest.mark.parametrize("missing", [{"start_ms": None}, {"end_ms": None}, {"start_ms": None, "end_ms": None}])
def test_one_missing_time_means_no_times(put: Any, missing: dict[str, Any]) -> None:
    """Half a clock is none: rules that need times are then skipped, not fed with guesses."""
    call = read_transcript(put(turn(**missing)))

    assert not call.has_times
    assert call.info.duration_ms is None
    assert all(each.start_ms is None and each.end_ms is None for each in call.turns)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"hello", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        ([], "is not a transcript"),
        ("text", "is not a transcript"),
        ({}, "is not a transcript: id: Field required"),
        (GOOD | {"id": ""}, "is not a transcript: id: "),
        (GOOD | {"language": None}, "is not a transcript: language: "),
        (GOOD | {"turns": []}, "is not a transcript: turns: "),
        (GOOD | {"turns": "none"}, "is not a transcript: turns: "),
        ({key: value for key, value in GOOD.items() if key != "turns"}, "is not a transcript: turns: Field required"),
        (turn(speaker="robot"), "is not a transcript: turns.1.speaker: Input should be 'agent', 'customer' or"),
        (turn(speaker=None), "is not a transcript: turns.1.speaker: Field required"),
        (turn(text=None), "is not a transcript: turns.1.text: Field required"),
        (turn(text=7), "is not a transcript: turns.1.text: "),
        (turn(start_ms=-1), "is not a transcript: turns.1.start_ms: Input should be greater than or equal to 0"),
        (turn(end_ms=1.5), "is not a transcript: turns.1.end_ms: "),
        (turn(start_ms=900, end_ms=800), "has a turn that cannot be: "),
        (GOOD | {"turns": [{"speaker": "agent", "text": "  "}]}, "has no turn with words."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(put: Any, content: Any, fault: str) -> None:
    path = put(content)

    with pytest.raises(InputError) as caught:
        read_transcript(path)

    assert caught.value.fault.startswith(fault)
    assert caught.value.path == str(path)
    assert caught.value.next_step == NEXT
    assert caught.value.exit_code == 2


def test_the_turn_that_ends_before_it_starts_is_numbered(put: Any) -> None:
    with pytest.raises(InputError, match="turn 1 ends before it starts"):
        read_transcript(put(turn(start_ms=900, end_ms=800)))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"start_ms": 1_700_000_000_000, "end_ms": 1_700_000_001_000}, "start_ms"),
        ({"start_ms": 1_700_000_000_000_000, "end_ms": 1_700_000_000_000_001}, "start_ms"),
        ({"start_ms": 1_700_000_000, "end_ms": 1_700_000_001}, "start_ms"),
        ({"start_ms": 1_700_000_000_000.0}, "start_ms"),
        ({"end_ms": LONGEST_MS}, "end_ms"),
        ({"start_ms": None, "end_ms": 10**300}, "end_ms"),
    ],
    ids=["epoch in ms", "in µs", "in s", "as a float", "a week", "half a clock"],
)
def test_times_that_do_not_count_from_the_start_of_the_call_say_so(put: Any, changes: dict[str, Any], key: str) -> None:
    """Times since 1970 would make a picture of decades."""
    path = put(turn(**changes))

    with pytest.raises(InputError) as caught:
        read_transcript(path)

    assert caught.value.path == str(path)
    assert caught.value.fault.startswith(f"is not a transcript: turns.1.{key}: ")
    assert "count from the start of the call, in milliseconds" in caught.value.next_step


def test_a_call_may_take_days(put: Any) -> None:
    assert read_transcript(put(turn(end_ms=LONGEST_MS - 1))).info.duration_ms == LONGEST_MS - 1


def test_a_message_does_not_repeat_what_people_said(put: Any) -> None:
    """Logs are read by more people than transcripts."""
    with pytest.raises(InputError) as caught:
        read_transcript(put(turn(speaker="My PIN is 4471")))

    assert "4471" not in str(caught.value)


def test_a_mark_of_utf8_at_the_start_makes_no_difference(put: Any) -> None:
    assert read_transcript(put(b"\xef\xbb\xbf" + json.dumps(GOOD).encode())).info.id == GOOD["id"]


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.json: cannot be read"):
        read_transcript(tmp_path / "gone.json")


def test_turns_may_be_many_and_long(put: Any) -> None:
    turns = [{"speaker": "agent", "text": "word " * 2000}] * 300

    assert len(read_transcript(put(GOOD | {"turns": turns})).turns) == 300
