"""How well the two annotators of the benchmark agree: `python samples/benchmark/agreement.py`.

Krippendorff's alpha per label over the 120 calls, with 95% intervals from resampling whole calls. What is counted:
severity and criteria once a call; marks of turns as yes or no for every turn of the side that can hold them; kinds of
request as yes or no for every call and kind; outcomes for the kinds that both marked once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

import krippendorff
import numpy as np

from analyzer.acts import KINDS

HERE = Path(__file__).parent
RESAMPLES = 500
Marks = dict[str, Any]
Units = list[tuple[str, str]]


def by_turn(side: str, get: Callable[[Marks], list[int]]) -> Callable[[Marks, Marks, Marks], Units]:
    """Yes or no for every turn of one side; "both" for either."""

    def units(call: Marks, one: Marks, other: Marks) -> Units:
        turns = [i for i, turn in enumerate(call["turns"]) if side in {turn["speaker"], "both"}]
        return [(str(turn in get(one)), str(turn in get(other))) for turn in turns]

    return units


def per_call(get: Callable[[Marks], object]) -> Callable[[Marks, Marks, Marks], Units]:
    return lambda _call, one, other: [(str(get(one)), str(get(other)))]


def criterion(name: str) -> Callable[[Marks, Marks, Marks], Units]:
    return per_call(lambda marks: marks["criteria"][name])


def kinds(_call: Marks, one: Marks, other: Marks) -> Units:
    held = [{intent["kind"] for intent in marks["intents"]} for marks in (one, other)]
    return [(str(kind in held[0]), str(kind in held[1])) for kind in KINDS]


def outcomes(_call: Marks, one: Marks, other: Marks) -> Units:
    held = [{intent["kind"]: intent["outcome"] for intent in marks["intents"]} for marks in (one, other)]
    return [(held[0][kind], held[1][kind]) for kind in KINDS if kind in held[0] and kind in held[1]]


def ignored(marks: Marks) -> bool:
    return any(
        intent["outcome"] == "ignored" or (intent["outcome"] == "acknowledged" and len(intent["stated"]) >= 3)
        for intent in marks["intents"]
    )


LABELS: dict[str, Callable[[Marks, Marks, Marks], Units]] = {
    "severity": per_call(lambda marks: marks["retention"]["severity"]),
    "first clear cancellation": by_turn("customer", lambda marks: [marks["retention"]["first_clear_cancel"]]),
    "refusals": by_turn("customer", lambda marks: marks["retention"]["refusals"]),
    "attempts": by_turn("agent", lambda marks: marks["retention"]["attempts"]),
    "attempts after refusal": by_turn("agent", lambda marks: marks["retention"]["attempts_after_refusal"]),
    "honoured": by_turn("agent", lambda marks: [marks["retention"]["honoured"]]),
    "kinds of request": kinds,
    "outcome": outcomes,
    "call has an ignored request": per_call(ignored),
    "silo friction": by_turn("both", lambda marks: marks["silo"]),
    "process block": by_turn("agent", lambda marks: marks["process_block"]),
    **{name: criterion(name) for name in ("greeting", "heard_first", "empathy", "next_step", "farewell")},
}


def alpha(units: Units) -> float:
    """Nominal alpha; 1 where only one value occurs, since then nobody disagrees."""
    names = sorted({name for pair in units for name in pair})
    if len(names) < 2:
        return 1.0
    table = [[names.index(pair[side]) for pair in units] for side in (0, 1)]
    return float(krippendorff.alpha(reliability_data=table, level_of_measurement="nominal"))


def figures() -> Iterator[tuple[str, float, float, float, int]]:
    calls = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((HERE / "calls").glob("*.json"))]
    one, other = (json.loads((HERE / "marks" / f"annotator-{name}.json").read_text(encoding="utf-8")) for name in "ab")
    for label, units in LABELS.items():
        held = [units(call, one[call["id"]], other[call["id"]]) for call in calls]
        chance = np.random.default_rng(0)
        samples = [
            alpha([pair for row in chance.integers(len(held), size=len(held)) for pair in held[row]])
            for _ in range(RESAMPLES)
        ]
        low, high = np.percentile(samples, [2.5, 97.5])
        every = [pair for pairs in held for pair in pairs]
        yield label, alpha(every), float(low), float(high), len(every)


if __name__ == "__main__":
    print(f"{'label':<30}{'alpha':>6}  {'95% interval':<14}{'units':>6}")
    for label, value, low, high, count in figures():
        print(f"{label:<30}{value:>6.2f}  {f'{low:.2f} to {high:.2f}':<14}{count:>6}")
