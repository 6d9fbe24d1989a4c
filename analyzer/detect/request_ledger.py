"""The request ledger (definitions, section 1): every intent of the customer, and what became of it.

An intent opens when the customer states a need, is stated again by restatements, and moves on by what the agent
does about it:

    ignored ──response──► acknowledged ──answer/promise/transfer/no──► resolved, committed, handed_over, declined
                                       ──customer takes it back──────► withdrawn

What is done, promised or taken back stays so until it is stated again; stated again at last, with no response behind
it, it was only acknowledged. After a no a mere promise changes nothing, nor after a transfer until the next person is
there; an explanation settles nothing that was settled. A no to a question inside the request is no no to the request.
Only a response that is about the intent moves it: the acts of an agent turn go to the intents whose kinds fit the turn.
A promise to cancel is none when the agent goes on to keep the customer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from analyzer.acts import IN_WORDS, RESPONSES
from analyzer.call import Evidence, Move, Outcome, Request, RequestKind, Turn, TurnIndex

ANSWERED_BY_WORDS = frozenset({"information", "billing", "other"})
FINAL: frozenset[Outcome] = frozenset({"resolved", "handed_over", "declined", "withdrawn"})
SETTLING = ("done", "commit", "decline", "transfer")
RESPONDS_FROM = 0.6  # probability from which a turn responds to a kind of request
SETTLES_FROM = 0.05  # and from which one that settles something responds to the request that it fits best
CLEAR_CANCEL = 0.55  # confidence from which a wish to leave is clear; what is said before it starts nothing
Topics = Mapping[TurnIndex, Mapping[RequestKind, float]]


@dataclass(slots=True)
class _Intent:
    kind: RequestKind
    stated: list[TurnIndex]
    outcome: Outcome = "ignored"
    acknowledged: TurnIndex | None = None
    settled_by: TurnIndex | None = None
    responded: TurnIndex = -1  # the last turn that responds to it
    passed_to: bool = False  # it was handed over, and the next person is there
    questions: int = 0
    heard_as: set[RequestKind] = field(default_factory=set)  # kinds that it was stated or repeated as

    @property
    def is_open(self) -> bool:
        return self.settled_by is None

    @property
    def is_final(self) -> bool:
        """Whether nothing is to be argued about any more; who was put through can still be kept."""
        return self.outcome in FINAL and self.outcome != "handed_over"

    @property
    def stated_since(self) -> bool:
        """Whether the customer stated it again after it was settled, or it never was."""
        return self.settled_by is None or self.stated[-1] > self.settled_by


def request_ledger(turns: Sequence[Turn], topics: Topics, attempts: Collection[TurnIndex] = ()) -> tuple[Request, ...]:
    """Draw up the ledger of one call whose speakers are known.

    `topics` gives for an agent's turn how well it fits each kind of request (0..1); a kind that is not named fits
    nothing. `attempts` are the agent's turns that try to keep the customer, as the retention ledger holds them.
    """
    intents: list[_Intent] = []
    said: Turn | None = None  # the turn before, of the other side
    for before, turn in zip((None, *turns), turns, strict=False):
        if before is not None and before.speaker != turn.speaker:
            said = before
        if turn.speaker == "customer":
            _customer(intents, turn, said)
        elif turn.speaker == "agent":
            if turn.index in attempts:
                _unpromise(intents)
            _agent(intents, turn, topics.get(turn.index, {}), said)
    return tuple(_request(intent, turns) for intent in intents)


def stated_confidence(turn: Turn, kind: RequestKind) -> float:
    """How sure it is that the turn states or repeats this request, 0.0 where it does not."""
    held = (act.confidence for act in turn.acts if act.act in {"request", "restate"} and act.kind == kind)
    return max(held, default=0.0)


def _customer(intents: list[_Intent], turn: Turn, answered: Turn | None) -> None:
    """What the customer states, repeats and takes back; a repetition is one of what was stated before this turn."""
    known = tuple(intents)
    undecided = only_thinks_about_it(turn)
    for kind in turn.kinds("restate"):
        if kind == "cancel" and undecided:
            continue
        own = _latest(intent for intent in known if kind in intent.heard_as)
        if own is None and not _is_clear_cancel(turn, kind):
            own = _latest(intent for intent in known if intent.is_open)
        _state(intents, own, kind, turn)
    for kind in turn.kinds("request"):
        if kind == "cancel" and undecided:
            continue
        _state(intents, _latest(intent for intent in intents if intent.kind == kind and intent.is_open), kind, turn)
    if turn.has("withdraw"):
        _take_back(intents, turn, answered)


def only_thinks_about_it(turn: Turn) -> bool:
    """Whether the customer is rather undecided than wants to leave: who only thinks about it has not asked to."""
    return turn.confidence("hesitate") > stated_confidence(turn, "cancel") > 0


def _is_clear_cancel(turn: Turn, kind: RequestKind) -> bool:
    """Whether a repetition that fits nothing before is a wish to leave ("as I told your colleague, I'm cancelling"),
    and not another word for what is open."""
    return kind == "cancel" and stated_confidence(turn, kind) >= CLEAR_CANCEL and not only_thinks_about_it(turn)


def _state(intents: list[_Intent], known: _Intent | None, kind: RequestKind, turn: Turn) -> None:
    if known is None:
        intents.append(_Intent(kind, [turn.index], heard_as={kind}))
        return
    known.heard_as.add(kind)
    if known.stated[-1] != turn.index:
        known.stated.append(turn.index)
    if known.outcome == "withdrawn":
        known.outcome = "ignored" if known.acknowledged is None else "acknowledged"
        known.settled_by = None


def _take_back(intents: Sequence[_Intent], turn: Turn, answered: Turn | None) -> None:
    """Withdraw what the customer takes back: the cancellation that was argued about, else what was stated last.

    Not what the same turn opens ("forget the cancellation, I'd rather change the plan"), nor what it insists on.
    """
    known = [intent for intent in intents if intent.stated[0] < turn.index] or intents
    argued = answered is not None and answered.has(*get_args(Move))
    cancel = (intent for intent in known if intent.kind == "cancel" and not intent.is_final)
    still_open = (intent for intent in known if intent.is_open)
    own = (_latest(cancel) if argued else None) or _latest(still_open) or _latest(known)
    if own is not None and turn.confidence("withdraw") >= stated_confidence(turn, own.kind):
        own.outcome, own.settled_by = "withdrawn", turn.index


def _latest(intents: Iterable[_Intent]) -> _Intent | None:
    return max(intents, key=lambda intent: intent.stated[-1], default=None)


def _unpromise(intents: Sequence[_Intent]) -> None:
    """A promise to cancel with another attempt behind it was none, nor was a hand-over that leads to one."""
    argued = _latest(intent for intent in intents if intent.kind == "cancel")
    if argued is not None and argued.outcome in {"committed", "handed_over"}:
        argued.outcome, argued.settled_by = "acknowledged", None


def _agent(intents: Sequence[_Intent], turn: Turn, fit: Mapping[RequestKind, float], asked: Turn | None) -> None:
    if turn.has("introduction"):
        for intent in intents:
            intent.passed_to |= intent.outcome == "handed_over"
    if intents and turn.acts:
        for intent in _about(intents, fit, settles=turn.has(*SETTLING)):
            _respond(intent, turn, asked)
    if "?" in turn.text:
        for waiting in intents:
            waiting.questions += waiting.acknowledged is None and waiting.is_open


def _about(intents: Sequence[_Intent], fit: Mapping[RequestKind, float], *, settles: bool) -> list[_Intent]:
    """The intents that an agent's turn responds to: of every kind that fits it well enough, the one stated last. What
    settles something is about the one that fits it best, though it lies long back and fits but faintly."""
    latest = {intent.kind: intent for intent in sorted(intents, key=lambda intent: (intent.stated[-1], intent.is_open))}
    fits = {kind: max(fit.get(heard, 0.0) for heard in intent.heard_as) for kind, intent in latest.items()}
    clear = [latest[kind] for kind, found in fits.items() if found >= RESPONDS_FROM]
    best = max(fits, key=lambda kind: fits[kind], default=None)
    if clear or not settles or best is None or fits[best] < SETTLES_FROM:
        return clear
    return [latest[best]]


def _respond(intent: _Intent, turn: Turn, asked: Turn | None) -> None:
    """Move an intent on, unless the turn rather talks past it: pitches and other topics are no response."""
    if turn.confidence("obstruction") > turn.confidence(*RESPONSES):
        return
    asked_for = turn.has("save_offer") and asked is not None and asked.has("ask_offer")
    if turn.has(*RESPONSES) or asked_for:
        intent.responded = turn.index
        if intent.outcome == "ignored":
            intent.outcome = "acknowledged"
    if turn.has(*IN_WORDS) and intent.acknowledged is None:
        intent.acknowledged = turn.index
    outcome = _outcome(turn, intent, asked)
    if outcome is not None and _moves_on(intent, outcome):
        intent.outcome, intent.settled_by, intent.passed_to = outcome, turn.index, False


def _moves_on(intent: _Intent, outcome: Outcome) -> bool:
    """Whether an outcome replaces the one before: what is final gives way when it is stated again, or is done."""
    if intent.stated_since or intent.passed_to:
        return True
    if intent.outcome in {"resolved", "withdrawn"}:
        return False
    return intent.outcome not in FINAL or outcome != "committed"


def declines_only_a_question(turn: Turn, asked: Turn | None) -> bool:
    """Whether a no answers a question inside the request ("can I keep the router?") and not the request."""
    inside = asked is not None and asked.has("follow_up") and not asked.has("request", "restate")
    return turn.has("decline") and inside


def _outcome(turn: Turn, intent: _Intent, asked: Turn | None) -> Outcome | None:
    """What the turn makes of the intent; null when it settles nothing.

    A no, a promise or a transfer that is a hurdle of the agent's own making settles nothing (definitions, section 6).
    """
    hurdle = turn.has("obstruction")
    if turn.has("done"):
        return "resolved"
    if turn.has("decline") and not hurdle and not declines_only_a_question(turn, asked):
        return "declined"
    if turn.has("transfer") and not hurdle:
        return "handed_over"
    if turn.has("commit") and not hurdle:
        return "committed"
    if turn.has("answer") and intent.kind in ANSWERED_BY_WORDS and (intent.stated_since or intent.passed_to):
        return "resolved"
    return None


def _request(intent: _Intent, turns: Sequence[Turn]) -> Request:
    if intent.outcome in {"resolved", "committed"} and intent.stated[-1] > intent.responded:
        intent.outcome = "acknowledged"
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
    elif intent.outcome == "acknowledged" and intent.settled_by is None:  # by a question that it needs, not in words
        yield Evidence.of(turns[intent.responded], "acknowledged")
    if intent.settled_by is not None:
        yield Evidence.of(turns[intent.settled_by], intent.outcome)
