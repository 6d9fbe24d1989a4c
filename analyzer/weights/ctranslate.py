"""Whisper weights between their two file formats: CTranslate2 (faster-whisper) and OpenAI's checkpoint.

The mapping is one to one. CTranslate2 joins query, key and value of self-attention (and key and value of
cross-attention) into one matrix and fills the key bias, which Whisper does not have, with zeros.
File layout: ctranslate2 `ModelSpec._serialize`, binary version 6.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analyzer.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

Tensor = NDArray[Any]
Tensors = dict[str, Tensor]
DTYPES = {0: "float32", 1: "int8", 2: "int16", 3: "int32", 4: "float16"}
BLOCKS = {"encoder": "encoder.blocks", "decoder": "decoder.blocks"}
PLAIN = {
    "encoder/conv1/": "encoder.conv1.",
    "encoder/conv2/": "encoder.conv2.",
    "encoder/layer_norm/": "encoder.ln_post.",
    "decoder/layer_norm/": "decoder.ln.",
}
POSITIONS = {
    "encoder/position_encodings/encodings": "encoder.positional_embedding",
    "decoder/position_encodings/encodings": "decoder.positional_embedding",
    "decoder/embeddings/weight": "decoder.token_embedding.weight",
}
LEAVES = {"weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}
IN_LAYER = {
    "ffn/layer_norm": "mlp_ln",
    "ffn/linear_0": "mlp.0",
    "ffn/linear_1": "mlp.2",
    "self_attention/layer_norm": "attn_ln",
    "self_attention/linear_1": "attn.out",
    "attention/layer_norm": "cross_attn_ln",
    "attention/linear_0": "cross_attn.query",
    "attention/linear_2": "cross_attn.out",
}
FUSED = {
    "self_attention/linear_0": ("attn.query", "attn.key", "attn.value"),
    "attention/linear_1": ("cross_attn.key", "cross_attn.value"),
}


class _Reader:
    """Cursor over the bytes of a CTranslate2 file."""

    def __init__(self, data: memoryview) -> None:
        self.data, self.at = data, 0

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return int(value)

    def text(self) -> str:
        length = self.number("H")
        raw = bytes(self.data[self.at : self.at + length - 1])
        self.at += length
        return raw.decode("utf-8")

    def tensor(self) -> Tensor:
        shape = [self.number("I") for _ in range(self.number("B"))]
        dtype = np.dtype(DTYPES[self.number("B")])
        size = self.number("I")
        raw = self.data[self.at : self.at + size]
        self.at += size
        return np.frombuffer(raw, dtype=dtype).reshape(shape)


def read_ctranslate2(path: Path) -> Tensors:
    """All tensors of a `model.bin` by their CTranslate2 names; ModelError when it is not a Whisper model."""
    reader = _Reader(memoryview(path.read_bytes()))
    try:
        version, spec = reader.number("I"), reader.text()
        reader.number("I")
        if version < 5 or spec != "WhisperSpec":
            raise ValueError(f"version {version}, specification {spec!r}")
        tensors = {}
        for _ in range(reader.number("I")):
            name = reader.text()
            tensors[name] = reader.tensor()
    except (struct.error, ValueError, KeyError, UnicodeDecodeError) as fault:
        raise ModelError(
            f"not a Whisper model in CTranslate2 format ({fault}).",
            path=path,
            next_step="Give a folder made by ct2-transformers-converter from a Whisper model.",
        ) from fault
    return tensors


def to_openai(tensors: Mapping[str, Tensor]) -> Tensors:
    """State dict of `whisper.model.Whisper` from CTranslate2 tensors."""
    state: Tensors = {}
    for name, tensor in tensors.items():
        if name in POSITIONS:
            state[POSITIONS[name]] = tensor
        elif re.search(r"/layer_\d", name):
            state.update(_layer_to_openai(name, tensor))
        else:
            for prefix, target in PLAIN.items():
                if name.startswith(prefix):
                    state[target + LEAVES[name.removeprefix(prefix)]] = tensor
    return state


def _layer_to_openai(name: str, tensor: Tensor) -> Tensors:
    stack, layer, rest = name.split("/", 2)
    module, _, leaf = rest.rpartition("/")
    base = f"{BLOCKS[stack]}.{layer.removeprefix('layer_')}."
    if module in IN_LAYER:
        return {f"{base}{IN_LAYER[module]}.{LEAVES[leaf]}": tensor}
    if module in FUSED:
        targets = FUSED[module]
        pieces = np.split(tensor, len(targets))
        return {
            f"{base}{target}.{leaf}": piece
            for target, piece in zip(targets, pieces, strict=True)
            if not (leaf == "bias" and target.endswith(".key"))
        }
    return {}


def dimensions(state: Mapping[str, Tensor]) -> dict[str, int]:
    """`whisper.model.ModelDimensions` read off the shapes of a state dict."""
    vocabulary, width = state["decoder.token_embedding.weight"].shape

    def layers(stack: str) -> int:
        return len({key.split(".")[2] for key in state if key.startswith(f"{stack}.blocks.")})

    heads = width // 64
    return {
        "n_mels": state["encoder.conv1.weight"].shape[1],
        "n_audio_ctx": state["encoder.positional_embedding"].shape[0],
        "n_audio_state": width,
        "n_audio_head": heads,
        "n_audio_layer": layers("encoder"),
        "n_vocab": vocabulary,
        "n_text_ctx": state["decoder.positional_embedding"].shape[0],
        "n_text_state": width,
        "n_text_head": heads,
        "n_text_layer": layers("decoder"),
    }


def write_ctranslate2(
    state: Mapping[str, Tensor], alignment_heads: list[list[int]], tokens: list[str], to: Path
) -> None:
    """Write an OpenAI state dict as a CTranslate2 folder (model.bin, config.json, vocabulary.json), fp16."""
    from ctranslate2.specs.whisper_spec import WhisperSpec

    size = dimensions(state)
    spec = WhisperSpec(size["n_audio_layer"], size["n_audio_head"], size["n_text_layer"], size["n_text_head"])
    tensors = _from_openai(state)
    for name, tensor in tensors.items():
        _assign(spec, name, tensor)
    spec.decoder.projection.weight = tensors["decoder/embeddings/weight"]
    spec.config.alignment_heads = alignment_heads
    spec.config.lang_ids = list(range(50259, 50358))
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], [220, 50257]  # as faster-whisper sets them itself
    spec.register_vocabulary(tokens)
    spec.validate()
    spec.optimize(quantization="float16")
    spec.save(str(to))


def _from_openai(state: Mapping[str, Tensor]) -> Tensors:
    tensors: Tensors = {ours: state[theirs] for ours, theirs in POSITIONS.items()}
    for prefix, target in PLAIN.items():
        norm = "norm" in prefix
        tensors[prefix + ("gamma" if norm else "weight")] = state[target + "weight"]
        tensors[prefix + ("beta" if norm else "bias")] = state[target + "bias"]
    size = dimensions(state)
    for stack, count in (("encoder", size["n_audio_layer"]), ("decoder", size["n_text_layer"])):
        for layer in range(count):
            tensors.update(_layer_from_openai(state, stack, layer))
    return tensors


def _layer_from_openai(state: Mapping[str, Tensor], stack: str, layer: int) -> Tensors:
    source, target = f"{BLOCKS[stack]}.{layer}.", f"{stack}/layer_{layer}/"
    tensors: Tensors = {}
    for module, theirs in IN_LAYER.items():
        if f"{source}{theirs}.weight" not in state:
            continue
        norm = module.endswith("norm")
        tensors[f"{target}{module}/{'gamma' if norm else 'weight'}"] = state[f"{source}{theirs}.weight"]
        tensors[f"{target}{module}/{'beta' if norm else 'bias'}"] = state[f"{source}{theirs}.bias"]
    for module, pieces in FUSED.items():
        if f"{source}{pieces[0]}.weight" not in state:
            continue
        weights = [state[f"{source}{piece}.weight"] for piece in pieces]
        biases = [
            state.get(f"{source}{piece}.bias", np.zeros(len(weight), dtype=weight.dtype))
            for piece, weight in zip(pieces, weights, strict=True)
        ]
        tensors[f"{target}{module}/weight"] = np.concatenate(weights)
        tensors[f"{target}{module}/bias"] = np.concatenate(biases)
    return tensors


def _assign(spec: Any, name: str, tensor: Tensor) -> None:
    node = spec
    *path, leaf = name.split("/")
    for step in path:
        head, _, index = step.rpartition("_")
        node = getattr(node, head)[int(index)] if index.isdigit() and hasattr(node, head) else getattr(node, step)
    setattr(node, leaf, tensor)
