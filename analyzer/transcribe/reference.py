"""openai-whisper: the reference implementation, float32, with its own temperature fallback."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.transcribe.engine import EngineName, HeardWord, check_language
from analyzer.transcribe.loops import is_loop
from analyzer.transcribe.speech import Chunk, Samples

if TYPE_CHECKING:
    from analyzer.weights.whisper import WhisperWeights


class OpenAIWhisper:
    """Slower and the measure of the other. A segment that loops in spite of the fallback is given up."""

    name: EngineName = "openai-whisper"

    def __init__(self, weights: WhisperWeights) -> None:
        self.weights = weights
        self.version = version("openai-whisper")
        self._model = weights.openai_model()

    def language_probabilities(self, samples: Samples) -> dict[str, float]:
        import whisper

        if not self._model.is_multilingual:
            return {"en": 1.0}
        mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(np.ascontiguousarray(samples)), self._model.dims.n_mels)
        _, probabilities = self._model.detect_language(mel)
        return {code: float(probability) for code, probability in probabilities.items()}

    def transcribe(self, chunks: Sequence[Chunk], language: str) -> tuple[tuple[HeardWord, ...], ...]:
        from whisper.tokenizer import LANGUAGES

        check_language(language, LANGUAGES if self._model.is_multilingual else ("en",), self.weights.name)
        return tuple(self._chunk(chunk, language) for chunk in chunks)

    def _chunk(self, chunk: Chunk, language: str) -> tuple[HeardWord, ...]:
        import torch

        torch.manual_seed(0)  # the fallback samples: the same chunk must give the same words
        result: dict[str, Any] = self._model.transcribe(
            chunk.samples, language=language, word_timestamps=True, condition_on_previous_text=False, fp16=False
        )
        return tuple(
            HeardWord(word["word"].strip(), word["start"] * 1000, word["end"] * 1000, float(word["probability"]))
            for segment in result["segments"]
            if not is_loop(segment["text"])
            for word in segment["words"]
            if word["word"].strip()
        )
