"""Read training calls aloud and hear them again: `python models/voice.py`. Writes models/heard/<language>.txt.

The calls are drawn from models/data, read by the voices of samples/voice.py (English over a telephone line, every third
over a bad one; German wide band), and recognised with faster-whisper *base* as the program does it. The words that were
heard go to the turn in whose time they lie, which keeps its marks; a turn of which nothing was heard is left out. So
the act model learns from real errors. Needs what samples/voice.py needs, and jiwer. Half an hour on two cores.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np

from analyzer.audio.activity import speech_spans
from analyzer.audio.recording import read_recording
from analyzer.call import Word
from analyzer.transcribe.engine import Engine, load_engine
from analyzer.transcribe.transcript import transcribe
from models.dialogues import Dialogue, read_folder
from samples import voice

HERE = Path(__file__).parent
CALLS = {"en": 36, "de": 90}  # the German voice is quick, the English ones are not
LAST_HAND = "o"  # calls by the hands after it are not voiced: many are written as a recogniser writes
MOST_ERRORS = 0.35  # share of words wrong; above it the voice has read a dialect that it does not know
MOST_WORDS = 240  # of a call that is voiced: many short calls teach more than a few long ones
HEARD = "-heard"


@dataclass(frozen=True, slots=True)
class Voiced:
    """A training call with its recording, the channel of the agent, and when each turn starts, in milliseconds."""

    call: Dialogue
    path: Path
    agent_channel: int
    starts: tuple[int, ...]


def drawn(calls: Sequence[Dialogue], language: str) -> list[Dialogue]:
    """The calls of a language that are voiced, in an order that nothing in them decides."""
    own = [call for call in calls if call.language == language and call.id.split("-")[1] <= LAST_HAND]
    short = [call for call in own if words_of(call) <= MOST_WORDS]
    return sorted(short, key=lambda call: zlib.crc32(call.id.encode()))[: CALLS[language]]


def words_of(call: Dialogue) -> int:
    return sum(len(turn.text.split()) for turn in call.turns)


def read_aloud(call: Dialogue, number: int, folder: Path) -> Voiced:
    """Voice one call into a folder."""
    script = voice.with_pauses(script_of(call))
    recording = voice.benchmark_recording(call.language, number)
    reading = voice.read_aloud(script, recording, seed=0)
    path = folder / f"{call.id}{recording.suffix}"
    voice.encode(voice.channels_of(voice.sides(reading), recording), reading.line.rate, path)
    starts = tuple(start * 1000 // reading.line.rate for start in reading.starts)
    return Voiced(call, path, recording.agent_channel, starts)


def script_of(call: Dialogue) -> dict[str, Any]:
    turns = [{"speaker": turn.speaker, "text": turn.text} for turn in call.turns]
    return {"id": call.id, "language": call.language, "turns": turns}


def heard(call: Dialogue, number: int) -> Dialogue:
    """The call read aloud, in the words that were recognised."""
    with tempfile.TemporaryDirectory() as folder:
        voiced = read_aloud(call, number, Path(folder))
        samples = read_recording(voiced.path).samples
    speech = [speech_spans(channel) for channel in samples]
    words = transcribe(engine(), samples, speech, call.language, (call.language,)).words
    texts = texts_of(voiced, words)
    turns = [replace(turn, text=text) for turn, text in zip(call.turns, texts, strict=True) if text]
    return replace(call, id=call.id + HEARD, turns=tuple(turns))


@lru_cache(maxsize=1)
def engine() -> Engine:
    return load_engine("faster-whisper", "base")


def texts_of(voiced: Voiced, words: Iterable[Word]) -> list[str]:
    """The words of every turn: those of its speaker's channel from its start to that of the speaker's next turn."""
    texts: list[list[str]] = [[] for _ in voiced.call.turns]
    own = {
        channel: [row for row, turn in enumerate(voiced.call.turns) if (turn.speaker == "agent") == is_agent]
        for channel, is_agent in ((voiced.agent_channel, True), (1 - voiced.agent_channel, False))
    }
    for word in words:
        rows = own[word.channel]
        middle = (word.start_ms + word.end_ms) / 2
        at = int(np.searchsorted([voiced.starts[row] for row in rows], middle, side="right"))
        texts[rows[max(at - 1, 0)]].append(word.text)
    return [" ".join(text).replace("[", "(").replace("]", ")") for text in texts]


def errors(call: Dialogue, again: Dialogue) -> float:
    """Share of the words of a call that were heard wrongly, letters and digits alone."""
    import jiwer

    said, read = (re.sub(r"[^\w\s]", " ", " ".join(turn.text for turn in one.turns)).lower() for one in (call, again))
    return float(jiwer.wer(said, read))


def as_text(call: Dialogue) -> str:
    """The call in the format of the training files (models/data/LABELS.md)."""
    lines = [f"call: {call.id}", f"language: {call.language}", f"sector: {call.sector}", ""]
    for turn in call.turns:
        marks = " ".join([*turn.acts, *(f"@{kind}" for kind in sorted(turn.about))])
        lines.append(f"{'A' if turn.speaker == 'agent' else 'C'}: {turn.text} [{marks}]")
    lines += [f"= {kind} {outcome}" for kind, outcome in call.outcomes]
    return "\n".join([*lines, f"= severity {call.severity}", ""])


def main() -> None:
    calls = read_folder(HERE / "data")
    out = HERE / "heard"
    out.mkdir(exist_ok=True)
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        for language in CALLS:
            chosen = drawn(calls, language)
            again = list(workers.map(heard, chosen, range(len(chosen))))
            rates = [errors(call, own) for call, own in zip(chosen, again, strict=True)]
            texts = [as_text(own) for own, rate in zip(again, rates, strict=True) if rate <= MOST_ERRORS]
            (out / f"{language}.txt").write_text("---\n".join(texts), encoding="utf-8")
            quarters = np.round(np.quantile(rates, (0.25, 0.5, 0.75)), 2)
            print(f"{language}: {len(texts)} of {len(chosen)} calls, words wrong {quarters}", flush=True)


if __name__ == "__main__":
    main()
