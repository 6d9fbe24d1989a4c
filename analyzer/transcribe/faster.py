"""faster-whisper: CTranslate2 in int8, chunks decoded in batches, greedy, with word times."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from analyzer.errors import ModelError
from analyzer.threads import one_blas_thread
from analyzer.transcribe.engine import EngineName, HeardWord, check_language
from analyzer.transcribe.loops import is_loop
from analyzer.transcribe.speech import Chunk, Samples

if TYPE_CHECKING:
    from collections.abc import Iterable

    from faster_whisper.transcribe import Segment

    from analyzer.weights.whisper import WhisperWeights

BATCH = 8
THREADS = 4  # fixed, as are the BLAS threads below: how sums are split among threads can change a word
RATE = 16_000
REPEATED = 6  # tokens in a row that occur twice only where a decoder is in a loop


class FasterWhisper:
    """The default on a CPU. A chunk whose greedy text loops is decoded again by beam search without repeated phrases.

    Never with a temperature: CTranslate2 then draws from a seed of its own, and the same call would give other words.
    """

    name: EngineName = "faster-whisper"

    def __init__(self, weights: WhisperWeights) -> None:
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        self.weights = weights
        self.version = version("faster-whisper")
        folder = weights.ctranslate2_folder()
        try:
            self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=THREADS)
        except Exception as fault:  # whatever CTranslate2 and the tokenizer raise over files they cannot read
            raise ModelError(
                f"faster-whisper cannot load this model ({fault}).",
                path=folder,
                next_step="Give a whole CTranslate2 folder (model.bin, config.json, tokenizer.json, vocabulary).",
            ) from fault
        self._batched = BatchedInferencePipeline(self._model)

    def language_probabilities(self, samples: Samples) -> dict[str, float]:
        if not self._model.model.is_multilingual:
            return {"en": 1.0}
        with one_blas_thread():
            _, _, probabilities = self._model.detect_language(samples)
        return {code: float(probability) for code, probability in probabilities}

    def transcribe(self, chunks: Sequence[Chunk], language: str) -> tuple[tuple[HeardWord, ...], ...]:
        if not chunks:
            return ()
        check_language(language, self._model.supported_languages, self.weights.name)
        starts = np.cumsum([0, *(len(chunk.samples) for chunk in chunks)]) / RATE
        clips = [{"start": float(start), "end": float(end)} for start, end in pairwise(starts)]
        with one_blas_thread():  # the spectra are made in numpy, whose sums depend on its threads
            segments, _ = self._batched.transcribe(
                np.concatenate([chunk.samples for chunk in chunks]),
                language=language,
                clip_timestamps=clips,
                word_timestamps=True,
                without_timestamps=True,
                beam_size=1,
                batch_size=BATCH,
            )
            heard: list[list[Segment]] = [[] for _ in chunks]
            for segment in segments:
                sought = segment.seek / self._model.frames_per_second  # the chunk's start, cut to whole frames
                heard[int(np.abs(starts[:-1] - sought).argmin())].append(segment)
            return tuple(
                self._again(chunk, language) if is_loop(_text(found)) else _words(found, float(start))
                for chunk, found, start in zip(chunks, heard, starts, strict=False)
            )

    def _again(self, chunk: Chunk, language: str) -> tuple[HeardWord, ...]:
        segments, _ = self._model.transcribe(
            chunk.samples,
            language=language,
            word_timestamps=True,
            condition_on_previous_text=False,
            beam_size=5,
            temperature=0.0,
            no_repeat_ngram_size=REPEATED,
        )
        return _words([segment for segment in segments if not is_loop(segment.text)], 0.0)


def _text(segments: Iterable[Segment]) -> str:
    return " ".join(segment.text for segment in segments)


def _words(segments: Iterable[Segment], start: float) -> tuple[HeardWord, ...]:
    return tuple(
        HeardWord(word.word.strip(), (word.start - start) * 1000, (word.end - start) * 1000, float(word.probability))
        for segment in segments
        for word in segment.words or ()
        if word.word.strip()
    )
