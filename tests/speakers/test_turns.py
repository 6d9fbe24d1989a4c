"""From words to turns. Drawn in each test: what the two channels say; a letter or a dot is 200 ms, a space is none."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from analyzer.call import Turn, Word
from analyzer.speakers.turns import PAUSE_MS, merge_turns, split_turns, utterances

SIDES = {0: "agent", 1: "customer"}


def words(channel: int, line: str, step_ms: int = 200) -> list[Word]:
    """Words from a drawing: each run of letters is a word, as long as its letters; dots are silence."""
    found: list[Word] = []
    at = 0
    for part in line.replace(".", " . ").split():
        if part != ".":
            end = at + len(part)
            found.append(Word(text=part, start_ms=at * step_ms, end_ms=end * step_ms, probability=0.9, channel=channel))
            at = end
        else:
            at += 1
    return found


def both(first: str, second: str) -> list[Word]:
    return sorted(words(0, first) + words(1, second), key=lambda word: (word.start_ms, word.channel, word.end_ms))


def told(turns: tuple[Turn, ...]) -> list[tuple[str, str, int | None, int | None]]:
    return [(turn.speaker, turn.text, turn.start_ms, turn.end_ms) for turn in turns]


def test_the_two_sides_take_turns() -> None:
    turns = merge_turns(both("aa bb .......... ee ff", "......cc dd"), SIDES)

    assert told(turns) == [
        ("agent", "aa bb", 0, 800),
        ("customer", "cc dd", 1200, 2000),
        ("agent", "ee ff", 2800, 3600),
    ]
    assert [turn.index for turn in turns] == [0, 1, 2]


def test_an_overlap_stays_an_overlap() -> None:
    assert told(merge_turns(both("aa bb", "...cc dd"), SIDES)) == [
        ("agent", "aa bb", 0, 800),
        ("customer", "cc dd", 600, 1400),
    ]


def test_a_word_of_listening_does_not_cut_a_turn_in_two() -> None:
    assert told(merge_turns(both("aaa bbb ccc ddd", ".....mm"), SIDES)) == [
        ("agent", "aaa bbb ccc ddd", 0, 2400),
        ("customer", "mm", 1000, 1400),
    ]


def test_a_word_in_a_pause_stands_between_two_turns() -> None:
    assert [turn.text for turn in merge_turns(both("aaa bbb ........ ccc", ".........mm"), SIDES)] == [
        "aaa bbb",
        "mm",
        "ccc",
    ]


def test_a_pause_in_which_nobody_comes_in_is_part_of_the_turn() -> None:
    assert told(merge_turns(both("aa ............ bb", ""), SIDES)) == [("agent", "aa bb", 0, 3200)]


def test_a_silence_of_five_seconds_does_not_disappear_in_a_turn() -> None:
    spoken = [
        Word(text=text, start_ms=start, end_ms=start + 500, probability=0.9, channel=0)
        for text, start in (("let me look", 0), ("nearly", 5499), ("thanks for waiting", 10_999))
    ]

    assert [turn.text for turn in merge_turns(spoken, SIDES)] == ["let me look nearly", "thanks for waiting"]


def test_a_mixed_recording_is_cut_at_pauses_and_names_nobody() -> None:
    assert told(split_turns(words(0, "aa bb ... cc"))) == [("unknown", "aa bb", 0, 800), ("unknown", "cc", 1400, 1800)]
    assert len(split_turns(words(0, "aa bb .. cc"))) == 1


def test_a_pause_counts_from_its_limit_on() -> None:
    def pair(gap_ms: int) -> list[Word]:
        first = Word(text="a", start_ms=0, end_ms=100, probability=1, channel=0)
        return [first, Word(text="b", start_ms=100 + gap_ms, end_ms=200 + gap_ms, probability=1, channel=0)]

    assert len(utterances(pair(PAUSE_MS))) == 2
    assert len(utterances(pair(PAUSE_MS - 1))) == 1


def test_who_starts_at_once_is_ordered_by_channel() -> None:
    assert [turn.speaker for turn in merge_turns(both("aa", "bb"), SIDES)] == ["agent", "customer"]


def test_a_channel_without_a_name_is_unknown() -> None:
    assert [turn.speaker for turn in merge_turns(both("aa", "...bb"), {0: "agent"})] == ["agent", "unknown"]


def test_no_words_make_no_turns() -> None:
    assert merge_turns((), SIDES) == ()
    assert split_turns(()) == ()


@given(st.lists(st.tuples(st.integers(0, 60_000), st.integers(0, 900), st.integers(0, 1)), max_size=40))
def test_no_word_is_lost_and_turns_are_in_order(drawn: list[tuple[int, int, int]]) -> None:
    spoken = [
        Word(text=f"w{number}", start_ms=start, end_ms=start + length, probability=0.5, channel=channel)
        for number, (start, length, channel) in enumerate(drawn)
    ]
    spoken.sort(key=lambda word: (word.start_ms, word.channel, word.end_ms))

    turns = merge_turns(spoken, SIDES)

    assert sorted(" ".join(turn.text for turn in turns).split()) == sorted(word.text for word in spoken)
    assert [turn.index for turn in turns] == list(range(len(turns)))
    assert all(before.start_ms <= after.start_ms for before, after in pairwise(turns))  # type: ignore[operator]
    for before, after in pairwise(turns):
        assert before.speaker != after.speaker or after.start_ms - before.end_ms >= 5000  # type: ignore[operator]


def test_turns_do_not_depend_on_chance() -> None:
    spoken = both("aa bb ...... cc dd", "....ee ff .......gg")
    shuffled = random.Random(1).sample(spoken, len(spoken))
    shuffled.sort(key=lambda word: (word.start_ms, word.channel, word.end_ms))

    assert merge_turns(shuffled, SIDES) == merge_turns(spoken, SIDES)
