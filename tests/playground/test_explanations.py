"""Explanations of the next training step, against finite differences and the library's own numbers."""

import copy
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from whorl.glassbox.tracing.elements import element
from whorl.playground import explanations
from whorl.playground.configuration import Blobs, Configuration, Moons
from whorl.playground.explanations import backpropagate, step_of
from whorl.playground.messages import Explain
from whorl.playground.run import Run

LAYERS = ("Standardize()", "Dense(3, weight_l2=0.01)", "Tanh()", "Dense(4)", "ReLU()", "Dense(2)", "Softmax()")


@pytest.fixture
def run():
    run = Run(Configuration(data=Moons(samples=20), layers=LAYERS, optimizer="SGD(0.1, momentum=0.9)"))
    for _ in range(3):
        run.advance("batch")
    return run


def explain(run, array, index, samples=(0,)):
    return explanations.explain(run, Explain(array, index, samples))


def text(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("−", "-").split())


def after(pattern, html):
    (found,) = re.findall(pattern + r"(-?[\d.e+-]+)", text(html))
    return float(found)


def loss_of(run, model, samples):
    return model.evaluate(run.problem.X[list(samples)], run.problem.y[list(samples)], loss=run.problem.loss)["loss"]


def test_the_gradient_of_a_weight_is_the_slope_of_the_loss(run):
    found = explain(run, "w2", (1, 2), (0, 7))
    assert found["title"] == "w₂[1, 2]: parameter of layers[1], Dense(3, weight_l2=0.01)"
    slopes = []
    for step in (1e-2, -1e-2):
        model = copy.deepcopy(run.model)
        model.named_parameters()["w2"][1, 2] += step
        slopes.append(loss_of(run, model, (0, 7)))
    gradient = after(r"g\[w₂\]\[1, 2\] = [^=]* = ", found["html"])
    assert gradient == pytest.approx((slopes[0] - slopes[1]) / 2e-2, rel=0.02)


def test_the_change_of_a_weight_is_that_of_the_optimizer(run):
    samples = (0, 7)
    traced = step_of(run, samples)
    found = explain(run, "w3", (0, 1), samples)
    before, new = (float(traced.arrays[name][0, 1]) for name in ("w3", "w3_new"))
    assert f"from {before:.6g} to {new:.6g}" in text(found["html"])
    memory = run.training.state.optimizer
    velocity = next(each for each in vars(memory).values() if isinstance(each, np.ndarray))
    remembered = copy.deepcopy(run.model)
    remembered.parameters = velocity
    moved = 0.9 * remembered.named_parameters()["w3"][0, 1] + traced.arrays["dw3"][0, 1]
    assert new == pytest.approx(before - 0.1 * moved, rel=1e-5)
    parts = traced.why("w3", (0, 1))
    assert float(parts.by_sample.sum()) == pytest.approx(float(traced.arrays["dw3"][0, 1]), rel=1e-4)
    assert "if the next step is on samples 0, 7 alone" in text(found["html"])
    for sample, contributions in zip(samples, parts.contributions, strict=True):
        cells = (f"{value:+.4g}" if value else "0" for value in [*contributions, contributions.sum()])
        assert f"sample {sample} {' '.join(cells)}" in text(found["html"])


def test_the_value_of_a_unit_is_that_of_the_model(run):
    x = run.problem.X[[4]]
    hidden = copy.deepcopy(run.model)
    found = explain(run, "layers[6]", (1,), (4,))
    assert found["title"] == "p[1]: unit 1 of layers[6], Softmax()"
    assert after("the value is ", found["html"]) == pytest.approx(hidden.predict(x)[0, 1], abs=1e-3)
    x = (x.astype(np.float32) - hidden.named_arrays()["mean1"]) / hidden.named_arrays()["scale1"]
    z = x @ hidden.named_arrays()["w2"] + hidden.named_arrays()["b2"]
    found = explain(run, "layers[1]", (2,), (4,))
    assert after("the value is ", found["html"]) == pytest.approx(z[0, 2], rel=1e-3)


def test_explanations_leave_training_as_it_is(run):
    other = copy.deepcopy(run.training)
    explain(run, "w2", (0, 0), (1, 2, 3))
    explain(run, "layers[2]", (0,))
    backpropagate(run, 2)
    run.advance("batch")
    next(other.steps())
    assert run.training.model.parameters.tobytes() == other.model.parameters.tobytes()


def test_before_the_first_step_scaling_is_fitted_to_all_training_samples():
    run = Run(Configuration(data=Moons(samples=20), layers=LAYERS))
    traced = step_of(run, [3])
    train = np.asarray(run.training.train.x, float)
    np.testing.assert_allclose(traced.arrays["mean1"], train.mean(axis=0), rtol=1e-5)
    assert not run.model.named_arrays()["mean1"].any()


def test_operands_are_buttons_with_their_places_in_the_drawing(run):
    html = explain(run, "layers[3]", (1,))["html"]
    assert re.findall(r'<button[^>]*class="operand"[^>]*data-array="([^"]+)"', html)[:3] == ["layers[2]", "w3", "b3"]


def test_backpropagation_goes_from_the_loss_to_the_inputs(run):
    steps = backpropagate(run, 5)
    assert [step["layer"] for step in steps] == [6, 6, 6, 5, 4, 3, 2, 1, 0, 1]
    assert steps[0]["units"]["layers[6]"] == pytest.approx(run.model.predict(run.problem.X[[5]])[0].tolist(), rel=1e-4)
    p, label = steps[0]["units"]["layers[6]"], run.problem.y[5]
    scores = steps[2]["units"]["layers[5]"]
    assert scores == pytest.approx([p[c] - (c == label) for c in range(2)], abs=1e-4)
    traced = step_of(run, [5])
    dense = steps[3]
    np.testing.assert_allclose(dense["weights"]["w4"], traced.arrays["dw4"], rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(dense["units"]["layers[4]"], scores @ run.model.named_parameters()["w4"].T, rtol=1e-3)
    assert steps[-2]["units"].keys() == {"x"}
    np.testing.assert_allclose(steps[-1]["weights"]["w2"], traced.arrays["g_w2"], rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize(
    ("layers", "loss"),
    [
        (("Dense(3)", "Softmax()"), "CrossEntropy()"),
        (("Dense(3)", "Softmax()"), "MeanSquaredError()"),
        (("Dense(4)", "BatchNorm()", "ReLU()", "Dropout(0.5)", "Dense(3)"), "Hinge()"),
        (("Residual([Dense(2)])", "Dense(3)", "Sigmoid()"), "BinaryCrossEntropy()"),
    ],
)
def test_every_unit_and_weight_of_other_networks(layers, loss):
    run = Run(Configuration(data=Blobs(samples=10), layers=layers, loss=loss))
    run.advance("batch")
    html = [step["html"] for step in backpropagate(run, 1)]
    for name, values in run.model.named_parameters().items():
        html += [explain(run, name, index, (0, 3))["html"] for index in np.ndindex(values.shape)]
    for i, place in enumerate(run.model.places):
        html += [explain(run, f"layers[{i}]", (j,))["html"] for j in range(place.outputs[0])]
    for each in html:
        assert_balanced(each)


def assert_balanced(html):
    """Every tag that is opened is closed, in order, and none can run anything."""

    class Reader(HTMLParser):
        open = ()

        def handle_starttag(self, tag, attributes):
            assert tag not in ("script", "iframe", "img")
            assert not any(name.startswith("on") for name, _ in attributes)
            self.open += (tag,)

        def handle_startendtag(self, tag, attributes):
            pass

        def handle_endtag(self, tag):
            assert self.open[-1] == tag
            self.open = self.open[:-1]

    reader = Reader()
    reader.feed(html)
    assert reader.open == ()


@pytest.mark.parametrize(
    ("array", "index", "samples", "message"),
    [
        ("w9", (0, 0), (0,), "array must be x, one of layers\\[0\\] to layers\\[6\\], or a parameter, got 'w9'"),
        ("layers[7]", (0,), (0,), "array must be x"),
        (
            "layers[3]",
            (4,),
            (0,),
            "index must be one of layers\\[3\\], whose units have the shape \\(4,\\), got \\[4\\]",
        ),
        ("w2", (2, 0), (0,), "index must be within the shape \\(2, 3\\) of w2"),
        ("w2", (0,), (0,), "index must hold 2 numbers for w2"),
        ("w2", (0, 0), (40,), "samples must be below 40, the number of points, got \\[40\\]"),
    ],
)
def test_what_is_not_there(run, array, index, samples, message):
    with pytest.raises(ValueError, match=message):
        explain(run, array, index, samples)


@pytest.mark.parametrize(
    ("formula", "place", "expected"),
    [
        ("x @ w", (1, 0), "3 · 0.5 + 4 · (-0.5)"),
        ("x.T @ x", (0, 1), "1 · 2 + 3 · 4"),
        ("max(x, 0) - b", (0, 1), "max(2, 0) - 0.25"),
        ("exp(x) / sum_c(exp(x))", (0, 0), "exp(1) / (exp(1) + exp(2))"),
        ("x - max_c(x)", (1, 0), "3 - 4"),
        ("b - v", (0,), "0.25 + 7.5"),
        ("thin @ thin.T", (0, 0), "0 · 0 + 1 · 1"),
        (
            "wide @ wide.T",
            (0, 0),
            "24 · 24 + 25 · 25 + 26 · 26 + 27 · 27 + 28 · 28 + 29 · 29 + 30 · 30 + 31 · 31 + 4324",
        ),
    ],
)
def test_one_element_with_its_numbers(formula, place, expected):
    operands = {
        "x": np.array([[1.0, 2.0], [3.0, 4.0]]),
        "w": np.array([[0.5], [-0.5]]),
        "b": np.array(0.25),
        "v": np.array([-7.5]),
        "thin": np.array([[0.0, 1.0]]),
        "wide": np.arange(32.0)[None],
    }
    assert element(formula, operands, place).replace("−", "-") == expected
