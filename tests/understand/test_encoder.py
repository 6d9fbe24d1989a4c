"""Sentence vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analyzer.errors import ModelError
from analyzer.understand.encoder import BATCH_TOKENS, WIDTH, Encoder, _batches

ODD = ["", " ", "🙂🙂", "\x00\x07", "word " * 5000, "x" * 20_000, "日本語", "ẞ ß ﬁ", "\ufeff\u200b", "<s></s>", "\n\n"]


def test_batches_hold_every_text_once_and_keep_to_their_size() -> None:
    lengths = [7, 300, 7, 1, 192, 64] * 20

    batches = _batches(lengths)

    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    widths = [len(batch) * max(lengths[row] for row in batch) for batch in batches]
    assert all(width <= BATCH_TOKENS for width in widths)
    assert _batches([]) == []


@pytest.fixture(scope="module")
def encoder(real_cache: object) -> Encoder:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOUCHPOINT_CACHE", str(real_cache))
        return Encoder(None)


@pytest.mark.real
def test_odd_texts_have_finite_unit_vectors(encoder: Encoder) -> None:
    vectors = encoder.embed(ODD)

    assert vectors.shape == (len(ODD), WIDTH)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)


@pytest.mark.real
def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.embed([]).shape == (0, WIDTH)


@pytest.mark.real
def test_what_means_the_same_lies_closer_across_languages(encoder: Encoder) -> None:
    english, german, other = encoder.embed(
        [
            "I want to cancel my subscription",
            "Ich möchte meinen Vertrag kündigen",
            "Where does the train to Graz leave?",
        ]
    )

    assert english @ german > 0.85
    assert english @ german > english @ other + 0.04
    assert english @ german > german @ other + 0.04


@pytest.mark.real
def test_a_vector_does_not_depend_on_the_other_texts(encoder: Encoder) -> None:
    texts = ["Good morning.", "I would like to end my contract at the end of the month, please.", "No."]
    together = encoder.embed(texts)

    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_allclose(encoder.embed([text])[0], vector, atol=1e-5)


@pytest.mark.real
def test_the_same_texts_give_the_same_bytes(encoder: Encoder) -> None:
    texts = ["Guten Tag", "I want to cancel", "Warum denn?"]

    assert encoder.embed(texts).tobytes() == encoder.embed(texts).tobytes()


@pytest.mark.real
@pytest.mark.parametrize("content", [None, b"not tensors"], ids=["missing", "damaged"])
def test_an_adapter_that_cannot_be_read_names_the_way_out(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "adapter.safetensors"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ModelError, match=r"adapter\.safetensors: the trained adapter cannot be read.*install"):
        Encoder(path)
