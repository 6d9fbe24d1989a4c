"""The page of a call: safe, self-contained, and every moment one click away."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from analyzer.call import Report
from analyzer.report.html import call_page
from analyzer.report.index import index_page
from analyzer.report.json import to_json
from analyzer.report.run import RunFailure, RunRow

AUDIO = b"RIFF not really audio"


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAGS = names(
    """html head meta title style body a svg defs g path circle main header div h1 h2 h3 h4 bdi p span b strong section
    ul ol li rect line text use article dl dt dd q button table thead tbody tr th td label input footer audio
    script"""
)
ATTRIBUTES = names(
    """lang charset http-equiv content name class href width height aria-hidden focusable id d r title aria-labelledby
    aria-label role x y x1 x2 y1 y2 rx data-span data-timed tabindex text-anchor viewbox type data-start data-end dir
    aria-pressed data-name colspan scope for checked controls preload src data-rate data-zoom data-sort data-kind
    placeholder autocomplete"""
)


class Page(HTMLParser):
    """The elements of a page, with their attributes and direct text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._open = tag
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open][-1] += data

    def all(self, tag: str, css: str = "") -> list[dict[str, str]]:
        return [
            held for name, held in self.elements if name == tag and (not css or css in held.get("class", "").split())
        ]


def page_of(report: Report, *, audio: bytes | None = AUDIO) -> Page:
    return Page(call_page(report, audio=audio))


def index_of(reports: dict[str, Report]) -> str:
    failure = RunFailure(input="<img src=x>.mp3", code="input", message="</script><script>alert(1)</script>")
    return index_page([RunRow.of(report) for report in reports.values()], [failure])


def test_no_text_becomes_an_element_or_an_attribute(report: Report) -> None:
    page = page_of(report)
    assert {tag for tag, _ in page.elements} <= TAGS
    assert {name for _, held in page.elements for name in held} <= ATTRIBUTES
    assert len(page.all("script")) == 2


def test_no_text_becomes_an_element_of_the_index(reports: dict[str, Report]) -> None:
    page = Page(index_of(reports))
    assert {tag for tag, _ in page.elements} <= TAGS | {"output"}
    assert {name for _, held in page.elements for name in held} <= ATTRIBUTES
    assert len(page.all("script")) == 1


def test_hostile_text_is_shown_as_it_was_said(hostile: Report) -> None:
    assert "</script><script>alert(1)</script>" in page_of(hostile).texts["q"]
    assert "7 * 7" in "".join(page_of(hostile).texts["q"])


def test_a_language_that_is_none_is_not_marked(hostile: Report, severe: Report) -> None:
    assert all("lang" not in quote for quote in page_of(hostile).all("q"))
    assert all(quote["lang"] == "en" for quote in page_of(severe).all("q"))


def assert_policy_fits(text: str) -> None:
    page = Page(text)
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert len(scripts) == len(styles) == 1
    for kind, body in (("script", scripts[0]), ("style", styles[0])):
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy


def test_the_policy_names_exactly_the_inlined_code(report: Report, reports: dict[str, Report]) -> None:
    assert_policy_fits(call_page(report, audio=AUDIO))
    assert_policy_fits(index_of(reports))


def test_the_page_asks_nothing_of_the_network(report: Report) -> None:
    page = page_of(report)
    for _, held in page.elements:
        assert held.get("src", "data:").startswith("data:")
        assert held.get("href", "#").startswith("#")
    assert "url(" not in "".join(page.texts["style"]) and "@import" not in "".join(page.texts["style"])


def test_the_embedded_data_is_the_report(report: Report) -> None:
    text = call_page(report, audio=None)
    data = re.search(r'<script type="application/json" id="report">(.*?)</script>', text, re.DOTALL)
    assert data is not None and "<" not in data[1]
    assert json.loads(data[1]) == json.loads(to_json(report))


@pytest.mark.parametrize("name", ["severe", "mono", "hostile"])
def test_every_quote_of_a_finding_can_be_played(reports: dict[str, Report], name: str) -> None:
    buttons = page_of(reports[name]).all("button", "play")
    played = {(held["data-start"], held["data-end"]) for held in buttons if "data-end" in held}
    for finding in reports[name].findings:
        for item in finding.evidence:
            assert item.start_ms is not None and item.end_ms is not None
            end = item.end_ms if item.end_ms > item.start_ms else item.start_ms + 1500
            assert (str(item.start_ms), str(end)) in played


def test_without_audio_quotes_lead_to_their_turn(severe: Report) -> None:
    page = page_of(severe, audio=None)
    assert not page.all("audio") and not page.all("button", "play")
    targets = {held["id"] for _, held in page.elements if "id" in held}
    jumps = {link["href"].removeprefix("#") for link in page.all("a", "jump")}
    assert {f"turn-{item.turn}" for finding in severe.findings for item in finding.evidence} <= jumps <= targets


def test_every_link_has_its_place(report: Report) -> None:
    page = page_of(report)
    targets = [held["id"] for _, held in page.elements if "id" in held]
    assert len(targets) == len(set(targets))
    assert {link["href"].removeprefix("#") for link in page.all("a")} <= set(targets)
    assert {held["href"].removeprefix("#") for held in page.all("use")} <= set(targets)


def test_equal_reports_give_equal_pages(report: Report, reports: dict[str, Report]) -> None:
    assert call_page(report, audio=AUDIO) == call_page(report.model_copy(deep=True), audio=AUDIO)
    assert index_of(reports) == index_of(reports)


def test_the_recording_travels_inside_the_page(severe: Report) -> None:
    source = Page(call_page(severe, audio=AUDIO, audio_type="audio/wav")).all("audio")[0]["src"]
    assert source == "data:audio/wav;base64," + base64.b64encode(AUDIO).decode()


def test_a_media_type_that_is_none_is_refused(severe: Report) -> None:
    with pytest.raises(ValueError, match="media type"):
        call_page(severe, audio=AUDIO, audio_type='audio/x"><script>')


def test_what_was_not_checked_is_visible(reports: dict[str, Report]) -> None:
    untimed = call_page(reports["untimed"], audio=None)
    assert "Not checked because the transcript has no times: long silences, interruptions" in untimed
    failed = call_page(reports["failed_rule"], audio=None)
    assert "Not checked because the check broke down: departments that do not talk (ZeroDivisionError" in failed


def test_marks_go_by_the_names_of_the_rubric(severe: Report, reports: dict[str, Report]) -> None:
    text = call_page(severe, audio=None)
    assert "<h4>Stops at the first no</h4>" in text
    assert "Critical mark missed: <strong>Stops at the first no</strong>" in text
    assert "The caller is known by name." in text and "Calls about leaving" in text
    assert "<h4>Heard first</h4>" in call_page(reports["untimed"], audio=None)  # of a report without names


def test_the_index_links_to_the_pages(reports: dict[str, Report]) -> None:
    links = {link["href"] for link in Page(index_of(reports)).all("a")}
    assert "2024-03-18-dana-0417.html" in links
    assert all(re.fullmatch(r"[\w.%-]+\.html", link) for link in links)


def test_an_empty_run_is_a_page() -> None:
    assert "No call was judged." in index_page([], [])
