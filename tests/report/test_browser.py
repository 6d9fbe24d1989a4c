"""The pages in a real browser: what a coach clicks is what they hear."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from analyzer.audio.playback import encode_playback
from analyzer.call import Report
from analyzer.report.html import call_page
from analyzer.report.index import index_page
from analyzer.report.run import RunRow

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("CI"), reason="no Chromium on this machine; CI installs one"
    ),
]
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync")
TONE_S = 240


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, "--autoplay-policy=no-user-gesture-required"]
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    faults: list[str] = []
    opened.on("pageerror", lambda fault: faults.append(str(fault)))
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    opened.on(
        "request", lambda request: None if request.url.startswith(("file:", "data:")) else faults.append(request.url)
    )
    yield opened
    opened.close()
    assert faults == [], "the page raised errors or reached for the network"


@pytest.fixture(scope="module")
def sound() -> bytes:
    tone = 0.1 * np.sin(2 * np.pi * 300 * np.arange(TONE_S * 16_000) / 16_000)
    return encode_playback(np.stack([tone, tone]).astype(np.float32))


def opened(page: Page, tmp_path: Path, report: Report, audio: bytes | None) -> Page:
    path = tmp_path / "call.html"
    path.write_text(call_page(report, audio=audio), encoding="utf-8")
    page.goto(path.as_uri())
    return page


def test_a_click_on_a_quote_plays_that_moment_and_stops_at_its_end(
    page: Page, tmp_path: Path, severe: Report, sound: bytes
) -> None:
    opened(page, tmp_path, severe, sound)
    moment = severe.findings[0].evidence[0]
    assert moment.start_ms is not None
    assert moment.end_ms is not None
    button = page.locator(f"button.play[data-start='{moment.start_ms}'][data-end='{moment.end_ms}']").first
    button.click()
    page.wait_for_function("() => !document.querySelector('audio').paused")
    at = page.evaluate("document.querySelector('audio').currentTime")
    assert moment.start_ms / 1000 - 0.05 <= at <= moment.end_ms / 1000
    page.wait_for_function("() => document.querySelector('audio').paused", timeout=30_000)
    end = page.evaluate("document.querySelector('audio').currentTime")
    assert abs(end - moment.end_ms / 1000) < 0.3


def test_the_page_of_a_transcript_has_no_player_and_its_quotes_lead_to_the_turn(
    page: Page, tmp_path: Path, reports: dict[str, Report]
) -> None:
    untimed = next(report for report in reports.values() if report.call.duration_ms is None and report.findings)
    opened(page, tmp_path, untimed, None)
    assert page.locator("audio").count() == 0
    turn = untimed.findings[0].evidence[0].turn
    assert page.locator(f"#turn-{turn}").count() == 1
    assert page.locator(f"a[href='#turn-{turn}']").count() >= 1


def test_hostile_words_stay_words(page: Page, tmp_path: Path, hostile: Report, sound: bytes) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    opened(page, tmp_path, hostile, sound)
    assert dialogs == []
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("width", [360, 390, 1280])
def test_no_page_scrolls_sideways(
    page: Page, tmp_path: Path, reports: dict[str, Report], sound: bytes, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for report in reports.values():
        opened(page, tmp_path, report, sound if report.call.channels else None)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_index_sorts_by_a_click_on_a_heading(page: Page, tmp_path: Path, reports: dict[str, Report]) -> None:
    path = tmp_path / "index.html"
    path.write_text(index_page([RunRow.of(report) for report in reports.values()], []), encoding="utf-8")
    page.goto(path.as_uri())

    def names() -> list[str]:
        return [cell.inner_text().split("\n")[0] for cell in page.locator("tbody tr th, tbody tr td:first-child").all()]

    heading = page.locator("thead button").first
    heading.click()
    once = names()
    heading.click()
    assert names() == once[::-1]
    assert sorted(once) == sorted(report.call.id for report in reports.values())
