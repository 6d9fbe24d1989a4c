"""The rules there are, and how they are run: found nothing is not the same as did not run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from analyzer.call import Call, Finding, RuleOutcome
from analyzer.detect import (
    dead_air,
    empathy_missing,
    ignored_intent,
    interruption,
    process_block,
    promise_without_date,
    question_bombardment,
    repeated_verification,
    retention_pressure,
    sales_pressure,
    silo_friction,
    transfer_loop,
    unannounced_hold,
)
from analyzer.detect.rule import Need, Observed, Rule

RULES: tuple[Rule, ...] = (
    retention_pressure.RULE,
    sales_pressure.RULE,
    ignored_intent.RULE,
    question_bombardment.RULE,
    silo_friction.RULE,
    transfer_loop.RULE,
    repeated_verification.RULE,
    process_block.RULE,
    promise_without_date.RULE,
    empathy_missing.RULE,
    dead_air.RULE,
    unannounced_hold.RULE,
    interruption.RULE,
)
LACKS: dict[Need, str] = {
    "times": "the transcript has no times",
    "speakers": "agent and customer are not told apart",
    "language": "the language is not one that can be judged",
}


def lacks(call: Call, languages: Collection[str]) -> dict[Need, str]:
    """`LACKS` with the language of this call and those that can be judged."""
    found = call.info.language or "not known"
    return LACKS | {"language": f"the language is {found}, only {' and '.join(languages)} can be judged"}


def describe(fault: Exception) -> str:
    return f"{type(fault).__name__}: {fault}"


def lacking(call: Call, languages: Collection[str]) -> frozenset[Need]:
    """What this call does not carry."""
    missing: set[Need] = set()
    if not call.has_times:
        missing.add("times")
    if not call.knows_speakers:
        missing.add("speakers")
    if call.info.language not in languages:
        missing.add("language")
    return frozenset(missing)


def skipped_where(rule: Rule) -> tuple[str, ...]:
    """All that keeps a rule from running, in words."""
    needs = tuple(LACKS[need] for need in rule.needs)
    return needs if rule.languages is None else (*needs, _no_words(rule.languages))


def _no_words(languages: Collection[str]) -> str:
    return f"the rule has no words for the language (only for {' and '.join(sorted(languages))})"


def _lacks(rule: Rule, call: Call, missing: Collection[Need], reasons: Mapping[Need, str]) -> list[str]:
    lacks = [reasons[need] for need in rule.needs if need in missing]
    if rule.languages is not None and "language" not in missing and call.info.language not in rule.languages:
        lacks.append(_no_words(rule.languages))
    return lacks


def run_rules(
    observed: Observed,
    missing: Collection[Need],
    rules: Sequence[Rule] = RULES,
    reasons: Mapping[Need, str] = LACKS,
) -> tuple[tuple[Finding, ...], tuple[RuleOutcome, ...]]:
    """Findings of all rules, and for each rule whether it ran. A rule that raises is `failed`; the others go on.

    `reasons` says of what is missing why a rule that needs it was skipped.
    """
    findings: list[Finding] = []
    outcomes: list[RuleOutcome] = []
    for rule in rules:
        lacks = _lacks(rule, observed.call, missing, reasons)
        if lacks:
            outcomes.append(RuleOutcome(rule=rule.name, status="skipped", reason="; ".join(lacks)))
            continue
        if rule.ledger is not None and rule.ledger in observed.faults:
            outcomes.append(RuleOutcome(rule=rule.name, status="failed", reason=observed.faults[rule.ledger]))
            continue
        try:
            found = tuple(rule.detect(observed))
        except Exception as fault:  # one broken rule must not take the report with it
            outcomes.append(RuleOutcome(rule=rule.name, status="failed", reason=describe(fault)))
            continue
        findings += found
        outcomes.append(RuleOutcome(rule=rule.name, status="ok"))
    return tuple(findings), tuple(outcomes)
