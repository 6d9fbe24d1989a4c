"""What a recogniser must do, and the two there are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol

from analyzer.errors import ConfigError
from analyzer.transcribe.speech import Chunk, Samples
from analyzer.weights.whisper import WhisperWeights, resolve

EngineName = Literal["faster-whisper", "openai-whisper"]
DEFAULT_ENGINE: EngineName = "faster-whisper"


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word and where it lies in its chunk, in milliseconds."""

    text: str
    start_ms: float
    end_ms: float
    probability: float


def check_language(language: str, known: Collection[str], model: str) -> None:
    """ConfigError for a language that a model cannot write down."""
    if language not in known:
        raise ConfigError(
            f"the model {model} does not know the language {language!r}.",
            next_step=f"Known: {', '.join(sorted(known))}. Choose one with --language, or another --model.",
        )


class Engine(Protocol):
    """A recogniser with word times."""

    @property
    def name(self) -> EngineName: ...

    @property
    def version(self) -> str: ...

    @property
    def weights(self) -> WhisperWeights: ...

    def language_probabilities(self, samples: Samples) -> dict[str, float]:
        """Probability per language code, from at most the first 30 seconds of 16 kHz speech."""
        ...

    def transcribe(self, chunks: Sequence[Chunk], language: str) -> tuple[tuple[HeardWord, ...], ...]:
        """Words of each chunk, in the order of the chunks."""
        ...


@lru_cache(maxsize=2)
def load_engine(name: EngineName, model: str) -> Engine:
    """The engine with its weights; ModelError when they are not to be had."""
    weights = resolve(model)
    if name == "faster-whisper":
        from analyzer.transcribe.faster import FasterWhisper

        return FasterWhisper(weights)
    from analyzer.transcribe.reference import OpenAIWhisper

    return OpenAIWhisper(weights)
