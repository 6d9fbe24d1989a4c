"""Colours that can be read: WCAG AA between every text and what it stands on."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

CSS = (files("analyzer.report") / "templates" / "base.css").read_text(encoding="utf-8")
# Text on ground; 4.5 is WCAG 2.2, success criterion 1.4.3.
PAIRS = [
    (text, ground)
    for ground in ("card", "page", "soft")
    for text in ("ink", "muted", "link", "agent", "customer", "unknown", "alarm", "doubt", "good")
] + [("ink", "now"), ("muted", "now"), ("link", "now"), ("agent", "now"), ("customer", "now"), ("on-link", "link")] + [
    (name, f"{name}-soft") for name in ("alarm", "warn", "good", "doubt")
] + [("ink", "alarm-soft"), ("ink", "warn-soft"), ("agent", "alarm-soft"), ("muted", "alarm-soft")]  # fmt: skip


def themes() -> dict[str, dict[str, str]]:
    light, dark = CSS.split("@media (prefers-color-scheme: dark)")[:2]
    dark = dark.split("*, *::before")[0]
    return {
        name: {key: six(value) for key, value in re.findall(r"--([\w-]+): #([0-9a-f]{3,6})", css)}
        for name, css in (("light", light), ("dark", dark))
    }


def six(value: str) -> str:
    return value if len(value) == 6 else "".join(2 * digit for digit in value)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_can_be_read(theme: str, text: str, ground: str) -> None:
    colours = themes()[theme]
    low, high = sorted((luminance(colours[text]), luminance(colours[ground])))
    assert (high + 0.05) / (low + 0.05) >= 4.5
