"""How long a transcript of 200 turns takes: `python bench/transcript.py [--runs N]`.

The turns are those of the sample scripts, one call after the other. Each round is a new process, in which are timed:
importing the program, the first analysis (which loads encoder and heads and stores the acts), another transcript as
long with the model loaded, and the first one again with its acts stored. Printed are medians.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
TURNS = 200
STEPS = ("import", "first, loading the model", "another, model loaded", "acts stored")
ROUND = """
import sys, time
start = time.perf_counter()
from pathlib import Path
from analyzer.config import options
from analyzer.inputs import Input
from analyzer.pipeline import analyze
one, other = (Input(Path(name), "transcript") for name in sys.argv[1:3])
chosen, marks = options(), [time.perf_counter()]
for source in (one, other, one):
    analyze(source, chosen)
    marks.append(time.perf_counter())
print(*(later - before for before, later in zip([start, *marks], marks)))
"""


def transcript(path: Path, language: str) -> None:
    """A call of 200 turns in one language, from the scripts of the samples."""
    scripts = sorted((ROOT / "samples" / "scripts").glob(f"{language}-*.json"))
    turns = [turn for script in scripts for turn in json.loads(script.read_text(encoding="utf-8"))["turns"]]
    spoken = [{"speaker": turn["speaker"], "text": turn["text"]} for turn in (turns * TURNS)[:TURNS]]
    path.write_text(json.dumps({"id": "long", "language": language, "turns": spoken}), encoding="utf-8")


def one_round(paths: Sequence[Path], cache: Path) -> list[float]:
    """Seconds of each step, in a process and with a cache of acts of its own."""
    shutil.rmtree(cache / "acts", ignore_errors=True)
    environment = {**os.environ, "TOUCHPOINT_CACHE": str(cache), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", ROUND, *map(str, paths)], env=environment, capture_output=True, text=True, check=True
    )
    return [float(seconds) for seconds in done.stdout.split()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        paths, cache = [Path(name) / f"{language}.json" for language in ("en", "de")], Path(name) / "cache"
        for path in paths:
            transcript(path, path.stem)
        one_round(paths, cache)  # unpacks the encoder
        rounds = [one_round(paths, cache) for _ in range(given.runs)]
    print(f"transcript of {TURNS} turns, {os.cpu_count()} cores, median of {given.runs} runs\n")
    for step, seconds in zip(STEPS, zip(*rounds, strict=True), strict=True):
        print(f"{step:<26} {statistics.median(seconds) * 1000:>8.0f} ms")


if __name__ == "__main__":
    main()
