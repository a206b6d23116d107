"""What the plots show, read back from their axes and images."""

import io
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import whorl
from whorl import Adam, Averaged, CrossEntropy, Dense, Model, Sigmoid, Softmax, Tanh
from whorl.glassbox import Distribution, Importance, LearningRateSearch, PartialDependence
from whorl.plot.style import COLOURS, rgb


@pytest.fixture
def split_in_two():
    """A model that predicts class 1 where x1 > 0, with a probability near 1 except close to 0."""
    model = Model([Dense(2), Softmax()], inputs=2)
    model.named_parameters()["w1"][:] = [[0, 50], [0, 0]]
    return model


X = np.array([[-1.0, -1], [1, 1], [1, -1], [-1, 1]])
Y = np.array([0, 1, 1, 0])
VALUES = Distribution("weights w1", np.arange(3), np.sort(np.random.default_rng(0).normal(size=(3, 7))), np.ones(3), 9)


def test_the_boundary_lies_where_the_most_probable_class_changes(split_in_two):
    ax = whorl.plot.decision_boundary(split_in_two, X, Y)
    paths = [path for collection in ax.collections[:-4] for path in collection.get_paths()]
    vertices = np.concatenate([path.vertices for path in paths if len(path.vertices)])
    np.testing.assert_allclose(vertices[:, 0], 0, atol=0.01)
    np.testing.assert_allclose([vertices[:, 1].min(), vertices[:, 1].max()], [-1.1, 1.1], atol=0.01)


def test_the_background_has_the_colours_of_the_classes(split_in_two):
    ax = whorl.plot.decision_boundary(split_in_two, X, Y, resolution=50)
    image = ax.images[0].get_array()
    blue, orange = 1 - 0.45 * (1 - rgb(2))
    np.testing.assert_allclose(image[25, 0], blue, atol=1e-3)
    np.testing.assert_allclose(image[25, -1], orange, atol=1e-3)


def test_a_model_with_one_output_is_drawn_as_two_classes(split_in_two):
    one = Model([Dense(1), Sigmoid()], inputs=2)
    one.named_parameters()["w1"][:] = [[50], [0]]
    drawn = whorl.plot.decision_boundary(one, X, Y[:, None])
    expected = whorl.plot.decision_boundary(split_in_two, X, Y)
    np.testing.assert_allclose(drawn.images[0].get_array(), expected.images[0].get_array(), atol=1e-6)
    for ours, theirs in zip(drawn.collections, expected.collections, strict=True):
        np.testing.assert_array_equal(ours.get_facecolors(), theirs.get_facecolors())


def test_every_sample_is_drawn_with_the_colour_and_marker_of_its_class(split_in_two):
    ax = whorl.plot.decision_boundary(split_in_two, X, np.eye(2)[Y])
    of_class = ax.collections[-4::2]
    for c, points in enumerate(of_class):
        np.testing.assert_array_equal(points.get_offsets(), X[c == Y])
        np.testing.assert_allclose(points.get_facecolors()[:, :3], rgb(2)[[c]])
    assert len({points.get_paths()[0].vertices.tobytes() for points in of_class}) == 2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["class 0", "class 1"]


def test_mistakes_are_drawn_on_top_with_a_thick_edge_and_counted(split_in_two):
    ax = whorl.plot.decision_boundary(split_in_two, X, [1, 1, 1, 0], classes=["left", "right"])
    right_0, wrong_0, right_1, wrong_1, legend = ax.collections[-5:]
    np.testing.assert_array_equal(wrong_1.get_offsets(), X[:1])
    assert len(wrong_0.get_offsets()) == 0
    np.testing.assert_array_equal(right_1.get_offsets(), X[1:3])
    np.testing.assert_array_equal(wrong_1.get_facecolors()[:, :3], rgb(2)[[1]])
    assert wrong_1.get_zorder() > right_0.get_zorder()
    assert wrong_1.get_linewidths()[0] > 3 * right_1.get_linewidths()[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["left", "right", legend.get_label()]
    assert ax.get_title() == "Decision boundary (mistakes: 1 of 4 samples)"
    with pytest.raises(ValueError, match=r"classes must be the names of 2 classes, got \['a'\]"):
        whorl.plot.decision_boundary(split_in_two, X, Y, classes=["a"])


def test_more_classes_than_colours_differ_in_their_markers():
    points = np.repeat(np.arange(9.0), 2).reshape(9, 2)
    model = Model([Dense(9), Softmax()], inputs=2, rng=0)
    ax = whorl.plot.decision_boundary(model, points, range(9))
    ax.figure.savefig(io.BytesIO(), format="png")
    of_class = [each for each in ax.collections if each.get_label().startswith("class")]
    first, last = of_class[0], of_class[8]
    assert len(COLOURS) == 8
    np.testing.assert_array_equal(first.get_facecolors(), last.get_facecolors())
    assert first.get_paths()[0].vertices.shape != last.get_paths()[0].vertices.shape


@pytest.mark.parametrize(("stretch", "aspect"), [(1, 1.0), (2, 1.0), (10, "auto"), (0.1, "auto")])
def test_axes_have_the_same_scale_unless_the_picture_would_be_a_strip(split_in_two, stretch, aspect):
    ax = whorl.plot.decision_boundary(split_in_two, X * [stretch, 1], Y)
    assert ax.get_aspect() == aspect


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        ([0, 1, 2, 0], ValueError, r"y must hold labels from 0 to 1, .*but y\[2\] is 2"),
        ([0, 1], ValueError, "y and prediction must have the same number of samples, got 2 and 4"),
        (np.ma.masked_equal(Y, 0), TypeError, "y must not be a masked array"),
    ],
)
def test_labels_that_do_not_fit(split_in_two, y, error, message):
    with pytest.raises(error, match=message):
        whorl.plot.decision_boundary(split_in_two, X, y)


def test_a_curve_for_training_and_one_for_validation():
    ax = whorl.plot.curve({"loss": [3.0, 2.0, 1.0], "val_loss": [4.0, 3.0, 2.0]}, "loss")
    training, validation = ax.lines
    np.testing.assert_array_equal(training.get_xydata(), [[1, 3], [2, 2], [3, 1]])
    np.testing.assert_array_equal(validation.get_ydata(), [4, 3, 2])
    assert (training.get_linestyle(), validation.get_linestyle()) == ("-", "--")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    assert len(whorl.plot.curve({"loss": [3.0]}, "loss").lines) == 1


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("loss", [3.0, 1.0, 2.0, 1.0], (2, 1.0)),
        ("accuracy", [0.1, 0.3, 0.2, 0.3], (2, 0.3)),
        ("top_3_accuracy", [0.1, 0.2, 0.3, 0.1], (3, 0.3)),
        ("loss", [np.nan, 2.0, np.inf, 1.5], (4, 1.5)),
        ("mine", [3.0, 1.0, 2.0, 1.0], None),  # it is not known whether higher is better
        ("loss", [np.nan] * 4, None),
    ],
)
def test_the_best_epoch_is_marked(name, values, expected):
    ax = whorl.plot.curve({name: [0.0] * 4, f"val_{name}": values}, name, start={f"val_{name}": 0.0})
    marks = [tuple(each.get_offsets()[0]) for each in ax.collections]
    assert marks == ([] if expected is None else [expected])
    label = [] if expected is None else [f"best: {expected[1]:g}, epoch {expected[0]}"]
    assert [text.get_text() for text in ax.get_legend().get_texts()][2:] == label
    assert not whorl.plot.curve(
        {name: values}, name
    ).collections  # without validation, the last epoch is mostly the best


def test_the_history_of_averaged_parameters_is_compared():
    X, y = whorl.datasets.spiral(20, rng=0)
    given = {"loss": CrossEntropy(), "epochs": 3, "validation": 0.2, "rng": 0}
    optimizers = {"Adam": Adam(0.01), "averaged": Averaged(Adam(0.01))}
    histories = {
        name: Model([Dense(3), Softmax()], inputs=2, rng=0).fit(X, y, optimizer=optimizer, **given)
        for name, optimizer in optimizers.items()
    }
    drawn = whorl.plot.compare(histories, "loss").lines[:4]
    lines = {each.get_label(): list(each.get_ydata()) for each in drawn}
    assert lines == {
        label + suffix: history[column]
        for label, history in histories.items()
        for suffix, column in (("", "loss"), (", validation", "val_loss"))
    }
    assert lines["Adam"] == lines["averaged"]  # measured during the epoch, before averaging
    assert lines["Adam, validation"] != lines["averaged, validation"]


def test_several_histories_have_labels_and_colours_of_their_own():
    histories = {"SGD": {"loss": [3.0, 2.0], "val_loss": [3.5, 2.5]}, "Adam": {"loss": [3.0, 1.0]}}
    ax = whorl.plot.compare(histories, "loss")
    found = [(line.get_label(), line.get_linestyle(), list(line.get_ydata())) for line in ax.lines[:3]]
    assert found == [
        ("SGD", "-", [3.0, 2.0]),
        ("SGD, validation", "--", [3.5, 2.5]),
        ("Adam", "-", [3.0, 1.0]),
    ]
    colours = [line.get_color() for line in ax.lines]
    assert colours[0] == colours[1] != colours[2]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["SGD", "Adam", "validation"]
    markers = [line.get_marker() for line in ax.lines]
    assert markers[0] == markers[1] != markers[2]
    overlaid = whorl.plot.curve(histories["SGD"], "loss", label="SGD")
    whorl.plot.curve(histories["Adam"], "loss", label="Adam", ax=overlaid)
    assert [text.get_text() for text in overlaid.get_legend().get_texts()] == [
        "SGD, training (during the epoch)",
        "SGD, validation",
        "SGD, best: 2.5, epoch 2",
        "Adam, training (during the epoch)",
    ]
    assert len({line.get_color() for line in overlaid.lines}) == 3
    with pytest.raises(ValueError, match="name must be in the history of 'Adam', which has loss, got 'f1'"):
        whorl.plot.compare({"Adam": {"loss": [1.0]}}, "f1")
    with pytest.raises(TypeError, match=r"histories must be a mapping from names to histories, got \[\]"):
        whorl.plot.compare([], "loss")


def test_labels_of_one_output_may_be_flat(split_in_two):
    model = whorl.Model([whorl.Dense(1), whorl.Sigmoid()], inputs=2, rng=0)
    X, y = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 2
    flat, column = (whorl.plot.decision_boundary(model, X, labels, resolution=9) for labels in (y, y[:, None]))
    assert [text.get_text() for text in flat.get_legend().get_texts()] == ["class 0", "class 1", "mistake"]
    assert len(flat.collections) == len(column.collections)


def test_the_learning_rate_over_time():
    ax = whorl.plot.learning_rate({"learning_rate": [0.2, 0.1]})
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_xydata(), [[1, 0.2], [2, 0.1]])
    assert ax.get_ylim() == (0, pytest.approx(0.21))


def test_the_values_before_the_first_epoch_are_drawn_at_epoch_0():
    history, start = {"loss": [3.0, 2.0], "val_loss": [4.0, 3.0]}, {"loss": 5.0, "val_loss": 6.0, "accuracy": 0.1}
    training, validation = whorl.plot.curve(history, "loss", start=start).lines
    np.testing.assert_array_equal(training.get_xydata(), [[0, 5], [1, 3], [2, 2]])
    np.testing.assert_array_equal(validation.get_xydata(), [[0, 6], [1, 4], [2, 3]])


@pytest.mark.parametrize("epochs", [1, 2, 60, 1000])
def test_epochs_are_labelled_with_whole_numbers(epochs):
    ax = whorl.plot.curve({"loss": [1.0] * epochs}, "loss")
    ticks = [tick for tick in ax.get_xticks() if ax.get_xlim()[0] <= tick <= ax.get_xlim()[1]]
    assert len(ticks) >= 2
    assert all(float(tick).is_integer() for tick in ticks)


def test_a_column_that_the_history_lacks():
    with pytest.raises(ValueError, match=r"which has loss, accuracy, got 'acuracy'; did you mean 'accuracy'\?"):
        whorl.plot.curve({"loss": [1.0], "accuracy": [1.0]}, "acuracy")


def test_schedules_side_by_side():
    def mine(epoch):
        return 0.1

    chosen = [whorl.Cosine(0.1, epochs=50), whorl.schedules.Step(0.1, factor=0.5, every=20), mine]
    ax = whorl.plot.schedules(chosen, epochs=60)
    for schedule, line in zip(chosen, ax.lines, strict=True):
        times, rates = line.get_data()
        assert (times[0], times[-1]) == (0, 60)
        np.testing.assert_array_equal(rates, [schedule(t) for t in times])
    names = ["Cosine(0.1, epochs=50.0)", "Step(0.1, factor=0.5, every=20.0)", "mine"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == names
    assert len({line.get_color() for line in ax.lines}) == 3
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_ylim()[0]) == ("epoch", "learning rate", 0)


def test_ten_schedules_can_be_told_apart():
    lines = whorl.plot.schedules([whorl.Constant(i) for i in range(10)], epochs=5).lines
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 10


SEARCH = LearningRateSearch(np.array([1e-3, 1e-2]), np.array([1.0, 0.5]), np.array([1.0, 0.7]), None, "too few steps")
IMPORTANCE = Importance(("b", "a"), np.array([[0.5, 0.7], [0.1, 0.3]]), "loss", 0.2, 60)
DEPENDENCE = PartialDependence("a", np.array([1.0, 2, 4]), np.array([[0.1], [0.4], [0.2]]), ("price",))


def test_plots_are_drawn_into_the_axes_given(split_in_two):
    model, gradients = Model([Dense(4), Tanh(), Dense(1)], inputs=2, rng=0), {"w1": np.ones(3)}
    history = {"loss": [1.0], "learning_rate": [0.1]}
    drawings = {
        "calibration_curve": lambda ax: whorl.plot.calibration_curve(Y, np.eye(2)[Y], ax=ax),
        "compare": lambda ax: whorl.plot.compare({"a": history}, "loss", ax=ax),
        "confusion_matrix": lambda ax: whorl.plot.confusion_matrix(Y, np.eye(2)[Y], ax=ax),
        "curve": lambda ax: whorl.plot.curve(history, "loss", ax=ax),
        "decision_boundary": lambda ax: whorl.plot.decision_boundary(split_in_two, X, Y, ax=ax),
        "distribution": lambda ax: whorl.plot.distribution(VALUES, ax=ax),
        "gradient_flow": lambda ax: whorl.plot.gradient_flow(gradients, ax=ax),
        "hidden_pca": lambda ax: whorl.plot.hidden_pca(model, X, Y, ax=ax),
        "importance": lambda ax: whorl.plot.importance(IMPORTANCE, ax=ax),
        "learning_rate": lambda ax: whorl.plot.learning_rate(history, ax=ax),
        "learning_rate_search": lambda ax: whorl.plot.learning_rate_search(SEARCH, ax=ax),
        "network": lambda ax: whorl.plot.network(model, ax=ax),
        "partial_dependence": lambda ax: whorl.plot.partial_dependence(DEPENDENCE, ax=ax),
        "predicted_against_true": lambda ax: whorl.plot.predicted_against_true(X[:, 0], X[:, 1], ax=ax),
        "saliency": lambda ax: whorl.plot.saliency(np.eye(3), ax=ax),
        "schedules": lambda ax: whorl.plot.schedules([whorl.Constant(0.1)], epochs=5, ax=ax),
        "weights": lambda ax: whorl.plot.weights(model, ax=ax),
    }
    of_figures = {"BoundaryAnimation", "report", "worst_images"}
    assert drawings.keys() == set(whorl.plot.__all__) - of_figures
    for name, draw in drawings.items():
        ax = Figure().subfigures(1, 2)[1].subplots()
        empty = len(ax.get_children())
        assert draw(ax) is ax, name
        assert len(ax.get_children()) > empty, name
        assert isinstance(draw(None), Axes), name


def test_the_report_of_a_classifier_of_the_plane(split_in_two):
    history = {"loss": [1.0], "val_loss": [1.0], "accuracy": [0.5], "val_accuracy": [0.5], "learning_rate": [0.1]}
    boundary, *charts = whorl.plot.report(split_in_two, X, Y, history).axes
    assert boundary.get_title() == "Decision boundary (mistakes: 0 of 4 samples)"
    assert [ax.get_ylabel() for ax in charts] == ["loss", "accuracy", "learning rate"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ["loss", "learning rate"]),
        ({"penalty": [0.0, 0.0]}, ["loss", "learning rate"]),
        ({"penalty": [0.2, 0.1]}, ["loss", "penalty", "learning rate"]),
        ({"penalty": [0.2, 0.1], "mae": [2.0, 1.0], "r2": [0.0, 0.1]}, ["loss", "mae", "learning rate"]),
    ],
)
def test_the_report_without_samples(split_in_two, more, expected):
    history = {"loss": [1.0, 0.5], **more, "learning_rate": [0.1, 0.1]}
    figure = whorl.plot.report(split_in_two, None, None, history)
    assert [ax.get_ylabel() for ax in figure.axes] == expected


def test_without_matplotlib_drawing_names_the_extra_and_nothing_else_fails():
    code = """
        import sys
        sys.modules["matplotlib"] = None
        import whorl
        import whorl.plot
        from whorl import *
        assert hasattr(whorl, "plot")
        drawings = [
            lambda: plot.curve({"loss": [1.0]}, "loss"),
            lambda: plot.learning_rate({"learning_rate": [1.0]}),
            lambda: plot.schedules([Constant(0.1)], epochs=1),
            lambda: plot.decision_boundary(Model([Dense(2), Softmax()], inputs=2), [[0, 0], [1, 1]], [0, 1]),
            lambda: plot.report(Model([Dense(2)], inputs=3), None, None, {"loss": [1.0], "learning_rate": [1.0]}),
            lambda: plot.network(Model([Dense(2)], inputs=2)),
            lambda: plot.weights(Model([Dense(2)], inputs=2)),
            lambda: plot.gradient_flow({"w1": 1.0}),
            lambda: plot.calibration_curve([[0], [1]], [[0.0], [1.0]]),
            lambda: plot.hidden_pca(Model([Dense(2), Dense(1)], inputs=2, rng=0), [[0, 0], [1, 1]], [0, 1]),
        ]
        for draw in drawings:
            try:
                draw()
            except ImportError as error:
                print(error)
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert run.stdout.splitlines() == ["whorl.plot needs matplotlib, which the extra whorl[plot] installs"] * 10, (
        run.stderr
    )


def test_drawing_leaves_no_global_figure(split_in_two):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()  # of other tests
    whorl.plot.decision_boundary(split_in_two, X, Y)
    assert plt.get_fignums() == before


def test_an_array_of_axes_is_refused(split_in_two):
    with pytest.raises(
        TypeError, match=r"ax must be one Axes of matplotlib, such as axes\[0\] of plt\.subplots\(1, 2\), got"
    ):
        whorl.plot.decision_boundary(split_in_two, X, Y, ax=Figure().subplots(1, 2))
    with pytest.raises(AttributeError, match="did you mean 'curve'"):
        whorl.plot.curves  # noqa: B018
