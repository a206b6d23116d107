"""Confusion matrices, predicted numbers, and the worst images, read back from their axes."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import whorl
from whorl import Dense, Model, ReLU, Sigmoid, Softmax

HISTORY = {"loss": [1.0, 0.5], "learning_rate": [0.1, 0.1]}


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_the_confusion_matrix_has_the_numbers_of_samples():
    y, prediction = [0, 0, 0, 1, 2], np.eye(3)[[0, 0, 2, 1, 1]]
    ax = whorl.plot.confusion_matrix(y, prediction, classes=["cat", "dog", "cow"])
    assert texts(ax) == ["2", "0", "1", "0", "1", "0", "0", "1", "0"]
    np.testing.assert_allclose(ax.images[0].get_array(), [[2 / 3, 0, 1 / 3], [0, 1, 0], [0, 1, 0]])  # shares of the row
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cat", "dog", "cow"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["cat", "dog", "cow"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("predicted", "true", "Mistakes: 2 of 5 samples")


def test_dark_cells_have_white_numbers():
    ax = whorl.plot.confusion_matrix([0, 1, 1, 1], np.eye(2)[[0, 1, 1, 0]])
    colours = {text.get_text(): to_rgb(text.get_color()) for text in ax.texts}
    assert colours["2"] == (1, 1, 1)
    assert colours["0"] == (0.7, 0.7, 0.7)
    darkness = 1 - np.array(ax.images[0].cmap(1.0)[:3]).mean()
    assert darkness > 0.5


def test_many_classes_are_drawn_without_numbers():
    ax = whorl.plot.confusion_matrix(range(30), np.eye(30))
    assert not ax.texts
    np.testing.assert_array_equal(ax.images[0].get_array(), np.eye(30))


def test_some_of_many_classes_are_named():
    ax = whorl.plot.confusion_matrix(range(30), np.eye(30), classes=[f"c{i}" for i in range(30)])
    assert [label.get_text() for label in ax.get_yticklabels()] == [f"c{i}" for i in range(0, 30, 2)]
    np.testing.assert_array_equal(ax.get_xticks(), range(0, 30, 2))


def test_predictions_over_the_truth():
    ax = whorl.plot.predicted_against_true([[1.0], [2.0], [4.0]], [1.0, 3.0, 6.0], name="price")
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), [[1, 1], [2, 3], [4, 6]])
    assert ax.lines[0].get_slope() == 1
    x, y = ax.lines[0].get_xy1()
    assert x == y
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("true price", "predicted price")
    assert ax.get_title() == "RMSE 1.291 over 3 samples"  # sqrt(5 / 3)


def test_the_worst_images_are_the_mistakes_with_the_least_probability_of_the_truth():
    images = np.arange(24.0).reshape(4, 2, 3)
    p = np.array([[0.4, 0.6], [0.9, 0.1], [0.2, 0.8], [0.1, 0.9]])  # the first, third and fourth are wrong
    figure = whorl.plot.worst_images(images, [0, 0, 0, 0], p, count=2, classes=["shoe", "coat"])
    shown = [ax for ax in figure.axes if ax.images]
    np.testing.assert_array_equal([ax.images[0].get_array() for ax in shown], images[[3, 2]])
    assert [ax.get_title() for ax in shown] == ["shoe, not coat (0.90)", "shoe, not coat (0.80)"]
    assert figure.get_suptitle() == "The worst of 3 mistakes, with the probability of the prediction"
    flat = whorl.plot.worst_images(images.reshape(4, 6), [0, 0, 0, 0], p, shape=(2, 3))
    np.testing.assert_array_equal(flat.axes[0].images[0].get_array(), images[3])
    assert whorl.plot.worst_images(images, [1, 0, 1, 1], p).get_suptitle() == "No mistakes"


@pytest.mark.parametrize(
    ("X", "more", "message"),
    [
        (np.zeros((2, 6)), {}, "X must have a square number of pixels; or give shape, got 6 for each sample"),
        (np.zeros((2, 6)), {"shape": (2, 2)}, "X must have 2 x 2 pixels, as shape says, got 6 for each sample"),
        (np.zeros((2, 2, 2, 3)), {}, r"X must have shape \(n, height, width\) or .*, got \(2, 2, 2, 3\)"),
        (np.zeros((3, 4)), {}, "X and y must have the same number of samples, got 3 and 2"),
        (np.zeros((2, 4)), {"count": 0}, "count must be a whole number of at least 1, got 0"),
    ],
)
def test_images_that_do_not_fit(X, more, message):
    with pytest.raises(ValueError, match=message):
        whorl.plot.worst_images(X, [0, 1], np.eye(2), **more)


def test_the_report_shows_what_suits_the_model():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 4)), np.arange(20) % 3
    classifier = Model([Dense(3), Softmax()], inputs=4, rng=0)
    matrix = whorl.plot.report(classifier, X, y, HISTORY).axes[0]
    right = int((classifier.predict(X).argmax(axis=1) == y).sum())
    assert matrix.get_title() == f"Mistakes: {20 - right} of 20 samples"

    pictures = whorl.plot.report(classifier, X, y, HISTORY, images=True)
    assert sum(len(ax.images) for ax in pictures.axes) == 1 + min(10, 20 - right)

    binary = Model([Dense(1), Sigmoid()], inputs=4, rng=0)
    assert whorl.plot.report(binary, X, y[:, None] % 2, HISTORY).axes[0].get_xlabel() == "predicted"

    regression = Model([Dense(8), ReLU(), Dense(1)], inputs=4, rng=0)
    assert whorl.plot.report(regression, X, X[:, :1], HISTORY).axes[0].get_xlabel() == "true"


def test_the_report_has_the_names_that_a_table_gave():
    df = {"x": list(range(40)), "z": [i % 7 for i in range(40)], "kind": ["oak", "elm"] * 20}
    table = whorl.tables.table(df, "kind")
    model = Model([Dense(2), Softmax()], inputs=2, rng=0)
    model.preparation = table.preparation
    boundary = whorl.plot.report(model, table.X, table.y, HISTORY).axes[0]
    assert [text.get_text() for text in boundary.get_legend().get_texts()][:2] == ["elm", "oak"]
