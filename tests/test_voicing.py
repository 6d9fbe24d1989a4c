"""Training calls read aloud and heard again: every word goes to the turn in which it was said."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.call import Word
from models.dialogues import Dialogue, DialogueTurn, parse_call, read_folder
from models.voice import MOST_WORDS, Voiced, as_text, drawn, texts_of, words_of

ROOT = Path(__file__).parent.parent
TURNS = (
    DialogueTurn("agent", "Good morning, Alder Gas.", ("greeting", "introduction")),
    DialogueTurn("customer", "I'm moving out on Friday.", ("request:cancel",)),
    DialogueTurn("agent", "Friday. Your number?", ("acknowledge", "identity_check"), frozenset({"cancel"})),
    DialogueTurn("customer", "Four one.", ("inform",)),
)
CALL = Dialogue("en-x-001", "en", "gas", TURNS, (("cancel", "acknowledged"),), "none")


def word(text: str, start_ms: int, channel: int) -> Word:
    return Word(text=text, start_ms=start_ms, end_ms=start_ms + 200, probability=0.9, channel=channel)


@pytest.mark.parametrize("agent_channel", [0, 1])
def test_words_go_to_the_turn_of_their_side_and_time(agent_channel: int) -> None:
    voiced = Voiced(CALL, Path("call.ogg"), agent_channel, starts=(500, 2600, 4700, 6500))
    heard = [
        word("good", 450, agent_channel),  # a little before the turn begins
        word("mourning", 900, agent_channel),
        word("moving", 2700, 1 - agent_channel),
        word("Friday", 4500, 1 - agent_channel),  # while the agent begins to speak
        word("Friday", 4700, agent_channel),
        word("four", 6600, 1 - agent_channel),
    ]

    assert texts_of(voiced, heard) == ["good mourning", "moving Friday", "Friday", "four"]


def test_a_turn_of_which_nothing_was_heard_is_empty_and_brackets_are_no_marks() -> None:
    voiced = Voiced(CALL, Path("call.ogg"), 0, starts=(500, 2600, 4700, 6500))

    assert texts_of(voiced, [word("[music]", 600, 0)]) == ["(music)", "", "", ""]


def test_what_is_written_is_read_again() -> None:
    assert parse_call(as_text(CALL), Path("heard.txt"), 1) == CALL


def test_only_short_calls_of_the_language_are_drawn_and_always_the_same() -> None:
    calls = read_folder(ROOT / "models" / "data")

    chosen = drawn(calls, "de")

    assert chosen == drawn(calls[::-1], "de")
    assert {call.language for call in chosen} == {"de"}
    assert max(map(words_of, chosen)) <= MOST_WORDS


def test_what_was_heard_keeps_the_marks_of_its_call() -> None:
    written = {call.id: call for call in read_folder(ROOT / "models" / "data")}

    for call in read_folder(ROOT / "models" / "heard"):
        marks = [(turn.speaker, turn.acts, turn.about) for turn in written[call.id.removesuffix("-heard")].turns]
        rest = iter(marks)
        assert all((turn.speaker, turn.acts, turn.about) in rest for turn in call.turns), call.id
