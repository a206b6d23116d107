"""Conversions to PyTorch and Keras where these are not installed. Those with the real packages are in tests/exchange."""

import sys
from pathlib import Path

import pytest
from tests.catalogue import LAYERS

import whorl
from whorl import ModelFileError
from whorl.formats import from_keras, from_torch, to_keras, to_torch

PAGE = (Path(__file__).parents[2] / "docs" / "exchange.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("call", "package"), [(to_torch, "torch"), (from_torch, "torch"), (to_keras, "keras"), (from_keras, "keras")]
)
def test_without_the_package_the_error_names_the_extra(call, package, model, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"the package {package}, which the extra whorl\[{package}\] installs"):
        call(model)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "a.pt",
            "write whorl.formats.from_torch(torch.load(path, weights_only=False)), if it holds a whole nn.Sequential and you trust it",
        ),
        ("a.keras", "write whorl.formats.from_keras(keras.models.load_model(path))"),
    ],
)
def test_files_of_other_libraries(name, words, model, tmp_path):
    path = tmp_path / name
    path.write_bytes(b"PK")
    with pytest.raises(ModelFileError) as caught:
        whorl.load(path)
    assert "is not a whorl model, or is damaged" in str(caught.value)
    assert words in str(caught.value)
    model.save(tmp_path / "a.npz")
    (tmp_path / "a.npz").rename(path)  # a name does not matter
    assert whorl.load(path).layers == model.layers


def test_the_page_has_every_layer():
    table = PAGE.split("\n## Layers\n")[1]
    first = " ".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|"))
    assert {type(layer).__name__ for layer in LAYERS} <= set(first.replace("`", "").replace(",", "").split())
