"""The network as a graph, its weights as pictures, and the activations of a hidden layer."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from sklearn.decomposition import PCA

import whorl
from whorl import BatchNorm, Dense, Dropout, Flatten, Model, ReLU, Residual, Sigmoid, Softmax, Tanh
from whorl.plot.hidden import principal_components
from whorl.plot.network import NEGATIVE, POSITIVE, WIDEST


def weight_lines(ax):
    """From both ends of a line, as (column, height), to its width and colour, for positive and for negative weights."""
    return [
        {
            tuple(map(tuple, segment.round(9).tolist())): (width, tuple(colour[:3]))
            for segment, width, colour in zip(
                lines.get_segments(), lines.get_linewidths(), lines.get_colors(), strict=True
            )
        }
        for lines in ax.collections[:2]
    ]


@pytest.fixture
def small():
    """A model of 2 inputs, 3 hidden units, and one output, whose largest weight is 4."""
    model = Model([Dense(3), Tanh(), Dense(1), Sigmoid()], inputs=2)
    named = model.named_parameters()
    named["w1"][:], named["w2"][:] = [[1, -2, 0], [0.5, 3, -1]], [[2], [-4], [1]]
    return model


def test_lines_are_as_wide_as_the_weights_are_large(small):
    positive, negative = weight_lines(whorl.plot.network(small))
    hidden = [1 / 3, 0, -1 / 3]
    expected = {}
    for i, height in enumerate([0.25, -0.25]):
        for j in range(3):
            expected[(0, height), (1, hidden[j])] = small.named_parameters()["w1"][i, j]
    for j in range(3):
        expected[(1, hidden[j]), (2, 0)] = small.named_parameters()["w2"][j, 0]
    for found, sign in ((positive, 1), (negative, -1)):
        some = {tuple(np.round(ends, 9).ravel()): w for ends, w in expected.items() if np.sign(w) == sign}
        widths = {tuple(np.ravel(ends)): width for ends, (width, _) in found.items()}
        assert widths == pytest.approx({ends: WIDEST * abs(w) / 4 for ends, w in some.items()})


def test_signs_differ_in_colour_and_in_style(small):
    ax = whorl.plot.network(small)
    solid, dashed = ax.collections[:2]
    assert solid.get_linestyles()[0][1] is None
    assert dashed.get_linestyles()[0][1] is not None
    widest, colour = max(weight_lines(ax)[1].values())
    assert (widest, colour) == (WIDEST, pytest.approx(to_rgb(NEGATIVE)))
    assert all(each[1] != pytest.approx(to_rgb(POSITIVE)) for each in weight_lines(ax)[0].values())  # lighter: smaller
    assert ax.get_legend().get_title().get_text() == "the widest line is a weight of ±4"


def test_units_are_named(small):
    def texts(**names):
        return [text.get_text() for text in whorl.plot.network(small, **names).texts]

    titles = ["2 inputs", "Dense(3)\nTanh", "Dense(1)\nSigmoid"]
    assert texts() == ["x1", "x2", *titles]
    assert texts(inputs=["a", "b"], classes=["ill"]) == ["a", "b", "ill", *titles]
    with pytest.raises(ValueError, match=r"inputs must be the names of 2 inputs, got \['a'\]"):
        texts(inputs=["a"])


def test_a_model_of_a_table_has_its_names():
    table = whorl.tables.table(
        {"x": range(9), "z": [i % 4 for i in range(9)], "kind": ["oak", "elm", "ash"] * 3}, "kind"
    )
    model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    model.preparation = table.preparation
    texts = [text.get_text() for text in whorl.plot.network(model).texts]
    assert texts[:5] == ["x", "z", "ash", "elm", "oak"]


def test_large_layers_are_shortened():
    model = Model([Flatten(), Dense(40), ReLU(), Dropout(0.1), Dense(3), Softmax()], inputs=(3, 3), rng=0)
    ax = whorl.plot.network(model, most=4)
    first, dots, second, more_dots, third = (each.get_offsets() for each in ax.collections[2:])
    assert [len(each) for each in (first, dots, second, more_dots, third)] == [4, 3, 4, 3, 3]
    np.testing.assert_allclose(first[:, 1], [0.4, 0.2, -0.2, -0.4])
    np.testing.assert_allclose(np.mean(dots, axis=0), [0, 0], atol=1e-12)
    assert [text.get_text() for text in ax.texts][:4] == ["x1", "x2", "x8", "x9"]
    assert [text.get_text() for text in ax.texts][-2:] == ["Dense(40)\nReLU\nDropout", "Dense(3)\nSoftmax"]
    w = model.named_parameters()["w1"][np.ix_([0, 1, 7, 8], [0, 1, 38, 39])]
    largest = max(np.abs(each).max() for each in (model.named_parameters()["w1"], model.named_parameters()["w2"]))
    drawn = [line for lines in weight_lines(ax) for line in lines.items()]
    widths = sorted(width for (start, _), (width, _) in drawn if start[0] == 0)
    np.testing.assert_allclose(widths, np.sort(np.abs(w), axis=None) * WIDEST / largest, rtol=1e-6)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([Residual([Dense(2)])], r"network draws Dense layers and layers that keep the number of units, got Residual"),
        ([BatchNorm(), ReLU()], "network draws the weights of Dense layers, got a model without any"),
    ],
)
def test_models_that_are_no_rows_of_dense_layers(layers, message):
    with pytest.raises(ValueError, match=message):
        whorl.plot.network(Model(layers, inputs=2, rng=0))


def test_the_weights_into_each_unit_are_an_image():
    model = Model([Flatten(), Dense(5), ReLU(), Dense(2)], inputs=(3, 4), rng=0)
    w = model.named_parameters()["w1"]
    ax = whorl.plot.weights(model)
    tiles = ax.images[0].get_array()
    assert tiles.shape == (3 * 4 - 1, 2 * 5 - 1)  # two images side by side, with a line between them
    for unit in range(5):
        row, column = divmod(unit, 2)
        tile = tiles[4 * row : 4 * row + 3, 5 * column : 5 * column + 4]
        np.testing.assert_array_equal(tile, w[:, unit].reshape(3, 4))
    assert tiles[3].mask.all()
    assert tiles[:, 4].mask.all()
    assert tiles[8:, 5:].mask.all()  # there is no sixth unit
    assert ax.images[0].get_clim() == (-np.abs(w).max(), np.abs(w).max())
    few = whorl.plot.weights(model, count=2)
    assert few.get_title() == "w1: the weights into the first 2 of 5 units"
    np.testing.assert_array_equal(few.images[0].get_array()[:, 5:], w[:, 1].reshape(3, 4))
    rows = Model([Dense(5)], inputs=12, rng=0)
    np.testing.assert_array_equal(whorl.plot.weights(rows, shape=(3, 4)).images[0].get_array(), tiles)


def test_other_weights_are_a_matrix():
    model = Model([Flatten(), Dense(5), ReLU(), Dense(2)], inputs=(3, 4), rng=0)
    ax = whorl.plot.weights(model, "w2")
    np.testing.assert_array_equal(ax.images[0].get_array(), model.named_parameters()["w2"])
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("unit", "input", "w2")
    assert whorl.plot.weights(Model([Dense(5)], inputs=12, rng=0)).images[0].get_array().shape == (12, 5)
    assert whorl.plot.weights(Model([Dense(5)], inputs=99, rng=0)).get_aspect() == "auto"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "b1"}, "name must be a parameter with two axes, which are w1, w2, got 'b1'"),
        ({"name": "W1"}, "got 'W1'; did you mean 'w1'"),
        ({"shape": (3, 3)}, r"shape must be the height and width of 4 pixels, one for each input, got \(3, 3\)"),
        ({"shape": 4}, "shape must be the height and width of 4 pixels, one for each input, got 4"),
        ({"shape": (2, 2), "count": 0}, "count must be a whole number of at least 1, got 0"),
    ],
)
def test_weights_that_do_not_exist(arguments, message):
    with pytest.raises(ValueError, match=message):
        whorl.plot.weights(Model([Dense(3), ReLU(), Dense(2)], inputs=4, rng=0), **arguments)
    with pytest.raises(ValueError, match="weights draws parameters with two axes, got a model without any"):
        whorl.plot.weights(Model([BatchNorm()], inputs=4, rng=0))


@pytest.fixture
def classifier():
    return Model([Dense(16), ReLU(), Dense(3), Softmax()], inputs=4, rng=0)


def test_principal_components_are_those_of_scikit_learn(classifier, rng):
    X, y = rng.normal(size=(60, 4)) + 5, np.arange(60) % 3
    ax = whorl.plot.hidden_pca(classifier, X, y)
    pca = PCA(2)
    expected = pca.fit_transform(classifier.activations(X)[1].astype(float))
    for c, drawn in enumerate(ax.collections):
        np.testing.assert_allclose(drawn.get_offsets(), expected[y == c], atol=1e-5)
        np.testing.assert_allclose(drawn.get_facecolors()[0][:3], to_rgb(whorl.plot.style.COLOURS[c]))
    for label, share in zip((ax.get_xlabel(), ax.get_ylabel()), pca.explained_variance_ratio_, strict=True):
        assert f"({share:.0%} of variance)" in label
    assert ax.get_title() == "Output of layers[1], ReLU"


def test_the_largest_element_of_a_principal_component_is_positive():
    for seed in range(8):
        activations = np.random.default_rng(seed).normal(size=(9, 5))
        points, shares = principal_components(activations)
        axes = points.T @ activations / (points**2).sum(axis=0)[:, None]
        assert (np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1) > 0).all()
        np.testing.assert_allclose(points, PCA(2).fit_transform(activations), atol=1e-12)
        assert 1 > shares.sum() > shares[0] > shares[1]
    assert principal_components(np.ones((3, 2)))[1].tolist() == [0, 0]


def test_labels_may_be_one_hot_or_numbers(classifier, rng):
    X, y = rng.normal(size=(30, 4)), np.arange(30) % 3
    plain, one_hot = (whorl.plot.hidden_pca(classifier, X, each, classes=["a", "b", "c"]) for each in (y, np.eye(3)[y]))
    for first, second in zip(plain.collections, one_hot.collections, strict=True):
        np.testing.assert_array_equal(first.get_offsets(), second.get_offsets())
    assert [text.get_text() for text in plain.get_legend().get_texts()] == ["a", "b", "c"]
    for numbers in (X[:, 0], X[:, :1]):
        ax = whorl.plot.hidden_pca(classifier, X, numbers)
        np.testing.assert_array_equal(ax.collections[0].get_array(), X[:, 0])
        assert len(ax.figure.axes) == 2  # with a bar of colours


def test_another_layer_can_be_chosen(classifier, rng):
    X, y = rng.normal(size=(30, 4)), np.arange(30) % 3
    assert whorl.plot.hidden_pca(classifier, X, y, layer=0).get_title() == "Output of layers[0], Dense"
    assert whorl.plot.hidden_pca(classifier, X, y, layer=-1).get_title() == "Output of layers[3], Softmax"
    for layer, message in ((4, "layer must be below 4, the number of layers, got 4"), (-5, "at least -4, got -5")):
        with pytest.raises(ValueError, match=message):
            whorl.plot.hidden_pca(classifier, X, y, layer=layer)
    with pytest.raises(ValueError, match="hidden_pca needs a model with a hidden layer"):
        whorl.plot.hidden_pca(Model([Dense(3)], inputs=4, rng=0), X, y)
    with pytest.raises(ValueError, match=r"there must be at least two samples and two units, got shape \(1, 16\)"):
        whorl.plot.hidden_pca(classifier, X[:1], y[:1])
    with pytest.raises(ValueError, match="X and y must have the same number of samples, got 30 and 2"):
        whorl.plot.hidden_pca(classifier, X, y[:2])
