"""How rules are registered and run."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterable
from pathlib import Path

import pytest
from pydantic import ValidationError

from analyzer import detect
from analyzer.call import Evidence, Finding, Request, Turn
from analyzer.detect import interruption
from analyzer.detect.documentation import HEADINGS, documentation
from analyzer.detect.rule import Need, Observed, Rule
from analyzer.detect.rules import LACKS, RULES, lacking, run_rules, skipped_where

from .calls import Case, call_of, cases

FOLDER = Path(detect.__file__).parent
NO_WORDS = "the rule has no words for the language (only for de and nl)"
ALL_NEEDS: tuple[Need, ...] = ("times", "speakers", "language")


def rule_modules(folder: Path) -> list[str]:
    """Modules that assign a RULE at their top."""
    return sorted(path.stem for path in folder.glob("*.py") if "RULE" in _assigned(path))


def _assigned(path: Path) -> set[str]:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    plain = (target for node in body if isinstance(node, ast.Assign) for target in node.targets)
    annotated = (node.target for node in body if isinstance(node, ast.AnnAssign))
    return {target.id for target in (*plain, *annotated) if isinstance(target, ast.Name)}


def a_case() -> Case:
    return cases("retention_pressure")[0]


def finding_of(observed: Observed) -> Iterable[Finding]:
    turn = observed.call.turns[0]
    yield Finding(
        rule="ok", severity="info", confidence=1, cause="unclear", message="!", evidence=(Evidence.of(turn, "it"),)
    )


def raises(observed: Observed) -> Iterable[Finding]:
    raise ZeroDivisionError("broken")


def raises_late(observed: Observed) -> Iterable[Finding]:
    yield from finding_of(observed)
    raise KeyError("late")


def without_evidence(observed: Observed) -> Iterable[Finding]:
    yield Finding(rule="bare", severity="info", confidence=1, cause="unclear", message="!", evidence=())


def a_rule(name: str, how: object, needs: tuple[Need, ...] = ()) -> Rule:
    return Rule(name=name, needs=needs, detect=how)  # type: ignore[arg-type]


def test_every_module_with_a_rule_is_registered():
    modules = [importlib.import_module(f"analyzer.detect.{name}") for name in rule_modules(FOLDER)]
    assert modules, "no rule was found at all"
    unregistered = [module.__name__ for module in modules if module.RULE not in RULES]
    assert unregistered == []
    assert len(modules) == len(RULES)


def test_a_rule_module_outside_the_tuple_would_be_noticed(tmp_path: Path):
    (tmp_path / "new_fault.py").write_text("RULE: object = object()\n", encoding="utf-8")
    (tmp_path / "helper.py").write_text("OTHER = 1\n", encoding="utf-8")
    assert rule_modules(tmp_path) == ["new_fault"]


def test_a_rule_is_named_for_its_file_and_explains_itself():
    for name in rule_modules(FOLDER):
        module = importlib.import_module(f"analyzer.detect.{name}")
        assert name.replace("_", "-") == module.RULE.name
        documented = documentation(module.RULE)
        assert [heading for heading, _ in documented.parts] == [*HEADINGS, "Needs"], name
        assert documented.summary == (module.__doc__ or "").splitlines()[0], f"{name}: the first line says the fault"
        assert all(len(text.split()) >= 5 for _, text in documented.parts), name


def test_rule_names_are_unique():
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_rules_about_words_need_speakers_and_a_language():
    for rule in RULES:
        assert "speakers" in rule.needs
        if rule.name != "interruption":  # times alone show one; without a language no request is cut off
            assert "language" in rule.needs


@pytest.mark.parametrize("broken", [raises, raises_late, without_evidence])
def test_a_rule_that_raises_is_failed_and_the_others_go_on(broken: object):
    rules = (a_rule("first", finding_of), a_rule("broken", broken), a_rule("last", finding_of))
    findings, outcomes = run_rules(a_case().observed, (), rules)
    assert [outcome.status for outcome in outcomes] == ["ok", "failed", "ok"]
    assert outcomes[1].reason
    assert len(findings) == 2, "nothing half found is kept"


def test_the_reason_of_a_failure_names_the_fault():
    _, (outcome,) = run_rules(a_case().observed, (), (a_rule("broken", raises),))
    assert outcome.reason == "ZeroDivisionError: broken"


@pytest.mark.parametrize("needs", [("times",), ("speakers", "language"), ALL_NEEDS])
def test_a_skipped_rule_says_all_that_is_lacking(needs: tuple[Need, ...]):
    findings, (outcome,) = run_rules(a_case().observed, ALL_NEEDS, (a_rule("it", raises, needs),))
    assert findings == ()
    assert outcome.status == "skipped"
    assert outcome.reason == "; ".join(LACKS[need] for need in needs)


def test_a_rule_runs_when_only_what_it_does_not_need_is_lacking():
    _, (outcome,) = run_rules(a_case().observed, ("times",), (a_rule("it", finding_of, ("speakers",)),))
    assert (outcome.status, outcome.reason) == ("ok", None)


def test_a_rule_without_words_for_the_language_is_skipped():
    rule = Rule(name="it", needs=("language",), detect=raises, languages=frozenset({"de", "nl"}))
    whole = a_case().observed
    _, (outcome,) = run_rules(whole, (), (rule,))
    assert (outcome.status, outcome.reason) == ("skipped", NO_WORDS)
    _, (outcome,) = run_rules(whole, ("language",), (rule,))
    assert outcome.reason == LACKS["language"]
    assert list(skipped_where(rule)) == [LACKS["language"], NO_WORDS]


def test_found_nothing_is_ok_and_did_not_run_is_not():
    case = next(case for case in cases("retention_pressure") if case.expect is None)
    _, ran = run_rules(case.observed, ("times",))
    status = {outcome.rule: outcome.status for outcome in ran}
    assert status["retention-pressure"] == "ok"
    assert status["dead-air"] == status["interruption"] == "skipped"


def test_a_broken_ledger_fails_the_rules_that_read_it_and_no_other():
    whole = a_case().observed
    broken = Observed(
        whole.call, None, whole.retention, whole.metrics, whole.limits, {"requests": "KeyError: 'refund'"}
    )
    _, outcomes = run_rules(broken, ("times",))
    by_name = {outcome.rule: outcome for outcome in outcomes}
    assert by_name["ignored-intent"].status == "failed"
    assert by_name["ignored-intent"].reason == "KeyError: 'refund'"
    assert by_name["retention-pressure"].status == "ok"


def test_where_requests_cannot_be_told_an_interruption_cuts_off_none():
    whole = next(case for case in cases("interruption") if case.name == "a request is cut off").observed
    blind = Observed(whole.call, None, None, whole.metrics, whole.limits)
    findings, _ = run_rules(blind, ("language",), (interruption.RULE,))
    assert [(finding.severity, finding.facts["requests_cut_off"]) for finding in findings] == [("info", 0)]


def test_every_rule_has_an_outcome_in_the_order_of_the_tuple():
    for missing in ((), ALL_NEEDS):
        _, outcomes = run_rules(a_case().observed, missing)
        assert [outcome.rule for outcome in outcomes] == [rule.name for rule in RULES]


def test_what_a_call_lacks_is_seen():
    timed, untimed = cases("dead_air")[0].turns, a_case().turns
    assert lacking(call_of(timed), {"en"}) == frozenset()
    assert lacking(call_of(untimed), {"en"}) == {"times"}
    assert lacking(call_of(timed, "fr"), {"en", "de"}) == {"language"}
    assert lacking(call_of(timed, None), {"en"}) == {"language"}
    assert lacking(call_of(timed[:1]), {"en"}) == {"speakers"}
    assert lacking(call_of(()), {"en"}) == {"times", "speakers"}


def test_a_finding_without_evidence_cannot_be_built():
    with pytest.raises(ValidationError, match="evidence"):
        Finding(rule="it", severity="info", confidence=1, cause="unclear", message="!", evidence=())


def test_evidence_without_words_cannot_be_built():
    silent = Turn(index=0, speaker="agent", start_ms=None, end_ms=None, text="")
    with pytest.raises(ValidationError, match="quote"):
        Evidence.of(silent, "it")


@pytest.mark.parametrize("lacks", ["evidence", "stated"])
def test_a_request_without_evidence_or_statement_cannot_be_built(lacks: str):
    turn = Turn(index=0, speaker="customer", start_ms=None, end_ms=None, text="My money.")
    whole = {
        "kind": "refund",
        "stated": (0,),
        "outcome": "ignored",
        "acknowledged": None,
        "questions_before_acknowledgement": 0,
        "evidence": (Evidence.of(turn, "stated"),),
    }
    Request.model_validate(whole)
    with pytest.raises(ValidationError, match=lacks):
        Request.model_validate(whole | {lacks: ()})
