"""How long a recording takes: `python bench/pipeline.py [RECORDING] [--runs N]`.

Whole processes on the same recording, one after the other in each round, so that a machine that gets slower slows all
of them: openai-whisper's own command, faster-whisper in batches alone, and the whole pipeline with its reports. All on
the same weights (base), with word times and one forced language. Printed are medians, ratios and peak memory.
Without RECORDING it is the longest English sample, three minutes on two channels: starting up is a good part of it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "samples" / "calls" / "en-retention-severe.ogg"
FASTER = """
import sys
from faster_whisper import BatchedInferencePipeline, WhisperModel
model = BatchedInferencePipeline(WhisperModel(sys.argv[2], device="cpu", compute_type="int8"))
segments, _ = model.transcribe(
    sys.argv[1], language=sys.argv[3], vad_filter=True, word_timestamps=True, beam_size=1, batch_size=8)
print(sum(len(segment.words) for segment in segments), "words")
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process: wall clock in seconds, largest resident size in bytes."""

    seconds: float
    peak: int


def measure(command: Sequence[str]) -> Run:
    """Run a command to its end; its output is shown only when it fails."""
    import time

    with tempfile.TemporaryFile() as output:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{output.read().decode(errors='replace')}")
    return Run(seconds, usage.ru_maxrss * 1024)


def checkpoint(path: Path) -> None:
    """The weights as the file that openai-whisper's own command reads."""
    import torch

    from analyzer.weights.whisper import resolve

    model = resolve("base").openai_model()
    dims = {name: int(getattr(model.dims, name)) for name in model.dims.__annotations__}
    torch.save({"dims": dims, "model_state_dict": model.half().state_dict()}, path)


def commands(recording: Path, folder: Path, language: str) -> dict[str, list[str]]:
    from analyzer.weights.whisper import resolve

    scripts = Path(sys.executable).parent
    weights = folder / "base.pt"
    checkpoint(weights)
    whisper = [str(scripts / "whisper"), str(recording), "--model", str(weights), "--language", language]
    whisper += ["--word_timestamps", "True", "--output_dir", str(folder / "whisper"), "--fp16", "False"]
    faster = [sys.executable, "-c", FASTER, str(recording), str(resolve("base").path), language]
    ours = [sys.executable, str(ROOT / "cli.py"), "analyze", str(recording), "--language", language]
    ours += ["--no-cache", "--out", str(folder / "out")]
    return {"openai-whisper command": whisper, "faster-whisper batched": faster, "touchpoint analyze": ours}


def show(runs: dict[str, list[Run]], seconds: float) -> None:
    medians = {name: statistics.median(run.seconds for run in own) for name, own in runs.items()}
    print(f"\nrecording of {seconds:.0f} s, {os.cpu_count()} cores, median of {len(next(iter(runs.values())))} runs\n")
    print(f"{'whole process':<24} {'seconds':>8} {'of real time':>13} {'peak memory':>12}")
    for name, own in runs.items():
        peak = max(run.peak for run in own) / 1e6
        print(f"{name:<24} {medians[name]:>8.1f} {medians[name] / seconds:>13.3f} {peak:>9.0f} MB")
    whisper, faster, ours = medians.values()
    print(f"\ntouchpoint takes {ours / faster:.2f} times as long as faster-whisper batched alone (bar: at most 1.15)")
    print(f"touchpoint is {whisper / ours:.1f} times faster than the openai-whisper command (bar: at least 6)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("recording", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("--language", default="en")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        todo = commands(given.recording, Path(name), given.language)
        runs: dict[str, list[Run]] = {title: [] for title in todo}
        for turn in range(given.runs):
            for title, command in todo.items():
                runs[title].append(measure(command))
                if title.startswith("openai") and not any((Path(name) / "whisper").glob("*.json")):
                    sys.exit(
                        "openai-whisper's command wrote nothing. It reads sound through ffmpeg: apt-get install ffmpeg"
                    )
                print(f"round {turn + 1}: {title}: {runs[title][-1].seconds:.1f} s", flush=True)
        show(runs, length_of(given.recording))


def length_of(recording: Path) -> float:
    from analyzer.audio.recording import read_recording

    return read_recording(recording).duration_ms / 1000


if __name__ == "__main__":
    main()
