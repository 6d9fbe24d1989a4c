"""The customer said no, and the agent went on trying to keep them.

What it does: reports a call that breaks a limit of the policy (definitions, section 2): retention attempts (asking why,
offering, persuading, shaming, threatening, obstructing) after the customer's first refusal, and where the policy draws
such limits, more offers or questions for the reason than allowed, or a longer wait for the end that was asked for. The
finding names each limit that was broken.
Why is this bad: "define clearly where the limit lies", and let customers go who repeatedly show no interest.
Example: a caller asks to cancel, says no to an offer, and is asked "but why?" for eight minutes.
When it is wrong: a wish to leave in words that nobody foresaw is not heard; an explanation that the customer asked for
can be taken for persuasion.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analyzer.call import Attempt, Finding, FindingSeverity, PressureSeverity, Retention, Turn
from analyzer.detect.evidence import cause_of, quotes, with_cause
from analyzer.detect.policy import Broken, Policy, broken_limits, severity
from analyzer.detect.request_ledger import stated_confidence
from analyzer.detect.retention_ledger import ended_as, seconds_waited
from analyzer.detect.rule import Observed, Rule

SEVERITIES: dict[PressureSeverity, FindingSeverity] = {"none": "minor", "mild": "major", "severe": "critical"}
LIMITS = {  # in words, for one and for many
    "attempts_after_refusal": ("attempt after the first no", "attempts after the first no"),
    "mild_at_most": ("attempt after the first no", "attempts after the first no"),
    "offers_at_most": ("offer", "offers"),
    "probes_at_most": ("question for the reason", "questions for the reason"),
    "seconds_to_honour_at_most": ("second of waiting for the end", "seconds of waiting for the end"),
}


def detect(observed: Observed) -> Iterable[Finding]:
    ledger, turns = observed.retention, observed.call.turns
    if ledger is None or ledger.first_clear_cancel is None:
        return
    after = _after(ledger)
    first = turns[ledger.first_clear_cancel]
    waited = seconds_waited(first, ledger.seconds_to_honour, ended_as(observed.requests or ()), turns)
    broken = tuple(broken_limits(ledger.attempts, after, waited, observed.policy))
    if not broken:
        return
    last = ledger.attempts[-1].turn if ledger.attempts else len(turns)
    begun = ledger.attempts[0].turn if ledger.attempts else ledger.first_clear_cancel
    since = turns[begun : last + 1]  # what is put down to the process before the first attempt, forced none
    honoured = () if ledger.honoured is None else (ledger.honoured,)
    before = [attempt.turn for attempt in ledger.attempts if attempt.turn not in ledger.attempts_after_refusal]
    yield Finding(
        rule=RULE.name,
        severity=SEVERITIES[ledger.severity],
        confidence=_confidence(observed, after),
        cause=cause_of(since, {move for attempt in after for move in attempt.moves}),
        message=f"{_said(after)} Over the limit of the policy {ledger.policy}: {_limits(broken)}.",
        evidence=with_cause(
            (
                *quotes(turns, [ledger.first_clear_cancel], "asks to cancel"),
                *quotes(turns, () if after else before, "attempt"),
                *quotes(turns, ledger.refusals, "says no"),
                *quotes(turns, ledger.attempts_after_refusal, "attempt after refusal"),
                *quotes(turns, honoured, "carried out"),
            ),
            since,
        ),
        facts={
            "severity": ledger.severity,
            "attempts": len(ledger.attempts),
            "attempts_after_refusal": len(after),
            "moves_after_refusal": sorted({move for attempt in after for move in attempt.moves}),
            "seconds_to_honour": ledger.seconds_to_honour,
            "policy": ledger.policy,
            "limits": [{"limit": each.limit, "allowed": each.allowed, "found": each.found} for each in broken],
        },
    )


def _after(ledger: Retention) -> list[Attempt]:
    return [attempt for attempt in ledger.attempts if attempt.turn in ledger.attempts_after_refusal]


def _said(after: Sequence[Attempt]) -> str:
    if not after:
        return "The customer asked to end it."
    times = "once" if len(after) == 1 else f"{len(after)} times"
    return f"After the customer's first no, the agent tried {times} more to keep them."


def _limits(broken: Sequence[Broken]) -> str:
    """Every limit once: what makes attempts severe instead of mild needs no line of its own."""
    named = {each.limit for each in broken}
    return "; ".join(
        _limit(each) for each in broken if each.limit != "mild_at_most" or "attempts_after_refusal" not in named
    )


def _limit(broken: Broken) -> str:
    """In words: a move that is severe at once has no number that would be allowed."""
    if broken.limit not in LIMITS:
        return f"{broken.limit.replace('_', ' ')} after the first no"
    one, many = LIMITS[broken.limit]
    return f"{broken.found:g} {one if broken.found == 1 else many} (at most {broken.allowed:g})"


def _confidence(observed: Observed, after: Sequence[Attempt]) -> float:
    """How sure the weakest link is that the verdict needs: the wish; where attempts after a refusal break a limit, a
    refusal and as many attempts behind it as the severity takes; else an attempt."""
    ledger, turns = observed.retention, observed.call.turns
    assert ledger is not None and ledger.first_clear_cancel is not None
    links = [stated_confidence(turns[ledger.first_clear_cancel], "cancel")]
    if after:
        links.append(max(_from(turns, turns[index], after, observed.policy) for index in ledger.refusals))
    elif ledger.attempts:
        links.append(max(turns[attempt.turn].confidence(*attempt.moves) for attempt in ledger.attempts))
    return round(min(links), 3)


def _from(turns: Sequence[Turn], no: Turn, after: Sequence[Attempt], policy: Policy) -> float:
    """How sure the verdict is if this refusal is the first: nought where too little comes behind it."""
    behind = [attempt for attempt in after if attempt.turn > no.index]
    if not behind or severity(behind, policy) != severity(after, policy):
        return 0.0
    return min(max(no.confidence("refuse"), stated_confidence(no, "cancel")), _surest(turns, behind, policy))


def _surest(turns: Sequence[Turn], after: Sequence[Attempt], policy: Policy) -> float:
    """How sure it is that the attempts after the refusal weigh as much as they do: by a move that is severe at once,
    or by their number where that is enough."""
    limits = policy.after_refusal
    hard = max(turns[attempt.turn].confidence(*(set(attempt.moves) & set(limits.always_severe))) for attempt in after)
    if hard and len(after) <= limits.mild_at_most:
        return hard
    each = sorted((turns[attempt.turn].confidence(*attempt.moves) for attempt in after), reverse=True)
    needed = limits.mild_at_most + 1 if len(after) > limits.mild_at_most else limits.allowed + 1
    return max(hard, each[min(needed, len(each)) - 1])  # fewer where another limit is broken


RULE = Rule(name="retention-pressure", needs=("speakers", "language"), detect=detect, ledger="retention")
