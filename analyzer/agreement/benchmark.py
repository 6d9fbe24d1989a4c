"""Reports held against the marks of people over many calls: the figures of `touchpoint benchmark`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from analyzer.agreement.alignment import Where, align, found, same
from analyzer.agreement.comparison import VERDICTS, compare
from analyzer.agreement.labels import CRITERIA, MarkedCall
from analyzer.agreement.statistics import Estimate, Figure, accuracy, cell, estimate, f1, kappa, macro_f1
from analyzer.call import PressureSeverity, Report, TurnIndex, Value, VerdictName

Text = Literal["clean", "recognised"]
SEVERITIES: tuple[PressureSeverity, ...] = get_args(PressureSeverity)
MARKS: tuple[VerdictName, ...] = tuple(VERDICTS.values())
WITHIN = 1  # turns by which a first clear cancellation may be off


class CallResult(Value):
    """One call: what is counted of it, and every difference in words."""

    id: str
    language: str
    text: Text
    severity_marked: PressureSeverity
    severity_found: PressureSeverity | None
    differences: tuple[str, ...]
    counts: dict[str, tuple[float, ...]]
    items: dict[str, int]

    @property
    def badness(self) -> tuple[int, int]:
        """How far it is off: steps of severity first, then the number of differences."""
        ranks = {name: rank for rank, name in enumerate(SEVERITIES)}
        found_rank = ranks[self.severity_found] if self.severity_found else len(SEVERITIES)
        return abs(ranks[self.severity_marked] - found_rank), len(self.differences)


class Table(Value):
    """Figures over a group of calls."""

    language: str
    text: Text
    calls: int
    confusion: dict[str, dict[str, int]]
    figures: dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure by its name, what is summed for it, and what it says in a table."""

    name: str
    title: str
    figure: Figure


MEASURES = (
    Measure("severity", "severity of pressure, macro-F1", macro_f1),
    Measure("pressure_false_alarms", "pressure raised, of calls without any", accuracy),
    Measure("first_clear_cancel", "first clear cancellation within a turn, F1", f1),
    Measure("attempts", "attempts, F1 by turn", f1),
    Measure("attempts_after_refusal", "attempts after refusal, F1 by turn", f1),
    Measure("intent_kinds", "kinds of request, F1", f1),
    Measure("intent_outcomes", "kinds with outcome, F1", f1),
    Measure("ignored_intent", "call has an ignored request, F1", f1),
    Measure("silo", "silo friction, F1 by turn", f1),
    Measure("process_block", "process block, F1 by turn", f1),
    *(Measure(name, f"{name}, kappa", kappa) for name in CRITERIA),
)


def measure_call(marked: MarkedCall, report: Report, text: Text) -> CallResult:
    """Everything that is counted of one call. On clean text turns are the same turns, else words find them."""
    where = same(marked.turns) if text == "clean" else align(marked.turns, report.turns)
    counts, items = _counts(marked, report, where)
    return CallResult(
        id=marked.id,
        language=marked.language,
        text=text,
        severity_marked=marked.labels.retention.severity,
        severity_found=report.retention.severity if report.retention else None,
        differences=compare(marked, report, where).differences,
        counts=counts,
        items=items,
    )


def summarise(results: Iterable[CallResult]) -> tuple[Table, ...]:
    """A table for each language and kind of text, and one for all languages together where there are several."""
    held = list(results)
    tables = []
    for text in get_args(Text):
        own = [result for result in held if result.text == text]
        languages = sorted({result.language for result in own})
        tables += [_table(language, text, [r for r in own if r.language == language]) for language in languages]
        if len(languages) > 1:
            tables.append(_table("all", text, own))
    return tuple(tables)


def _table(language: str, text: Text, results: Sequence[CallResult]) -> Table:
    pairs = Counter((result.severity_marked, result.severity_found) for result in results)
    figures = {
        measure.name: estimate(
            measure.figure,
            [result.counts[measure.name] for result in results],
            sum(result.items[measure.name] for result in results),
        )
        for measure in MEASURES
    }
    confusion = {
        marked: {str(name): pairs[marked, name] for name in (*SEVERITIES, None) if pairs[marked, name]}
        for marked in SEVERITIES
    }
    return Table(language=language, text=text, calls=len(results), confusion=confusion, figures=figures)


def _counts(
    marked: MarkedCall, report: Report, where: Where
) -> tuple[dict[str, tuple[float, ...]], dict[str, int]]:  # fmt: skip
    labels, retention = marked.labels, report.retention
    want = labels.retention
    counts: dict[str, Sequence[float]] = {}
    items: dict[str, int] = {}

    def by_turn(name: str, mine: Sequence[TurnIndex], theirs: Sequence[TurnIndex]) -> None:
        missed, wrong = found(mine, theirs, where)
        counts[name], items[name] = (len(mine) - len(missed), len(missed), len(wrong)), len(mine)

    def by_set(name: str, mine: Iterable[object], theirs: Iterable[object]) -> None:
        wanted, got = Counter(mine), Counter(theirs)
        hits = (wanted & got).total()
        counts[name], items[name] = (hits, wanted.total() - hits, got.total() - hits), wanted.total()

    ranks = {name: rank for rank, name in enumerate((*SEVERITIES, None))}
    severity = retention.severity if retention else None
    counts["severity"], items["severity"] = cell(ranks[want.severity], ranks[severity], len(ranks)), 1
    quiet = want.severity == "none"
    counts["pressure_false_alarms"] = (float(quiet and severity in {"mild", "severe"}), float(quiet))
    items["pressure_false_alarms"] = int(quiet)
    first = retention.first_clear_cancel if retention else None
    counts["first_clear_cancel"] = _near(want.first_clear_cancel, first, where)
    items["first_clear_cancel"] = int(want.first_clear_cancel is not None)
    by_turn("attempts", want.attempts, [attempt.turn for attempt in retention.attempts] if retention else ())
    after = retention.attempts_after_refusal if retention else ()
    by_turn("attempts_after_refusal", want.attempts_after_refusal, after)
    by_set("intent_kinds", (i.kind for i in labels.intents), (r.kind for r in report.requests))
    by_set(
        "intent_outcomes",
        ((i.kind, i.outcome) for i in labels.intents),
        ((r.kind, r.outcome) for r in report.requests),
    )
    ignored = any(request.is_ignored for request in report.requests)
    by_set("ignored_intent", [True] * bool(labels.ignored), [True] * ignored)
    by_turn("silo", labels.silo, _turns(report, "silo-friction"))
    by_turn("process_block", labels.process_block, _turns(report, "process-block"))
    verdicts = {verdict.id: verdict.verdict for point in report.scorecard.touchpoints for verdict in point.criteria}
    for name in CRITERIA:
        counts[name], items[name] = _criterion(name, labels.criteria, verdicts), 1
    return {name: tuple(map(float, row)) for name, row in counts.items()}, items


def _turns(report: Report, rule: str) -> list[TurnIndex]:
    return [item.turn for finding in report.findings if finding.rule == rule for item in finding.evidence]


def _near(mine: TurnIndex | None, theirs: TurnIndex | None, where: Where) -> tuple[float, float, float]:
    if mine is None or theirs is None:
        return 0.0, float(mine is not None), float(theirs is not None)
    close = any(abs(turn - theirs) <= WITHIN for turn in where[mine])
    return float(close), float(not close), float(not close)


def _criterion(
    name: str, marked: Mapping[str, bool | None], verdicts: Mapping[str, VerdictName]
) -> list[float]:  # fmt: skip
    names = (*MARKS, "cannot_judge")
    return cell(names.index(VERDICTS[marked[name]]), names.index(verdicts.get(name, "cannot_judge")), len(names))
