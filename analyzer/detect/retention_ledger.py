"""The retention ledger (definitions, section 2): what happened between the wish to leave and its end.

A state machine over the acts of the turns:

    quiet ──customer states cancel──► asked ──customer refuses──► refused ──customer withdraws──► withdrawn
                                                                     ▲──customer states cancel again──┘

Agent turns with a move are attempts while asked (before a refusal) or refused (after one). The cancellation is
honoured by the first agent turn that does or promises it and has no attempt after it; by none where the request ledger
ends with the wish declined or withdrawn.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from analyzer.call import Attempt, Move, Outcome, Request, RequestKind, Retention, Turn, TurnIndex
from analyzer.detect.policy import Policy, broken_limits, severity
from analyzer.detect.request_ledger import (
    CLEAR_CANCEL,
    SETTLES_FROM,
    Topics,
    declines_only_a_question,
    only_thinks_about_it,
    request_ledger,
    stated_confidence,
)

MOVES: tuple[Move, ...] = get_args(Move)
CLEAR = CLEAR_CANCEL
SURE_NO = 0.95  # confidence from which a turn says no, whatever else it says
ASKED_FOR: tuple[Move, ...] = ("save_offer", "persuasion")
OTHER_QUESTIONS = ("identity_check", "closing")


@dataclass(slots=True)
class _State:
    refusals: list[TurnIndex] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    done: list[TurnIndex] = field(default_factory=list)
    promised: list[TurnIndex] = field(default_factory=list)
    offers: Literal["unasked", "wanted", "given"] = "unasked"
    wish: Literal["cancel", "other"] = "cancel"  # what the customer stated last
    others: set[RequestKind] = field(default_factory=set)  # what else the customer wants
    pressed: bool = False  # there was a probe or an offer to say no to, asked for or not
    just_pressed: bool = False  # and it was in the agent's last turn
    just_probed: bool = False  # and it asked for the reason and did nothing else
    just_asked: bool = False  # the agent's last turn asked something else that one can say no to
    said: Turn | None = None  # the customer's last turn
    withdrawn: bool = False

    @property
    def offered(self) -> bool:
        """Whether the last attempt was an offer, which a further question can be about."""
        return bool(self.attempts) and "save_offer" in self.attempts[-1].moves


def states_cancel(turn: Turn) -> bool:
    """Whether the customer makes clear here that they want to end a contract or service."""
    stated = stated_confidence(turn, "cancel") > 0
    return turn.speaker == "customer" and stated and not only_thinks_about_it(turn) and not takes_back(turn)


def takes_back(turn: Turn) -> bool:
    """Whether the customer takes a wish back; "I wanted to cancel, but I'll stay" does so too."""
    return turn.has("withdraw") and turn.confidence("withdraw") >= stated_confidence(turn, "cancel")


def moves_of(turn: Turn) -> tuple[Move, ...]:
    return tuple(move for move in MOVES if turn.has(move))


def retention_ledger(turns: Sequence[Turn], policy: Policy, topics: Topics) -> Retention:
    """Draw up the ledger of one call whose speakers are known.

    `topics` as for the request ledger: what the agent does about another request is not taken for the cancellation.
    """
    first, state = _follow(turns, topics)
    if first is None:
        return Retention(policy=policy.name, first_clear_cancel=None)
    kept = frozenset(attempt.turn for attempt in state.attempts)
    ended = ended_as(request_ledger(turns, topics, kept))
    honoured = None if ended in {"declined", "withdrawn"} else _honoured(state)
    refusals = tuple(refusal for refusal in state.refusals if honoured is None or refusal < honoured)
    after = [attempt for attempt in state.attempts if refusals and attempt.turn > refusals[0]]
    seconds = _seconds(first, turns[honoured]) if honoured is not None else None
    waited = seconds_waited(first, seconds, ended, turns)
    return Retention(
        policy=policy.name,
        first_clear_cancel=first.index,
        refusals=refusals,
        attempts=tuple(state.attempts),
        attempts_after_refusal=tuple(attempt.turn for attempt in after),
        honoured=honoured,
        seconds_to_honour=seconds,
        severity=severity(after, policy),
        limits_broken=tuple(broken.limit for broken in broken_limits(state.attempts, after, waited, policy)),
    )


def _follow(turns: Sequence[Turn], topics: Topics) -> tuple[Turn | None, _State]:
    """The first clear wish to leave, and what happened from there to the end."""
    first = next((turn for turn in turns if states_cancel(turn) and stated_confidence(turn, "cancel") >= CLEAR), None)
    if first is None:
        return None, _State()
    state = _State(offers="wanted" if first.has("ask_offer") else "unasked", said=first)
    state.others.update(_others(turns[: first.index + 1]))
    for turn in turns[first.index + 1 :]:
        if turn.speaker == "agent" and not state.withdrawn:
            _agent(state, turn, topics.get(turn.index, {}))
        elif turn.speaker == "customer":
            _customer(state, turn)
    return first, state


def _customer(state: _State, turn: Turn) -> None:
    refused = _refuses(state, turn)
    if refused:
        state.refusals.append(turn.index)
    if states_cancel(turn):
        state.withdrawn = False
    elif takes_back(turn) and _about_leaving(state):
        state.withdrawn = True
        state.done.clear()
        state.promised.clear()
    _follow_wish(state, turn, refused)
    if turn.has("ask_offer"):
        state.offers = "wanted"
    elif refused or state.offers == "given":
        state.offers = "unasked"
    state.just_pressed = state.just_asked = state.just_probed = False
    state.said = turn


def _about_leaving(state: _State) -> bool:
    """Whether what the customer takes back now is the wish to leave: it was just argued about, or it is what they want
    and it is not settled while something else is."""
    settled = _honoured(state) is not None
    return state.just_pressed or (state.wish == "cancel" and not (settled and state.others))


def _refuses(state: _State, turn: Turn) -> bool:
    """A no to a probe or an offer, or clearly the wish again; a further cancellation after one that is done or promised
    is a new wish."""
    if states_cancel(turn) and stated_confidence(turn, "cancel") >= CLEAR:
        again = any(act.act == "restate" and act.kind == "cancel" for act in turn.acts)
        return again or _honoured(state) is None
    if not turn.has("refuse") or gives_only_a_reason(turn) or (state.just_probed and _answers_why(turn)):
        return False
    answers_else = state.just_asked and not state.just_pressed
    return state.pressed and not answers_else and not state.withdrawn and not takes_back(turn)


def gives_only_a_reason(turn: Turn) -> bool:
    """Whether the turn rather gives a reason than says no (definitions, section 6: that alone is no refusal)."""
    return turn.has("reason") and turn.confidence("reason") > turn.confidence("refuse")


def _answers_why(turn: Turn) -> bool:
    """Whether who was only asked why clearly gives a reason, and does not surely say no as well."""
    return turn.confidence("reason") >= CLEAR and turn.confidence("refuse") < SURE_NO


def _follow_wish(state: _State, turn: Turn, refused: bool) -> None:
    """What the customer now wants; who says no to an attempt is back at the cancellation."""
    others = _others([turn], state.others)
    state.others.update(others)
    if states_cancel(turn) or (refused and state.just_pressed and not others):
        state.wish = "cancel"
    elif others:
        state.wish = "other"


def _others(turns: Sequence[Turn], known: Collection[RequestKind] = ()) -> set[RequestKind]:
    """What the customer states besides a cancellation; what is repeated without having been stated is no other wish."""
    customer = [turn for turn in turns if turn.speaker == "customer"]
    stated = {kind for turn in customer for kind in turn.kinds("request")}
    repeated = {kind for turn in customer for kind in turn.kinds("restate")} & (stated | {*known})
    return (stated | repeated) - {"cancel"}


def _agent(state: _State, turn: Turn, fit: Mapping[RequestKind, float]) -> None:
    """Take down moves, and what is done or promised; to obstruct another wish is no move against the cancellation."""
    other = max((fit.get(kind, 0.0) for kind in state.others), default=0.0)
    against_leaving = state.wish == "cancel" or (fit.get("cancel", 0.0) > other and _honoured(state) is None)
    moves = [move for move in moves_of(turn) if move != "obstruction" or against_leaving]
    state.just_asked = state.just_asked or turn.has(*OTHER_QUESTIONS) or (turn.has("clarify") and not state.offered)
    if moves:
        state.just_probed = moves == ["reason_probe"] and (state.just_probed or not state.just_pressed)
        state.pressed = state.just_pressed = True
    if state.offers != "unasked" and set(moves) & set(ASKED_FOR):
        state.offers = "given"
        moves = [move for move in moves if move not in ASKED_FOR]
    if moves:
        state.attempts.append(Attempt(turn=turn.index, moves=tuple(moves)))
    if fit.get("cancel", 0.0) < max(other, SETTLES_FROM):
        return
    if turn.has("decline") and state.wish == "cancel" and not declines_only_a_question(turn, state.said):
        state.promised.clear()
    if turn.has("done"):
        state.done.append(turn.index)
    elif turn.has("commit") and not turn.has("obstruction"):
        state.promised.append(turn.index)


def _honoured(state: _State) -> TurnIndex | None:
    last = state.attempts[-1].turn if state.attempts else -1
    return min((turn for turn in (*state.done, *state.promised) if turn >= last), default=None)


def ended_as(requests: Sequence[Request]) -> Outcome | None:
    """The outcome of the wish to leave that was stated last, null when there was none."""
    wishes = [request for request in requests if request.kind == "cancel"]
    return max(wishes, key=lambda request: request.stated[-1]).outcome if wishes else None


def seconds_waited(first: Turn, to_honour: float | None, ended: Outcome | None, turns: Sequence[Turn]) -> float | None:
    """Seconds from the wish until it was carried out; to the end of the call when it never was, though nothing else
    became of it."""
    if to_honour is not None or ended in {"declined", "withdrawn"}:
        return to_honour
    return _seconds(first, turns[-1])


def _seconds(first: Turn, honoured: Turn) -> float | None:
    """From the end of the wish to the beginning of the answer that carries it out."""
    if first.end_ms is None or honoured.start_ms is None:
        return None
    return round(max(honoured.start_ms - first.end_ms, 0) / 1000, 1)
