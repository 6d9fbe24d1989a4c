"""Text that a decoder wrote over and over."""

from __future__ import annotations

import pytest

from analyzer.transcribe.loops import SHORT, is_loop


@pytest.mark.parametrize(
    "text",
    [
        "I'll just have a look. " * 20,
        "1 " * 100,
        "1" * 100,
        "Ja, genau. " * 15,
        "Danke schön, auf Wiederhören. " * 12,
        "はい、" * 60,
    ],
)
def test_what_is_written_over_and_over_is_a_loop(text: str) -> None:
    assert is_loop(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " " * 200,
        "No, no, no, no.",
        "ja ja ja ja ja",
        "Yes. Yes, that's right. Yes, the fourteenth, and then the fifteenth as well, if that is all right with you.",
        "My number is four four seven one, four four seven two, no, sorry, four four seven one nine nine three.",
        "Ich möchte meinen Vertrag kündigen, und ich möchte, dass Sie mir die Kündigung schriftlich bestätigen.",
        "I have said no. I have said no twice. I really do not know how often I have to say no before you hear me.",
    ],
)
def test_what_people_say_is_none(text: str) -> None:
    """Digits, hesitation and insisting repeat themselves too."""
    assert not is_loop(text)


def test_short_texts_are_never_judged() -> None:
    assert not is_loop("a" * (SHORT - 1))
    assert is_loop("a" * SHORT)
