"""Judge one criterion on what was observed of a call. Every verdict says why and shows where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from analyzer.call import Call, Evidence, Finding, Request, RuleOutcome, Turn, TurnIndex, VerdictName
from analyzer.score.rubric import (
    AcknowledgedWithin,
    AnsweredAct,
    ClosingAct,
    MainOutcome,
    NoFinding,
    OpeningAct,
)

OPENING_TURNS = 2
CLOSING_TURNS = 2
SURE, LIKELY = 1.0, 0.8


@dataclass(frozen=True, slots=True)
class Judged:
    """What the criteria look at. The ledger of requests is null where it was not drawn up."""

    call: Call
    requests: tuple[Request, ...] | None
    findings: tuple[Finding, ...]
    rules: tuple[RuleOutcome, ...]
    blind: str | None  # why nothing that is said can be judged, null when it can

    @property
    def agent_turns(self) -> list[Turn]:
        return [turn for turn in self.call.turns if turn.speaker == "agent"]


@dataclass(frozen=True, slots=True)
class Opinion:
    """A verdict before it is tied to a criterion."""

    verdict: VerdictName
    reason: str
    confidence: float
    evidence: tuple[Evidence, ...] = ()


def judge(how: object, judged: Judged) -> Opinion:
    """The verdict on one kind of evidence; `cannot_judge` where the input does not carry it."""
    if judged.blind:
        return Opinion("cannot_judge", f"Cannot judge: {judged.blind}.", 0.0)
    return _judge(how, judged)


@singledispatch
def _judge(how: Any, judged: Judged) -> Opinion:
    raise TypeError(f"no way to judge {type(how).__name__}")


@_judge.register
def _opening(how: OpeningAct, judged: Judged) -> Opinion:
    turns = judged.agent_turns[:OPENING_TURNS]
    if not how.every:
        return _act_in(turns, how.acts, "in the opening")
    opinions = [_act_in(turns, (act,), "in the opening") for act in how.acts]
    missing = [opinion for opinion in opinions if opinion.verdict != "met"]
    shown = tuple(dict.fromkeys(item for opinion in opinions for item in opinion.evidence))
    if missing:
        return Opinion("not_met", " ".join(opinion.reason for opinion in missing), LIKELY, missing[0].evidence)
    return Opinion(
        "met", f"{_cap(' and '.join(how.acts))} in the opening.", min(opinion.confidence for opinion in opinions), shown
    )


@_judge.register
def _closing(how: ClosingAct, judged: Judged) -> Opinion:
    opinion = _act_in(judged.agent_turns[-CLOSING_TURNS:], how.acts, "at the end")
    last = judged.call.turns[-1]
    if opinion.verdict == "not_met" and last.speaker == "customer" and not last.has("thanks", "farewell"):
        return Opinion("not_applicable", "The caller spoke last and left before a close.", LIKELY)
    return opinion


def _act_in(turns: Sequence[Turn], acts: Sequence[str], where: str) -> Opinion:
    wanted = " or ".join(acts)
    for turn in turns:
        if turn.has(*acts):
            return Opinion("met", f"{_cap(wanted)} {where}.", turn.confidence(*acts), (Evidence.of(turn, wanted),))
    seen = tuple(Evidence.of(turn, where) for turn in turns if turn.text.strip())
    return Opinion("not_met", f"No {wanted} {where}.", LIKELY, seen)


@_judge.register
def _acknowledged(how: AcknowledgedWithin, judged: Judged) -> Opinion:
    return _main(judged, lambda main: _acknowledged_main(how, judged, main))


def _acknowledged_main(how: AcknowledgedWithin, judged: Judged, main: Request) -> Opinion:
    turns = judged.call.turns
    stated = Evidence.of(turns[main.stated[0]], "main request")
    after = [turn for turn in judged.agent_turns if turn.index > main.stated[0]][: how.agent_turns]
    if main.acknowledged is not None and main.acknowledged in {turn.index for turn in after}:
        taken = turns[main.acknowledged]
        confidence = taken.confidence("acknowledge", "answer", "done", "commit", "decline", "transfer")
        return Opinion(
            "met", "The main request was taken up in words.", confidence, (stated, Evidence.of(taken, "taken up"))
        )
    seen = tuple(Evidence.of(turn, "not taken up") for turn in after if turn.text.strip())
    return Opinion("not_met", "The main request was not taken up in words at first.", LIKELY, (stated, *seen))


@_judge.register
def _answered(how: AnsweredAct, judged: Judged) -> Opinion:
    """An answer after what was to be answered. Where nothing was heard that is to be answered, but `unasked` shows
    that there was something, the words for it were not understood."""
    customer = [turn for turn in judged.call.turns if turn.speaker == "customer"]
    said = [turn for turn in customer if turn.has(*how.said)]
    asked, wanted = " or ".join(how.said), " or ".join(how.answer)
    since, acts = (said[0].index, how.answer) if said else (_request_at(judged), how.unasked)
    answers = [turn for turn in judged.agent_turns if since is not None and turn.index > since and turn.has(*acts)]
    if answers:
        best = max(answers, key=lambda turn: turn.confidence(*acts))
        shown = Evidence.of(best, next(act for act in acts if best.has(act)))
        if not said:
            reason = f"The agent showed {' or '.join(acts)}, so there was cause for it."
            return Opinion("met", reason, min(best.confidence(*acts), LIKELY), (shown,))
        voiced = Evidence.of(said[0], how.said[0])
        return Opinion("met", f"The agent answered with {wanted}.", best.confidence(*acts), (voiced, shown))
    if not said:
        return Opinion("not_applicable", f"The caller voiced no {asked}.", LIKELY)
    return Opinion(
        "not_met", f"No {wanted} by the agent.", LIKELY, tuple(Evidence.of(turn, how.said[0]) for turn in said)
    )


def _request_at(judged: Judged) -> TurnIndex | None:
    """Where the caller first states what they want; null where that is not known."""
    return min((request.stated[0] for request in judged.requests or ()), default=None)


@_judge.register
def _outcome(how: MainOutcome, judged: Judged) -> Opinion:
    def of(main: Request) -> Opinion:
        outcome = main.outcome.replace("_", " ")
        verdict: VerdictName = "met" if main.outcome in how.outcomes else "not_met"
        return Opinion(verdict, f"The main request was {outcome}.", LIKELY, main.evidence)

    return _main(judged, of)


@_judge.register
def _no_finding(how: NoFinding, judged: Judged) -> Opinion:
    ran = next((outcome for outcome in judged.rules if outcome.rule == how.rule), None)
    if ran is None or ran.status != "ok":
        why = "there is no such rule" if ran is None else ran.reason or ran.status
        return Opinion("cannot_judge", f"Cannot judge: {how.rule} was not checked ({why}).", 0.0)
    found = [finding for finding in judged.findings if finding.rule == how.rule and finding.severity in how.severities]
    if not found:
        return _nothing_found(how, judged)
    worst = max(found, key=lambda finding: finding.confidence)
    return Opinion("not_met", worst.message, worst.confidence, worst.evidence)


def _nothing_found(how: NoFinding, judged: Judged) -> Opinion:
    if how.only_if and judged.requests is None:
        return Opinion("cannot_judge", "Cannot judge: the requests could not be listed.", 0.0)
    if how.only_if and not any(request.kind == how.only_if for request in judged.requests or ()):
        return Opinion("not_applicable", f"The caller made no such request ({how.only_if.replace('_', ' ')}).", LIKELY)
    return Opinion("met", f"Nothing found by {how.rule}.", LIKELY)


def _main(judged: Judged, of: Callable[[Request], Opinion]) -> Opinion:
    """Judge by the main request: the first one that the customer states."""
    if judged.requests is None:
        return Opinion("cannot_judge", "Cannot judge: the requests could not be listed.", 0.0)
    if not judged.requests:
        return Opinion("cannot_judge", "Cannot judge: no request of the caller was recognised.", 0.0)
    return of(min(judged.requests, key=lambda request: request.stated[0]))


def _cap(text: str) -> str:
    return text[:1].upper() + text[1:].replace("_", " ")
