"""Whisper weights for both engines: one set of weights, named or given by path."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.errors import ModelError
from analyzer.weights import ctranslate, manifest
from analyzer.weights.cache import build_once, cache_dir, locked

if TYPE_CHECKING:
    from whisper.model import Whisper

MULTILINGUAL_TOKENS = 51865


@dataclass(frozen=True, slots=True)
class WhisperWeights:
    """Weights of one Whisper model: a CTranslate2 folder or an OpenAI checkpoint on disk."""

    name: str
    sha256: str
    path: Path

    @property
    def is_checkpoint(self) -> bool:
        return self.path.is_file()

    def ctranslate2_folder(self) -> Path:
        """Folder that faster-whisper reads; an OpenAI checkpoint is converted once into the cache."""
        if not self.is_checkpoint:
            return self.path
        return build_once(f"whisper-{self.sha256[:16]}", partial(_convert, self))

    def openai_model(self) -> Whisper:
        """The model of openai-whisper in float32 on the CPU; ModelError when the weights are not such a model."""
        try:
            return self._openai_model()
        except ModelError:
            raise
        except Exception as fault:  # unpickling, missing keys, shapes: the answer for the user is the same
            raise ModelError(
                f"no Whisper model can be read from this ({type(fault).__name__}).",  # torch advises unsafe loading
                path=self.path,
                next_step="Give a CTranslate2 folder in float16 or float32, or an openai-whisper checkpoint (.pt).",
            ) from fault

    def _openai_model(self) -> Whisper:
        import torch
        import whisper
        from whisper.model import ModelDimensions, Whisper

        if self.is_checkpoint:
            return whisper.load_model(str(self.path), device="cpu")
        state = ctranslate.to_openai(ctranslate.read_ctranslate2(self.path / "model.bin"))
        model = Whisper(ModelDimensions(**ctranslate.dimensions(state)))
        model.load_state_dict({key: torch.from_numpy(value.copy()) for key, value in state.items()}, strict=True)
        model.register_buffer("alignment_heads", _alignment_mask(model, self.path).to_sparse(), persistent=False)
        return model.eval()


def resolve(name: str) -> WhisperWeights:
    """Weights by manifest name, by path, or by a name of openai-whisper (downloaded and checked by it).

    A name of the manifest wins over a path of the same name, so that `base` is the same everywhere.
    """
    if any(entry.name == name and entry.family == "whisper" for entry in manifest.models()):
        entry = manifest.model(name)
        folder = build_once(f"whisper-{name}-{entry.sha256[:16]}", partial(_join, entry))
        return WhisperWeights(name, entry.sha256, folder)
    path = Path(os.path.expanduser(name))  # noqa: PTH111  (Path raises where ~ names nobody)
    try:
        found = _from_path(path) if path.exists() else None
    except OSError as fault:
        raise ModelError(
            f"the weights cannot be read ({fault.strerror or fault}).",
            path=path,
            next_step="Check the name, and the rights to the file and its folder.",
        ) from fault
    return found or _download(name)


def _join(entry: manifest.Model, folder: Path) -> None:
    for file in entry.file:
        with (folder / file.target).open("wb") as stream:
            file.write(stream)


def _from_path(path: Path) -> WhisperWeights:
    weights = path / "model.bin" if path.is_dir() else path
    if not weights.is_file():
        raise ModelError(
            "no Whisper model here: a folder needs model.bin, config.json and a vocabulary.",
            path=path,
            next_step="Give a CTranslate2 folder or an openai-whisper checkpoint (.pt).",
        )
    with weights.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return WhisperWeights(path.stem, sha256, path)


def _download(name: str) -> WhisperWeights:
    import whisper

    urls: dict[str, str] = whisper._MODELS
    if name not in urls:
        raise ModelError(
            f"no model is called {name!r}, and there is no such path.",
            next_step=f"Use one of {', '.join(urls)}, or a path. `touchpoint models list` shows what is installed.",
        )
    *_, sha256, file = urls[name].split("/")
    folder = cache_dir() / "openai-whisper"
    with locked(folder / file):  # openai-whisper writes into the file itself, whoever reads it meanwhile
        try:
            path = whisper._download(urls[name], str(folder), False)
        except Exception as fault:  # whatever the network stack raises: the answer for the user is the same
            raise ModelError(
                f"the weights of {name!r} could not be downloaded ({type(fault).__name__}: {fault}).",
                next_step="Check the connection, give a path to weights, or use --model base, which needs no download.",
            ) from fault
    return WhisperWeights(name, sha256, Path(str(path)))


def _convert(weights: WhisperWeights, folder: Path) -> None:
    import torch

    model = weights.openai_model()
    state = {key: value.to(torch.float16).numpy() for key, value in model.state_dict().items()}
    if len(state["decoder.token_embedding.weight"]) != MULTILINGUAL_TOKENS:
        raise ModelError(
            f"{weights.name} has another vocabulary than the multilingual models that can be converted here.",
            next_step="Use --engine openai-whisper, or give a CTranslate2 folder as --model.",
        )
    base = resolve("base").path
    tokens = (base / "vocabulary.txt").read_text(encoding="utf-8").split("\n")[:MULTILINGUAL_TOKENS]
    heads: Any = model.alignment_heads.to_dense().nonzero().tolist()
    ctranslate.write_ctranslate2(state, heads, tokens, folder)
    (folder / "tokenizer.json").write_bytes((base / "tokenizer.json").read_bytes())


def _alignment_mask(model: Whisper, folder: Path) -> Any:
    import torch

    heads = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("alignment_heads")
    size = (model.dims.n_text_layer, model.dims.n_text_head)
    mask = torch.zeros(size, dtype=torch.bool)
    if heads is None:
        mask[size[0] // 2 :] = True
    for layer, head in heads or ():
        mask[layer, head] = True
    return mask
