"""The retention ledger (definitions, section 2): what happened between the wish to leave and its end.

A state machine over the acts of the turns:

    quiet ──customer states cancel──► asked ──customer refuses──► refused ──customer withdraws──► withdrawn

Agent turns with a move are attempts while asked (before a refusal) or refused (after one). The cancellation is
honoured by the first agent turn that does or promises it and has no attempt after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from analyzer.call import Attempt, Move, PressureSeverity, Retention, Turn, TurnIndex
from analyzer.detect.policy import Policy

MOVES: tuple[Move, ...] = ("reason_probe", "save_offer", "persuasion", "guilt", "threat", "obstruction")
ASKED_FOR: tuple[Move, ...] = ("save_offer", "persuasion")


@dataclass(slots=True)
class _State:
    refusals: list[TurnIndex] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    carried_out: list[TurnIndex] = field(default_factory=list)
    offers_wanted: bool = False
    withdrawn: bool = False
    declined: bool = False


def states_cancel(turn: Turn) -> bool:
    """Whether the customer makes clear here that they want to end a contract or service."""
    held = [act.confidence for act in turn.acts if act.act in {"request", "restate"} and act.kind == "cancel"]
    return turn.speaker == "customer" and bool(held) and max(held) >= turn.confidence("hesitate")


def moves_of(turn: Turn) -> tuple[Move, ...]:
    return tuple(move for move in MOVES if turn.has(move))


def retention_ledger(turns: Sequence[Turn], policy: Policy) -> Retention:
    """Draw up the ledger of one call whose speakers are known."""
    first = next((turn for turn in turns if states_cancel(turn)), None)
    if first is None:
        return Retention(policy=policy.name, first_clear_cancel=None)
    state = _State()
    for turn in turns[first.index + 1 :]:
        if state.withdrawn:
            break
        (_agent if turn.speaker == "agent" else _customer)(state, turn)
    after = [attempt for attempt in state.attempts if state.refusals and attempt.turn > state.refusals[0]]
    honoured = _honoured(state)
    return Retention(
        policy=policy.name,
        first_clear_cancel=first.index,
        refusals=tuple(state.refusals),
        attempts=tuple(state.attempts),
        attempts_after_refusal=tuple(attempt.turn for attempt in after),
        honoured=honoured,
        seconds_to_honour=_seconds(first, turns[honoured]) if honoured is not None else None,
        severity=severity(after, policy),
        limits_broken=_limits_broken(after, policy),
    )


def _customer(state: _State, turn: Turn) -> None:
    if turn.speaker != "customer":
        return
    if turn.has("withdraw") and not states_cancel(turn):
        state.withdrawn = True
    elif states_cancel(turn) or (turn.has("refuse") and state.attempts):
        state.refusals.append(turn.index)
    state.offers_wanted = turn.has("ask_offer")


def _agent(state: _State, turn: Turn) -> None:
    moves = tuple(move for move in moves_of(turn) if not (state.offers_wanted and move in ASKED_FOR))
    if moves:
        state.attempts.append(Attempt(turn=turn.index, moves=moves))
    if turn.has("done", "commit"):
        state.carried_out.append(turn.index)
    if turn.has("decline"):
        state.declined = True


def _honoured(state: _State) -> TurnIndex | None:
    if state.withdrawn:
        return None
    last = state.attempts[-1].turn if state.attempts else -1
    return next((turn for turn in state.carried_out if turn >= last), None)


def severity(after: Sequence[Attempt], policy: Policy) -> PressureSeverity:
    """`none`, `mild` or `severe` from the attempts after the first refusal."""
    if not after:
        return "none"
    hard = {move for attempt in after for move in attempt.moves} & set(policy.after_refusal.always_severe)
    return "severe" if hard or len(after) > policy.after_refusal.mild_at_most else "mild"


def _limits_broken(after: Sequence[Attempt], policy: Policy) -> tuple[str, ...]:
    broken = []
    if after:
        broken.append("attempt_after_refusal")
    if len(after) > policy.after_refusal.mild_at_most:
        broken.append("mild_at_most")
    held = {move for attempt in after for move in attempt.moves}
    broken += [cast(str, move) for move in policy.after_refusal.always_severe if move in held]
    return tuple(broken)


def _seconds(first: Turn, honoured: Turn) -> float | None:
    """From the end of the wish to the beginning of the answer that carries it out."""
    if first.end_ms is None or honoured.start_ms is None:
        return None
    return round(max(honoured.start_ms - first.end_ms, 0) / 1000, 1)
