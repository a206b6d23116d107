"""`check_gradients` passes on every layer and every loss, and finds each of many mistakes, in words that say where it is."""

from dataclasses import fields

import numpy as np
import pytest
from catalogue import LAYERS, LOSSES

import whorl.stack
from whorl import (
    BatchNorm,
    CrossEntropy,
    Dense,
    Dropout,
    Embedding,
    Hinge,
    Layer,
    LayerNorm,
    LeakyReLU,
    MeanSquaredError,
    Model,
    Parameter,
    Poisson,
    Quantile,
    ReLU,
    Residual,
    Sigmoid,
    Softmax,
    Softplus,
    Tanh,
    check_gradients,
)
from whorl.initializers import Ones
from whorl.losses import BinaryCrossEntropy, Elementwise
from whorl.regularizers import L2


def drawn(n=6, columns=5):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, columns)), rng.integers(3, size=n)


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_every_layer_passes(layer):
    X, y = drawn()
    if isinstance(layer, Embedding):
        for column, categories in zip(layer.chosen, layer.categories, strict=True):
            X[:, column] = np.arange(6) % categories
    model = Model([layer, Dense(3), Softmax()], inputs=5, rng=0)
    model.adapt(X, rng=0)
    errors = check_gradients(model, X, y, loss=CrossEntropy(), elements=12)
    assert errors.passed, errors


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("weighted", [False, True])
def test_every_loss_passes(loss, weighted):
    X, y = drawn()
    last = {CrossEntropy: Softmax(), BinaryCrossEntropy: Sigmoid(), Poisson: Softplus()}.get(type(loss), LeakyReLU())
    if not isinstance(loss, CrossEntropy | Hinge):
        y = np.abs(X[:, :3]) % 1
        y = y[:, :1] if loss == Quantile(0.9) else y
    model = Model([Dense(y.shape[1] if y.ndim > 1 else 3), last], inputs=5, rng=0)
    errors = check_gradients(model, X, y, loss=loss, sample_weight=np.arange(1, 7) if weighted else None)
    assert errors.passed, errors


# Planted mistakes. Each backward pass below is right but for one thing, which its name says.


def planted(kind, mistake):
    """A layer whose passes are those of this kind, but for what `mistake` makes of the forward pass, or of dx and the gradients."""

    class Planted(kind):
        def forward(self, x, p, rng=None):
            y, right = super().forward(x, p, rng)
            return mistake(self, x, p, y, right)

    return Planted


def after(change):
    """The mistake of changing what the right backward pass has computed."""

    def mistake(self, x, p, y, right):
        def backward(dy, g):
            upstream = dy.copy()
            dx = right(dy, g)
            changed = change(x=x, p=p, y=y, dy=upstream, g=g, dx=dx)
            return dx if changed is None else changed

        return y, backward

    return mistake


def assign(name, values):
    """Write other numbers as the gradient of a parameter."""

    def change(g, **given):
        getattr(g, name)[...] = values(g=g, **given)

    return after(change)


def shift_column(g, x, dy, **_):
    return x.T @ np.roll(dy, 1, axis=1)


class Slope(Layer):
    """y = a x."""

    def parameters(self, inputs):
        return {"a": Parameter(inputs, Ones())}

    def forward(self, x, p, rng=None):
        def backward(dy, g):
            np.sum(dy * x, axis=0, out=g.a)
            return dy * p.a

        return p.a * x, backward


class Square(Layer):
    """y = x², whose derivative 2x is not that at y."""

    def forward(self, x, p, rng=None):
        return x * x, lambda dy, g: 2 * x * dy


def backward_of(write):
    """The mistake of writing the gradient of a in another way."""

    def mistake(self, x, p, y, right):
        def backward(dy, g):
            write(np.sum(dy * x, axis=0), g)
            return dy * p.a

        return y, backward

    return mistake


LATEST = {}


def stale(self, x, p, y, right):
    """Takes the inputs of the latest forward pass, of this one or not."""
    LATEST["x"] = x

    def backward(dy, g):
        np.sum(dy * np.resize(LATEST["x"], dy.shape), axis=0, out=g.a)
        return dy * p.a

    return y, backward


def once(self, x, p, y, right):
    kept = [right]

    def backward(dy, g):
        return kept.pop()(dy, g)

    return y, backward


def used_up(self, x, p, y, right):
    """Scales what it keeps in place."""
    own = x.copy()

    def backward(dy, g):
        own.__imul__(0.5)
        np.sum(dy * own * 2, axis=0, out=g.a)
        return dy * p.a

    return y, backward


def overwrite(self, x, p, y, right):
    out = np.maximum(x, 0, out=x)
    return out, lambda dy, g: dy * (out > 0)


def overwrite_later(self, x, p, y, right):
    def backward(dy, g):
        dx = right(dy, g)
        x[...] = 0
        return dx

    return y, backward


def random(self, x, p, y, right):
    mask = np.random.default_rng().random(x.shape) < 0.5
    return (y * mask).astype(x.dtype), lambda dy, g: right((dy * mask).astype(x.dtype), g)


def counts(self, x, p, y, right):
    p.a += 1
    return y, right


WHERE = "layers[2], Planted("
LAYER_MISTAKES = {
    "missing factor": (Square, after(lambda dx, **_: dx / 2), "dL/dx is wrong"),
    "wrong sign": (Tanh, after(lambda dx, **_: -dx), "dL/dx is wrong"),
    "derivative at the output, as if at the input": (Square, after(lambda y, dy, **_: 2 * y * dy), "dL/dx is wrong"),
    "derivative at the input, as if at the output": (Tanh, after(lambda x, dy, **_: dy * (1 - x * x)), "dL/dx is wrong"),
    "wrong side of the kink": (ReLU, after(lambda x, dy, **_: dy * (x < 0)), "dL/dx is wrong"),
    "missing slope": (LeakyReLU, after(lambda x, dy, **_: dy * (x > 0)), "dL/dx is wrong"),
    "missing transpose": (lambda: Dense(5), after(lambda p, dy, **_: dy @ p.w), "dL/dx is wrong"),
    "gradient divided by n": (lambda: Dense(5), assign("w", lambda g, dy, **_: g.w / len(dy)), "the gradient of w2 is wrong"),
    "bias mean for a sum": (lambda: Dense(5), assign("b", lambda dy, **_: dy.mean(axis=0)), "the gradient of b2 is wrong"),
    "sum over the wrong axis": (lambda: Dense(6), assign("b", lambda dy, **_: dy.sum(axis=1)), "the gradient of b2 is wrong"),
    "off by one column": (lambda: Dense(5), assign("w", shift_column), "the gradient of w2 is wrong"),
    "one row too few": (Slope, assign("a", lambda x, dy, **_: (dy * x)[:-1].sum(axis=0)), "the gradient of a2 is wrong"),
    "one wrong element": (Slope, assign("a", lambda g, **_: g.a * [1, 1, 1, 1, 1.01]), "the gradient of a2 is wrong"),
    "gradient for another parameter": (LayerNorm, assign("beta", lambda g, **_: g.gamma), "the gradient of beta2 is wrong"),
    "mask not applied": (lambda: Dropout(0.5), after(lambda dy, **_: dy), "dL/dx is wrong"),
    "mask without its scale": (lambda: Dropout(0.5), after(lambda dx, **_: dx / 2), "dL/dx is wrong"),
    "batch norm without the mean": (BatchNorm, after(lambda dx, dy, **_: dx + dy.mean(axis=0)), "dL/dx is wrong"),
    "batch norm without its statistics": (
        BatchNorm, after(lambda x, p, dy, **_: dy * p.gamma / np.sqrt(x.var(axis=0) + 1e-5)), "dL/dx is wrong",
    ),
    "no path around": (lambda: Residual([Dense(5)]), after(lambda dx, dy, **_: dx - dy), "dL/dx is wrong"),
    "added": (Slope, backward_of(lambda slope, g: g.a.__iadd__(slope)), "adds the gradient of a2 to g.a; it must replace"),
    "not written": (Slope, backward_of(lambda slope, g: None), "backward does not write the gradient of a2 into g.a"),
    "NaN": (Slope, assign("a", lambda **_: np.nan), "the gradient of a2 is wrong"),
    "float64": (Tanh, after(lambda dx, **_: dx.astype(np.float64)), "dL/dx of type float64 for type float32"),
    "wrong shape": (Tanh, after(lambda dx, **_: dx[:, :4]), "dL/dx of shape (6, 4); it must have that of the array, (6, 5)"),
    "no derivative": (Tanh, lambda self, x, p, y, right: (y, lambda dy, g: None), "backward must return dL/dx, got None"),
    "stale": (Slope, stale, "gives another gradient after another forward pass"),
    "works once": (Tanh, once, "fails when it is called a second time: IndexError: pop from empty list"),
    "changes what it keeps": (Slope, used_up, "another gradient of a2 when it is called a second time"),
    "overwrites its inputs": (ReLU, overwrite, "forward overwrites its inputs x"),
    "overwrites its inputs later": (Tanh, overwrite_later, "backward overwrites the inputs x"),
    "not deterministic": (Tanh, random, "forward is not deterministic"),
    "changes its parameters": (Slope, counts, "forward changes the parameters of the model"),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYER_MISTAKES)
def test_a_mistake_in_a_layer_is_found_and_named(name):
    kind, mistake, words = LAYER_MISTAKES[name]
    right = kind()
    wrong = planted(type(right), mistake)(**{each.name: getattr(right, each.name) for each in fields(right)})
    X, y = drawn()

    def network(layer):
        return Model([Dense(5), Tanh(), layer, Dense(3), Softmax()], inputs=5, rng=0)

    assert check_gradients(network(right), X, y, loss=CrossEntropy(), elements=5).passed
    found = check_gradients(network(wrong), X, y, loss=CrossEntropy(), elements=12)
    assert not found.passed
    assert any(each.startswith(WHERE) and words in each for each in found.problems), found
    assert {each.split(", ")[0] for each in found.problems} == {"layers[2]"}, found


# Losses and penalties


class WrongSquared(Elementwise):
    """The mean squared error with a wrong derivative."""

    kind: str

    def each(self, p, y):
        d = p - y
        return d * d, {
            "no factor": d,
            "sign": -2 * d,
            "at the target": 2 * y,
            "sum": 2 * d,
            "float64": (2 * d).astype(np.float64),
        }[self.kind]

    def forward(self, prediction, target, weight=None):
        value, right = super().forward(prediction, target, weight)
        if self.kind == "sum":
            return value, lambda: right() * len(prediction)
        return value, right


SQUARED = {
    "no factor": "its derivative is wrong",
    "sign": "its derivative is wrong",
    "at the target": "its derivative is wrong",
    "sum": "its derivative is wrong",
    "float64": "backward returns dL/dprediction of type float64 for type float32",
}


@pytest.mark.parametrize("kind", SQUARED)
def test_a_mistake_in_a_loss_is_found_and_named(kind):
    X, _ = drawn()
    model = Model([Dense(5), Tanh(), Dense(2)], inputs=5, rng=0)
    found = check_gradients(model, X, X[:, :2], loss=WrongSquared(kind))
    assert not found.passed
    (problem,) = found.problems
    assert problem.startswith(f"WrongSquared({kind!r}): {SQUARED[kind]}")


class HalfPenalty(L2):
    """Its gradient has the factor 1 instead of 2."""

    def forward(self, parameters):
        value, backward = super().forward(parameters)

        def half(gradients):
            full = np.zeros_like(gradients)
            backward(full)
            gradients += full / 2

        return value, half


@pytest.mark.parametrize("strength", [0.1, 1e-7])
def test_a_mistake_in_a_penalty_is_found_and_named(strength, monkeypatch):
    X, y = drawn()
    monkeypatch.setattr(whorl.stack, "L2", HalfPenalty)
    model = Model([Dense(4), Tanh(), Dense(3, weight_l2=strength), Softmax()], inputs=5, rng=0)
    (problem,) = check_gradients(model, X, y, loss=CrossEntropy()).problems
    assert problem.startswith("the gradient of the penalty HalfPenalty of w2 is wrong: at [")


# What the result says


class Tripled(Layer):
    """y = 2 x, with the gradient of 3 x."""

    def forward(self, x, p, rng=None):
        return 2 * x, lambda dy, g: 3 * dy


def test_the_two_numbers_are_those_of_the_element_that_deviates_most():
    model = Model([Dense(1), Tripled()], inputs=2, rng=0, dtype=np.float64)
    found = check_gradients(model, [[1.0, 2.5]], [[0.0]], loss=MeanSquaredError())
    at = found.deviations["w1"]
    assert at.index == (1, 0)
    assert at.analytic == pytest.approx(1.5 * at.numeric, rel=1e-6)
    assert found["w1"] == at.error == pytest.approx(1 / 3, rel=1e-6)
    assert set(found) == {"w1", "b1", "inputs"}
    (problem,) = found.problems
    assert problem.startswith("layers[1], Tripled(): dL/dx is wrong: at [0, 0], backpropagation gives ")
    alone = found.problems[0].split("gives ")[1].split(", and finite differences ")
    assert float(alone[0]) == pytest.approx(1.5 * float(alone[1]), rel=1e-4)


def test_the_table_has_a_row_for_each_array_by_layer():
    X, y = drawn()
    model = Model([Residual([Dense(5), ReLU()]), Tripled(), Dense(3), Softmax()], inputs=5, rng=0)
    found = check_gradients(model, X, y, loss=CrossEntropy())
    lines = repr(found).splitlines()
    assert [line.split("  ")[0] for line in lines[:8]] == [
        "layer", "inputs", "Residual((Dense(5), ReLU()))", "", "Tripled()", "Dense(3)", "", "Softmax()",
    ]  # fmt: skip
    assert lines[8:] == ["3 of 5 gradients are wrong: their errors are 1e-05 or more", *found.problems]
    assert found.worst in {"w1", "b1", "inputs"}
    right = check_gradients(Model([Dense(3), Softmax()], inputs=5, rng=0), X, y, loss=CrossEntropy())
    assert repr(right).splitlines()[-1] == "all gradients are right"
    assert right == {"w1": right["w1"], "b1": right["b1"], "inputs": right["inputs"]}


def test_a_part_of_the_elements():
    X, y = drawn()
    model = Model([Dense(30), Tripled(), Dense(3), Softmax()], inputs=5, rng=0)
    found = check_gradients(model, X, y, loss=CrossEntropy(), elements=4, rng=1)
    assert not found.passed
    assert found["w1"] > 0.1
    assert found["w2"] < 1e-6
    seen = {
        check_gradients(model, X, y, loss=CrossEntropy(), elements=1, rng=seed).deviations["w1"].index
        for seed in range(3)
    }
    assert len(seen) > 1
    with pytest.raises(ValueError, match="elements must be a whole number of at least 1, got 0"):
        check_gradients(model, X, y, loss=CrossEntropy(), elements=0)


def test_many_categories_are_steps_that_stay_whole():
    X = np.array([[99_000.0, 0.3], [4.0, -0.2]])
    model = Model([Embedding([100_000], 1, columns=[0]), Dense(2), Softmax()], inputs=2, rng=0)
    found = check_gradients(model, X, [0, 1], loss=CrossEntropy(), elements=20)
    assert found.passed
