"""The encoder as it runs: built once in the cache, and checked there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analyzer.errors import ModelError
from analyzer.weights import e5, store
from analyzer.weights.encoder import FILES, SUMS, quick_folder, quick_name, read_adapter, shipped_adapter, sums


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
