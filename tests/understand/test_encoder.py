"""Sentence vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from analyzer.errors import ModelError
from analyzer.understand.encoder import BATCH_TOKENS, SENTENCE, WIDTH, Encoder, batches, readout_of
from analyzer.weights.encoder import merge, shipped_adapter

TALK = [
    ("Good morning, Alder Insurance, how can I help?", "I'd like to end my policy, please.", "May I ask why?"),
    ("Guten Tag, was kann ich für Sie tun?", "Meine Lieferung ist nicht gekommen.", "Ich sehe gleich nach."),
    ("No.", "Ja, bitte.", "My number is four four seven one, and it's about the bill of the third of March."),
]
ODD = ["", " ", "🙂🙂", "\x00\x07", "word " * 5000, "x" * 20_000, "日本語", "ẞ ß ﬁ", "\ufeff\u200b", "<s></s>", "\n\n"]


def test_batches_hold_every_text_once_and_keep_to_their_size() -> None:
    lengths = [7, 300, 7, 1, 192, 64] * 20

    found = batches(lengths)

    assert sorted(row for batch in found for row in batch) == list(range(len(lengths)))
    widths = [len(batch) * max(lengths[row] for row in batch) for batch in found]
    assert all(width <= BATCH_TOKENS for width in widths)
    assert batches([]) == []


@pytest.fixture(scope="module")
def encoder(real_cache: object) -> Encoder:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOUCHPOINT_CACHE", str(real_cache))
        return Encoder(None)


def test_an_adapter_is_added_to_its_own_matrix_only() -> None:
    weights = {name: np.ones((2, 3), np.float32) for name in ("a.weight", "b.weight")}
    down, up = np.array([[1, 2, 3]], np.float16), np.array([[10], [20]], np.float16)

    merged = merge(weights, {"a.lora_A.weight": down, "a.lora_B.weight": up})

    assert merged["a.weight"].tolist() == [[11, 21, 31], [21, 41, 61]]
    assert merged["b.weight"].tolist() == weights["b.weight"].tolist()
    assert weights["a.weight"].tolist() == [[1, 1, 1], [1, 1, 1]]


@pytest.mark.real
@pytest.mark.parametrize("adapter", [None, shipped_adapter()], ids=["plain", "adapted"])
def test_eight_bits_stay_close_to_what_transformers_computes(adapter: Path | None) -> None:
    """Sentence vectors lie in a narrow cone, so what counts is the angle about their mean."""
    from analyzer.understand.reference import TransformersEncoder

    texts = [text for call in TALK for text in call]
    reference, quick = TransformersEncoder(adapter).embed(texts), Encoder(adapter).embed(texts)

    middle = reference.mean(axis=0)
    wanted, found = reference - middle, quick - middle
    cosines = (wanted * found).sum(1) / np.linalg.norm(wanted, axis=1) / np.linalg.norm(found, axis=1)
    assert cosines.min() > 0.97
    assert reference.shape == quick.shape == (len(texts), WIDTH if adapter else SENTENCE)


def test_an_adapter_without_a_readout_names_the_way_out(tmp_path: Path) -> None:
    adapter = tmp_path / "adapter.safetensors"
    save_file({"a.lora_A.weight": np.zeros((2, 3), np.float16)}, str(adapter))

    with pytest.raises(ModelError, match=r"(?s)none of this version's.*install touchpoint-qa again"):
        readout_of(adapter)


@pytest.mark.real
def test_odd_texts_have_finite_unit_vectors(encoder: Encoder) -> None:
    vectors = encoder.embed(ODD)

    assert vectors.shape == (len(ODD), SENTENCE)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)


@pytest.mark.real
def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.embed([]).shape == (0, SENTENCE)


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
