"""The customer said no to a pitch, and the agent went on selling.

What it does: reports pitches, upsells and requests for a donation (offering, persuading, shaming, threatening) that go
on after the customer's no to a pitch. The no ends where the customer asks for an offer or takes one. What follows a
wish to cancel is left to `retention-pressure`, until the wish is taken back.
Why is this bad: who has said no and is pitched to again was not heard, and remembers the call for it.
Example: a caller changes an address, says no to an insurance for the phone, and is offered it twice more.
When it is wrong: an answer to the customer's own question about the offer can look like another pitch; a no said before
anything was offered ("and nothing to buy, please") is not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from analyzer.call import Finding, FindingSeverity, Move, Turn, TurnIndex
from analyzer.detect.evidence import cause_of, quotes, with_cause
from analyzer.detect.retention_ledger import states_cancel, takes_back
from analyzer.detect.rule import Observed, Rule

PITCHES: tuple[Move, ...] = ("save_offer", "persuasion", "guilt", "threat")
ASKED_FOR: tuple[Move, ...] = ("save_offer", "persuasion")
HARD: frozenset[Move] = frozenset({"guilt", "threat"})
MAJOR, CRITICAL = 2, 3  # attempts after the no


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A pitch after a no, the last no before it, and what in the pitch nobody asked for."""

    no: Turn
    turn: Turn
    moves: tuple[Move, ...]

    @property
    def confidence(self) -> float:
        return min(self.no.confidence("refuse"), self.turn.confidence(*self.moves))


@dataclass(slots=True)
class _Selling:
    """What was pitched and said no to so far."""

    pitch: Turn | None = None  # the first one
    no: Turn | None = None  # the last one, while it stands
    attempts: list[_Attempt] = field(default_factory=list)
    offers_wanted: bool = False
    just_pitched: bool = False


def detect(observed: Observed) -> Iterable[Finding]:
    if observed.retention is None:
        return
    turns = observed.call.turns
    selling = _follow(turns, observed.retention.first_clear_cancel)
    to_keep = {attempt.turn for attempt in observed.retention.attempts}
    attempts = [attempt for attempt in selling.attempts if attempt.turn.index not in to_keep]
    if selling.pitch is None or not attempts:
        return
    since = turns[attempts[0].no.index : attempts[-1].turn.index + 1]
    noes = dict.fromkeys(attempt.no.index for attempt in attempts)
    moves = {move for attempt in attempts for move in attempt.moves}
    times = "once" if len(attempts) == 1 else f"{len(attempts)} times"
    yield Finding(
        rule=RULE.name,
        severity=_severity(len(attempts), moves),
        confidence=round(max(attempt.confidence for attempt in attempts), 3),
        cause=cause_of(since, moves),
        message=f"After the customer's no to a pitch, the agent tried {times} more.",
        evidence=with_cause(
            (
                *quotes(turns, [selling.pitch.index], "pitch"),
                *quotes(turns, noes, "says no"),
                *quotes(turns, (attempt.turn.index for attempt in attempts), "attempt after the no"),
            ),
            since,
        ),
        facts={"attempts_after_no": len(attempts), "moves_after_no": sorted(moves)},
    )


def _follow(turns: Sequence[Turn], first_clear_cancel: TurnIndex | None) -> _Selling:
    """Pitches, noes and attempts of the parts of a call in which nobody wants to cancel: before the wish, and after it
    was taken back. A no from before stands no more then."""
    selling, leaving = _Selling(), False
    for turn in turns:
        if turn.speaker == "customer":
            stays = leaving and not takes_back(turn)
            again = first_clear_cancel is not None and turn.index > first_clear_cancel and states_cancel(turn)
            leaving = turn.index == first_clear_cancel or stays or again
        if leaving:
            selling.no, selling.just_pitched = None, False
        elif turn.speaker == "agent":
            _agent(selling, turn)
        elif turn.speaker == "customer":
            _customer(selling, turn)
    return selling


def _agent(selling: _Selling, turn: Turn) -> None:
    moves = tuple(move for move in PITCHES if turn.has(move))
    unasked = tuple(move for move in moves if not (selling.offers_wanted and move in ASKED_FOR))
    if selling.no is not None and unasked:
        selling.attempts.append(_Attempt(selling.no, turn, unasked))
    if moves:
        selling.pitch = selling.pitch or turn
        selling.just_pitched = True


def _customer(selling: _Selling, turn: Turn) -> None:
    """A no to a pitch stands until an offer is asked for or taken."""
    selling.offers_wanted = turn.has("ask_offer")
    taken = selling.just_pitched and turn.has("agree") and not turn.has("refuse")
    if taken:
        selling.pitch = selling.no = None
    elif selling.offers_wanted:
        selling.no = None
    elif turn.has("refuse") and selling.pitch is not None:
        selling.no = turn
    selling.just_pitched = False


def _severity(attempts: int, moves: Iterable[Move]) -> FindingSeverity:
    if attempts >= CRITICAL or HARD.intersection(moves):
        return "critical"
    return "major" if attempts >= MAJOR else "minor"


RULE = Rule(name="sales-pressure", needs=("speakers", "language"), detect=detect, ledger="retention")
