"""Acts that were read before are not read again, and nothing else is taken for them."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from analyzer.call import Act, Speaker, Turn
from analyzer.understand.model import Understanding
from analyzer.understand.stored import agent_log_odds, understand


class Reader:
    """Reads one act into every turn, and counts how often it is asked."""

    def __init__(self, version: str = "1", encoder_name: str = "encoder@1") -> None:
        self.version = version
        self.encoder_name = encoder_name
        self.asked = 0

    def agent_log_odds(self, texts: Sequence[str]) -> tuple[float, ...]:
        self.asked += 1
        return tuple(float(len(text)) / 3 for text in texts)

    def understand(self, turns: Sequence[Turn], language: str) -> Understanding:
        self.asked += 1
        act = Act(act="request", kind="cancel", confidence=0.875)
        return Understanding(tuple(turn.model_copy(update={"acts": (act,)}) for turn in turns), {1: {"cancel": 0.25}})


def turns(*said: tuple[Speaker, str]) -> tuple[Turn, ...]:
    return tuple(
        Turn(index=index, speaker=speaker, start_ms=None, end_ms=None, text=text)
        for index, (speaker, text) in enumerate(said)
    )


CALL = turns(("customer", "Please end it."), ("agent", "Right."))


def test_the_second_time_nobody_is_asked() -> None:
    first, second = Reader(), Reader()

    assert understand(first, CALL, "en") == understand(second, CALL, "en")
    assert agent_log_odds(first, ["Hello.", "Well."]) == agent_log_odds(second, ["Hello.", "Well."])
    assert (first.asked, second.asked) == (2, 0)


def test_acts_go_to_the_turns_of_the_call_at_hand() -> None:
    """Times are no part of what was read: the same words at another time are the same."""
    understand(Reader(), CALL, "en")
    later = tuple(turn.model_copy(update={"start_ms": 5, "end_ms": 9}) for turn in CALL)

    found = understand(Reader(), later, "en").turns

    assert [(turn.start_ms, [act.act for act in turn.acts]) for turn in found] == [(5, ["request"])] * 2


@pytest.mark.parametrize(
    ("reader", "spoken", "language"),
    [
        (Reader("2"), CALL, "en"),
        (Reader(encoder_name="encoder@2"), CALL, "en"),
        (Reader(), CALL, "de"),
        (Reader(), turns(("customer", "Please end it."), ("agent", "Right?")), "en"),
        (Reader(), turns(("agent", "Please end it."), ("customer", "Right.")), "en"),
    ],
    ids=["another model", "another encoder", "another language", "other words", "other speakers"],
)
def test_what_is_not_the_same_is_read_anew(reader: Reader, spoken: tuple[Turn, ...], language: str) -> None:
    understand(Reader(), CALL, "en")
    understand(reader, spoken, language)

    assert reader.asked == 1


def test_without_the_cache_nothing_is_kept(cache_folder: Path) -> None:
    understand(Reader(), CALL, "en", use_cache=False)
    agent_log_odds(Reader(), ["Hello."], use_cache=False)

    assert list(cache_folder.rglob("*.json")) == []


def test_without_the_cache_nothing_is_read_from_it() -> None:
    understand(Reader(), CALL, "en")
    agent_log_odds(Reader(), ["Hello."])
    reader = Reader()
    understand(reader, CALL, "en", use_cache=False)
    agent_log_odds(reader, ["Hello."], use_cache=False)

    assert reader.asked == 2


@pytest.mark.parametrize("damage", ["", "{", '{"acts": [], "topics": {}}'], ids=["empty", "cut", "of other turns"])
def test_what_is_damaged_is_read_anew(cache_folder: Path, damage: str) -> None:
    understand(Reader(), CALL, "en")
    (path,) = cache_folder.rglob("*.json")
    path.write_text(damage)
    reader = Reader()

    assert understand(reader, CALL, "en").topics == {1: {"cancel": 0.25}}
    assert reader.asked == 1


def test_damaged_log_odds_are_told_anew(cache_folder: Path) -> None:
    agent_log_odds(Reader(), ["Hello.", "Well."])
    (path,) = cache_folder.rglob("*.json")
    path.write_text("[1.0]")

    assert agent_log_odds(Reader(), ["Hello.", "Well."]) == (2.0, 5 / 3)


def test_it_is_for_this_user_alone(cache_folder: Path) -> None:
    understand(Reader(), CALL, "en")
    (path,) = cache_folder.rglob("*.json")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_cache_that_cannot_be_written_loses_nothing(cache_folder: Path) -> None:
    (cache_folder / "acts").write_text("a file where a folder should be")

    assert understand(Reader(), CALL, "en").topics == {1: {"cancel": 0.25}}
