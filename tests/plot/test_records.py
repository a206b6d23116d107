"""Distributions over the epochs, and the flow of gradients, read back from their axes."""

import numpy as np
import pytest

import whorl
from whorl import SGD, CrossEntropy, Dense, Model, Recorder, ReLU, Softmax, Tanh
from whorl.glassbox import Distribution


@pytest.fixture(scope="module")
def recorder():
    recorder, (X, y) = Recorder(), whorl.datasets.spiral(20, rng=0)
    model = Model([Dense(8), Tanh(), Dense(8), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    model.fit(X, y, loss=CrossEntropy(), optimizer=SGD(0.5), epochs=6, callbacks=[recorder], rng=0)
    return recorder


def distribution(scale):
    """Standard normal values, times a factor at each epoch."""
    quantiles = np.outer(
        scale, np.quantile(np.random.default_rng(0).normal(size=999), [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1])
    )
    return Distribution("gradients of w1", np.arange(len(scale)), quantiles, np.array(scale), 999)


def test_bands_lie_between_the_quantiles(recorder):
    values = recorder.weights["w1"]
    ax = whorl.plot.distribution(values)
    for band, (low, high) in zip(ax.collections, ((0, 6), (1, 5), (2, 4)), strict=True):
        vertices = {(x, y) for x, y in band.get_paths()[0].vertices}
        assert vertices == {(x, y) for q in (low, high) for x, y in zip(range(7), values.quantiles[:, q], strict=True)}
    lightness = [band.get_facecolor()[0][:3].mean() for band in ax.collections]
    assert lightness == sorted(lightness, reverse=True)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), np.transpose([range(7), values.quantiles[:, 3]]))
    assert (ax.get_title(), ax.get_xlabel(), ax.get_xlim()) == ("weights w1", "epoch", (0, 6))


def test_values_that_shrink_are_drawn_on_a_logarithmic_axis():
    assert whorl.plot.distribution(distribution([1, 0.9, 0.5, 0.4])).get_yscale() == "linear"
    ax = whorl.plot.distribution(distribution([10, 0.1, 0.1, 0.1]))
    assert ax.get_yscale() == "asinh"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["−10", "−1", "0", "1", "10"]
    assert whorl.plot.distribution(distribution([1, 0, 0, 0])).get_yscale() == "linear"
    assert whorl.plot.distribution(distribution([1, np.nan, 1, 1])).get_yscale() == "linear"


def test_gradients_at_one_point(rng):
    gradients = {
        "w1": rng.normal(size=(2, 3)),
        "b1": rng.normal(size=3),
        "w2": np.zeros((3, 4)),
        "slope3": np.float32(2),
    }
    ax = whorl.plot.gradient_flow(gradients)
    mean, largest = (line.get_ydata() for line in ax.lines)
    first = np.abs([*gradients["w1"].ravel(), *gradients["b1"]])
    np.testing.assert_allclose(mean, [first.mean(), np.nan, 2])  # zero has no place on a logarithmic axis
    np.testing.assert_allclose(largest, [first.max(), np.nan, 2])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2", "3"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["mean", "largest"]
    assert ax.get_yscale() == "log"


def test_gradients_over_the_epochs(recorder):
    ax = whorl.plot.gradient_flow(recorder.gradients)
    labels = [f"{what}, epoch {epoch}" for epoch in (0, 3, 6) for what in ("mean", "largest")]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == labels
    g = recorder.gradients
    for line, record in zip(ax.lines[::2], (0, 3, 6), strict=True):
        sums = [
            g[f"w{i}"].magnitude[record] * g[f"w{i}"].count + g[f"b{i}"].magnitude[record] * g[f"b{i}"].count
            for i in (1, 2, 3)
        ]
        counts = [g[f"w{i}"].count + g[f"b{i}"].count for i in (1, 2, 3)]
        np.testing.assert_allclose(line.get_ydata(), np.divide(sums, counts))
    assert len({(line.get_color(), line.get_marker(), line.get_linestyle()) for line in ax.lines}) == 6


def test_what_cannot_be_drawn():
    with pytest.raises(
        TypeError, match=r'values must be a Distribution, such as recorder\.weights\["w1"\] of a Recorder'
    ):
        whorl.plot.distribution([1.0, 2.0])
    for wrong in ([1.0], {}):
        with pytest.raises(TypeError, match=r"gradients must be a mapping from the names of parameters to arrays, or"):
            whorl.plot.gradient_flow(wrong)
    with pytest.raises(ValueError, match=r"gradients\['w1'\] must hold finite numbers"):
        whorl.plot.gradient_flow({"w1": [np.nan]})
