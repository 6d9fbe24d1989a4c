"""Evaluate the act model and the ledgers on marked dialogues: `python models/evaluate.py [FOLDER] [-v]`.

Default are the development calls, which are never trained on but on which thresholds were set: figures on them are
somewhat too good. Prints F1 per act and language, and what the ledgers make of the calls; with -v each call that the
ledgers get wrong.

The development calls were also marked by the definitions, by readers who saw neither acts nor verdicts
(models/dev/marks.json). `python models/evaluate.py --export DIR` writes them to DIR as marked transcripts, for
`touchpoint benchmark DIR --text clean`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from analyzer.acts import LABELS
from analyzer.call import Act, Retention, Turn
from analyzer.detect.policy import Policy, load_policy
from analyzer.detect.request_ledger import request_ledger
from analyzer.detect.retention_ledger import retention_ledger
from analyzer.understand.model import act_model
from models.dialogues import Dialogue, read_folder

HERE = Path(__file__).parent


def turns_of(call: Dialogue, *, gold: bool) -> tuple[Turn, ...]:
    """The call's turns, with the marked acts or with none."""
    return tuple(
        Turn(index=number, speaker=turn.speaker, start_ms=None, end_ms=None, text=turn.text,
             acts=tuple(_act(name) for name in turn.acts) if gold else ())
        for number, turn in enumerate(call.turns)
    )  # fmt: skip


def _act(name: str) -> Act:
    act, _, kind = name.partition(":")
    return Act(act=act, kind=kind or None, confidence=1.0)


def gold_retention(call: Dialogue, policy: Policy) -> Retention:
    """The retention ledger as it follows from the marks."""
    topics = {row: dict.fromkeys(about, 1.0) for row, about in enumerate(call.responses)}
    return retention_ledger(turns_of(call, gold=True), policy, topics)  # type: ignore[arg-type]


def ignored_kinds(call: Dialogue) -> frozenset[str]:
    """The kinds whose marked outcome counts as ignored (definitions, section 1)."""
    often = {kind for kind, _ in call.outcomes if sum(kind in turn.kinds for turn in call.turns) >= 3}
    return frozenset(
        kind for kind, outcome in call.outcomes if outcome == "ignored" or (outcome == "acknowledged" and kind in often)
    )


def micro_f1(pairs: Iterable[tuple[frozenset[object], frozenset[object]]]) -> tuple[float | None, int]:
    """Micro F1 over (gold, found) sets: parts summed, divided once; and the number of gold items."""
    hit = gold_count = found_count = 0
    for gold, found in pairs:
        hit, gold_count, found_count = hit + len(gold & found), gold_count + len(gold), found_count + len(found)
    return (2 * hit / (gold_count + found_count) if gold_count + found_count else None), gold_count


def show(name: str, value: tuple[float | None, int]) -> None:
    print(f"  {name:<28} {'-' if value[0] is None else f'{value[0]:.2f}':>5}  (n={value[1]})")


def evaluate(calls: Sequence[Dialogue], *, verbose: bool) -> None:
    model, policy = act_model(), load_policy("house")
    acts: dict[tuple[str, str], list[tuple[frozenset[object], frozenset[object]]]] = {}
    after, stated, ignored, refusals, calls_ignored = [], [], [], [], []
    severities: Counter[tuple[str, str]] = Counter()
    outcomes: Counter[bool] = Counter()
    for call in calls:
        gold = turns_of(call, gold=True)
        understood = model.understand(turns_of(call, gold=False), call.language)
        for marked, found in zip(gold, understood.turns, strict=True):
            for role, label in LABELS:
                if role in {marked.speaker, "kind"}:
                    pair = [
                        frozenset({label} & ({a.act for a in t.acts} | {a.kind for a in t.acts}))
                        for t in (marked, found)
                    ]
                    acts.setdefault((role, label), []).append((pair[0], pair[1]))
        want, got = gold_retention(call, policy), retention_ledger(understood.turns, policy, understood.topics)
        severities[call.severity, got.severity] += 1
        after.append((frozenset(want.attempts_after_refusal), frozenset(got.attempts_after_refusal)))
        refusals.append((frozenset(want.refusals), frozenset(got.refusals)))
        kept = [attempt.turn for attempt in got.attempts]
        found_requests = request_ledger(understood.turns, understood.topics, kept)
        marked_outcomes = dict(call.outcomes)
        want_ignored = ignored_kinds(call)
        got_ignored = frozenset(request.kind for request in found_requests if request.is_ignored)
        ignored.append((want_ignored, got_ignored))
        calls_ignored.append((frozenset({bool(want_ignored)} - {False}), frozenset({bool(got_ignored)} - {False})))
        stated.append((frozenset(marked_outcomes), frozenset(request.kind for request in found_requests)))
        for request in found_requests:
            if request.kind in marked_outcomes:
                outcomes[request.outcome == marked_outcomes[request.kind]] += 1
        if verbose and (call.severity != got.severity or want_ignored != got_ignored):
            print(f"    {call.id}: severity {call.severity}->{got.severity} first {want.first_clear_cancel}->"
                  f"{got.first_clear_cancel} after {want.attempts_after_refusal}->{got.attempts_after_refusal} "
                  f"ignored {sorted(want_ignored)}->{sorted(got_ignored)}")  # fmt: skip
    for (role, label), pairs in acts.items():
        show(f"{role} {label}", micro_f1(pairs))
    print("severity (marked, found):", dict(sorted(severities.items())))
    show("attempts after refusal", micro_f1(after))
    show("refusals", micro_f1(refusals))
    show("kinds of request", micro_f1(stated))
    show("ignored, by kind", micro_f1(ignored))
    show("ignored, by call", micro_f1(calls_ignored))
    print(f"  outcome right for {outcomes[True]} of {sum(outcomes.values())} requests found")


def export(folder: Path) -> None:
    """Write the development calls with their marks by the definitions, one transcript a file."""
    marks = json.loads((HERE / "dev" / "marks.json").read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    for call in read_folder(HERE / "dev"):
        turns = [{"speaker": turn.speaker, "text": turn.text} for turn in call.turns]
        content = {"id": call.id, "language": call.language, "sector": call.sector, "turns": turns}
        text = json.dumps({**content, "labels": marks[call.id]}, ensure_ascii=False, indent=1)
        (folder / f"{call.id}.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("folder", nargs="?", type=Path, default=HERE / "dev")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--export", type=Path, metavar="DIR")
    given = parser.parse_args()
    if given.export is not None:
        export(given.export)
        return
    calls = read_folder(given.folder)
    for language in sorted({call.language for call in calls}):
        own = [call for call in calls if call.language == language]
        print(f"{language}: {len(own)} calls, {sum(len(call.turns) for call in own)} turns")
        evaluate(own, verbose=given.verbose)


if __name__ == "__main__":
    main()
