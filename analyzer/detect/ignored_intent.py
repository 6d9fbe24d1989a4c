"""The customer asked for something, and nobody responded to it.

What it does: reports each intent whose outcome is `ignored`, or `acknowledged` after three statements or more
(definitions, section 1).
Why is this bad: to bombard customers with questions while their concern is ignored loses them.
Example: a caller asks for a refund and an invoice by e-mail; the refund is made, the invoice is never spoken of.
When it is wrong: several requests in one breath are told apart badly; a response whose words seem to fit no request is
lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analyzer.call import Finding, FindingSeverity, Request, Turn
from analyzer.detect.evidence import cause_of, with_cause
from analyzer.detect.request_ledger import stated_confidence
from analyzer.detect.rule import Observed, Rule

OFTEN = 3


def detect(observed: Observed) -> Iterable[Finding]:
    for request in observed.requests or ():
        if request.is_ignored:
            yield _finding(observed, request)


def _finding(observed: Observed, request: Request) -> Finding:
    turns = observed.call.turns
    since = _while_it_was_about(observed, request)
    told = "once" if len(request.stated) == 1 else f"{len(request.stated)} times"
    wish = request.kind.replace("_", " ")
    unanswered = "never responded to" if request.outcome == "ignored" else "heard, but nothing followed"
    return Finding(
        rule=RULE.name,
        severity=_severity(request),
        confidence=_confidence(turns, request),
        cause=cause_of(since, ()),
        message=f"The customer's request ({wish}), stated {told}, was {unanswered}.",
        evidence=with_cause(request.evidence, since),
        facts={"kind": request.kind, "outcome": request.outcome, "stated": len(request.stated)},
    )


def _confidence(turns: Sequence[Turn], request: Request) -> float:
    """How sure the first statement is; and where it was acknowledged, so that it must have been stated often, as many
    of the repetitions as that takes."""
    said = sorted((turns[index].confidence("request", "restate") for index in request.stated[1:]), reverse=True)
    needed = said[: OFTEN - 1] if request.outcome == "acknowledged" else []
    weakest: float = min(stated_confidence(turns[request.stated[0]], request.kind), *needed, 1.0)
    return round(weakest, 3)


def _while_it_was_about(observed: Observed, request: Request) -> tuple[Turn, ...]:
    """The turns from the request until the customer states another one: what is put down to the process later is that
    one's."""
    turns, first = observed.call.turns, request.stated[0]
    others = {other.stated[0] for other in observed.requests or () if other.stated[0] > first}
    return turns[first : min(others, default=len(turns))]


def _severity(request: Request) -> FindingSeverity:
    if request.outcome == "ignored":
        return "critical" if len(request.stated) >= OFTEN else "major"
    return "minor"


RULE = Rule(name="ignored-intent", needs=("speakers", "language"), detect=detect, ledger="requests")
