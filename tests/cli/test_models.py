"""`touchpoint models`, with a manifest of two toy models: one installed, one not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from analyzer.weights import manifest

Run = Callable[..., Result]
CONTENT = b"weights"


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of the package that carries the model `toy`."""
    site = tmp_path / "site"
    (site / "toy_part").mkdir(parents=True)
    (site / "toy_part" / "model.bin").write_bytes(CONTENT)
    (site / "toy_part-1.0.dist-info").mkdir()
    (site / "toy_part-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-part\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(site))
    entries = [("toy", "toy-part"), ("absent", "toy-gone")]
    (tmp_path / "manifest.toml").write_text(
        "".join(
            f'[[model]]\nname = "{name}"\nfamily = "whisper"\ntitle = "The {name}"\norigin = "o"\nrevision = "1"\n'
            f'licence = "MIT"\n[[model.file]]\ntarget = "model.bin"\nsha256 = "{hashlib.sha256(CONTENT).hexdigest()}"\n'
            f'parts = [{{ distribution = "{package}", path = "toy_part/model.bin" }}]\n'
            for name, package in entries
        )
    )
    monkeypatch.setattr(manifest, "models_dir", lambda: tmp_path)
    manifest.models.cache_clear()
    yield site / "toy_part" / "model.bin"
    manifest.models.cache_clear()


def states(touchpoint: Run) -> dict[str, str]:
    """The first line of each model has the columns name, family, licence, state and title."""
    lines = touchpoint("models", "list").stdout.splitlines()
    cells = [re.split(" {2,}", line) for line in lines if not line.startswith(" ")]
    return {name: state for name, _, _, state, *_ in cells}


def test_the_list_says_what_lies_ready(touchpoint: Run, weights: Path) -> None:
    assert states(touchpoint) == {"toy": "installed", "absent": "not installed"}
    touchpoint("models", "fetch", "toy")
    assert states(touchpoint) == {"toy": "ready", "absent": "not installed"}


def test_the_list_of_the_shipped_models_fits_a_terminal(
    touchpoint: Run, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = touchpoint("models", "list").stdout.splitlines()

    assert max(map(len, lines)) <= 80
    assert set(states(touchpoint)) == {model.name for model in manifest.models()}
    assert "unpacked from 4 bits" in re.sub(r"\s+", " ", " ".join(lines))


def test_fetch_puts_weights_into_the_cache_and_says_where(touchpoint: Run, weights: Path, cache_folder: Path) -> None:
    result = touchpoint("models", "fetch", "toy")

    assert result.exit_code == 0
    place = Path(result.stdout.strip())
    assert place.parent == cache_folder
    assert (place / "model.bin").read_bytes() == CONTENT


def test_fetch_of_a_missing_package_says_how_to_install_it(touchpoint: Run, weights: Path) -> None:
    result = touchpoint("models", "fetch")

    assert result.exit_code == 2
    assert "pip install toy-gone" in result.stderr
    assert result.stdout.count("\n") == 1  # what could be fetched was


def test_fetch_of_an_unknown_name_leads_to_the_known_ones(touchpoint: Run, weights: Path) -> None:
    result = touchpoint("models", "fetch", "huge")

    assert result.exit_code == 2
    assert "no model is called 'huge'" in result.stderr


def test_verify_compares_the_packages_and_the_cache(touchpoint: Run, weights: Path) -> None:
    touchpoint("models", "fetch", "toy")
    lines = touchpoint("models", "verify").stdout.splitlines()

    assert [line[:4] for line in lines] == ["ok  ", "ok  ", "BAD "]
    assert "toy/model.bin (installed)" in lines[0]
    assert "toy/model.bin (cached)" in lines[1]
    assert "pip install toy-gone" in lines[2]


def test_verify_finds_a_damaged_package(touchpoint: Run, weights: Path) -> None:
    weights.write_bytes(b"rotten")
    result = touchpoint("models", "verify")

    assert result.exit_code == 2
    assert "BAD  toy/model.bin (installed): the weights of model.bin are damaged: SHA-256" in result.stdout


def test_verify_finds_a_damaged_copy_and_says_what_to_delete(touchpoint: Run, weights: Path) -> None:
    place = Path(touchpoint("models", "fetch", "toy").stdout.strip())
    (place / "model.bin").write_bytes(b"rotten")
    result = touchpoint("models", "verify")

    assert result.exit_code == 2
    assert f"Delete {place} and fetch it again." in result.stdout


def test_verify_ends_with_0_when_all_is_right(touchpoint: Run, weights: Path) -> None:
    file = weights.parents[2] / "manifest.toml"
    file.write_text(file.read_text().partition('[[model]]\nname = "absent"')[0])

    assert touchpoint("models", "verify").exit_code == 0


@pytest.mark.real
def test_the_shipped_models_are_what_they_must_be(touchpoint: Run, real_cache: Path) -> None:
    fetched = touchpoint("models", "fetch")
    result = touchpoint("models", "verify")

    assert (fetched.exit_code, result.exit_code) == (0, 0)
    assert all(str(real_cache) in line for line in fetched.stdout.splitlines())
    assert "BAD" not in result.stdout
    assert set(states(touchpoint).values()) == {"ready"}
