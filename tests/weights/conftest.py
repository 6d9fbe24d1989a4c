"""A manifest of its own, whose packages are installed for the test."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from analyzer.weights import manifest


@dataclass(frozen=True)
class Toy:
    """A model in two packages, `toy-part1` and `toy-part2`, of the manifest `file`."""

    site: Path
    file: Path
    content: bytes

    @property
    def second_part(self) -> Path:
        return self.site / "toy_part2" / "b.bin"


def entry(name: str, digest: str, distributions: tuple[str, ...] = ("toy-part1", "toy-part2")) -> str:
    places = {"toy-part1": "toy_part1/a.bin", "toy-part2": "toy_part2/b.bin"}
    parts = ", ".join(
        f'{{ distribution = "{each}", path = "{places.get(each, "gone/x.bin")}" }}' for each in distributions
    )
    return (
        f'[[model]]\nname = "{name}"\nfamily = "whisper"\ntitle = "Toy {name}"\norigin = "https://example.org"\n'
        f'revision = "1"\nlicence = "MIT"\n[[model.file]]\ntarget = "model.bin"\n'
        f'sha256 = "{digest}"\nparts = [{parts}]\n'
    )


@pytest.fixture
def use_manifest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The file that the manifest is read from."""
    monkeypatch.setattr(manifest, "models_dir", lambda: tmp_path)
    manifest.models.cache_clear()
    yield tmp_path / "manifest.toml"
    manifest.models.cache_clear()


@pytest.fixture
def toy(use_manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """Models `toy` (installed) and `absent` (its package is not)."""
    site = tmp_path / "site"
    for package, file, content in (("toy_part1", "a.bin", b"first "), ("toy_part2", "b.bin", b"second")):
        (site / package).mkdir(parents=True)
        (site / package / file).write_bytes(content)
        info = site / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package.replace('_', '-')}\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(site))
    digest = hashlib.sha256(b"first second").hexdigest()
    use_manifest.write_text(entry("toy", digest) + entry("absent", "0" * 64, ("toy-part3",)))
    return Toy(site, use_manifest, b"first second")
