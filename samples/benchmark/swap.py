"""What changes when nothing that matters changes: `python samples/benchmark/swap.py [-v]`.

Each call of the benchmark is analysed as it is and with one kind of irrelevant detail swapped: names, amounts and
numbers, what the company sells, polite forms. Counted are the verdicts that change: severity of pressure, whether there
is an ignored request, silo friction and a process block, and the five criteria. With -v every change is named.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from analyzer.call import Call, CallInfo, Report, Turn
from analyzer.config import options
from analyzer.pipeline import judge_call

CALLS = Path(__file__).parent / "calls"
NAMES = {
    "en": ("Halloran", "Pike", "Sutcliffe", "Nwosu", "Okafor", "Lindqvist", "Marsden", "Petrov", "Quigley", "Tanaka"),
    "de": ("Albrecht", "Zöllner", "Demir", "Kowalczyk", "Brandl", "Wiesner", "Ostermann", "Yilmaz", "Hagedorn", "Lux"),
}
INTRODUCED = {
    "en": r"(?:Mrs?|Ms|Miss|Dr|this is|speaking to|my name is|my name's|name's|it's)\.? ([A-Z][a-z]{2,})",
    "de": r"(?:Herrn?|Frau|Name ist|heiße|sprechen mit|hier ist|hier spricht) ([A-ZÄÖÜ][a-zäöüß]{2,})",
}
NOT_NAMES = {"The", "That", "Just", "Not", "Your", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
             "Sunday", "Ich", "Das", "Die", "Der"}  # fmt: skip
GOODS = {
    "en": {
        "broadband": "electricity", "internet": "gas", "gym": "pool", "magazine": "wine box", "phone": "tablet",
        "insurance": "warranty", "streaming": "storage", "boiler": "oven", "sofa": "wardrobe", "newspaper": "journal",
        "router": "meter", "fridge": "dryer", "hotel": "hostel", "parcel": "crate", "policy": "plan",
    },
    "de": {
        "Internet": "Strom", "Zeitung": "Weinkiste", "Handy": "Tablet", "Versicherung": "Garantie", "Sofa": "Bett",
        "Heizung": "Lüftung", "Paket": "Päckchen", "Hotel": "Gästehaus", "Kühlschrank": "Trockner", "Router": "Zähler",
        "Fitnessstudio": "Schwimmbad", "Küche": "Schrankwand", "Auto": "Motorrad", "Brille": "Uhr",
    },
}  # fmt: skip
POLITE = {
    "en": ((r",? please\b", ""), (r"\bthank you\b", "thanks"), (r"\bThank you\b", "Thanks"), (r",? sir\b", "")),
    "de": ((r",? bitte\b", ""), (r"\bvielen Dank\b", "danke"), (r"\bVielen Dank\b", "Danke"), (r"\bgerne\b", "gern")),
}  # fmt: skip
Change = Callable[[str, random.Random, str], str]


def names_of(turns: list[dict[str, str]], language: str) -> Change:
    """Every name by which somebody introduces or addresses a person becomes another one, throughout the call."""
    text = " ".join(turn["text"] for turn in turns)
    found = sorted(set(re.findall(INTRODUCED[language], text)) - NOT_NAMES)

    def swap(words: str, _chance: random.Random, _language: str) -> str:
        for number, name in enumerate(found):
            words = re.sub(rf"\b{name}\b", NAMES[language][number % len(NAMES[language])], words)
        return words

    return swap


def numbers(text: str, chance: random.Random, _language: str) -> str:
    """Every digit becomes another one; a number keeps its length and never begins with a nought it did not have."""
    return re.sub(r"\d", lambda match: str(chance.randint(1, 9)), text)


def goods(text: str, _chance: random.Random, language: str) -> str:
    for old, new in GOODS[language].items():
        text = re.sub(rf"\b{old}\b", new, text)
    return text


def politeness(text: str, _chance: random.Random, language: str) -> str:
    for old, new in POLITE[language]:
        text = re.sub(old, new, text)
    return text


def verdicts(content: Mapping[str, Any], change: Change | None) -> dict[str, object]:
    chance = random.Random(content["id"])
    texts = [turn["text"] for turn in content["turns"]]
    if change is not None:
        texts = [change(text, chance, content["language"]) or text for text in texts]
    turns = tuple(
        Turn(index=index, speaker=turn["speaker"], start_ms=None, end_ms=None, text=text)
        for index, (turn, text) in enumerate(zip(content["turns"], texts, strict=True))
    )
    info = CallInfo(
        id=content["id"], source="", sha256="0" * 64, language=content["language"], duration_ms=None, channels=None
    )
    return _of(judge_call(Call(info=info, turns=turns), options()))


def _of(report: Report) -> dict[str, object]:
    rules = {finding.rule for finding in report.findings}
    said: dict[str, object] = {
        "severity": report.retention.severity if report.retention else None,
        "ignored": any(request.is_ignored for request in report.requests),
        "silo": "silo-friction" in rules,
        "process": "process-block" in rules,
    }
    for point in report.scorecard.touchpoints:
        for verdict in point.criteria:
            if verdict.id in {"greeting", "heard_first", "empathy", "next_step", "farewell"}:
                said[verdict.id] = verdict.verdict
    return said


def main() -> None:
    calls = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(CALLS.glob("*.json"))]
    plain = {call["id"]: verdicts(call, None) for call in calls}
    all_changed = all_told = 0
    for title in ("names", "numbers", "goods", "polite forms"):
        changed = told = touched = 0
        for call in calls:
            swaps = {"numbers": numbers, "goods": goods, "polite forms": politeness}
            change = swaps.get(title) or names_of(call["turns"], call["language"])
            texts = [turn["text"] for turn in call["turns"]]
            chance = random.Random(call["id"])
            touched += any(change(text, chance, call["language"]) != text for text in texts)
            got = verdicts(call, change)
            told += len(got)
            for name, value in got.items():
                if value != plain[call["id"]][name]:
                    changed += 1
                    if "-v" in sys.argv:
                        print(f"    {call['id']} {title}: {name} {plain[call['id']][name]} -> {value}")
        print(f"{title:<14} {touched:>4} calls touched, {changed:>3} of {told} verdicts changed ({changed / told:.2%})")
        all_changed, all_told = all_changed + changed, all_told + told
    print(f"{'all':<14} {'':>19} {all_changed:>3} of {all_told} verdicts changed ({all_changed / all_told:.2%})")


if __name__ == "__main__":
    main()
