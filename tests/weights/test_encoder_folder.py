"""The encoder as it runs: built once in the cache, and checked there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from analyzer.errors import ModelError
from analyzer.resources import models_dir
from analyzer.weights import e5, manifest, store
from analyzer.weights.encoder import (
    FILES,
    SUMS,
    WORDS,
    in_latin,
    quick_folder,
    quick_name,
    read_adapter,
    shipped_adapter,
    sums,
)
from models.dialogues import read_folder


def test_another_adapter_is_another_folder(tmp_path: Path) -> None:
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    first.write_bytes(b"one")
    second.write_bytes(b"two")

    assert len({quick_name(None), quick_name(first), quick_name(second)}) == 3
    assert quick_name(first) == quick_name(first)


def test_the_shipped_adapter_is_whole() -> None:
    tensors = read_adapter(shipped_adapter())

    adapters = {name for name in tensors if not name.startswith("readout.")}
    assert {name.rpartition(".lora_")[2] for name in adapters} == {"A.weight", "B.weight"}
    assert tensors.keys() - adapters == {"readout.query", "readout.value", "readout.bias"}
    assert all(np.isfinite(value).all() for value in tensors.values())


def test_an_adapter_that_is_missing_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot be read.*install touchpoint-qa again"):
        quick_folder(tmp_path / "gone.safetensors")


@pytest.mark.real
def test_what_was_built_is_checked_file_by_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHPOINT_CACHE", str(tmp_path))
    (folder,) = store.fetch([e5.NAME])
    checks = {check.what: check for check in store.verify()}

    assert set(sums(folder)) == set(FILES)
    assert all(checks[f"{e5.NAME}/{name} (cached)"].ok for name in FILES)
    assert {status.name: status.state for status in store.status()}[e5.NAME] == "ready"

    with (folder / "model.bin").open("r+b") as stream:
        stream.seek(1000)
        stream.write(b"other")
    (folder / "tokenizer.json").unlink()
    checks = {check.what: check for check in store.verify()}
    assert "Delete" in checks[f"{e5.NAME}/model.bin (cached)"].detail
    assert not checks[f"{e5.NAME}/model.bin (cached)"].ok
    assert not checks[f"{e5.NAME}/tokenizer.json (cached)"].ok
    assert checks[f"{e5.NAME}/config.json (cached)"].ok

    (folder / SUMS).unlink()
    checks = {check.what: check for check in store.verify()}
    assert not checks[f"{e5.NAME}/{SUMS} (cached)"].ok


@pytest.mark.real
def test_without_other_scripts_the_words_are_cut_as_with_them() -> None:
    whole = Tokenizer.from_file(str(e5.encoder_folder() / "tokenizer.json"))
    latin = Tokenizer.from_file(str(quick_folder(shipped_adapter()) / "tokenizer.json"))
    calls = [call for folder in ("data", "dev") for call in read_folder(models_dir() / folder)]
    texts = [turn.text for call in calls for turn in call.turns]
    texts += ["Straße, 12 €, 3½ h – «ja»! 100 % ✓ ñ ł ø ﬁ ª Å", "Ku\u0308ndigung"]

    assert latin.get_vocab_size() < whole.get_vocab_size() / 2
    assert len(texts) > 10_000
    for one, other in zip(whole.encode_batch(texts), latin.encode_batch(texts), strict=True):
        assert [*map(whole.id_to_token, one.ids)] == [*map(latin.id_to_token, other.ids)]


@pytest.mark.real
def test_a_name_in_another_script_is_an_unknown_word_among_known_ones() -> None:
    latin = Tokenizer.from_file(str(quick_folder(shipped_adapter()) / "tokenizer.json"))

    tokens = [*map(latin.id_to_token, latin.encode("I am Иван Петров, please cancel.").ids)]

    assert "<unk>" in tokens
    assert [token for token in tokens if token in {"▁I", "▁please", "▁cancel"}] == ["▁I", "▁please", "▁cancel"]


@pytest.mark.real
def test_leaving_out_other_scripts_changes_no_vector() -> None:
    packed = e5.parse(b"".join(manifest.model(e5.NAME).file[0].blocks()))
    latin = in_latin(packed)
    kept = {piece: row for row, (piece, _) in enumerate(latin.pieces)}

    assert [piece for piece, _ in latin.pieces[:4]] == ["<s>", "<pad>", "</s>", "<unk>"]
    for row, (piece, _) in list(enumerate(packed.pieces))[:2000:50]:
        if piece in kept:
            np.testing.assert_array_equal(latin.tensors[WORDS][kept[piece]], packed.tensors[WORDS][row])
    assert not {"▁Иван", "的", "وال"} & kept.keys()
    assert len(latin.tensors[WORDS]) == len(kept) == latin.header.vocabulary
