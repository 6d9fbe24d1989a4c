"""Sentence vectors: the multilingual encoder on the engine that recognition runs on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from analyzer.acts import LABELS
from analyzer.errors import ModelError
from analyzer.understand.readout import Readout
from analyzer.weights import e5, manifest
from analyzer.weights.encoder import quick_folder, read_adapter

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Vectors = NDArray[np.float32]
SENTENCE = 384  # width of a sentence vector
WIDTH = SENTENCE + len(LABELS)  # and of what an adapted encoder says of a text
MAX_TOKENS = 192
BATCH_TOKENS = 2048
PREFIX = "query: "
THREADS = 4


def encoder_name() -> str:
    """Name and fingerprint of the weights that the adapter is laid on."""
    entry = manifest.model(e5.NAME)
    return f"{entry.name}@{entry.sha256[:12]}"


class SentenceEncoder(Protocol):
    """Texts in, vectors out: a unit vector for the sentence, and behind it the logits of the readout."""

    @property
    def name(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (texts, WIDTH), one row a text, in order."""
        ...


class Encoder:
    """multilingual-e5-small in eight bits on the CPU, with the adapter of the act model and its readout, or with none.

    Texts are embedded in batches of like length. The same texts give the same bytes; a vector depends on its own text
    alone, but for float32 rounding. `reference.TransformersEncoder` computes the same in 32 bits.
    """

    def __init__(self, adapter: Path | None) -> None:
        from ctranslate2 import Encoder as Engine
        from tokenizers import Tokenizer

        folder = quick_folder(adapter)
        self._readout = readout_of(adapter) if adapter else None
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
        """Vectors, one row a text, in order: (texts, WIDTH), or (texts, SENTENCE) without an adapter."""
        vectors = np.zeros((len(texts), WIDTH if self._readout else SENTENCE), dtype=np.float32)
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch([PREFIX + text for text in texts])]
        for rows in batches([len(ids) for ids in tokens]):
            output = self._engine.forward_batch([tokens[row] for row in rows])
            for row, states in zip(rows, np.asarray(output.last_hidden_state), strict=True):
                own = states[: len(tokens[row])]
                mean = own.mean(axis=0)
                vectors[row, :SENTENCE] = mean / np.linalg.norm(mean)
                if self._readout:
                    vectors[row, SENTENCE:] = self._readout(own)
        return vectors


def readout_of(adapter: Path) -> Readout:
    """The readout that was trained with an adapter; ModelError when it holds none for these labels."""
    try:
        return Readout(read_adapter(adapter))
    except (KeyError, ValueError) as fault:
        raise ModelError(
            f"the trained adapter is none of this version's ({fault}).",
            path=adapter,
            next_step="It comes with the program: install touchpoint-qa again.",
        ) from fault


def batches(lengths: Sequence[int]) -> list[list[int]]:
    """Row numbers in batches of like length, each at most BATCH_TOKENS wide."""
    found: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: (lengths[row], row)):
        if found and (len(found[-1]) + 1) * lengths[row] <= BATCH_TOKENS:
            found[-1].append(row)
        else:
            found.append([row])
    return found
