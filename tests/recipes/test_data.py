"""The data that recipes train on."""

import numpy as np
import pytest

import whorl
from whorl.recipes import RECIPES
from whorl.recipes.data import Blobs, Circles, Digits, FashionMnist, Mnist, Moons, Spiral, TableFile, Xor


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (Spiral(20, classes=4, noise=0.1), lambda: whorl.datasets.spiral(20, 4, noise=0.1, rng=0)),
        (Moons(20, noise=0.3), lambda: whorl.datasets.moons(20, noise=0.3, rng=0)),
        (Circles(20, noise=0.3), lambda: whorl.datasets.circles(20, noise=0.3, rng=0)),
        (Xor(20, noise=0.3), lambda: whorl.datasets.xor(20, noise=0.3, rng=0)),
        (Digits(), whorl.datasets.digits),
    ],
)
def test_a_problem_is_the_data_set_as_it_is_drawn(data, expected):
    problem = data.problem(rng(), 0.2)
    for found, wanted in zip((problem.X, problem.y), expected(), strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert problem.validation is problem.test is problem.preparation is None


def test_blobs_are_points_of_the_same_clouds_for_any_seed():
    centres = [Blobs(7, classes=4, features=3, spread=0.0).fresh(rng(seed))[0] for seed in (0, 1)]
    np.testing.assert_array_equal(*centres)
    assert centres[0].shape == (28, 3)
    assert not np.array_equal(*[Blobs(7, spread=0.0, clouds=clouds).fresh(rng())[0] for clouds in (0, 1)])
    X, y = Blobs(500, spread=2.0).fresh(rng())
    deviation = X - Blobs(500, spread=0.0).fresh(rng())[0]
    assert deviation.std() == pytest.approx(2.0, rel=0.05)
    assert np.bincount(y).tolist() == [500] * 3


@pytest.mark.parametrize(("data", "name"), [(Mnist(), "mnist"), (FashionMnist(), "fashion_mnist")])
def test_images_are_rows_of_numbers_from_0_to_1(data, name, monkeypatch):
    images = rng().integers(256, size=(120, 28, 28), dtype=np.uint8)
    labels = np.arange(120) % 10
    monkeypatch.setattr(f"whorl.datasets.{name}", lambda: ((images, labels), (images[:30], labels[:30])))
    problem = data.problem(rng(), 0.2)
    assert problem.X.dtype == np.float32
    np.testing.assert_array_equal(problem.X, images.reshape(120, 784) / np.float32(255))
    np.testing.assert_array_equal(problem.test[0], problem.X[:30])
    np.testing.assert_array_equal(data.fresh(rng())[0], problem.X[:30])


def test_the_best_possible_accuracy_of_points_with_noise():
    best = whorl.datasets.best_possible
    assert Spiral().best_possible() == best("spiral", classes=3)
    assert Spiral(classes=4, noise=0.1).best_possible() == best("spiral", classes=4, noise=0.1)
    assert Moons(noise=0.3).best_possible() == best("moons", noise=0.3)
    assert Circles(noise=0.2).best_possible() == best("circles", noise=0.2)
    assert Xor(noise=0.1).best_possible() == best("xor", noise=0.1)
    assert Blobs(classes=2, features=5, clouds=7).best_possible() == best(
        "blobs", classes=2, features=5, spread=3.0, rng=7
    )
    assert Blobs(classes=4, features=3).best_possible() is None
    for data in (Spiral(noise=0.0), Moons(noise=0.0), Circles(noise=0.0), Xor(noise=0.0), Blobs(spread=0.0)):
        assert data.best_possible() is None


@pytest.fixture
def houses(tmp_path):
    path = tmp_path / "houses.csv"
    rows = [f"{rooms},{'gas' if rooms % 2 else 'oil'},{100 * rooms},Mill" for rooms in range(2, 42)]
    path.write_text("\n".join(["rooms,heating,price,street", *rows]))
    return str(path)


def test_a_file_is_split_and_prepared_from_the_training_rows_alone(houses):
    problem = TableFile(houses, "heating", ignore=["street"]).problem(rng(), 0.25)
    assert problem.X.shape == (30, 2)
    assert problem.validation[0].shape == (10, 2)
    assert problem.notes[0] == "40 rows, classification of heating"
    assert problem.preparation.target.classes == ("gas", "oil")


def test_a_file_with_numbers_to_predict_is_learned_in_their_unit(houses):
    recipe = RECIPES["table"]["fast"].replace(
        file=houses, target="price", epochs=60, batch_size=8, clip=False, layers="Dense(16), Tanh()"
    )
    model, problem, *_ = recipe.train(0)
    assert problem.notes == ("40 rows, regression of price",)
    assert [row[0] for row in problem.columns] == ["column", "rooms", "heating", "price", "street"]
    assert problem.columns[-1] == ["street", "left out", "0", "it is always 'Mill'"]
    assert isinstance(model.layers[-1], whorl.Rescale)
    X = model.preparation.transform({"rooms": [10, 30], "heating": ["oil", "oil"]})
    assert model.predict(X)[:, 0] == pytest.approx([1000, 3000], abs=300)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"target": 5}, TypeError, "target must be the name of a column, got 5"),
        ({"target": "rent"}, ValueError, "target must be a column of .*, got 'rent'"),
        ({"ignore": "street"}, TypeError, "ignore must be a list of column names, got 'street'"),
        ({"ignore": ["garden"]}, ValueError, "ignore must name columns of .*, got 'garden'"),
        ({"columns": ["a", 1]}, TypeError, "columns must hold column names, got 1"),
        ({"task": "ranking"}, ValueError, "task must be 'classification' or 'regression', got 'ranking'"),
        ({"skip": -1}, ValueError, "skip must be a whole number of at least 0, got -1"),
        ({"file": "nowhere.csv"}, FileNotFoundError, "nowhere.csv"),
    ],
)
def test_wrong_settings_of_a_file_are_refused(settings, error, words, houses):
    with pytest.raises(error, match=words):
        TableFile(**{"file": houses, "target": "price", **settings}).problem(rng(), 0.2)
