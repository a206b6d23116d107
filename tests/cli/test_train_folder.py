"""``whorl train FOLDER --target COLUMN``: a folder of Parquet files, which is not read into memory."""

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import whorl
from whorl import tables
from whorl.cli import main
from whorl.recipes import RECIPES
from whorl.recipes.data import TableFile
from whorl.recipes.stored import fit


@pytest.fixture
def folder(tmp_path, rng, monkeypatch):
    """Houses in two files."""
    monkeypatch.chdir(tmp_path)
    n = 800
    table = pa.table(
        {"rooms": rng.integers(1, 9, n), "size": rng.standard_normal(n), "heating": rng.choice(["gas", "oil"], n)}
    )
    price = 100 * table["rooms"].to_numpy() + 10 * np.equal(table["heating"].to_pylist(), "gas") + rng.random(n)
    table = table.append_column("price", pa.array(price.astype(float)))
    (tmp_path / "houses").mkdir()
    parquet.write_table(table.slice(0, 500), "houses/a.parquet", row_group_size=90)
    parquet.write_table(table.slice(500), "houses/b.parquet", row_group_size=90)
    return tmp_path


def run(*words):
    return main([str(word) for word in words])


QUICK = ["--epochs", "30", "--layers", "Dense(16), ReLU()", "--learning-rate", "0.05"]


def test_a_number_is_predicted(folder, no_picture, capsys):
    assert run("train", "houses", "--target", "price", *QUICK) == 0
    printed = capsys.readouterr().out
    assert "800 rows in 2 files, regression of price" in printed
    assert "one network: several are trained on folds" in printed
    model = whorl.load("model.npz")
    data = tables.table("houses/b.parquet", preparation=model.preparation)
    measured = model.evaluate(data.X, data.y, loss=whorl.MeanSquaredError(), metrics=["r2", "rmse"])
    assert measured["r2"] > 0.9
    assert run("evaluate", "model.npz", "houses") == 0
    assert capsys.readouterr().out.startswith("800 rows of houses: mae ")
    parameters = model.parameters.tobytes()
    assert run("train", "--config", "model.toml", "--output", "again.npz", "--quiet") == 0
    assert whorl.load("again.npz").parameters.tobytes() == parameters
    (folder / "houses" / "b.parquet").unlink()
    assert run("train", "--config", "model.toml") == 2
    assert "houses has changed: its SHA-256 is" in capsys.readouterr().err


def test_classes_are_predicted_and_shown(folder, capsys):
    assert run("train", "houses", "--target", "heating", "--ignore", "size", *QUICK) == 0
    assert (folder / "houses.png").stat().st_size > 10_000
    printed = capsys.readouterr().out
    assert "classification of heating" in printed
    assert run("evaluate", "model.npz", "houses", "--json") == 0
    assert '"samples": 800' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--target", "prize"],
            "target must be a column of houses, which has rooms, size, heating, price, got 'prize'",
        ),
        (
            ["--target", "price", "--members", "4"],
            "members must be 1 for data in files, which are not all in memory, got 4",
        ),
        (["--target", "price", "--time", "5"], "time must be None for data in files"),
        (["--target", "price", "--skip", "2"], "columns, skip and stray are for one file, not for a folder"),
        ([], "the following arguments are required: --target"),
    ],
)
def test_what_a_folder_cannot_be_trained_with(folder, words, message, capsys):
    assert run("train", "houses", *words) == 2
    assert message in capsys.readouterr().err


def test_the_unit_is_that_of_numbers_in_memory(folder):
    recipe = RECIPES["table"]["fast"].replace(
        file="houses", target="price", epochs=1, layers="Dense(4)", calibrate=False
    )
    problem = recipe.problem(0)
    found = fit(recipe, problem.X, problem.y, callbacks=(), rng=np.random.default_rng(0), resume=None)
    rescale = next(layer for layer in found.model.layers if isinstance(layer, whorl.Rescale))
    y = np.asarray(problem.y[:])
    assert (rescale.factor, rescale.offset) == pytest.approx((y.std(), y.mean()), rel=1e-12)
    assert isinstance(recipe.data, TableFile)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["sweep", "houses", "--target", "price"],
            "houses is a folder: a sweep trains many networks on rows in memory",
        ),
        (["predict", "model.npz", "houses"], "houses is a folder: this command reads one file"),
    ],
)
def test_commands_for_one_file(folder, no_picture, capsys, words, message):
    assert run("train", "houses", "--target", "price", *QUICK[2:], "--epochs", "1", "--output", "model.npz") == 0
    assert run(*words) == 2
    assert message in " ".join(capsys.readouterr().err.split())
