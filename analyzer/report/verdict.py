"""The verdict on a call in a few plain sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.call import Report, Request, Retention, RuleStatus, Turn
from analyzer.report.words import (
    REQUEST_KINDS,
    at,
    check_name,
    count_words,
    seconds_clock,
    times_words,
    turns_by_index,
)

TOLD_APART = ("retention-pressure", "ignored-intent")
CARRIED_OUT = {"resolved": "carried out", "committed": "promised"}
NOT_HONOURED = {
    "withdrawn": "The customer then took the wish back.",
    "declined": "The agent declined it and gave a reason.",
    "handed_over": "The customer was passed on to someone who can do it.",
}


def verdict_sentences(report: Report) -> tuple[str, ...]:
    """What a coach must know first; every sentence stands on its own."""
    return (*_cancellation(report), *_requests(report), *_others(report), *_unchecked(report))


def verdict_line(report: Report) -> str:
    return " ".join(verdict_sentences(report))


@dataclass(frozen=True)
class Unchecked:
    """Rules that did not run for one and the same reason."""

    status: RuleStatus
    reason: str | None
    rules: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Why and what, without an end mark."""
        names = ", ".join(check_name(rule).lower() for rule in self.rules)
        if self.status == "failed":
            return f"Not checked because the check broke down: {names}{f' ({self.reason})' if self.reason else ''}"
        return f"Not checked{f' because {self.reason}' if self.reason else ''}: {names}"


def was_checked(report: Report) -> bool:
    """Whether any rule ran."""
    return any(outcome.status == "ok" for outcome in report.rules)


def not_checked(report: Report) -> tuple[Unchecked, ...]:
    """Rules that did not run, by reason; the failed ones first."""
    groups: dict[tuple[RuleStatus, str | None], list[str]] = {}
    for outcome in sorted(report.rules, key=lambda outcome: outcome.status != "failed"):
        if outcome.status != "ok":
            groups.setdefault((outcome.status, outcome.reason), []).append(outcome.rule)
    return tuple(Unchecked(status, reason, tuple(rules)) for (status, reason), rules in groups.items())


def why_not_checked(report: Report, rule: str) -> str | None:
    """Null where the rule ran, else the words for why it did not."""
    for group in not_checked(report):
        if rule in group.rules:
            return Unchecked(group.status, group.reason, (rule,)).sentence
    return None


def _cancellation(report: Report) -> Iterator[str]:
    retention = report.retention
    if retention is None:
        yield "Whether the customer was pressed to stay could not be judged."
        return
    if retention.first_clear_cancel is None:
        return
    turns = turns_by_index(report)
    first = retention.first_clear_cancel
    yield f"The customer asked to cancel {at(turns.get(first), first)}."
    yield _attempts(retention)
    yield _honoured(retention, report.requests, turns)


def _attempts(retention: Retention) -> str:
    total, after = len(retention.attempts), len(retention.attempts_after_refusal)
    if total == 0:
        return "The agent made no attempt to keep them."
    if after == 0:
        stop = " and stopped at the first no" if retention.refusals else ""
        return f"The agent tried {times_words(total)} to keep them{stop}."
    more = count_words(after, "more time", "more times") if total > after else times_words(after)
    return f"After the first no, the agent tried {more}."


def _honoured(retention: Retention, requests: tuple[Request, ...], turns: dict[int, Turn]) -> str:
    """What became of the wish to leave.

    It may be stated as several requests: one that is done goes before the others, else the one stated last counts.
    """
    wishes = sorted((request for request in requests if request.kind == "cancel"), key=lambda wish: wish.stated[-1])
    outcomes = [wish.outcome for wish in wishes]
    done = next((CARRIED_OUT[outcome] for outcome in reversed(outcomes) if outcome in CARRIED_OUT), None)
    if retention.honoured is None:
        if done is not None:
            return "It was said to be done, but the agent went on." if retention.attempts else f"It was {done}."
        return NOT_HONOURED.get(outcomes[-1] if outcomes else "", "It was never carried out.")
    done = done or "accepted"
    if retention.seconds_to_honour is None:
        return f"It was {done} {at(turns.get(retention.honoured), retention.honoured)}."
    return f"It was {done} after {seconds_clock(retention.seconds_to_honour)}."


def _requests(report: Report) -> Iterator[str]:
    if not report.requests or why_not_checked(report, "ignored-intent"):
        return
    ignored = [request for request in report.requests if request.is_ignored]
    if ignored:
        wishes = "; ".join(
            f"{REQUEST_KINDS[request.kind]} (said {times_words(len(request.stated))})" for request in ignored
        )
        yield f"{count_words(len(ignored), 'request', 'requests')} went unanswered: {wishes}."
    elif len(report.requests) == 1:
        if report.requests[0].kind != "cancel":
            yield "One request was recognised, and it was responded to."
    else:
        yield f"{len(report.requests)} requests were recognised, and each was responded to."


def _others(report: Report) -> Iterator[str]:
    counts = Counter(finding.rule for finding in report.findings if finding.rule not in TOLD_APART)
    if counts:
        named = ", ".join(f"{check_name(rule).lower()} ({count})" for rule, count in counts.items())
        yield f"{'Also noticed' if len(counts) < len(_rules(report)) else 'Noticed'}: {named}."
    elif not report.findings and was_checked(report):
        yield "No fault was found in what could be checked." if not_checked(report) else "No fault was found."


def _rules(report: Report) -> set[str]:
    return {finding.rule for finding in report.findings}


def _unchecked(report: Report) -> Iterator[str]:
    failed = [outcome for outcome in report.rules if outcome.status == "failed"]
    skipped = [outcome for outcome in report.rules if outcome.status == "skipped"]
    if skipped and not failed and not was_checked(report):
        yield "No check was possible."
    elif skipped:
        yield f"{count_words(len(skipped), 'check was', 'checks were')} not possible."
    if failed:
        yield f"{count_words(len(failed), 'check', 'checks')} broke down: this report is incomplete."
