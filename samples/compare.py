"""Hold reports against the labels of the samples: `python samples/compare.py OUT [--quiet]`.

OUT is the folder that `touchpoint analyze … --out` wrote. Prints, call by call, every label that is missed or wrong.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from analyzer.agreement.comparison import compare
from analyzer.agreement.labels import read_marked
from analyzer.errors import InputError
from analyzer.report.json import validate

SCRIPTS = Path(__file__).parent / "scripts"


def main() -> None:
    out = Path(sys.argv[1])
    for script in sorted(SCRIPTS.glob("*.json")):
        path = out / script.name
        if not path.is_file():
            print(f"{script.stem}: no report")
            continue
        try:
            report = validate(json.loads(path.read_bytes()))
        except InputError as fault:
            print(f"{script.stem}: {fault}")
            continue
        result = compare(read_marked(script), report)
        recall = result.after_refusal_recall
        found = (
            "" if recall is None else f", attempts after refusal found {recall:.2f}, {result.after_refusal_wrong} wrong"
        )
        print(f"{result.id}: severity {result.severity_found} (marked {result.severity_marked}){found}")
        for difference in result.differences:
            print(f"    {difference}")


if __name__ == "__main__":
    main()
