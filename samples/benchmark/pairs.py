"""Whether a call gets the same verdict in both languages: `python samples/benchmark/pairs.py`.

`pairs/` holds 30 calls in English and German, half of them written in the one and translated into the other. Printed
are the calls whose severity of pressure differs between the languages or from the writer's, and the shares.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from analyzer.call import Call, CallInfo, Turn
from analyzer.config import options
from analyzer.pipeline import judge_call

PAIRS = Path(__file__).parent / "pairs"


def severity(name: str, language: str, spoken: Sequence[dict[str, str]]) -> str:
    turns = tuple(
        Turn(index=index, speaker=turn["speaker"], start_ms=None, end_ms=None, text=turn["text"])
        for index, turn in enumerate(spoken)
    )
    info = CallInfo(id=name, source="", sha256="0" * 64, language=language, duration_ms=None, channels=None)
    retention = judge_call(Call(info=info, turns=turns), options()).retention
    return retention.severity if retention else "not judged"


def main() -> None:
    same = right = 0
    files = sorted(PAIRS.glob("*.json"))
    for path in files:
        pair = json.loads(path.read_text(encoding="utf-8"))
        found = {language: severity(pair["id"], language, pair[language]) for language in ("en", "de")}
        same += found["en"] == found["de"]
        right += sum(value == pair["severity"] for value in found.values())
        if {*found.values()} != {pair["severity"]}:
            print(f"{pair['id']}: written as {pair['severity']}, English {found['en']}, German {found['de']}")
    print(f"the same severity in both languages: {same} of {len(files)} ({same / len(files):.0%})")
    print(f"as the writer meant it: {right} of {2 * len(files)}")


if __name__ == "__main__":
    main()
