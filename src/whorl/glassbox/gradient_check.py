"""Check gradients: change each value slightly, and compare the change of the loss with the gradient."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import numpy as np

from whorl._core import randomness, validation
from whorl._core.randomness import RNG
from whorl._core.types import Array
from whorl.glassbox.finite_differences import Deviation, compare
from whorl.glassbox.gradient_contract import layer_problems, loss_problems
from whorl.glassbox.gradient_report import TOLERANCE, GradientCheck
from whorl.layers import Layer, chain
from whorl.losses import FusedLoss, Loss, as_loss
from whorl.model import Model
from whorl.passes import is_fused, loss_pass
from whorl.regularizers import L1, L2
from whorl.summary import short_code
from whorl.training import Samples

NOISE = 8 * float(np.finfo(float).eps)
"""The rounding error of the difference of two numbers of about 1."""


def check_gradients(
    model: Model,
    X: Any,
    y: Any,
    *,
    loss: Loss,
    sample_weight: Any = None,
    step: float = 1e-6,
    elements: int | None = None,
    rng: RNG = 0,
) -> GradientCheck:
    """Compare the model's gradients with finite differences, and return the largest relative error by parameter.

    For each element p of a parameter, the central difference ``(L(p + h) − L(p − h)) / 2h`` is compared with dL/dp, with
    the same dropout masks in all passes. The error of a parameter is
    ``max |analytic − numeric| / max(|analytic|, |numeric|)``, the largest deviation over the largest gradient: below 1e-6
    the gradient is right, above 1e-3 it is wrong. The rounding error of the central difference, about 1e-9, is subtracted
    from the deviation first; gradients smaller than that cannot be checked.

    ReLU, `Hinge` and `MeanAbsoluteError` have kinks, where the slope of the loss jumps. If p lies within h of one, the central
    difference mixes the slopes of both sides. So an element that deviates is compared with the one-sided differences
    ``(4 L(p ± h) − 3 L(p) − L(p ± 2h)) / ±2h`` too; if these differ from each other, also with those of h / 10 and h / 100. The
    nearest one counts. Where there is no kink, both sides agree, and a wrong gradient deviates from both.

    The check uses a copy of the model in float64, and takes two passes for each element. The parameters and inputs of the
    copy are shifted by normal noise of standard deviation 0.01. Otherwise the inputs of a ReLU can be exactly 0, where it
    has no derivative: for example, when all biases and a sample are 0. Columns of whole numbers, which may be the categories of
    an `Embedding`, are not shifted.

    If an error is found, the loss, each penalty and each layer are checked by themselves, so that the result names the layer whose
    backward pass is wrong, and not only the arrays before it. Other mistakes are named too, found in the model's own type and in
    float64: a layer that adds to its gradients instead of writing them, overwrites its inputs, draws random numbers from another
    source than its generator, returns arrays of a wrong shape or type, or whose backward pass works only once, or only for the
    last forward pass.

    The last layer and the loss are checked as training computes them: where `Softmax` meets `CrossEntropy`, or `Sigmoid`
    `BinaryCrossEntropy`, that is their fused step, which does not use the layer's own backward pass. With `MeanSquaredError` it does.

    Parameters
    ----------
    model : Model
    X, y, loss, sample_weight
        As in `Model.evaluate`; a few samples are enough.
    step : float, optional
        h, above 0; multiplied by |p| for elements above 1.
    elements : int, optional
        The most elements of each array to check, drawn at random; by default all.
    rng : int, Generator or None, optional
        Draws the shift and the dropout masks.

    Returns
    -------
    GradientCheck
        A dictionary with the error of each parameter, such as ``"w1"``, and of dL/dX as ``"inputs"``. It prints as a table by layer.
        `GradientCheck.passed` says whether all is right, and `GradientCheck.problems` what is not.

    Examples
    --------
    >>> from whorl import CrossEntropy, Dense, Dropout, ReLU, Softmax, datasets
    >>> X, y = datasets.spiral(5, rng=0)
    >>> model = Model([Dense(8, weight_l2=0.01), ReLU(), Dropout(0.2), Dense(3), Softmax()], inputs=2, rng=0)
    >>> errors = check_gradients(model, X, y, loss=CrossEntropy())
    >>> list(errors)
    ['w1', 'b1', 'w2', 'b2', 'inputs']
    >>> max(errors.values()) < 1e-6
    True

    A layer whose gradient is 10 % too large:

    >>> from whorl import Layer
    >>> class Double(Layer):
    ...     def forward(self, x, p, rng=None):
    ...         return 2 * x, lambda dy, g: 2.2 * dy
    >>> model = Model([Dense(1), Double(), Dense(3), Softmax()], inputs=2, rng=0)
    >>> check_gradients(model, X, y, loss=CrossEntropy())  # doctest: +ELLIPSIS
    layer      array               error  at       backpropagation  differences
    inputs     inputs (15, 2)    9.1e-02  ...
    Dense(1)   w1 (2, 1)         9.1e-02  ...
               b1 (1,)           9.1e-02  ...
    Double()
    Dense(3)   w2 (1, 3)         ...
               b2 (3,)           ...
    Softmax()
    3 of 5 gradients are wrong: their errors are 1e-05 or more
    layers[1], Double(): dL/dx is wrong: at [...], backpropagation gives ..., and finite differences ...
    """
    validation.instance("model", model, Model, "Model([Dense(3), Softmax()], inputs=2)")
    h = validation.number("step", step, above=0)
    most = None if elements is None else validation.integer("elements", elements)
    generator = randomness.generator(rng)
    seed = int(generator.integers(2**32))
    double = Model(model.layers, inputs=model.inputs, rng=0, dtype=np.float64)
    double.statistics[:] = model.statistics
    double.parameters[:] = model.parameters + 0.01 * generator.standard_normal(model.parameters.shape)
    loss = as_loss(loss)
    data = Samples.checked(double, X, y, loss, sample_weight)
    x = np.array(data.x)
    moved = (x != np.rint(x)).any(axis=0)  # not the columns of categories
    x += 0.01 * moved * generator.standard_normal(x.shape)
    steps = np.where(moved, h * np.maximum(1, np.abs(x)), h)
    return _Check(double, x, steps, data, loss, h, most, seed).report(model.dtype)


class _Check:
    """A check of the gradients of a model in float64."""

    def __init__(
        self, model: Model, x: Array, steps: Array, data: Samples, loss: Loss, h: float, most: int | None, seed: int
    ) -> None:
        self.model, self.x, self.steps, self.data, self.loss = model, x, steps, data, loss
        self.h, self.most, self.seed = h, most, seed
        self.fused = is_fused(model, loss)
        self.layers = model.layers[:-1] if self.fused else model.layers

    def report(self, dtype: np.dtype[Any]) -> GradientCheck:
        """Check everything, and return the errors and the problems, those in this type too."""
        problems = self.contract(dtype)
        try:
            found = self.whole()
        except Exception:
            if not problems:  # which otherwise say why
                raise
            found = dict.fromkeys([*self.model.trained, "inputs"], Deviation(math.inf))
        else:
            if any(each.error >= TOLERANCE for each in found.values()):
                problems += self.causes()
            problems += self.penalties()
        shapes = {name: str(array.shape) for name, array in self.arrays().items()}
        rows: list[tuple[str, list[str]]] = [("inputs", ["inputs"])]
        for place in self.model.places:
            names = [name for each in chain.walk([place]) for name in each.declared if name in self.model.trained]
            rows.append((short_code(place.layer), names))
        return GradientCheck(found, problems, rows, shapes)

    def arrays(self) -> dict[str, Array]:
        """Return the arrays to check, by name."""
        return {**self.model.named_parameters(), "inputs": self.x}

    def compare(self, function: Callable[[], float], array: Array, gradient: Array, noise: float) -> Deviation:
        """Compare a gradient with finite differences; `noise` is the rounding error of the function over that of 1."""
        steps = self.steps if array is self.x else self.h * np.maximum(1, np.abs(array))
        chosen = None
        if self.most is not None and array.size > self.most:
            chosen = np.sort(np.random.default_rng(self.seed).choice(array.size, self.most, replace=False))
        return compare(function, array, gradient, steps=steps, noise=NOISE * max(1, noise) / self.h, chosen=chosen)

    def whole(self) -> dict[str, Deviation]:
        """Compare the gradients of the whole network with finite differences."""

        def run() -> tuple[float, Callable[[], Array | None]]:
            rng = np.random.default_rng(self.seed)
            done = loss_pass(self.model, self.x, self.data.target, self.loss, self.data.weight, rng, inputs=True)
            return done.loss, done.backward

        value, backward = run()
        self.model.gradients[:] = 1.0  # a layer must write its gradients, not add to them
        dx = backward()
        assert dx is not None
        gradients = {name: each.copy() for name, each in self.model.named_gradients().items()} | {"inputs": dx}
        return {
            name: self.compare(lambda: run()[0], array, gradients[name], abs(value))
            for name, array in self.arrays().items()
        }

    def contract(self, dtype: np.dtype[Any]) -> list[str]:
        """Return the mistakes of layers and of the loss that are no wrong numbers, in this type and in float64."""
        found: dict[str, None] = {}
        for kind in dict.fromkeys([dtype, np.dtype(np.float64)]):
            model = Model(self.model.layers, inputs=self.model.inputs, rng=0, dtype=kind)
            model.parameters, model.statistics = self.model.parameters, self.model.statistics
            rng = np.random.default_rng(self.seed)
            with np.errstate(all="ignore"):  # large numbers may overflow in float32
                problems = layer_problems(model, self.layers, self.x.astype(kind), rng)
                if not problems:
                    problems = [f"{self.loss!r}: {each}" for each in self.loss_problems(model)]
            found |= dict.fromkeys(problems)
        return list(found)

    def loss_problems(self, model: Model) -> Iterator[str]:
        """Yield the mistakes of the loss that are no wrong numbers, for predictions in the type of the model."""
        output, _ = chain.forward(self.layers, self.x.astype(model.dtype), model.p, np.random.default_rng(self.seed))
        target, weight = self.data.target, self.data.weight
        target = target.astype(model.dtype) if target.dtype.kind == "f" else target
        weight = None if weight is None else weight.astype(model.dtype)
        return loss_problems(lambda prediction: self.loss_forward(prediction, target, weight), output.copy())

    def loss_forward(self, output: Array, target: Array, weight: Array | None) -> tuple[float, Callable[[], Array]]:
        """Return the loss of the output of the layers, and its backward pass, as training computes them."""
        if self.fused:
            value, _, backward = cast("FusedLoss", self.loss).from_scores(output, target, weight)
            return value, backward
        return self.loss.forward(output, target, weight)

    def causes(self) -> list[str]:
        """Return which layers, or whether the loss, compute wrong gradients by themselves."""
        x, rng, found = self.x.copy(), np.random.default_rng(self.seed), list[str]()
        g = self.model.gradient_views(inputs=True)
        for i, layer in enumerate(self.layers):
            y, wrong = self.layer_alone(i, layer, x, g[i], copy.deepcopy(rng))
            layer.forward(x, self.model.p[i], rng)  # takes from the generator what it takes in the whole network
            found += [f"layers[{i}], {layer!r}: {each}" for each in wrong]
            x = y
        target, weight = self.data.target, self.data.weight
        value, backward = self.loss_forward(x, target, weight)
        slope = backward().copy()
        deviation = self.compare(lambda: self.loss_forward(x, target, weight)[0], x, slope, abs(value))
        if deviation.error >= TOLERANCE:
            found.append(f"{self.loss!r}: its derivative is wrong: {deviation}")
        return found

    def layer_alone(self, i: int, layer: Layer, x: Array, g: Any, rng: np.random.Generator) -> tuple[Array, list[str]]:
        """Return the output of a layer, and which of its gradients are wrong, for the loss ``Σ u y`` with random u."""
        p, parameters = self.model.p[i], self.model.named_parameters()
        y, backward = layer.forward(x, p, copy.deepcopy(rng))
        u = np.random.default_rng(self.seed).standard_normal(y.shape)
        self.model.gradients[:] = 1.0
        dx = backward(u.copy(), g)
        gradients = {name: each.copy() for name, each in self.model.named_gradients().items()}

        def function() -> float:
            return float((layer.forward(x, p, copy.deepcopy(rng))[0] * u).sum())

        noise, wrong = float(np.abs(y * u).sum()), list[str]()
        names = [name for each in chain.walk([self.model.places[i]]) for name in each.declared if name in parameters]
        x = np.ascontiguousarray(x)
        pairs = [(f"the gradient of {name}", parameters[name], gradients[name]) for name in names]
        for what, array, gradient in [("dL/dx", x, dx), *pairs]:
            assert gradient is not None
            deviation = self.compare(function, array, gradient, noise)
            if deviation.error >= TOLERANCE:
                wrong.append(f"{what} is wrong: {deviation}")
        return y.copy(), wrong

    def penalties(self) -> list[str]:
        """Return which penalties have wrong gradients."""
        found, parameters = [], self.model.parameters
        for penalty in self.model.penalties:
            value, backward = penalty.forward(parameters)
            self.model.gradients[:] = 0.0
            backward(self.model.gradients)
            gradients = self.model.named_gradients()
            for name, array in self.model.named_parameters().items():
                deviation = self.compare(partial(_penalty, penalty, parameters), array, gradients[name], abs(value))
                if deviation.error >= TOLERANCE:
                    found.append(
                        f"the gradient of the penalty {type(penalty).__name__} of {name} is wrong: {deviation}"
                    )
        return found


def _penalty(penalty: L1 | L2, parameters: Array) -> float:
    """Return the value of a penalty."""
    return penalty.forward(parameters)[0]
