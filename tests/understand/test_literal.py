"""Fixed phrases that carry an act wherever they stand."""

from __future__ import annotations

import subprocess
import sys

import pytest

from analyzer.understand.literal import literal_acts


@pytest.mark.parametrize(
    ("text", "speaker", "language", "act"),
    [
        ("Good morning, Brindle Broadband, this is Kevin.", "agent", "en", "greeting"),
        ("THANK YOU FOR CALLING Brindle", "agent", "en", "greeting"),
        ("So, good   afternoon\nto you.", "agent", "en", "greeting"),
        ("Could I take your date of birth?", "agent", "en", "identity_check"),
        ("I'll just put you on hold.", "agent", "en", "hold_notice"),
        ("One moment, please.", "agent", "en", "hold_notice"),
        ("Oh, I'm so sorry about that.", "agent", "en", "apology"),
        ("Oh, I’m so sorry about that.", "agent", "en", "apology"),
        ("Is there anything else today?", "agent", "en", "closing"),
        ("Goodbye!", "agent", "en", "farewell"),
        ("That's all, thanks.", "customer", "en", "thanks"),
        ("Bye bye.", "customer", "en", "farewell"),
        ("Grüß Gott, Sie sprechen mit Frau Huber.", "agent", "de", "greeting"),
        ("GUTEN TAG", "agent", "de", "greeting"),
        ("Nennen Sie mir Ihre Kundennummer?", "agent", "de", "identity_check"),
        ("Bleiben Sie kurz dran.", "agent", "de", "hold_notice"),
        ("Einen Moment, bitte.", "agent", "de", "hold_notice"),
        ("Ich bitte um Entschuldigung.", "agent", "de", "apology"),
        ("Kann ich sonst noch etwas tun?", "agent", "de", "closing"),
        ("Auf Wiederhören.", "agent", "de", "farewell"),
        ("Vielen Dank.", "customer", "de", "thanks"),
        ("Tschüss!", "customer", "de", "farewell"),
    ],
)
def test_a_phrase_is_found(text: str, speaker: str, language: str, act: str) -> None:
    assert act in literal_acts(text, speaker, language)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "speaker", "language"),
    [
        ("", "agent", "en"),
        ("   ", "agent", "en"),
        ("It was a good, cold morning.", "agent", "en"),
        ("We gave it to them for Thanksgiving.", "customer", "en"),
        ("The household line is down.", "agent", "en"),
        ("Your number is on the account.", "agent", "en"),
        ("Good morning.", "customer", "en"),
        ("Thanks.", "agent", "en"),
        ("Guten Tag.", "agent", "en"),
        ("Good morning.", "agent", "de"),
        ("Das Geburtsdatum Ihrer Tochter", "agent", "de"),
        ("Einen guten Eindruck am Tag", "agent", "de"),
        ("Danksagung", "customer", "de"),
        ("Das ist momentan so, bitte.", "agent", "de"),
        ("Guten Tag.", "unknown", "de"),
        ("Goodbye.", "unknown", "en"),
    ],
)
def test_what_only_looks_like_a_phrase_is_left_alone(text: str, speaker: str, language: str) -> None:
    """Parts of words, words apart, the other speaker, the other language."""
    assert literal_acts(text, speaker, language) == frozenset()  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["", "fr", "xx"])
def test_a_language_without_phrases_has_none(language: str) -> None:
    assert literal_acts("Good morning. Guten Tag. Goodbye.", "agent", language) == frozenset()


def test_one_turn_can_hold_several() -> None:
    assert literal_acts("Good morning. One moment please. Goodbye.", "agent", "en") == {
        "greeting",
        "hold_notice",
        "farewell",
    }


def test_phrases_load_without_torch_and_leave_it_to_others() -> None:
    """Importing torch takes seconds; where it is wanted afterwards, it must be there."""
    script = (
        "import sys; from analyzer.understand.literal import literal_acts; literal_acts('Goodbye!', 'agent', 'en');"
        " print('torch' in sys.modules); import torch; print(torch.tensor([1]).item())"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "1"]
