"""Sentence vectors: the multilingual encoder through transformers and torch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analyzer.weights import e5, manifest

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import BertModel

Vectors = NDArray[np.float32]
WIDTH = 384
MAX_TOKENS = 192
BATCH_TOKENS = 2048
PREFIX = "query: "


class Encoder:
    """multilingual-e5-small: texts in, unit vectors of shape (texts, 384) out, on the CPU.

    Texts are embedded in batches of like length. Rows do not depend on what else is in the batch beyond
    float32 rounding; the batches depend on the texts alone, so the same texts give the same bytes.
    """

    def __init__(self) -> None:
        import torch
        from safetensors.torch import load_file
        from tokenizers import Tokenizer
        from transformers import BertConfig, BertModel

        folder = e5.encoder_folder()
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        config = BertConfig.from_pretrained(str(folder))
        with torch.device("meta"):
            self._model: BertModel = BertModel(config, add_pooling_layer=False)
        self._model.load_state_dict(load_file(str(folder / "model.safetensors")), strict=True, assign=True)
        for name, buffer in (
            ("position_ids", torch.arange(config.max_position_embeddings)),
            ("token_type_ids", torch.zeros(config.max_position_embeddings, dtype=torch.long)),
        ):
            self._model.embeddings.register_buffer(name, buffer.unsqueeze(0), persistent=False)
        self._model.train(False)

    @property
    def name(self) -> str:
        entry = manifest.model(e5.NAME)
        return f"{entry.name}@{entry.sha256[:12]}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, one row a text, in order."""
        vectors = np.zeros((len(texts), WIDTH), dtype=np.float32)
        encodings = [encoding.ids for encoding in self._tokenizer.encode_batch([PREFIX + text for text in texts])]
        for rows in _batches([len(ids) for ids in encodings]):
            vectors[rows] = self._embed_batch([encodings[row] for row in rows])
        return vectors

    def _embed_batch(self, batch: list[list[int]]) -> Vectors:
        import torch

        longest = max(map(len, batch))
        ids = torch.tensor([tokens + [1] * (longest - len(tokens)) for tokens in batch])
        mask = torch.tensor([[1] * len(tokens) + [0] * (longest - len(tokens)) for tokens in batch])
        with torch.inference_mode():
            hidden = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
            pooled = (hidden * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
            unit: Vectors = torch.nn.functional.normalize(pooled, dim=1).numpy()
        return unit


def _batches(lengths: list[int]) -> list[list[int]]:
    """Row numbers in batches of like length, each at most BATCH_TOKENS wide."""
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: (lengths[row], row)):
        if batches and (len(batches[-1]) + 1) * lengths[row] <= BATCH_TOKENS:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


@lru_cache(maxsize=1)
def encoder() -> Encoder:
    """The process's one encoder, loaded at first use."""
    return Encoder()
