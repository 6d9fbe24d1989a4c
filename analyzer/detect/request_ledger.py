"""The request ledger (definitions, section 1): every intent of the customer, and what became of it.

An intent opens when the customer states a need, is stated again by restatements, and moves on by what the agent
does about it:

    ignored ──response──► acknowledged ──answer/promise/transfer/no──► resolved, committed, handed_over, declined
                                       ──customer takes it back──────► withdrawn

Only a response that is about the intent moves it: the acts of an agent turn go to the open intent whose kind fits
the turn best, the latest where two fit alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from analyzer.call import Evidence, Outcome, Request, RequestKind, Turn, TurnIndex

ANSWERED_BY_WORDS = frozenset({"information", "billing", "other", "written_confirmation"})
IN_WORDS = ("acknowledge", "answer", "done", "commit", "decline", "transfer")
HEARD = (*IN_WORDS, "clarify", "identity_check", "hold_notice")
FINAL: frozenset[Outcome] = frozenset({"resolved", "handed_over", "declined", "withdrawn"})
RECENT = 0.15  # worth of being the intent stated last, against a difference in fit of kinds
Topics = Mapping[TurnIndex, Mapping[RequestKind, float]]


@dataclass(slots=True)
class _Intent:
    kind: RequestKind
    stated: list[TurnIndex]
    outcome: Outcome = "ignored"
    acknowledged: TurnIndex | None = None
    settled_by: TurnIndex | None = None
    questions: int = 0
    heard: bool = field(default=False)


def request_ledger(turns: Sequence[Turn], topics: Topics) -> tuple[Request, ...]:
    """Draw up the ledger of one call whose speakers are known.

    `topics` gives for an agent's turn how well it fits each kind of request (0..1); a missing turn fits all alike.
    """
    intents: list[_Intent] = []
    for turn in turns:
        if turn.speaker == "customer":
            _customer(intents, turn)
        elif turn.speaker == "agent" and intents:
            _agent(intents, turn, topics.get(turn.index, {}))
    return tuple(_request(intent, turns) for intent in intents)


def _customer(intents: list[_Intent], turn: Turn) -> None:
    for kind in turn.kinds("request"):
        same = _latest(intents, lambda intent: intent.kind == kind and intent.settled_by is None)
        if same is not None:
            _state_again(same, turn)
        else:
            intents.append(_Intent(kind, [turn.index]))
    for kind in turn.kinds("restate"):
        own = _latest(intents, lambda intent: intent.kind == kind) or _latest(intents, _is_open)
        if own is not None:
            _state_again(own, turn)
        else:
            intents.append(_Intent(kind, [turn.index]))
    if turn.has("withdraw"):
        taken_back = _latest(intents, _is_open) or intents[-1] if intents else None
        if taken_back is not None:
            taken_back.outcome, taken_back.settled_by = "withdrawn", turn.index


def _state_again(intent: _Intent, turn: Turn) -> None:
    if intent.stated[-1] != turn.index:
        intent.stated.append(turn.index)


def _is_open(intent: _Intent) -> bool:
    return intent.settled_by is None


def _latest(intents: Sequence[_Intent], fits: object) -> _Intent | None:
    assert callable(fits)
    return max((intent for intent in intents if fits(intent)), key=lambda intent: intent.stated[-1], default=None)


def _agent(intents: list[_Intent], turn: Turn, fit: Mapping[RequestKind, float]) -> None:
    intent = _about(intents, fit)
    if "?" in turn.text:
        for waiting in intents:
            waiting.questions += waiting.acknowledged is None
    if turn.has(*HEARD):
        intent.heard = True
        intent.outcome = "acknowledged" if intent.outcome == "ignored" else intent.outcome
    if turn.has(*IN_WORDS) and intent.acknowledged is None:
        intent.acknowledged = turn.index
    outcome = _outcome(turn, intent)
    if outcome is not None and not (intent.outcome in FINAL and outcome == "committed"):
        intent.outcome, intent.settled_by = outcome, turn.index


def _about(intents: Sequence[_Intent], fit: Mapping[RequestKind, float]) -> _Intent:
    """The intent that an agent's turn responds to."""
    latest = max(intent.stated[-1] for intent in intents)
    return max(
        reversed(intents),
        key=lambda intent: fit.get(intent.kind, 0.0) + RECENT * (intent.stated[-1] == latest) + 0.05 * _is_open(intent),
    )


def _outcome(turn: Turn, intent: _Intent) -> Outcome | None:
    """What the turn makes of the intent; null when it settles nothing."""
    if turn.has("done"):
        return "resolved"
    if turn.has("decline"):
        return "declined"
    if turn.has("transfer"):
        return "handed_over"
    if turn.has("commit"):
        return "committed"
    if turn.has("answer") and intent.kind in ANSWERED_BY_WORDS:
        return "resolved"
    return None


def _request(intent: _Intent, turns: Sequence[Turn]) -> Request:
    return Request(
        kind=intent.kind,
        stated=tuple(intent.stated),
        outcome=intent.outcome,
        acknowledged=intent.acknowledged,
        questions_before_acknowledgement=intent.questions,
        evidence=tuple(_evidence(intent, turns)),
    )


def _evidence(intent: _Intent, turns: Sequence[Turn]) -> Iterable[Evidence]:
    for position, index in enumerate(intent.stated):
        yield Evidence.of(turns[index], "stated" if position == 0 else "stated again")
    if intent.acknowledged is not None and intent.acknowledged != intent.settled_by:
        yield Evidence.of(turns[intent.acknowledged], "acknowledged")
    if intent.settled_by is not None:
        yield Evidence.of(turns[intent.settled_by], intent.outcome)
