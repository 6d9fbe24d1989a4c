"""Whisper weights: one set for both engines, found by name or path."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from analyzer.errors import ModelError
from analyzer.weights import ctranslate, whisper
from analyzer.weights.whisper import resolve

from .conftest import Toy

WIDTH, LAYERS, VOCABULARY = 64, 2, 60


def tiny_state() -> dict[str, np.ndarray]:
    """A random Whisper-shaped state in float16: 2 + 2 layers, one head, 60 tokens."""
    random = np.random.default_rng(7)

    def draw(*shape: int) -> np.ndarray:
        return random.standard_normal(shape).astype(np.float16)

    state = {
        "encoder.positional_embedding": draw(1500, WIDTH),
        "encoder.conv1.weight": draw(WIDTH, 80, 3),
        "encoder.conv1.bias": draw(WIDTH),
        "encoder.conv2.weight": draw(WIDTH, WIDTH, 3),
        "encoder.conv2.bias": draw(WIDTH),
        "encoder.ln_post.weight": draw(WIDTH),
        "encoder.ln_post.bias": draw(WIDTH),
        "decoder.positional_embedding": draw(448, WIDTH),
        "decoder.token_embedding.weight": draw(VOCABULARY, WIDTH),
        "decoder.ln.weight": draw(WIDTH),
        "decoder.ln.bias": draw(WIDTH),
    }
    for stack, attentions in (("encoder", ["attn"]), ("decoder", ["attn", "cross_attn"])):
        for block in (f"{stack}.blocks.{layer}." for layer in range(LAYERS)):
            for attention in attentions:
                for piece in ("query", "key", "value", "out"):
                    state[f"{block}{attention}.{piece}.weight"] = draw(WIDTH, WIDTH)
                    if piece != "key":
                        state[f"{block}{attention}.{piece}.bias"] = draw(WIDTH)
                state[f"{block}{attention}_ln.weight"] = draw(WIDTH)
                state[f"{block}{attention}_ln.bias"] = draw(WIDTH)
            for name, shape in (("mlp.0", (4 * WIDTH, WIDTH)), ("mlp.2", (WIDTH, 4 * WIDTH)), ("mlp_ln", (WIDTH,))):
                state[f"{block}{name}.weight"] = draw(*shape)
                state[f"{block}{name}.bias"] = draw(shape[0])
    return state


def assert_same(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> None:
    assert set(left) == set(right)
    for name, tensor in left.items():
        assert tensor.dtype == right[name].dtype, name
        assert tensor.tobytes() == right[name].tobytes(), name
        assert tensor.shape == right[name].shape, name


def test_weights_come_back_bit_for_bit(tmp_path: Path) -> None:
    """OpenAI to CTranslate2 and back: nothing is rounded, lost or added."""
    state = tiny_state()

    ctranslate.write_ctranslate2(state, [[0, 0]], [f"<{number}>" for number in range(VOCABULARY)], tmp_path)

    assert_same(ctranslate.to_openai(ctranslate.read_ctranslate2(tmp_path / "model.bin")), state)


def test_dimensions_are_read_off_the_weights() -> None:
    size = ctranslate.dimensions(tiny_state())

    assert size["n_audio_layer"] == size["n_text_layer"] == LAYERS
    assert (size["n_mels"], size["n_audio_ctx"], size["n_text_ctx"]) == (80, 1500, 448)
    assert (size["n_vocab"], size["n_text_state"], size["n_text_head"]) == (VOCABULARY, WIDTH, 1)


@pytest.mark.parametrize("content", [b"", b"\x06\0\0\0", b"RIFF" * 40, b"\x06\0\0\0\x08\0BertSpe\0" + bytes(40)])
def test_another_file_is_not_taken_for_a_model(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.bin").write_bytes(content)

    with pytest.raises(ModelError, match=r"model\.bin.*not a Whisper model"):
        ctranslate.read_ctranslate2(tmp_path / "model.bin")


def test_a_model_that_is_cut_off_is_not_taken_for_a_model(tmp_path: Path) -> None:
    ctranslate.write_ctranslate2(tiny_state(), [[0, 0]], [f"<{number}>" for number in range(VOCABULARY)], tmp_path)
    whole = (tmp_path / "model.bin").read_bytes()
    (tmp_path / "model.bin").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(ModelError, match="not a Whisper model"):
        ctranslate.read_ctranslate2(tmp_path / "model.bin")


def test_a_name_of_the_manifest_is_built_in_the_cache(toy: Toy, cache_folder: Path) -> None:
    weights = resolve("toy")

    assert (weights.path / "model.bin").read_bytes() == toy.content
    assert weights.path.parent == cache_folder
    assert weights.name == "toy"


def test_a_name_of_the_manifest_wins_over_a_folder_of_that_name(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a name means does not depend on where the command is run."""
    (tmp_path / "toy").mkdir()
    monkeypatch.chdir(tmp_path)

    assert (resolve("toy").path / "model.bin").read_bytes() == toy.content


def test_damaged_weights_never_reach_the_cache(toy: Toy, cache_folder: Path) -> None:
    toy.second_part.write_bytes(b"rotten")

    with pytest.raises(ModelError, match="SHA-256"):
        resolve("toy")

    assert not [path for path in cache_folder.iterdir() if path.suffix != ".lock"]


def test_an_unknown_name_leads_to_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"no model is called 'huge'.*no such path.*large-v3.*touchpoint models list"):
        resolve("huge")


def test_a_name_that_cannot_be_downloaded_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    import whisper as openai

    def offline(*_: object) -> str:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(openai, "_download", offline)

    with pytest.raises(ModelError, match=r"'small' could not be downloaded.*Network is unreachable.*--model base"):
        resolve("small")


def test_who_downloads_keeps_the_others_waiting(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """openai-whisper writes into the file itself, so one at a time; `large` and `large-v3` are one file."""
    inside, most = 0, 0

    def download(url: str, root: str, in_memory: bool) -> str:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.2)
        inside -= 1
        return str(Path(root) / Path(url).name)

    urls = dict.fromkeys(["large", "large-v3"], "https://example.org/models/abc123/large-v3.pt")
    monkeypatch.setitem(sys.modules, "whisper", SimpleNamespace(_MODELS=urls, _download=download))
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(resolve, urls))

    assert most == 1
    assert {(weights.sha256, weights.path) for weights in found} == {
        ("abc123", cache_folder / "openai-whisper" / "large-v3.pt")
    }


def test_a_download_into_a_cache_that_cannot_be_written_names_the_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TOUCHPOINT_CACHE", str(tmp_path / "file"))
    monkeypatch.setitem(sys.modules, "whisper", SimpleNamespace(_MODELS={"small": "https://example.org/abc/small.pt"}))

    with pytest.raises(ModelError, match=r"the cache of models cannot be written.*TOUCHPOINT_CACHE"):
        resolve("small")


def test_a_path_that_is_too_long_for_the_system_names_the_way_out() -> None:
    with pytest.raises(
        ModelError, match=r"x: the weights cannot be read \(File name too long\)\. Check the name"
    ) as caught:
        resolve("x" * 300)

    assert caught.value.path == "x" * 300


def test_a_path_that_may_not_be_looked_at_names_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.pt").write_bytes(b"abc")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    for step in ("exists", "open"):
        with monkeypatch.context() as patch:
            patch.setattr(Path, step, refuse)
            with pytest.raises(ModelError, match=r"mine\.pt: the weights cannot be read \(Permission denied\)"):
                resolve(str(tmp_path / "mine.pt"))


def test_the_home_of_nobody_is_a_name_like_any_other() -> None:
    with pytest.raises(ModelError, match=r"no model is called '~nobody-at-all/mine\.pt', and there is no such path"):
        resolve("~nobody-at-all/mine.pt")


def test_a_folder_without_a_model_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"needs model\.bin.*checkpoint") as caught:
        resolve(str(tmp_path))

    assert caught.value.path == str(tmp_path)


def test_weights_given_by_path_are_known_by_their_sum(tmp_path: Path) -> None:
    (tmp_path / "mine.pt").write_bytes(b"abc")

    weights = resolve(str(tmp_path / "mine.pt"))

    assert weights.name == "mine"
    assert weights.is_checkpoint
    assert weights.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_file_that_is_no_checkpoint_names_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "mine.pt").write_bytes(b"not a checkpoint")

    with pytest.raises(ModelError, match=r"mine\.pt: no Whisper model.*Give a CTranslate2 folder"):
        resolve(str(tmp_path / "mine.pt")).openai_model()


def test_a_model_that_is_built_again_is_the_same(toy: Toy) -> None:
    assert whisper.resolve("toy") == whisper.resolve("toy")


@pytest.mark.real
def test_base_goes_from_one_format_to_the_other_and_back_bit_for_bit(tmp_path: Path) -> None:
    """And what is written is what the converter of CTranslate2 would have written, tensor for tensor."""
    folder = resolve("base").path
    tensors = ctranslate.read_ctranslate2(folder / "model.bin")
    state = ctranslate.to_openai(tensors)
    tokens = (folder / "vocabulary.txt").read_text(encoding="utf-8").split("\n")[: whisper.MULTILINGUAL_TOKENS]

    ctranslate.write_ctranslate2(state, [[3, 1]], tokens, tmp_path)

    again = ctranslate.read_ctranslate2(tmp_path / "model.bin")
    assert_same(ctranslate.to_openai(again), state)
    for name in set(tensors) & set(again):
        assert tensors[name].tobytes() == again[name].tobytes(), name


@pytest.mark.real
def test_base_as_a_checkpoint_is_converted_once_and_serves_both_engines(tmp_path: Path) -> None:
    import torch

    model = resolve("base").openai_model()
    dims = {key: getattr(model.dims, key) for key in model.dims.__annotations__}
    halves = {key: value.half() for key, value in model.state_dict().items()}
    torch.save({"dims": dims, "model_state_dict": halves}, tmp_path / "own.pt")

    weights = resolve(str(tmp_path / "own.pt"))
    folder = weights.ctranslate2_folder()

    assert weights.ctranslate2_folder() == folder
    assert_same(
        ctranslate.to_openai(ctranslate.read_ctranslate2(folder / "model.bin")),
        ctranslate.to_openai(ctranslate.read_ctranslate2(resolve("base").path / "model.bin")),
    )
