"""Plain words for what the report holds: one place for every text that a coach reads.

Names that are not known here (a rule, an act or a limit added elsewhere) are turned into readable words.
"""

from __future__ import annotations

import re
import unicodedata

from analyzer.call import Report, Scorecard, Turn, Verdict

RULE_TITLES = {
    "retention-pressure": "Kept pushing after the customer wanted to leave",
    "sales-pressure": "Kept selling after a no",
    "ignored-intent": "A request was never answered",
    "silo-friction": "The company's departments did not talk to each other",
    "transfer-loop": "Passed on and on",
    "repeated-verification": "Asked to prove again who they are",
    "process-block": "A system or a rule stood in the way",
    "question-bombardment": "Question after question instead of an answer",
    "promise-without-date": "A promise without a date",
    "empathy-missing": "No word for the customer's trouble",
    "dead-air": "A long silence",
    "interruption": "Speaking over the other",
    "unannounced-hold": "Put on hold without a word",
}
CHECK_NAMES = {
    "retention-pressure": "Pressure to stay",
    "sales-pressure": "Selling after a no",
    "ignored-intent": "Ignored requests",
    "silo-friction": "Departments that do not talk",
    "transfer-loop": "Passing callers round",
    "repeated-verification": "Repeated identity checks",
    "process-block": "Obstacles of the process",
    "question-bombardment": "Question after question",
    "promise-without-date": "Promises without a date",
    "empathy-missing": "Trouble without an answer",
    "dead-air": "Long silences",
    "interruption": "Interruptions",
    "unannounced-hold": "Holds without a word",
}
REQUEST_KINDS = {
    "cancel": "cancel",
    "change_plan": "change the plan",
    "billing": "a charge explained or corrected",
    "refund": "a refund",
    "fault": "something repaired",
    "complaint": "a complaint heard",
    "information": "a question answered",
    "delivery": "help with a delivery",
    "account_change": "change account details",
    "supervisor": "speak to someone else",
    "appointment": "arrange an appointment",
    "written_confirmation": "a written confirmation",
    "data_protection": "personal data deleted or marketing stopped",
    "other": "something else",
}
OUTCOMES = {
    "resolved": "Done or answered",
    "committed": "Promised, with a next step",
    "handed_over": "Passed to someone who can do it",
    "declined": "Declined, with a reason",
    "withdrawn": "Taken back by the customer",
    "acknowledged": "Heard, but nothing followed",
    "ignored": "Never answered",
}
MOVES = {
    "reason_probe": "asked why",
    "save_offer": "made an offer",
    "persuasion": "tried to persuade",
    "guilt": "appealed to guilt",
    "threat": "threatened",
    "obstruction": "put up an obstacle",
}
PRESSURE = {"none": "no pressure", "mild": "mild pressure", "severe": "severe pressure"}
SEVERITIES = {"critical": "Critical", "major": "Major", "minor": "Minor", "info": "For information"}
CAUSES = {
    "agent": "Points to the agent",
    "process": "Points to the process",
    "unclear": "Unclear whether agent or process",
}
VERDICTS = {
    "met": "Met",
    "not_met": "Not met",
    "not_applicable": "Not applicable",
    "cannot_judge": "Cannot judge",
}
SPEAKERS = {"agent": "Agent", "customer": "Customer", "unknown": "Speaker not known"}
LANGUAGES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "en": "English", "es": "Spanish", "fi": "Finnish",
    "fr": "French", "he": "Hebrew", "hu": "Hungarian", "it": "Italian", "ja": "Japanese", "ko": "Korean",
    "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian",
    "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian", "zh": "Chinese",
}  # fmt: skip

LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
HIGH_CONFIDENCE = 0.85
MEDIUM_CONFIDENCE = 0.6


def readable(name: str) -> str:
    """A technical name as words: `max_attempts` becomes `Max attempts`."""
    words = re.sub(r"[\s_.\-]+", " ", name).strip()
    return words[:1].upper() + words[1:]


def rule_title(rule: str) -> str:
    """What went wrong, as the title of a finding."""
    return RULE_TITLES.get(rule, readable(rule))


def check_name(rule: str) -> str:
    """What a rule looks for, also where it found nothing."""
    return CHECK_NAMES.get(rule, readable(rule))


def mark_name(mark: Verdict) -> str:
    """The criterion as the rubric names it."""
    return mark.name or readable(mark.id)


def critical_names(card: Scorecard) -> tuple[str, ...]:
    """The critical criteria that were not met, by name."""
    names = {mark.id: mark_name(mark) for touchpoint in card.touchpoints for mark in touchpoint.criteria}
    return tuple(names.get(criterion, readable(criterion)) for criterion in card.critical_failed)


def move_words(move: str) -> str:
    return MOVES.get(move, readable(move).lower())


def act_words(act: str, kind: str | None = None) -> str:
    words = MOVES.get(act, readable(act).lower())
    return f"{words}: {readable(kind).lower()}" if kind else words


def language_name(language: str | None) -> str:
    if language is None:
        return "language not known"
    return LANGUAGES.get(language.split("-")[0].lower(), language)


def language_tag(language: str | None) -> str | None:
    """The language as a valid HTML `lang` value, or null."""
    return language if language and LANGUAGE_TAG.fullmatch(language) else None


def clock(ms: int | None) -> str:
    """Milliseconds as `m:ss`, from one hour on as `h:mm:ss`."""
    if ms is None:
        return "–"
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def seconds_clock(seconds: float | None) -> str:
    return clock(None if seconds is None else round(seconds * 1000))


def where(start_ms: int | None, turn: int) -> str:
    """The place of a moment: its time, or its turn where there are no times."""
    return f"turn {turn}" if start_ms is None else clock(start_ms)


def at(turn: Turn | None, index: int) -> str:
    """`at 0:14`, or `in turn 3` where there are no times."""
    if turn is None or turn.start_ms is None:
        return f"in turn {index}"
    return f"at {clock(turn.start_ms)}"


def confidence_words(confidence: float) -> str:
    if confidence >= HIGH_CONFIDENCE:
        return "high confidence"
    return "medium confidence" if confidence >= MEDIUM_CONFIDENCE else "low confidence, listen first"


def score_words(score: float | None) -> str:
    """A score as a whole number; rounded down, so that a missed mark never looks like a full one."""
    return "–" if score is None else str(int(score))


def passed_words(passed: bool | None) -> str:
    return "cannot judge" if passed is None else ("passed" if passed else "failed")


def times_words(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def count_words(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a word where one is near."""
    flat = " ".join(text.split())
    if len(flat) <= limit:
        return flat
    cut = flat[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space >= limit * 2 // 3 else cut).rstrip(" ,;:.") + "…"


def printable(text: str) -> str:
    """Text without control and direction characters, on one line: safe for a terminal, a log and XML."""
    flat = " ".join(text.split())
    return "".join("\N{REPLACEMENT CHARACTER}" if _unsafe(letter) else letter for letter in flat)


def _unsafe(letter: str) -> bool:
    # Cc: control, Cs: lone surrogates; the others turn the direction of the text that follows.
    return (
        unicodedata.category(letter) in ("Cc", "Cs")
        or letter in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff"
    )


def fact_name(name: str) -> str:
    """The name of a fact without its unit, which its value carries."""
    return readable(name.removesuffix("_ms"))


def fact_words(value: object, name: str = "") -> str:
    """The value of a fact as short text; milliseconds become seconds."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return f"{value / 1000:g} s" if name.endswith("_ms") else f"{value:g}"
    if isinstance(value, list):
        return ", ".join(fact_words(item, name) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{fact_name(str(key)).lower()} {fact_words(item, str(key))}" for key, item in value.items())
    return "–" if value is None else MOVES.get(str(value), str(value))


def turns_by_index(report: Report) -> dict[int, Turn]:
    return {turn.index: turn for turn in report.turns}
