"""Sentence vectors: the multilingual encoder on the engine that recognition runs on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from analyzer.errors import ModelError
from analyzer.weights import e5, manifest
from analyzer.weights.encoder import quick_folder

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Vectors = NDArray[np.float32]
WIDTH = 384
MAX_TOKENS = 192
BATCH_TOKENS = 2048
PREFIX = "query: "
THREADS = 4


def encoder_name() -> str:
    """Name and fingerprint of the weights that the adapter is laid on."""
    entry = manifest.model(e5.NAME)
    return f"{entry.name}@{entry.sha256[:12]}"


class SentenceEncoder(Protocol):
    """Texts in, unit vectors out."""

    @property
    def name(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of shape (texts, 384), one row a text, in order."""
        ...


class Encoder:
    """multilingual-e5-small in eight bits on the CPU, with the adapter of the act model or none.

    Texts are embedded in batches of like length. The same texts give the same bytes; a vector depends on its own text
    alone, but for float32 rounding. `reference.TransformersEncoder` computes the same in 32 bits.
    """

    def __init__(self, adapter: Path | None) -> None:
        from ctranslate2 import Encoder as Engine
        from tokenizers import Tokenizer

        folder = quick_folder(adapter)
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        try:
            self._engine: Any = Engine(str(folder), device="cpu", compute_type="int8", intra_threads=THREADS)
        except RuntimeError as fault:
            raise ModelError(
                f"the sentence encoder cannot be loaded: {fault}",
                path=folder,
                next_step="Delete this folder; it is built again from the installed package.",
            ) from fault

    @property
    def name(self) -> str:
        return encoder_name()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, one row a text, in order."""
        vectors = np.zeros((len(texts), WIDTH), dtype=np.float32)
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch([PREFIX + text for text in texts])]
        for rows in batches([len(ids) for ids in tokens]):
            output = self._engine.forward_batch([tokens[row] for row in rows])
            for row, states in zip(rows, np.asarray(output.last_hidden_state), strict=True):
                mean = states[: len(tokens[row])].mean(axis=0)
                vectors[row] = mean / np.linalg.norm(mean)
        return vectors


def batches(lengths: Sequence[int]) -> list[list[int]]:
    """Row numbers in batches of like length, each at most BATCH_TOKENS wide."""
    found: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: (lengths[row], row)):
        if found and (len(found[-1]) + 1) * lengths[row] <= BATCH_TOKENS:
            found[-1].append(row)
        else:
            found.append([row])
    return found
