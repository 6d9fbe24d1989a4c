"""The request ledger (definitions, section 1): every intent of the customer, and what became of it.

An intent opens when the customer states a need, is stated again by restatements, and moves on by what the agent
does about it:

    ignored ──response──► acknowledged ──answer/promise/transfer/no──► resolved, committed, handed_over, declined
                                       ──customer takes it back──────► withdrawn

What is done or taken back stays so until it is stated again; after a no or a transfer a mere promise changes nothing.
Only a response that is about the intent moves it: the acts of an agent turn go to the intents whose kinds fit the turn.
A promise to cancel is none when the agent goes on to keep the customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from analyzer.call import Evidence, Move, Outcome, Request, RequestKind, Turn, TurnIndex

ANSWERED_BY_WORDS = frozenset({"information", "billing", "other", "written_confirmation"})
IN_WORDS = ("acknowledge", "answer", "done", "commit", "decline", "transfer")
HEARD = (*IN_WORDS, "clarify", "identity_check", "hold_notice")
FINAL: frozenset[Outcome] = frozenset({"resolved", "handed_over", "declined", "withdrawn"})
CLEAR = 0.6  # fit of a kind from which a turn responds to it
Topics = Mapping[TurnIndex, Mapping[RequestKind, float]]


@dataclass(slots=True)
class _Intent:
    kind: RequestKind
    stated: list[TurnIndex]
    outcome: Outcome = "ignored"
    acknowledged: TurnIndex | None = None
    settled_by: TurnIndex | None = None
    questions: int = 0

    @property
    def is_open(self) -> bool:
        return self.settled_by is None

    @property
    def stated_since(self) -> bool:
        """Whether the customer stated it again after it was settled, or it never was."""
        return self.settled_by is None or self.stated[-1] > self.settled_by


def request_ledger(turns: Sequence[Turn], topics: Topics) -> tuple[Request, ...]:
    """Draw up the ledger of one call whose speakers are known.

    `topics` gives for an agent's turn how well it fits each kind of request (0..1); a missing turn fits all alike.
    """
    intents: list[_Intent] = []
    answered: Turn | None = None  # the agent's turn that the customer answers
    for turn in turns:
        if turn.speaker == "customer":
            _customer(intents, turn, answered)
        elif turn.speaker == "agent":
            answered = turn
            _agent(intents, turn, topics.get(turn.index, {}))
    return tuple(_request(intent, turns) for intent in intents)


def stated_confidence(turn: Turn, kind: RequestKind) -> float:
    """How sure it is that the turn states or repeats this request, 0.0 where it does not."""
    held = (act.confidence for act in turn.acts if act.act in {"request", "restate"} and act.kind == kind)
    return max(held, default=0.0)


def _customer(intents: list[_Intent], turn: Turn, answered: Turn | None) -> None:
    for kind in turn.kinds("request"):
        same = _latest(intent for intent in intents if intent.kind == kind and intent.is_open)
        _state(intents, same, kind, turn)
    for kind in turn.kinds("restate"):
        own = _latest(intent for intent in intents if intent.kind == kind)
        _state(intents, own or _latest(intent for intent in intents if intent.is_open), kind, turn)
    if turn.has("withdraw"):
        _take_back(intents, turn, answered)


def _state(intents: list[_Intent], known: _Intent | None, kind: RequestKind, turn: Turn) -> None:
    if known is None:
        intents.append(_Intent(kind, [turn.index]))
    elif known.stated[-1] != turn.index:
        known.stated.append(turn.index)


def _take_back(intents: Sequence[_Intent], turn: Turn, answered: Turn | None) -> None:
    """Withdraw what the customer takes back: the cancellation that was argued about, else what was stated last.

    Not what the same turn opens ("forget the cancellation, I'd rather change the plan"), nor what it insists on.
    """
    known = [intent for intent in intents if intent.stated[0] < turn.index] or intents
    argued = answered is not None and answered.has(*get_args(Move))
    cancel = (intent for intent in known if intent.kind == "cancel" and intent.outcome not in FINAL)
    still_open = (intent for intent in known if intent.is_open)
    own = (_latest(cancel) if argued else None) or _latest(still_open) or _latest(known)
    if own is not None and turn.confidence("withdraw") >= stated_confidence(turn, own.kind):
        own.outcome, own.settled_by = "withdrawn", turn.index


def _latest(intents: Iterable[_Intent]) -> _Intent | None:
    return max(intents, key=lambda intent: intent.stated[-1], default=None)


def _agent(intents: Sequence[_Intent], turn: Turn, fit: Mapping[RequestKind, float]) -> None:
    if turn.has(*get_args(Move)):
        for intent in intents:
            if intent.kind == "cancel" and intent.outcome == "committed":
                intent.outcome, intent.settled_by = "acknowledged", None
    for intent in _about(intents, fit):
        _respond(intent, turn)
    if "?" in turn.text:
        for waiting in intents:
            waiting.questions += waiting.acknowledged is None and waiting.is_open


def _about(intents: Sequence[_Intent], fit: Mapping[RequestKind, float]) -> list[_Intent]:
    """The intents that an agent's turn responds to: of every kind that fits it well enough, the one stated last.

    Where nothing is known of what the turn is about, the intent stated last, open ones first.
    """
    ranked = sorted(intents, key=lambda intent: (intent.stated[-1], intent.is_open))
    if not fit:
        return ranked[-1:]
    latest = {intent.kind: intent for intent in ranked}
    return [intent for kind, intent in latest.items() if fit.get(kind, 0.0) >= CLEAR]


def _respond(intent: _Intent, turn: Turn) -> None:
    """Move an intent on, unless the turn rather talks past it: pitches and other topics are no response."""
    if turn.confidence("obstruction") > turn.confidence(*HEARD):
        return
    if turn.has(*HEARD) and intent.outcome == "ignored":
        intent.outcome = "acknowledged"
    if turn.has(*IN_WORDS) and intent.acknowledged is None:
        intent.acknowledged = turn.index
    outcome = _outcome(turn, intent)
    if outcome is not None and _moves_on(intent, outcome):
        intent.outcome, intent.settled_by = outcome, turn.index


def _moves_on(intent: _Intent, outcome: Outcome) -> bool:
    """Whether an outcome replaces the one before: what is final gives way when it is stated again, or is done."""
    if intent.stated_since:
        return True
    if intent.outcome in {"resolved", "withdrawn"}:
        return False
    return intent.outcome not in FINAL or outcome != "committed"


def _outcome(turn: Turn, intent: _Intent) -> Outcome | None:
    """What the turn makes of the intent; null when it settles nothing.

    A no or a transfer that is a hurdle of the agent's own making settles nothing (definitions, section 6).
    """
    if turn.has("done"):
        return "resolved"
    if turn.has("decline") and not turn.has("obstruction"):
        return "declined"
    if turn.has("transfer") and not turn.has("obstruction"):
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
