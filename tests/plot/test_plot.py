"""The pictures hold what they say: read back from the axes, and from the pixels."""

import io
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

import whorl
from whorl import Dense, Model, Softmax
from whorl.plot.style import COLOURS, rgb


@pytest.fixture
def split_in_two():
    """A model that believes in class 1 where x1 > 0, and is sure away from there."""
    model = Model([Dense(2), Softmax()], inputs=2)
    model.named_parameters()["w1"][:] = [[0, 50], [0, 0]]
    return model


X = np.array([[-1.0, -1], [1, 1], [1, -1], [-1, 1]])
Y = np.array([0, 1, 1, 0])


def test_the_boundary_lies_where_the_most_probable_class_changes(split_in_two):
    ax = whorl.plot.decision_boundary(split_in_two, X, Y).axes[0]
    paths = [path for collection in ax.collections[:-1] for path in collection.get_paths()]
    vertices = np.concatenate([path.vertices for path in paths if len(path.vertices)])
    np.testing.assert_allclose(vertices[:, 0], 0, atol=0.01)
    np.testing.assert_allclose([vertices[:, 1].min(), vertices[:, 1].max()], [-1.1, 1.1], atol=0.01)


def test_belief_is_shown_in_the_classes_colours(split_in_two):
    ax = whorl.plot.decision_boundary(split_in_two, X, Y, resolution=50).axes[0]
    image = ax.images[0].get_array()
    blue, orange = 1 - 0.55 * (1 - rgb(2))
    np.testing.assert_allclose(image[25, 0], blue, atol=1e-3)
    np.testing.assert_allclose(image[25, -1], orange, atol=1e-3)


def test_every_sample_is_there_in_its_colour(split_in_two):
    points = whorl.plot.decision_boundary(split_in_two, X, np.eye(2)[Y]).axes[0].collections[-1]
    np.testing.assert_array_equal(points.get_offsets(), X)
    np.testing.assert_allclose(points.get_facecolors()[:, :3], 0.75 * rgb(2)[Y])


@pytest.mark.parametrize("classes", [1, 9])
def test_one_class_or_more_than_there_are_colours(classes):
    model = Model([Dense(classes), Softmax()], inputs=2, rng=0)
    figure = whorl.plot.decision_boundary(model, X, [0, 0, 0, classes - 1])
    figure.savefig(io.BytesIO(), format="png")
    assert len(COLOURS) == 8


def test_a_curve_has_a_line_for_training_and_one_for_validation():
    ax = whorl.plot.curve({"loss": [3.0, 2.0, 1.0], "val_loss": [4.0, 3.0, 2.0]}, "loss").axes[0]
    training, validation = ax.lines
    np.testing.assert_array_equal(training.get_xydata(), [[1, 3], [2, 2], [3, 1]])
    np.testing.assert_array_equal(validation.get_ydata(), [4, 3, 2])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    assert len(whorl.plot.curve({"loss": [3.0]}, "loss").axes[0].lines) == 1


def test_the_learning_rate_over_time():
    (line,) = whorl.plot.learning_rate({"learning_rate": [0.2, 0.1]}).axes[0].lines
    np.testing.assert_array_equal(line.get_xydata(), [[1, 0.2], [2, 0.1]])


def test_schedules_lie_side_by_side():
    def mine(epoch):
        return 0.1

    chosen = [whorl.Cosine(0.1, epochs=50), whorl.schedules.Step(0.1, factor=0.5, every=20), mine]
    ax = whorl.plot.schedules(chosen, epochs=60).axes[0]
    for schedule, line in zip(chosen, ax.lines, strict=True):
        times, rates = line.get_data()
        assert (times[0], times[-1]) == (0, 60)
        np.testing.assert_array_equal(rates, [schedule(t) for t in times])
    names = ["Cosine(0.1, epochs=50.0)", "Step(0.1, factor=0.5, every=20.0)", "mine"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == names
    assert len({line.get_color() for line in ax.lines}) == 3
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_ylim()[0]) == ("epoch", "learning rate", 0)


def test_ten_schedules_can_be_told_apart():
    lines = whorl.plot.schedules([whorl.Constant(i) for i in range(10)], epochs=5).axes[0].lines
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 10


def test_a_picture_is_drawn_into_the_axes_given(split_in_two):
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert whorl.plot.decision_boundary(split_in_two, X, Y, ax=left) is figure
    assert whorl.plot.curve({"loss": [1.0]}, "loss", ax=right) is figure
    assert whorl.plot.schedules([whorl.Constant(0.1)], epochs=5, ax=right) is figure
    assert left.images
    assert right.lines


def test_the_report_has_all_four(split_in_two):
    history = {"loss": [1.0], "val_loss": [1.0], "accuracy": [0.5], "val_accuracy": [0.5], "learning_rate": [0.1]}
    figure = whorl.plot.report(split_in_two, X, Y, history)
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == ["what the network believes", "loss", "accuracy", "learning rate"]


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for name in [name for name in sys.modules if name.startswith("whorl.plot")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(whorl, "plot", raising=False)
    with pytest.raises(ImportError, match=r"pictures need matplotlib, which is an extra: pip install 'whorl\[plot\]'"):
        _ = whorl.plot.report


def test_drawing_leaves_no_global_figure(split_in_two):
    import matplotlib.pyplot as plt

    whorl.plot.decision_boundary(split_in_two, X, Y)
    assert plt.get_fignums() == []
