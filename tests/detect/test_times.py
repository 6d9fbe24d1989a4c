"""What the lists of words of time know, and what they must not take for a time."""

from __future__ import annotations

import pytest

from analyzer.detect.times import LANGUAGES, LISTS, asks_when, says_when


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "He comes on Tuesday."),
        ("en", "You'll have it within the week."),
        ("en", "It takes three to five working days."),
        ("en", "It takes 3-5 working days."),
        ("en", "By the fifteenth, I promise."),
        ("en", "I’ll do it right away."),
        ("en", "Somebody rings you at nine."),
        ("en", "It will be there on 3 May."),
        ("en", "Before the 3rd."),
        ("en", "It's on your next bill."),
        ("de", "Er kommt am Dienstagvormittag."),
        ("de", "Sie haben es innerhalb einer Woche."),
        ("de", "Das dauert drei bis fünf Werktage."),
        ("de", "Bis zum Fünfzehnten, versprochen."),
        ("de", "Ich schick es Ihnen gleich."),
        ("de", "Der Kollege ruft um 17 Uhr an."),
        ("de", "Ab 1.7. ist es billiger."),
        ("de", "Morgen früh."),
        ("de", "Nächste   Woche\nspätestens."),
    ],
)
def test_what_names_a_time(language: str, text: str):
    assert says_when(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Somebody will ring you."),
        ("en", "As soon as they can."),
        ("en", "You'll have it by e-mail shortly."),
        ("en", "Good morning, how are you?"),
        ("en", "Have a lovely day."),
        ("en", "I may send it on."),
        ("en", "It went up by ten pounds."),
        ("en", "Is there anything else today?"),
        ("de", "Es meldet sich jemand bei Ihnen."),
        ("de", "So schnell wie möglich, umgehend, in Kürze."),
        ("de", "Guten Morgen, was kann ich heute für Sie tun?"),
        ("de", "Einen schönen Tag noch und ein schönes Wochenende!"),
        ("de", "Das sind um zehn Euro mehr."),
    ],
)
def test_what_names_none(language: str, text: str):
    assert not says_when(text, language)


@pytest.mark.parametrize(
    ("language", "text", "asks"),
    [
        ("en", "And when would that be?", True),
        ("en", "How long does it take?", True),
        ("en", "Whenever you like.", False),
        ("de", "Wann denn?", True),
        ("de", "Bis wann hab ich das?", True),
        ("de", "Ab und an vielleicht.", False),
    ],
)
def test_what_asks_for_one(language: str, text: str, asks: bool):
    assert asks_when(text, language) is asks


def test_the_lists_of_all_languages_have_the_same_parts():
    assert sorted(LANGUAGES) == ["de", "en"]
    assert len({tuple(sorted(lists)) for lists in LISTS.values()}) == 1
    assert all(phrase == phrase.lower() for lists in LISTS.values() for part in lists.values() for phrase in part)


def test_a_language_without_a_list_is_an_error_not_a_no():
    with pytest.raises(KeyError):
        says_when("mañana", "es")
