"""One call as a page to listen to: what happened, the moments, the ledgers, the marks and the transcript."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from analyzer.call import Evidence, Finding, Report, Turn
from analyzer.report.json import to_json
from analyzer.report.page import render, script_data
from analyzer.report.run import SEVERITY_ORDER
from analyzer.report.timeline import MARK_NAMES, MarkKind, timeline
from analyzer.report.verdict import not_checked, verdict_sentences, was_checked, why_not_checked
from analyzer.report.words import SPEAKERS, check_name, language_tag, move_words, shorten, turns_by_index, where

MEDIA_TYPE = re.compile(r"(audio|video)/[A-Za-z0-9][A-Za-z0-9.+\-]*")
STEP_QUOTE_LENGTH = 240
# A moment of no length would be silent: play this much of it.
MIN_PLAYED_MS = 1500
ZOOM_FROM_TURNS = 60


@dataclass(frozen=True)
class Moment:
    """A quote and where it is heard. `start_ms` is null where nothing can be played."""

    turn: int
    known_turn: bool
    speaker: str
    text: str
    where: str
    start_ms: int | None
    end_ms: int | None


@dataclass(frozen=True)
class Step:
    """One step of the retention ledger."""

    kind: MarkKind
    title: str
    moves: tuple[str, ...]
    moment: Moment | None


@dataclass(frozen=True)
class Note:
    """What is noted beside a turn of the transcript; a finding is named by its place on the page."""

    kind: MarkKind
    text: str
    finding: int | None = None


@dataclass(frozen=True)
class Moments:
    """Makes moments: playable where there is audio, else places in the transcript."""

    turns: dict[int, Turn]
    has_audio: bool

    def of_evidence(self, item: Evidence) -> Moment:
        return self._moment(item.turn, item.speaker, item.quote, item.start_ms, item.end_ms)

    def of_turn(self, index: int, limit: int = STEP_QUOTE_LENGTH) -> Moment | None:
        turn = self.turns.get(index)
        if turn is None:
            return None
        return self._moment(index, turn.speaker, shorten(turn.text, limit), turn.start_ms, turn.end_ms)

    def _moment(self, turn: int, speaker: str, text: str, start_ms: int | None, end_ms: int | None) -> Moment:
        place = where(start_ms, turn)
        if not self.has_audio or start_ms is None or end_ms is None:
            start_ms = end_ms = None
        elif end_ms <= start_ms:
            end_ms = start_ms + MIN_PLAYED_MS
        return Moment(turn, turn in self.turns, SPEAKERS[speaker], text, place, start_ms, end_ms)


def call_page(report: Report, *, audio: bytes | None, audio_type: str = "audio/mpeg") -> str:
    """One self-contained HTML file. Without audio, quotes lead to their turn instead of playing.

    Raises `ValueError` where `audio_type` is no media type of audio or video.
    """
    moments = Moments(turns_by_index(report), audio is not None)
    findings = tuple(sorted(report.findings, key=lambda finding: SEVERITY_ORDER.index(finding.severity)))
    return render(
        "call.html.j2",
        styles=("base.css", "call.css"),
        script="call.js",
        report=report,
        data=script_data(to_json(report)),
        audio=None if audio is None else _data_address(audio, audio_type),
        moments=moments,
        steps=tuple(_steps(report, moments)),
        timeline=timeline(report),
        mark_names=MARK_NAMES,
        zoomable=len(report.turns) >= ZOOM_FROM_TURNS,
        findings=findings,
        notes=_notes(report, findings),
        unchecked=not_checked(report),
        was_checked=was_checked(report),
        no_retention=why_not_checked(report, "retention-pressure"),
        no_requests=why_not_checked(report, "ignored-intent"),
        clean_rules=_clean_rules(report),
        sentences=verdict_sentences(report),
        quote_language=language_tag(report.call.language),
    )


def _data_address(audio: bytes, audio_type: str) -> Markup:
    if not MEDIA_TYPE.fullmatch(audio_type):
        raise ValueError(f"not a media type of audio: {audio_type!r}")
    return Markup(f"data:{audio_type};base64,{base64.b64encode(audio).decode('ascii')}")


def _clean_rules(report: Report) -> tuple[str, ...]:
    """Rules that ran and found nothing."""
    found = {finding.rule for finding in report.findings}
    return tuple(rule.rule for rule in report.rules if rule.status == "ok" and rule.rule not in found)


def _steps(report: Report, moments: Moments) -> Iterator[Step]:
    """The retention ledger in the order of the call."""
    for index, kind, title, moves in sorted(_events(report), key=lambda event: event[0]):
        yield Step(kind, title, moves, moments.of_turn(index))


def _events(report: Report) -> Iterator[tuple[int, MarkKind, str, tuple[str, ...]]]:
    retention = report.retention
    if retention is None or retention.first_clear_cancel is None:
        return
    yield retention.first_clear_cancel, "cancel", "The customer asks to cancel", ()
    for number, refusal in enumerate(retention.refusals):
        yield refusal, "refusal", "The customer says no again" if number else "The customer's first no", ()
    for number, attempt in enumerate(retention.attempts, start=1):
        pushed = attempt.turn in retention.attempts_after_refusal
        title = f"Attempt {number}, after the first no" if pushed else f"Attempt {number}"
        yield attempt.turn, "pushed" if pushed else "attempt", title, tuple(map(move_words, attempt.moves))
    if retention.honoured is not None:
        yield retention.honoured, "honoured", "The cancellation is accepted", ()


def _notes(report: Report, findings: tuple[Finding, ...]) -> dict[int, list[Note]]:
    """What is noted beside each turn: marks of the retention ledger, and findings that quote it."""
    notes: dict[int, list[Note]] = {}
    for index, kind, _title, _moves in _events(report):
        notes.setdefault(index, []).append(Note(kind, MARK_NAMES[kind]))
    for number, finding in enumerate(findings):
        for turn in dict.fromkeys(item.turn for item in finding.evidence):
            notes.setdefault(turn, []).append(Note("finding", check_name(finding.rule).lower(), number))
    return notes
