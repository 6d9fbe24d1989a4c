"""The packed sentence encoder and its tokenizer."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from analyzer.errors import ModelError
from analyzer.weights import e5
from analyzer.weights.e5 import Header, Packed, encoder_folder, parse

PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁hello", "▁world", "hel", "lo", "fi", "▁Straße", "a"]


@pytest.fixture
def tokenizer() -> Any:
    header = Header(32, 1, 1, 32, len(PIECES), 8, 1, 1e-12)
    packed = Packed(
        header,
        [(piece, -float(index)) for index, piece in enumerate(PIECES)],
        {"\u200b": " ", "\x07": "", "ä": "a"},
        {},
    )
    return e5.tokenizer(packed)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("hello world", ["▁hello", "▁world"]),
        ("hello   world", ["▁hello", "▁world"]),
        ("hello\u200bworld", ["▁hello", "▁world"]),
        ("hello\u00a0world", ["▁hello", "▁world"]),
        ("hello\x07 world", ["▁hello", "▁world"]),
        ("ｈｅｌｌｏ", ["▁hello"]),
        ("Straße", ["▁Straße"]),
        ("ﬁ", ["▁", "fi"]),
        ("", []),
    ],
)
def test_texts_that_look_alike_are_cut_alike(tokenizer: Any, text: str, pieces: list[str]) -> None:
    """Wide letters, ligatures, odd spaces and control characters make no difference."""
    assert tokenizer.encode(text).tokens == ["<s>", *pieces, "</s>"]


def test_what_is_not_in_the_vocabulary_is_unknown_and_not_lost(tokenizer: Any) -> None:
    assert "<unk>" in tokenizer.encode("hello 🙂", add_special_tokens=False).tokens or 3 in tokenizer.encode("🙂").ids


def test_marks_in_the_text_are_no_control_tokens_of_length(tokenizer: Any) -> None:
    """A text begins and ends with its marks exactly once more than it holds itself."""
    assert tokenizer.encode("hello").ids[0] == 0
    assert tokenizer.encode("hello").ids[-1] == 2


def test_blocks_of_four_bits_are_unpacked_low_nibbles_first() -> None:
    """32 weights: a scale and 16 bytes; weight = (nibble - 8) * scale."""
    data = struct.pack("<e", 0.5) + bytes([0x0F] + [0x88] * 15)

    values = e5._matrix(data, 0, 32)

    assert values[0] == (15 - 8) * 0.5
    assert values[16] == (0 - 8) * 0.5
    assert np.count_nonzero(values) == 2


@pytest.mark.parametrize("data", [b"", b"E5S", b"GGUF" + bytes(100)])
def test_another_format_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError, match="unknown format"):
        parse(data)


@pytest.mark.real
def test_the_unpacked_encoder_is_an_ordinary_model_folder() -> None:
    folder = encoder_folder()

    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {path.name for path in folder.iterdir()}


@pytest.mark.real
@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("Ｈello", "Hello"),
        ("I want\u00a0to   cancel", "I want to cancel"),
        ("Kündigung", "Ku\u0308ndigung"),
        ("ﬁnal", "final"),
    ],
)
def test_the_real_tokenizer_cuts_texts_that_look_alike_alike(odd: str, plain: str) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(encoder_folder() / "tokenizer.json"))

    assert tokenizer.encode(odd).ids == tokenizer.encode(plain).ids
    assert 3 not in tokenizer.encode(plain).ids
