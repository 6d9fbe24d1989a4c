"""The sentence encoder as it runs: an adapter merged into its weights, for CTranslate2 in eight bits, built once.

The matrices of a BERT model map one to one onto CTranslate2's encoder; query, key and value lie in one matrix there.
More than half of the vocabulary is in scripts that neither language is written in. It is left out: what is left gives
the same tokens of every text in Latin letters, in half of the memory and of the time to load.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.errors import ModelError
from analyzer.resources import models_dir
from analyzer.weights import e5, manifest
from analyzer.weights.cache import build_once

FILES = ("model.bin", "config.json", "vocabulary.json", "tokenizer.json")
SUMS = "sha256.json"
FORMAT = "latin"  # of what is built; another one is another folder
WORDS = "embeddings.word_embeddings.weight"
Tensors = dict[str, NDArray[np.float32]]


def quick_name(adapter: Path | None) -> str:
    """Name of the cache folder of the encoder with this adapter; ModelError when the adapter cannot be read."""
    key = hashlib.sha256(_read(adapter)).hexdigest()[:16] if adapter else "plain"
    return f"encoder-{e5.NAME}-{manifest.model(e5.NAME).sha256[:16]}-{FORMAT}-{key}"


def quick_folder(adapter: Path | None) -> Path:
    """Folder with the CTranslate2 model and its tokenizer in the cache, built when missing.

    ModelError when the adapter cannot be read or does not fit.
    """
    return build_once(quick_name(adapter), partial(_build, manifest.model(e5.NAME), adapter))


def shipped_adapter() -> Path:
    """The adapter of the act model, which comes with the program."""
    return models_dir() / "heads" / "adapter.safetensors"


def sums(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of a built folder, as it was when it was built."""
    held: dict[str, str] = json.loads((folder / SUMS).read_text(encoding="utf-8"))
    return held


def merge(weights: Mapping[str, NDArray[np.float32]], adapter: Mapping[str, NDArray[np.floating]]) -> Tensors:
    """Weights with low-rank adapters added to the matrices they belong to: W + B A (the scaling is folded into B)."""
    merged = dict(weights)
    for name, down in adapter.items():
        if name.endswith(".lora_A.weight"):
            up = adapter[name.replace(".lora_A", ".lora_B")]
            matrix = name.replace(".lora_A", "")
            merged[matrix] = merged[matrix] + up.astype(np.float32) @ down.astype(np.float32)
    return merged


def read_adapter(path: Path) -> dict[str, NDArray[np.floating]]:
    """The adapter's matrices; ModelError when the file is missing or damaged."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(_read(path))
    except (SafetensorError, ValueError) as fault:
        raise _unreadable(path, fault) from fault


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise _unreadable(path, fault) from fault


def _unreadable(path: Path, fault: Exception) -> ModelError:
    return ModelError(
        f"the trained adapter cannot be read: {fault}",
        path=path,
        next_step="It comes with the program: install touchpoint-qa again.",
    )


def _build(entry: manifest.Model, adapter: Path | None, folder: Path) -> None:
    packed = in_latin(e5.parse(b"".join(entry.file[0].blocks())))
    weights = merge(packed.tensors, read_adapter(adapter)) if adapter else packed.tensors
    spec = _spec({name: value.copy() for name, value in weights.items()}, packed.header)  # quantized in place
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    e5.tokenizer(packed).save(str(folder / "tokenizer.json"))
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    (folder / SUMS).write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")


def in_latin(packed: e5.Packed) -> e5.Packed:
    """The model without the pieces of other scripts, and without their rows of the embedding."""
    kept = [number for number, (piece, _) in enumerate(packed.pieces) if _is_latin(piece)]
    return replace(
        packed,
        header=replace(packed.header, vocabulary=len(kept)),
        pieces=[packed.pieces[number] for number in kept],
        tensors=packed.tensors | {WORDS: packed.tensors[WORDS][kept]},
    )


def _is_latin(piece: str) -> bool:
    """Whether all its letters are Latin; digits, signs and spaces belong to every script."""
    return all(
        unicodedata.name(character, "").startswith(("LATIN", "COMBINING"))
        for character in piece
        if unicodedata.category(character)[0] in "LM"
    )


def _spec(weights: Tensors, header: e5.Header) -> Any:
    from ctranslate2.specs import TransformerEncoderModelSpec, TransformerEncoderSpec
    from ctranslate2.specs.common_spec import Activation, EmbeddingsMerge

    encoder = TransformerEncoderSpec(
        header.layers,
        header.heads,
        pre_norm=False,
        activation=Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    encoder.embeddings[0].weight = weights[WORDS]
    encoder.embeddings[1].weight = weights["embeddings.token_type_embeddings.weight"]
    encoder.position_encodings.encodings = weights["embeddings.position_embeddings.weight"]
    _norm(encoder.layernorm_embedding, weights, "embeddings.LayerNorm")
    for number, layer in enumerate(encoder.layer):
        own = f"encoder.layer.{number}."
        attention = layer.self_attention
        _linear(attention.linear[0], weights, *(f"{own}attention.self.{part}" for part in ("query", "key", "value")))
        _linear(attention.linear[1], weights, own + "attention.output.dense")
        _norm(attention.layer_norm, weights, own + "attention.output.LayerNorm")
        _linear(layer.ffn.linear_0, weights, own + "intermediate.dense")
        _linear(layer.ffn.linear_1, weights, own + "output.dense")
        _norm(layer.ffn.layer_norm, weights, own + "output.LayerNorm")
    spec = TransformerEncoderModelSpec(encoder)
    spec.register_vocabulary([str(number) for number in range(header.vocabulary)])  # token ids are given, never words
    spec.config.unk_token = "3"  # noqa: S105  (a piece of text, no password)
    spec.config.layer_norm_epsilon = round(header.epsilon, 15)
    return spec


def _norm(spec: Any, weights: Tensors, name: str) -> None:
    spec.gamma, spec.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]


def _linear(spec: Any, weights: Tensors, *names: str) -> None:
    spec.weight = np.concatenate([weights[f"{name}.weight"] for name in names])
    spec.bias = np.concatenate([weights[f"{name}.bias"] for name in names])
