"""The model: layers in a row, and everything one does with them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from whorl import checks, randomness
from whorl.layers import Layer, Softmax, chain
from whorl.losses import CrossEntropy, FusedLoss, Loss
from whorl.metrics import Metric, named
from whorl.optimizers import Optimizer
from whorl.parameters import views
from whorl.randomness import RNG
from whorl.regularizers import L2
from whorl.summary import Table, summary
from whorl.training import Callback, History, Samples, Training, fit
from whorl.types import Array

FUSED: Mapping[type[Loss], type[Layer]] = {CrossEntropy: Softmax}
"""Where a model ends in such a layer and meets such a loss, the two are one stable step: `FusedLoss.from_scores`."""

CHUNK = 1024
"""Samples that go through the network at a time when it predicts, which bounds the memory it takes."""


class Model:
    """A feed-forward network, complete as soon as it is constructed.

    Parameters
    ----------
    layers : sequence of Layer
        In order. The model keeps copies of its own, so one list may serve for several models.
    inputs : int or tuple of int
        The shape of one sample; an int n is short for (n,).
    rng : int, Generator or None, optional
        Where the first values of the parameters come from. None takes fresh entropy.
    dtype : dtype_like, optional
        float32 or float64: the type of the parameters, and of all that is computed.

    Attributes
    ----------
    layers : tuple of Layer
        The model's own layers, bound to their parameters.
    inputs, outputs : tuple of int
        The shapes of one sample going in, and of what comes out for it.
    dtype : dtype
    parameters, gradients : ndarray, shape (P,)
        All parameters in one vector, and the gradient that was last taken back in another. The layers work on views of
        them, so change them in place: ``model.parameters[:] = …``.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the form above, or a layer does not fit the one before it.

    Examples
    --------
    >>> from whorl import Dense, ReLU
    >>> model = Model([Dense(64), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    >>> model.predict([[0.1, 0.2]]).shape
    (1, 3)
    >>> {name: view.shape for name, view in model.named_parameters().items()}
    {'w1': (2, 64), 'b1': (64,), 'w2': (64, 3), 'b2': (3,)}
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        inputs: int | Sequence[int],
        rng: RNG = None,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        self.inputs = checks.shape("inputs", inputs)
        self.dtype = checks.float_type("dtype", dtype)
        self.layers = chain.copied(layers)
        self._connect()
        generator, named = randomness.generator(rng), self.named_parameters()
        for name, parameter in self._declared.items():
            named[name][:] = parameter.initializer(parameter.shape, generator)

    def _connect(self) -> None:
        """Allocate the two vectors, bind the layers' views of them, and gather the strengths of the penalty."""
        by_layer, shapes = chain.declare(self.layers, self.inputs)
        self.outputs = shapes[-1]
        self._declared = {name: p for declared in by_layer for name, p in declared.items()}
        self.parameters = np.zeros(sum(p.size for p in self._declared.values()), self.dtype)
        self.gradients = np.zeros_like(self.parameters)
        values, gradients = self.named_parameters(), self.named_gradients()
        for layer, declared in zip(self.layers, by_layer, strict=True):
            layer.bind(
                {p.name: values[name] for name, p in declared.items()},
                {p.name: gradients[name] for name, p in declared.items()},
            )
        strengths = np.zeros_like(self.parameters)
        for name, view in views(strengths, self._declared).items():
            view[:] = self._declared[name].l2
        self._l2 = L2(strengths) if strengths.any() else None
        trainable = [i for i, declared in enumerate(by_layer) if declared]
        self._first_trainable = trainable[0] if trainable else len(self.layers)
        self.track_inputs(wanted=False)

    # copy.copy, copy.deepcopy and pickle come through these two: the copy gets vectors of its own, and views of them.

    def __getstate__(self) -> dict[str, Any]:
        return {
            "layers": deepcopy(self.layers),
            "inputs": self.inputs,
            "dtype": self.dtype,
            "parameters": self.parameters.copy(),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.layers, self.inputs, self.dtype = state["layers"], state["inputs"], state["dtype"]
        self._connect()
        self.parameters[:] = state["parameters"]

    def __repr__(self) -> str:
        inputs = self.inputs[0] if len(self.inputs) == 1 else self.inputs
        dtype = "" if self.dtype == np.float32 else f", dtype={self.dtype.name!r}"
        return f"Model([{', '.join(map(repr, self.layers))}], inputs={inputs}{dtype})"

    def named_parameters(self) -> dict[str, Array]:
        """Return views of the parameters: ``w1, b1, w2, b2``, numbered by layer with parameters."""
        return views(self.parameters, self._declared)

    def named_gradients(self) -> dict[str, Array]:
        """Return views of the gradients, under the names of their parameters."""
        return views(self.gradients, self._declared)

    def track_inputs(self, *, wanted: bool = True) -> None:
        """Take gradients back to the inputs, or not: gradient checks and saliency maps need dL/dx, training does not."""
        self._first = 0 if wanted else self._first_trainable
        for i, layer in enumerate(self.layers):
            layer.input_gradient = wanted or i > self._first_trainable

    # One pass. What follows trusts its arguments: x is (n, *inputs) of the model's dtype.

    def loss(
        self,
        x: Array,
        target: Array,
        loss: Loss,
        *,
        weight: Array | None = None,
        training: np.random.Generator | None = None,
    ) -> tuple[float, float, Array, Callable[[], Array | None]]:
        """Return the loss, the penalty in it, the prediction, and the closure that takes the gradient all the way back.

        The closure fills `gradients` with the gradient of exactly the loss returned, penalty included, and returns dL/dx
        if `track_inputs` asked for it.

        Parameters
        ----------
        x : ndarray, shape (n, *inputs)
            Of the model's dtype.
        target : ndarray
            Labels, as ``loss.targets(y, model.outputs)`` returns them.
        loss : Loss
        weight : ndarray, shape (n,), optional
            Weights of the samples, of mean 1 over the data set.
        training : Generator or None, optional
            What a training pass draws from; None to predict.
        """
        output, back = chain.forward(self._before(loss), x, training, self._first)
        value, prediction, loss_back = self._compare(output, target, loss, weight)
        penalty, penalty_back = self._l2.forward(self.parameters) if self._l2 else (0.0, None)

        def backward() -> Array | None:
            dx: Array | None = back(loss_back())
            if penalty_back:
                penalty_back(self.gradients)
            return dx

        return value + penalty, penalty, prediction, backward

    def measure(self, data: Samples, loss: Loss, metrics: Mapping[str, Metric]) -> dict[str, float]:
        """Return the loss, the penalty in it and the metrics, for data that has been checked: see `evaluate`."""
        output = self._in_chunks(self._before(loss), data.x)
        value, prediction, _ = self._compare(output, data.target, loss, data.weight)
        penalty = self._l2.forward(self.parameters)[0] if self._l2 else 0.0
        measured = {name: float(metric(data.target, prediction)) for name, metric in metrics.items()}
        return {"loss": value + penalty, "penalty": penalty, **measured}

    def _fuses(self, loss: Loss) -> bool:
        return FUSED.get(type(loss)) is type(self.layers[-1])

    def _before(self, loss: Loss) -> Sequence[Layer]:
        """Return the layers whose output the loss compares with the labels."""
        return self.layers[:-1] if self._fuses(loss) else self.layers

    def _compare(
        self, output: Array, target: Array, loss: Loss, weight: Array | None
    ) -> tuple[float, Array, Callable[[], Array]]:
        """Return the loss without penalty, the model's prediction, and the closure that gives dL/doutput."""
        if self._fuses(loss):
            return cast("FusedLoss", loss).from_scores(output, target, weight)
        value, backward = loss.forward(output, target, weight)
        return value, output, backward

    def _in_chunks(self, layers: Sequence[Layer], x: Array) -> Array:
        if len(x) <= CHUNK:
            return chain.predict(layers, x)
        starts = range(0, len(x), CHUNK)
        return np.concatenate([chain.predict(layers, x[start : start + CHUNK]) for start in starts])

    # What users call.

    def predict(self, X: Any) -> Array:
        """Return the network's output for each sample.

        Parameters
        ----------
        X : array_like, shape (n, *inputs)
            At least one sample; finite.

        Returns
        -------
        ndarray, shape (n, *outputs)
            Of the model's dtype: with `Softmax` last, the probability of each class.

        Raises
        ------
        TypeError, ValueError
            If X does not hold finite numbers, or not in that shape.

        Examples
        --------
        >>> from whorl import Dense
        >>> model = Model([Dense(2), Softmax()], inputs=3, rng=0)
        >>> model.predict(np.zeros((1, 3)))
        array([[0.5, 0.5]], dtype=float32)
        """
        return self._in_chunks(self.layers, checks.samples("X", X, self.inputs, self.dtype))

    def evaluate(
        self,
        X: Any,
        y: Any,
        *,
        loss: Loss,
        metrics: Iterable[str | Metric] = (),
        sample_weight: Any = None,
    ) -> dict[str, float]:
        """Return how well the network does on these samples.

        Parameters
        ----------
        X : array_like, shape (n, *inputs)
        y : array_like, shape (n,) or (n, k)
            Labels, as the loss takes them.
        loss : Loss
        metrics : iterable of str or callable, optional
            ``"accuracy"`` or another name in `whorl.metrics.METRICS`, or functions of (labels, predictions).
        sample_weight : array_like, shape (n,), optional
            Weights in the loss; at least 0, and scaling all of them changes nothing.

        Returns
        -------
        dict of str to float
            ``loss``, the mean over the samples plus the penalty; ``penalty``, that part of it; and each metric.

        Examples
        --------
        >>> from whorl import Dense
        >>> model = Model([Dense(2), Softmax()], inputs=3, rng=0)
        >>> model.evaluate(np.zeros((1, 3)), [0], loss=CrossEntropy(), metrics=["accuracy"])
        {'loss': 0.6931471824645996, 'penalty': 0.0, 'accuracy': 1.0}
        """
        data = Samples.checked(self, X, y, loss, sample_weight)
        return self.measure(data, loss, named(metrics))

    def training(
        self,
        X: Any,
        y: Any,
        *,
        loss: Loss,
        optimizer: Optimizer,
        epochs: int,
        batch_size: int = 32,
        validation: float | tuple[Any, ...] | None = None,
        metrics: Iterable[str | Metric] = (),
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | str | None = None,
        rng: RNG = None,
    ) -> Training:
        """Return a training run, to be driven by a ``for``: it yields a record for each epoch.

        Parameters
        ----------
        X : array_like, shape (n, *inputs)
            The samples; finite.
        y : array_like, shape (n,) or (n, k)
            Labels, as the loss takes them.
        loss : Loss
            What is to become small, such as ``CrossEntropy()``.
        optimizer : Optimizer
            A recipe, such as ``SGD(0.05, momentum=0.9)``: the run works on a fresh twin of it.
        epochs : int
            How often to go through the samples.
        batch_size : int, optional
            Samples a step. The last batch of an epoch may be shorter; its mean counts by its length.
        validation : float or tuple, optional
            A fraction of the samples, in (0, 1), that is set aside after a shuffle; or ``(X_val, y_val)`` or ``(X_val,
            y_val, sample_weight_val)``.
        metrics : iterable of str or callable, optional
            ``"accuracy"`` or another name in `whorl.metrics.METRICS`, or functions of (labels, predictions).
        sample_weight : array_like, shape (n,), optional
            Weights of the samples in the loss; at least 0. Scaling all of them changes nothing.
        class_weight : mapping of int to float, or "balanced", optional
            Weights of the classes in the training loss (1 for those not named); ``"balanced"`` gives every class the
            same say, however rare it is.
        rng : int, Generator or None, optional
            Draws the split, the order of the samples and the dropout masks.

        Returns
        -------
        Training
            Iterate over it for `Epoch` records, or over its `steps()`. Stop when you like, and go on when you like.

        Raises
        ------
        TypeError, ValueError
            At once, before anything is changed, if an argument is not of the form above.

        Examples
        --------
        >>> import whorl
        >>> from whorl import Dense, SGD
        >>> X, y = whorl.datasets.spiral(50, rng=0)
        >>> model = Model([Dense(3), Softmax()], inputs=2, rng=0)
        >>> for epoch in model.training(X, y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=2, rng=0):
        ...     print(epoch.number, round(epoch["loss"], 2))
        1 1.16
        2 1.16
        """
        return Training(
            self,
            X,
            y,
            loss=loss,
            optimizer=optimizer,
            epochs=epochs,
            batch_size=batch_size,
            validation=validation,
            metrics=metrics,
            sample_weight=sample_weight,
            class_weight=class_weight,
            rng=rng,
        )

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        loss: Loss,
        optimizer: Optimizer,
        epochs: int,
        batch_size: int = 32,
        validation: float | tuple[Any, ...] | None = None,
        metrics: Iterable[str | Metric] = (),
        callbacks: Sequence[Callback] = (),
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | str | None = None,
        rng: RNG = None,
    ) -> History:
        """Train, and return the history: `training` from beginning to end, with callbacks.

        Parameters
        ----------
        X, y, loss, optimizer, epochs, batch_size, validation, metrics, sample_weight, class_weight, rng
            As in `training`.
        callbacks : sequence of Callback, optional
            Called before the first epoch, after each, and at the end, in order.

        Returns
        -------
        History
            ``history["loss"]``, ``["accuracy"]``, ``["val_loss"]``, ``["learning_rate"]`` …: one float an epoch.

        Raises
        ------
        TypeError, ValueError
            At once, before anything is changed, if an argument is not of the form above.

        Examples
        --------
        >>> import whorl
        >>> from whorl import Adam, Dense, ReLU
        >>> X, y = whorl.datasets.spiral(100, classes=2, rng=0)
        >>> model = Model([Dense(64), ReLU(), Dense(64), ReLU(), Dense(2), Softmax()], inputs=2, rng=0)
        >>> history = model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(0.01), epochs=50, metrics=["accuracy"], rng=0)
        >>> history["accuracy"][-1] > 0.95
        True
        """
        training = self.training(
            X,
            y,
            loss=loss,
            optimizer=optimizer,
            epochs=epochs,
            batch_size=batch_size,
            validation=validation,
            metrics=metrics,
            sample_weight=sample_weight,
            class_weight=class_weight,
            rng=rng,
        )
        return fit(training, callbacks)

    def summary(self) -> Table:
        """Return a table of the layers, the shapes that come out of them, and their numbers of parameters.

        Examples
        --------
        >>> from whorl import Dense
        >>> Model([Dense(3), Softmax()], inputs=2).summary()
        layer      output  parameters
        input      2                0
        Dense(3)   3                9  w1 (2, 3)  b1 (3,)
        Softmax()  3                0
        total                       9  float32
        """
        return summary(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the model as a NumPy ``.npz`` file: the arrays by name, and a header to rebuild the model from.

        `whorl.load` brings it back, and ``numpy.load`` alone reads the arrays. The file is written beside and then
        renamed, so a file of that name stays whole until the new one is.

        Parameters
        ----------
        path : str or path
            Used as it is given; ``.npz`` is the usual ending.
        """
        from whorl.formats import npz

        npz.save(self, path)
