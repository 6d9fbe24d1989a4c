"""The manifest of models, and the files of the packages it names."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from analyzer.errors import ModelError
from analyzer.weights import manifest

from .conftest import Toy, entry


def test_a_file_is_joined_from_the_parts_of_its_packages(toy: Toy) -> None:
    stream = io.BytesIO()
    manifest.model("toy").file[0].write(stream)

    assert stream.getvalue() == toy.content


def test_a_missing_package_is_named_with_the_command_that_installs_it(toy: Toy) -> None:
    with pytest.raises(ModelError, match=r"toy-part3.*not installed.*pip install toy-part3"):
        list(manifest.model("absent").file[0].blocks())


def test_a_package_without_its_file_is_to_be_reinstalled(toy: Toy) -> None:
    toy.second_part.unlink()

    with pytest.raises(ModelError, match=r"b\.bin.*missing.*--force-reinstall toy-part2"):
        list(manifest.model("toy").file[0].blocks())


@pytest.mark.parametrize("content", [b"", b"secone", b"second and more"])
def test_damaged_weights_are_told_by_their_sha256(toy: Toy, content: bytes) -> None:
    """Both sums are named, and what to reinstall."""
    toy.second_part.write_bytes(content)
    file = manifest.model("toy").file[0]

    with pytest.raises(ModelError) as caught:
        list(file.blocks())

    assert "model.bin are damaged" in caught.value.fault
    assert "SHA-256" in caught.value.fault
    assert file.sha256 in caught.value.fault
    assert caught.value.next_step == "Reinstall: pip install --force-reinstall toy-part1 toy-part2"


def test_an_unknown_model_leads_to_the_known_ones(toy: Toy) -> None:
    with pytest.raises(ModelError, match=r"'huge'.*Known: toy, absent\."):
        manifest.model("huge")


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "not TOML at all",
        "model = 3",
        entry("toy", "abc"),
        entry("toy", "0" * 64).replace("MIT", "MIT\nextra"),
        entry("toy", "0" * 64) + "surprise = 1\n",
        entry("toy", "0" * 64).replace('"whisper"', '"parrot"'),
    ],
    ids=["missing", "empty", "not toml", "no models", "bad sum", "broken string", "unknown key", "unknown family"],
)
def test_a_manifest_that_cannot_be_read_says_so(use_manifest: Path, text: str | None) -> None:
    if text is not None:
        use_manifest.write_text(text)

    with pytest.raises(ModelError, match=r"manifest\.toml.*cannot be read"):
        manifest.models()


def test_the_shipped_manifest_is_whole() -> None:
    """Every model has a licence and an origin, and no name stands twice."""
    entries = manifest.models()

    assert {"base", "multilingual-e5-small"} <= {each.name for each in entries}
    assert len({each.name for each in entries}) == len(entries)
    assert all(each.licence and each.origin.startswith("https://") for each in entries)
