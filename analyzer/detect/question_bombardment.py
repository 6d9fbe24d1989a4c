"""Question after question, and the request itself is not taken up.

What it does: reports a call in which the agent asked in four turns or more before the customer's main request (the
first one stated) was taken up in words. Turns that only check who is calling, or only ask what is needed to carry the
request out, are not counted: such a question is a response (definitions, section 1).
Why is this bad: to bombard customers with questions while their concern is ignored is material for disaster.
Example: "I'd like my money back." "Which model was it? How did you like the colours? Where did you hear of us?"
When it is wrong: whether a question is needed is easily misjudged, and a word that takes the request up is easily
missed; questions are seen by their question marks, which some transcripts lack.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analyzer.call import Finding, Request, Turn, TurnIndex
from analyzer.detect.evidence import cause_of, quotes, with_cause
from analyzer.detect.request_ledger import stated_confidence
from analyzer.detect.rule import Observed, Rule

MANY, VERY_MANY = 4, 8  # turns with a question
NEEDED = ("identity_check", "clarify")
NEEDED_ONLY = frozenset({*NEEDED, "greeting", "introduction", "empathy", "apology", "hold_notice", "farewell"})


def detect(observed: Observed) -> Iterable[Finding]:
    turns, main = observed.call.turns, _main(observed.requests or ())
    if not main:
        return
    stated, taken_up = main[0].stated[0], _taken_up(main)
    questions = [turn for turn in turns[stated + 1 : _end(turns, stated, taken_up)] if _is_question(turn)]
    if len(questions) < MANY:
        return
    asking = turns[stated : questions[-1].index + 1]
    until = "before they took up the request" if taken_up is not None else "and never took up the request"
    yield Finding(
        rule=RULE.name,
        severity="major" if taken_up is None or len(questions) >= VERY_MANY else "minor",
        confidence=round(max(stated_confidence(turns[stated], request.kind) for request in main), 3),
        cause=cause_of(asking, ()),
        message=f"The agent asked questions in {len(questions)} turns {until}.",
        evidence=with_cause(
            (
                *quotes(turns, [stated], "request"),
                *quotes(turns, (turn.index for turn in questions), "question"),
                *quotes(turns, () if taken_up is None else (taken_up,), "taken up"),
            ),
            asking,
        ),
        facts={"questions": len(questions), "taken_up": taken_up},
    )


def _main(requests: Sequence[Request]) -> list[Request]:
    """The requests of the first turn that states any: which of them is the main one, nothing tells."""
    first = min((request.stated[0] for request in requests), default=None)
    return [request for request in requests if request.stated[0] == first]


def _taken_up(main: Iterable[Request]) -> TurnIndex | None:
    return min((request.acknowledged for request in main if request.acknowledged is not None), default=None)


def _end(turns: Sequence[Turn], stated: TurnIndex, taken_up: TurnIndex | None) -> TurnIndex | None:
    """Where counting ends: the request is taken up, or the customer takes it back; null at the end of the call."""
    if taken_up is not None:
        return taken_up
    taken_back = (turn for turn in turns[stated + 1 :] if turn.speaker == "customer" and turn.has("withdraw"))
    return next((turn.index for turn in taken_back), None)


def _is_question(turn: Turn) -> bool:
    """A question of the agent's that the request does not need."""
    if turn.speaker != "agent" or "?" not in turn.text:
        return False
    return not (turn.has(*NEEDED) and {act.act for act in turn.acts} <= NEEDED_ONLY)


RULE = Rule(name="question-bombardment", needs=("speakers", "language"), detect=detect, ledger="requests")
