"""The sentence encoder through transformers and torch: what is trained, and what the quick one is checked against."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from analyzer.understand.encoder import MAX_TOKENS, PREFIX, SENTENCE, WIDTH, Vectors, batches, encoder_name, readout_of
from analyzer.weights import e5
from analyzer.weights.encoder import merge, read_adapter

PAD = 1


class TransformersEncoder:
    """multilingual-e5-small in 32 bits: texts in, vectors out as those of `encoder.Encoder`."""

    def __init__(self, adapter: Path | None) -> None:
        from safetensors.numpy import load_file

        folder = e5.encoder_folder()
        self.tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(MAX_TOKENS)
        weights = load_file(str(folder / "model.safetensors"))
        self._readout = readout_of(adapter) if adapter else None
        if adapter is not None:
            weights = merge(weights, read_adapter(adapter))
        self.model = BertModel(BertConfig.from_pretrained(str(folder)), add_pooling_layer=False)
        self.model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()}, strict=True)
        self.model.train(False)

    @property
    def name(self) -> str:
        return encoder_name()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors, one row a text, in order: (texts, WIDTH), or (texts, SENTENCE) without an adapter."""
        vectors = np.zeros((len(texts), WIDTH if self._readout else SENTENCE), dtype=np.float32)
        tokens = [encoding.ids for encoding in self.tokenizer.encode_batch([PREFIX + text for text in texts])]
        with torch.inference_mode():
            for rows in batches([len(ids) for ids in tokens]):
                hidden = self._states([tokens[row] for row in rows])
                for row, states in zip(rows, hidden, strict=True):
                    own = states[: len(tokens[row])]
                    vectors[row, :SENTENCE] = torch.nn.functional.normalize(own.mean(0), dim=0).numpy()
                    if self._readout:
                        vectors[row, SENTENCE:] = self._readout(own.numpy())
        return vectors

    def _states(self, batch: Sequence[Sequence[int]]) -> torch.Tensor:
        """The last state of every token: shape (texts, tokens, 384)."""
        longest = max(map(len, batch))
        ids = torch.tensor([[*tokens, *[PAD] * (longest - len(tokens))] for tokens in batch])
        mask = torch.tensor([[1] * len(tokens) + [0] * (longest - len(tokens)) for tokens in batch])
        hidden: torch.Tensor = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
        return hidden
