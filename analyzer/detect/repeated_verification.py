"""The customer proved who they are, and is asked to prove it again.

What it does: reports a check of who is calling that comes after the customer had answered one, with other business or a
transfer in between. Several questions in a row are one check, and so is a question that is put again at once.
Why is this bad: the customer does the company's work twice, and learns that its parts do not talk.
Example: "Date of birth?" "The third of May." "I'm putting you through." "Hello, your date of birth, please?"
When it is wrong: some steps rightly need a check of their own (a payment, a new bank account), and a question for a new
address can look like a check.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from analyzer.call import Finding, Turn
from analyzer.detect.evidence import cause_of, quotes, with_cause
from analyzer.detect.rule import Observed, Rule

BUSINESS = ("answer", "done", "commit", "decline", "reason_probe", "save_offer", "persuasion", "guilt", "threat")


@dataclass(frozen=True, slots=True)
class _Again:
    """A check after one that was answered, and the transfer between them, where there was one."""

    first: Turn
    answer: Turn
    transfer: Turn | None
    turn: Turn

    @property
    def confidence(self) -> float:
        checks = (self.first.confidence("identity_check"), self.turn.confidence("identity_check"))
        return min(*checks, self.answer.confidence("inform"))


@dataclass(slots=True)
class _Checking:
    """The last check of who is calling, and what came after it."""

    check: Turn | None = None
    answer: Turn | None = None
    transfer: Turn | None = None
    business: bool = False
    found: list[_Again] = field(default_factory=list)


def detect(observed: Observed) -> Iterable[Finding]:
    turns = observed.call.turns
    found = _follow(turns)
    if not found:
        return
    meanwhile = turns[found[0].first.index : found[-1].turn.index + 1]
    passed_on = any(again.transfer for again in found)
    times = "again" if len(found) == 1 else f"{len(found)} times more"
    yield Finding(
        rule=RULE.name,
        severity="minor" if len(found) == 1 else "major",
        confidence=round(max(again.confidence for again in found), 3),
        cause="process" if passed_on else cause_of(meanwhile, ()),
        message=f"The customer had proved who they are and was asked to prove it {times}.",
        evidence=with_cause(
            (
                *quotes(turns, [found[0].first.index], "asked who is calling"),
                *quotes(turns, (again.answer.index for again in found), "answered"),
                *quotes(turns, (again.transfer.index for again in found if again.transfer), "passed on"),
                *quotes(turns, (again.turn.index for again in found), "asked again"),
            ),
            meanwhile,
        ),
        facts={"asked_again": len(found), "after_transfer": passed_on},
    )


def _follow(turns: Sequence[Turn]) -> list[_Again]:
    checking = _Checking()
    for turn in turns:
        if turn.speaker == "agent":
            _agent(checking, turn, turns)
        elif turn.speaker == "customer" and checking.check is not None and turn.has("inform"):
            checking.answer = checking.answer or turn
    return checking.found


def _agent(checking: _Checking, turn: Turn, turns: Sequence[Turn]) -> None:
    """A check after an answered one and something else is a new one; until then it is still the same."""
    first, answer = checking.check, checking.answer
    if not turn.has("identity_check"):
        checking.business |= answer is not None and turn.has(*BUSINESS)
    elif first is None:
        checking.check = turn
    elif answer is not None and (checking.business or checking.transfer) and _asks(turn, turns):
        checking.found.append(_Again(first, answer, checking.transfer, turn))
        checking.check, checking.answer, checking.transfer, checking.business = turn, None, None, False
    if checking.answer is not None and turn.has("transfer"):
        checking.transfer = turn


def _asks(turn: Turn, turns: Sequence[Turn]) -> bool:
    """Whether it is asked, not only said to be known ("my colleague has checked that")."""
    reply = next((after for after in turns[turn.index + 1 :] if after.speaker == "customer"), None)
    return "?" in turn.text or (reply is not None and reply.has("inform"))


RULE = Rule(name="repeated-verification", needs=("speakers", "language"), detect=detect)
