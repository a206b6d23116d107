"""The pictures, compared with images that were looked at, in ``tests/plot/baseline``, and the text in them, which must not overlap.

The images have no text, because glyphs and layout differ between versions of matplotlib. After a change that is meant, look at the
new images of ``pytest tests/plot/test_images.py --mpl-generate-path=tests/plot/baseline``.
"""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

import whorl
from whorl import Dense, Flatten, Model, ReLU, Sigmoid, Softmax, Tanh
from whorl.glassbox import Distribution, Importance, LearningRateSearch, PartialDependence
from whorl.plot.animation import frame


def compared(tolerance=2):
    """Compare the figure that a test returns; the root mean square of the differences may be as large as the tolerance, of 255.

    A cell of an image, or a row of a legend, that ends between two pixels is moved to the one or the other by different versions.
    """
    return pytest.mark.mpl_image_compare(
        style="default", tolerance=tolerance, remove_text=True, savefig_kwargs={"dpi": 60}
    )


def drawn(draw, width=4.0, height=3.0):
    """Draw into a figure that adapts to its texts, and check that they do not overlap; return another one, without texts."""
    laid_out, plain = (Figure((width, height), layout=layout) for layout in ("constrained", "none"))
    draw(laid_out)
    assert overlapping(laid_out) == []
    plain.subplots_adjust(left=0.1, right=0.8, bottom=0.25, top=0.9)  # with room for legends
    draw(plain)
    return without_texts(plain)


def without_texts(figure):
    for text in figure.findobj(Text):
        text.set(text="", fontsize=1)  # legends have room for the size
    return figure


class TextRecorder(RendererAgg):
    """Draws, and keeps all texts that are drawn: ticks beyond the limits of an axis are not."""

    def __init__(self, figure):
        super().__init__(*figure.bbox.size, figure.dpi)
        self.texts = {}

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):  # noqa: FBT002  # as matplotlib has it
        if mtext is not None:
            self.texts[mtext] = mtext.get_window_extent()
        super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)


def overlapping(figure):
    """Return the texts that lie partly outside of the figure, and the pairs of texts of which one covers the other."""
    renderer = TextRecorder(figure)
    figure.draw(renderer)
    several_lines = {text: text.get_window_extent() for text in figure.findobj(Text) if "\n" in text.get_text()}
    renderer.texts |= several_lines
    assert min(text.get_fontsize() for text in renderer.texts) >= 7  # points, for print
    whole = figure.bbox.padded(1)
    outside = [
        text.get_text() for text, box in renderer.texts.items() if not all(map(whole.contains, *box.get_points().T))
    ]
    return outside + [
        (one.get_text(), other.get_text())
        for (one, box), (other, another) in combinations(renderer.texts.items(), 2)
        if box.padded(-0.5).overlaps(another.padded(-0.5))
    ]


EPOCHS = np.arange(1, 31)
HISTORY = {
    "loss": np.exp(-EPOCHS / 8),
    "val_loss": np.exp(-EPOCHS / 8) + EPOCHS**2 / 3000 + 0.1,
    "accuracy": 1 - 0.7 * np.exp(-EPOCHS / 8),
    "learning_rate": 0.1 * np.cos(EPOCHS / 20) ** 2,
}


@pytest.fixture
def three_classes():
    """A model of the plane, with straight boundaries between three classes, and samples of which some are wrong."""
    model = Model([Dense(3), Softmax()], inputs=2)
    model.named_parameters()["w1"][:] = [[3, -3, 0], [2, 2, -4]]
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = (X @ [[3, -3, 0], [2, 2, -4]]).argmax(axis=1)
    y[::9] = (y[::9] + 1) % 3
    return model, X, y


@pytest.fixture
def deep():
    return Model([Dense(20), Tanh(), Dense(4), ReLU(), Dense(3), Softmax()], inputs=3, rng=0)


@compared()
def test_network(deep):
    return drawn(
        lambda figure: whorl.plot.network(
            deep, inputs=["height", "weight", "age"], classes=["a", "b", "c"], most=6, ax=figure.add_subplot()
        )
    )


@compared()
def test_decision_boundary(three_classes):
    return drawn(
        lambda figure: whorl.plot.decision_boundary(
            *three_classes, classes=["red", "green", "blue"], ax=figure.add_subplot()
        )
    )


@compared()
def test_decision_boundary_of_one_sigmoid():
    model = Model([Dense(1), Sigmoid()], inputs=2)
    model.parameters = [1, -1, 0.2]
    X = np.random.default_rng(0).normal(size=(40, 2)) * [2, 1]
    return drawn(lambda figure: whorl.plot.decision_boundary(model, X, X[:, 0] > X[:, 1], ax=figure.add_subplot()))


@compared(5)
def test_curve():
    return drawn(
        lambda figure: whorl.plot.curve(HISTORY, "loss", start={"loss": 1.2, "val_loss": 1.3}, ax=figure.add_subplot())
    )


@compared(6)
def test_compare():
    other = {"loss": np.asarray(HISTORY["loss"]) * 0.8 + 0.3}
    return drawn(lambda figure: whorl.plot.compare({"Adam": HISTORY, "SGD": other}, "loss", ax=figure.add_subplot()))


@compared()
def test_schedules():
    chosen = [whorl.Cosine(0.1, epochs=40), whorl.OneCycle(0.1, epochs=40), whorl.schedules.Step(0.1, every=10)]
    return drawn(
        lambda figure: whorl.plot.schedules(
            chosen, epochs=50, labels=["cosine", "one cycle", "step"], ax=figure.add_subplot()
        )
    )


@compared(14)
def test_confusion_matrix():
    y = np.repeat([0, 1, 2, 3], [40, 30, 20, 10])
    predicted = np.where(np.arange(100) % 5, y, (y + 1 + np.arange(100) % 2) % 4)
    return drawn(
        lambda figure: whorl.plot.confusion_matrix(
            y, np.eye(4)[predicted], classes=["cat", "dog", "cow", "yak"], ax=figure.add_subplot()
        )
    )


@compared()
def test_predicted_against_true():
    rng = np.random.default_rng(0)
    y = rng.gamma(3, 2, 150)
    return drawn(
        lambda figure: whorl.plot.predicted_against_true(
            y, y + rng.normal(size=150), name="price (k€)", ax=figure.add_subplot()
        )
    )


@compared()
def test_calibration_curve():
    rng = np.random.default_rng(0)
    p = rng.beta(0.6, 0.6, (500, 1))
    y = (rng.random((500, 1)) < p).astype(int)
    sure = p**2 / (p**2 + (1 - p) ** 2)

    def draw(figure):
        ax = whorl.plot.calibration_curve(y, sure, of=1, label="before", ax=figure.add_subplot())
        whorl.plot.calibration_curve(y, p, of=1, label="after", ax=ax)

    return drawn(draw, 3.5, 4)


@compared(20)
def test_weights_as_images():
    model = Model([Flatten(), Dense(7)], inputs=(8, 8))
    places = np.stack(np.meshgrid(np.arange(8), np.arange(8)), axis=-1).reshape(-1, 2)
    model.named_parameters()["w1"][:] = np.sin(places @ np.random.default_rng(0).normal(size=(2, 7)))
    return drawn(lambda figure: whorl.plot.weights(model, ax=figure.add_subplot()))


@compared(12)
def test_weights_as_a_matrix(deep):
    return drawn(lambda figure: whorl.plot.weights(deep, "w2", ax=figure.add_subplot()))


@compared()
def test_distribution():
    scale = np.exp(-EPOCHS / 4) + 0.02
    normal = np.quantile(np.random.default_rng(0).normal(size=999), [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1])
    values = Distribution("gradients of w1", EPOCHS, np.outer(scale, normal) + 0.01, scale, 999)
    return drawn(lambda figure: whorl.plot.distribution(values, ax=figure.add_subplot()))


@compared()
def test_gradient_flow(deep):
    gradients = {
        name: each / 10 ** (3 - int(name[-1])) for name, each in deep.named_parameters().items() if name[0] == "w"
    }
    return drawn(lambda figure: whorl.plot.gradient_flow(gradients, ax=figure.add_subplot()))


@compared()
def test_hidden_pca(deep):
    X = np.random.default_rng(0).normal(size=(90, 3))
    return drawn(lambda figure: whorl.plot.hidden_pca(deep, X, (X > 0).sum(axis=1), ax=figure.add_subplot()))


@compared()
def test_a_frame_of_an_animation(three_classes):
    model, X, y = three_classes
    figure = frame(SimpleNamespace(model=model, epoch=7, epochs=20), X, y)
    assert overlapping(figure) == []
    assert figure.axes[0].get_title() == "Epoch 7 of 20. Decision boundary (mistakes: 7 of 60 samples)"
    figure.axes[0].set_position([0.1, 0.2, 0.8, 0.7])  # instead of one that depends on the texts
    return without_texts(figure)


@compared(22)
def test_worst_images():
    X = np.random.default_rng(0).random((20, 4, 4))
    p = np.random.default_rng(1).dirichlet([1, 1, 1], 20)
    return drawn(lambda figure: whorl.plot.worst_images(X, np.arange(20) % 3, p, count=7, figure=figure), 6)


@compared(4)
def test_report(three_classes):
    model, X, y = three_classes
    return drawn(lambda figure: whorl.plot.report(model, X, y, HISTORY, figure=figure), 9, 6)


@compared()
def test_learning_rate_search():
    rates = np.geomspace(1e-6, 1, 100)
    smoothed = 1 - 0.7 * np.exp(-((np.log10(rates) + 1.5) ** 2)) + 0.4 * (rates > 0.3)
    losses = smoothed + 0.1 * np.sin(7 * np.arange(100))
    result = LearningRateSearch(rates, losses, smoothed, 3e-3, "a fifth of 1.5e-2")
    return drawn(lambda figure: whorl.plot.learning_rate_search(result, ax=figure.add_subplot()), width=5.0)


@compared()
def test_importance():
    mean, noise = np.array([0.8, 0.5, 0.2, 0, -0.02]), np.sin(np.arange(25)).reshape(5, 5)
    values = mean[:, None] * (1 + 0.2 * noise)
    result = Importance(("rooms", "year built", "heating", "colour", "noise"), values, "loss", 0.4, 300)
    return drawn(lambda figure: whorl.plot.importance(result, count=4, ax=figure.add_subplot()))


GRID = np.array([1, 2, 3, 5, 8, 13.0])
LINES = np.stack([1 / (1 + GRID), 0.5 * np.exp(-((GRID - 5) ** 2) / 20)], axis=1)
LINES = np.column_stack([LINES, 1 - LINES.sum(axis=1)])


@compared()
def test_partial_dependence_on_numbers():
    result = PartialDependence("rooms", GRID, LINES, ("flat", "house", "villa"))
    return drawn(lambda figure: whorl.plot.partial_dependence(result, ax=figure.add_subplot()))


@compared()
def test_partial_dependence_on_dates():
    result = PartialDependence("sold", np.datetime64("2020-01-01") + (90 * GRID).astype(int), LINES[:, :1], ("price",))
    return drawn(lambda figure: whorl.plot.partial_dependence(result, ax=figure.add_subplot()))


@compared()
def test_partial_dependence_on_categories():
    names = np.array(["district heating", "gas", "oil", "wood", "(other)", "(missing)"], object)
    result = PartialDependence("heating", names, LINES, ("flat", "house", "villa"))
    return drawn(lambda figure: whorl.plot.partial_dependence(result, ax=figure.add_subplot()), width=4.5)


@compared(20)
def test_saliency():
    y, x = np.mgrid[:12, :12] - 5.5
    ring = np.exp(-((np.hypot(x, y) - 3.5) ** 2))
    values = ring * (1 + np.sin(3 * np.arctan2(y, x)))
    return drawn(lambda figure: whorl.plot.saliency(values, ring, ax=figure.add_subplot()))
