"""What was heard in a recording: words with channel and time, and the language they are in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from analyzer.call import Probability, Span, Value, Word
from analyzer.transcribe.engine import Engine
from analyzer.transcribe.speech import SAMPLES_PER_MS, Chunk, Samples, pack

DETECTION_MS = 30_000
PER_CHANNEL_MS = 15_000
SURE = 0.5


class Transcript(Value):
    """Words of all channels in order of time."""

    language: str
    language_confidence: Probability
    languages_heard: dict[str, Probability] = Field(default_factory=dict)
    words: tuple[Word, ...]


def transcribe(
    engine: Engine, channels: Samples, speech: Sequence[Sequence[Span]], language: str | None, languages: Sequence[str]
) -> Transcript:
    """Recognise a recording.

    `channels` is float32 of shape (channels, samples) at 16 kHz, `speech` the voice activity of each channel.
    A given `language` is never overwritten; null lets the engine choose, for the whole call, among `languages`
    or, when none of them is likely, what it heard.
    """
    chunks = [
        chunk
        for channel, spans in enumerate(speech)
        for chunk in pack(np.ascontiguousarray(channels[channel]), spans, channel)
    ]
    heard = {} if language or not chunks else _language_probabilities(engine, chunks)
    chosen, confidence = (language, 1.0) if language else _choose(heard, languages)
    words = [
        _place(chunk, word.text, word.start_ms, word.end_ms, word.probability)
        for chunk, found in zip(chunks, engine.transcribe(chunks, chosen), strict=True)
        for word in found
    ]
    words.sort(key=lambda word: (word.start_ms, word.channel, word.end_ms))
    return Transcript(language=chosen, language_confidence=confidence, languages_heard=heard, words=tuple(words))


def _place(chunk: Chunk, text: str, start_ms: float, end_ms: float, probability: float) -> Word:
    span = chunk.to_call(start_ms, end_ms)
    return Word(
        text=text,
        start_ms=span.start_ms,
        end_ms=span.end_ms,
        probability=round(min(max(probability, 0.0), 1.0), 3),
        channel=chunk.channel,
    )


def _language_probabilities(engine: Engine, chunks: Sequence[Chunk]) -> dict[str, float]:
    """Probabilities over the first speech of every channel, heard as one piece."""
    pieces = []
    for channel in dict.fromkeys(chunk.channel for chunk in chunks):
        own = np.concatenate([chunk.samples for chunk in chunks if chunk.channel == channel][:2])
        pieces.append(own[: PER_CHANNEL_MS * SAMPLES_PER_MS])
    joined = np.concatenate(pieces)[: DETECTION_MS * SAMPLES_PER_MS]
    probabilities = engine.language_probabilities(joined)
    likely = sorted(probabilities.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
    return {code: round(probability, 3) for code, probability in likely}


def _choose(heard: dict[str, float], languages: Sequence[str]) -> tuple[str, float]:
    if not heard:
        return languages[0], 0.0
    best = max(languages, key=lambda code: heard.get(code, 0.0))
    loudest = max(heard, key=lambda code: heard[code])
    if loudest not in languages and heard[loudest] > SURE:
        return loudest, heard[loudest]
    return best, heard.get(best, 0.0)
