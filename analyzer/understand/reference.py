"""Sentence vectors: the multilingual encoder through transformers and torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analyzer.errors import ModelError
from analyzer.weights import e5, manifest

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor
    from transformers import BertModel

Vectors = NDArray[np.float32]
WIDTH = 384
MAX_TOKENS = 192
BATCH_TOKENS = 2048
PREFIX = "query: "
PAD = 1


class Encoder:
    """multilingual-e5-small: texts in, unit vectors of shape (texts, 384) out, on the CPU.

    Texts are embedded in batches of like length. Rows do not depend on what else is in the batch beyond
    float32 rounding; the batches depend on the texts alone, so the same texts give the same bytes.
    """

    def __init__(self, adapter: Path | None) -> None:
        import torch
        from safetensors.torch import load_file
        from tokenizers import Tokenizer
        from transformers import BertConfig, BertModel

        folder = e5.encoder_folder()
        self.tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(MAX_TOKENS)
        config = BertConfig.from_pretrained(str(folder))
        weights = load_file(str(folder / "model.safetensors"))
        if adapter is not None:
            _adapt(weights, _adapter(adapter))
        with torch.device("meta"):  # the weights stay in the mapped file; only what is used is read
            self.model: BertModel = BertModel(config, add_pooling_layer=False)
        self.model.load_state_dict(weights, strict=True, assign=True)
        for name, buffer in (
            ("position_ids", torch.arange(config.max_position_embeddings)),
            ("token_type_ids", torch.zeros(config.max_position_embeddings, dtype=torch.long)),
        ):
            self.model.embeddings.register_buffer(name, buffer.unsqueeze(0), persistent=False)
        self.model.train(False)

    @property
    def name(self) -> str:
        entry = manifest.model(e5.NAME)
        return f"{entry.name}@{entry.sha256[:12]}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, one row a text, in order."""
        import torch

        vectors = np.zeros((len(texts), WIDTH), dtype=np.float32)
        encodings = [encoding.ids for encoding in self.tokenizer.encode_batch([PREFIX + text for text in texts])]
        with torch.inference_mode():
            for rows in _batches([len(ids) for ids in encodings]):
                vectors[rows] = self.pooled(self.model, [encodings[row] for row in rows]).numpy()
        return vectors

    @staticmethod
    def pooled(model: Callable[..., Any], batch: Sequence[Sequence[int]]) -> Tensor:
        """Mean of the token vectors of each text, normalised: shape (texts, 384)."""
        import torch

        longest = max(map(len, batch))
        ids = torch.tensor([[*tokens, *[PAD] * (longest - len(tokens))] for tokens in batch])
        mask = torch.tensor([[1] * len(tokens) + [0] * (longest - len(tokens)) for tokens in batch])
        hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
        means = (hidden * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
        return torch.nn.functional.normalize(means, dim=1)


def _adapter(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(str(path))
    except (OSError, SafetensorError) as fault:
        raise ModelError(
            f"the trained adapter cannot be read: {fault}",
            path=path,
            next_step="It comes with the program: install touchpoint-qa again.",
        ) from fault


def _adapt(weights: dict[str, Tensor], adapter: Mapping[str, Tensor]) -> None:
    """Add low-rank adapters to the matrices they belong to: W + B A (the scaling is folded into B)."""
    for name, down in adapter.items():
        if name.endswith(".lora_A.weight"):
            matrix = name.replace(".lora_A", "")
            up = adapter[name.replace(".lora_A", ".lora_B")]
            weights[matrix] = weights[matrix] + up.float() @ down.float()


def _batches(lengths: list[int]) -> list[list[int]]:
    """Row numbers in batches of like length, each at most BATCH_TOKENS wide."""
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: (lengths[row], row)):
        if batches and (len(batches[-1]) + 1) * lengths[row] <= BATCH_TOKENS:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches
