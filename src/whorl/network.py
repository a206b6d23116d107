"""`Network`: predict, measure, and compute gradients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Never, overload

import numpy as np

from whorl._core import randomness, validation
from whorl._core.randomness import RNG
from whorl._core.text import Table
from whorl._core.types import Array
from whorl.calibration import Interval, Intervals, Sets
from whorl.layers import Sigmoid, chain
from whorl.losses import Loss, as_loss
from whorl.metrics import Metric, named
from whorl.passes import loss_pass, predict
from whorl.stack import Stack
from whorl.summary import html_summary, summary
from whorl.training import Samples, checked_samples, inputs


class Network(Stack):
    """What a `Model` computes without being trained."""

    @overload
    def predict(self, X: Any) -> Array: ...

    @overload
    def predict(self, X: Any, *, interval: float) -> Interval: ...

    def predict(self, X: Any, *, interval: float | None = None) -> Array | Interval:
        """Return the network's output for each sample.

        Parameters
        ----------
        X : array_like, shape (n, *inputs), or data frame
            At least one sample; finite. If the model has learned a table, also a data frame or a mapping with its columns. An array in
            a file, see `Stored`, is read in parts.
        interval : float, optional
            A probability, above 0 and below 1, such as 0.9. Then return also between which numbers the target lies with this
            probability; for a model of one number that `whorl.calibrate` has returned.

        Returns
        -------
        ndarray, shape (n, *outputs)
            The outputs, in the model's dtype; class probabilities if the last layer is `Softmax`. With `interval`, a named tuple
            of three: ``prediction, low, high``.

        Raises
        ------
        TypeError, ValueError
            If X does not have this shape or is not finite, if the output is not finite, or if the model cannot give the interval.

        Examples
        --------
        >>> import numpy as np
        >>> from whorl import Dense, Model, Softmax
        >>> model = Model([Dense(2), Softmax()], inputs=3, rng=0)
        >>> model.predict(np.zeros((1, 3)))
        array([[0.5, 0.5]], dtype=float32)
        """
        interval = None if interval is None else validation.number("interval", interval, above=0, below=1)
        intervals = None if interval is None else self._learned(Intervals, "predict(X, interval=…)")
        x = inputs(self, X)
        y = predict(self, x)
        if not validation.all_finite(y):
            what = "X is too large" if validation.all_finite(self.parameters) else "the parameters are not finite"
            largest = f"; the largest number in X is {np.abs(x).max():g}" if isinstance(x, np.ndarray) else ""
            raise ValueError(f"the prediction is not finite: {what}{largest}")
        y = y.copy() if y is x else y
        return y if intervals is None else intervals.interval(y, interval)

    def predict_sets(self, X: Any, *, coverage: float = 0.9) -> Array:
        """Return for each sample the set of classes that contains the right one with a given probability.

        Parameters
        ----------
        X : array_like or data frame
            As for `predict`.
        coverage : float, optional
            The probability, above 0 and below 1.

        Returns
        -------
        ndarray of bool, shape (n, k)
            Whether each class is in the set, which is never empty. For one output, k is 2.

        Raises
        ------
        ValueError
            If the model has no `Sets`, such as a model that `whorl.calibrate` has returned.
        """
        sets: Array = self._learned(Sets, "predict_sets(X)").sets(self.predict(X), coverage)
        return sets

    def _learned(self, kind: type[Intervals | Sets], call: str) -> Any:
        """Return what the model has learned from held-out samples; raise ValueError if it is not of this kind."""
        if isinstance(self.uncertainty, kind):
            return self.uncertainty
        if self.uncertainty is not None:
            other = "numbers: use predict(X, interval=…)" if kind is Sets else "classes: use predict_sets(X)"
            raise ValueError(f"{call} is not for this model, which predicts {other}")
        raise ValueError(
            f"{call} needs a model with {kind.__name__.lower()}, which this one has not: calibrate it with held-out samples, model ="
            " whorl.calibrate(model, X, y)"
        )

    def predict_classes(self, X: Any) -> Array:
        """Return the class of each sample: its name if the model has learned a table, else its number.

        Parameters
        ----------
        X : array_like or data frame
            As for `predict`.

        Returns
        -------
        ndarray, shape (n,)
            The class of the largest output; or 0 and 1, for one output, which is 1 if that is at least 0.5.

        Examples
        --------
        >>> from whorl import Dense, Model, Softmax
        >>> model = Model([Dense(3), Softmax()], inputs=2, rng=0)
        >>> model.predict_classes([[0.5, 1.0], [-2.0, 0.1]])
        array([2, 1])
        """
        if len(self.outputs) != 1 or (self.outputs == (1,) and not isinstance(self.layers[-1], Sigmoid)):
            raise ValueError(
                "predict_classes needs a model with an output for each class, or with one and Sigmoid(), got outputs of shape"
                f" {self.outputs} of {self.layers[-1]}"
            )
        y = self.predict(X)
        numbers: Array = (y[:, 0] >= 0.5).astype(np.intp) if y.shape[1] == 1 else y.argmax(axis=1)
        return np.array(self.classes)[numbers] if self.classes else numbers

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the outputs, if the model has learned a table; else empty."""
        target = self.preparation and self.preparation.target
        return tuple(target.classes) if target else ()

    if not TYPE_CHECKING:  # which reports the call itself

        def __call__(self, *_: Any, **__: Any) -> Never:
            """Raise TypeError: a model is not called as a function."""
            raise TypeError(f"a {type(self).__name__} is not called as a function: write model.predict(X)")

    def activations(self, X: Any) -> list[Array]:
        """Return the output of each layer, in order; the last one is the prediction.

        Parameters
        ----------
        X : array_like, shape (n, *inputs)
            At least one sample; finite.

        Examples
        --------
        >>> from whorl import Dense, Model, ReLU
        >>> model = Model([Dense(8), ReLU(), Dense(3)], inputs=2, rng=0)
        >>> [a.shape for a in model.activations([[0.5, 0.5]])]
        [(1, 8), (1, 8), (1, 3)]
        """
        x, outputs = self.samples(X), list[Array]()
        for i, layer in enumerate(self.layers):
            x = chain.predict([layer], x, self.p[i:])
            outputs.append(x)
        return outputs

    def evaluate(
        self, X: Any, y: Any, *, loss: Loss, metrics: Iterable[str | Metric] = (), sample_weight: Any = None
    ) -> dict[str, float]:
        """Return the loss and the metrics on these samples.

        Parameters
        ----------
        X : array_like, shape (n, *inputs), or data frame
            As for `predict`.
        y : array_like, shape (n,) or (n, k)
            Labels or targets, in the form that the loss expects; also the names of `classes`, if the model has learned a table.
        loss : Loss or callable
            As for `fit`.
        metrics : iterable of str or callable, optional
            ``"accuracy"`` or another name in `whorl.metrics.METRICS`, or functions of (labels, predictions).
        sample_weight : array_like, shape (n,), optional
            Weight of each sample in the loss, at least 0. Only their ratios matter.

        Returns
        -------
        dict of str to float
            ``loss``, the mean over the samples plus the penalty; ``penalty``, the regularization part of it; and the metrics.

        Examples
        --------
        >>> import numpy as np
        >>> from whorl import CrossEntropy, Dense, Model, Softmax
        >>> model = Model([Dense(2), Softmax()], inputs=3, rng=0)
        >>> model.evaluate(np.zeros((1, 3)), [0], loss=CrossEntropy(), metrics=["accuracy"])
        {'loss': 0.6931471824645996, 'penalty': 0.0, 'accuracy': 1.0}
        """
        checked = as_loss(loss)
        return checked_samples(self, X, y, checked, sample_weight).measure(self, checked, named(metrics))

    def loss_and_gradients(
        self, X: Any, y: Any, *, loss: Loss, sample_weight: Any = None, rng: RNG = None
    ) -> tuple[float, dict[str, Array]]:
        """Return the loss on these samples, penalty included, and its gradient for each parameter.

        For loops and optimizers of your own: what `fit` computes in each step before it changes the parameters.

        Parameters
        ----------
        X : array_like, shape (n, *inputs)
        y : array_like, shape (n,) or (n, k)
            Labels or targets, in the form that the loss expects.
        loss : Loss or callable
            As for `fit`.
        sample_weight : array_like, shape (n,), optional
            Weight of each sample in the loss, at least 0. Only their ratios matter.
        rng : int or Generator, optional
            Draws the dropout masks; then layers act, and statistics of `BatchNorm` change, as in training. By default, layers
            act as in prediction.

        Returns
        -------
        loss : float
        gradients : dict of str to ndarray
            Copies, by the names of the parameters. They are 0 for frozen layers.

        Examples
        --------
        Gradient descent:

        >>> from whorl import CrossEntropy, Dense, Model, Softmax, datasets
        >>> X, y = datasets.spiral(50, rng=0)
        >>> model = Model([Dense(3), Softmax()], inputs=2, rng=0)
        >>> for step in range(100):
        ...     loss, gradients = model.loss_and_gradients(X, y, loss=CrossEntropy())
        ...     for name, parameter in model.named_parameters().items():
        ...         parameter -= 0.5 * gradients[name]
        >>> round(loss, 2)
        1.07
        """
        checked = as_loss(loss)
        data = Samples.checked(self, X, y, checked, sample_weight)
        generator = None if rng is None else randomness.generator(rng)
        done = loss_pass(self, np.asarray(data.x), data.target, checked, data.weight, generator)
        done.backward()
        return done.loss, {name: gradient.copy() for name, gradient in self.named_gradients().items()}

    def adapt(self, X: Any, *, rng: RNG = None) -> None:
        """Fit the preprocessing layers, such as `Standardize`, to these samples; earlier values are replaced.

        Training does this automatically for layers that have not been fitted. Layers whose first parameters come from the data, such
        as `NTKDense`, get them, unless they have them already.

        Parameters
        ----------
        X : array_like, shape (n, *inputs)
            At least one sample; finite.
        rng : int, Generator or None, optional
            The source of random numbers, for such layers.
        """
        x = inputs(self, X)
        chain.adapt(self.layers, x, self.p, randomness.generator(rng), again=True)

    def summary(self) -> Table:
        """Return a table of the layers, their output shapes and their numbers of parameters.

        Examples
        --------
        >>> from whorl import Dense, Model, Softmax
        >>> Model([Dense(3), Softmax()], inputs=2).summary()
        layer      output  parameters
        input      2                0
        Dense(3)   3                9  w1 (2, 3)  b1 (3,)
        Softmax()  3                0
        total                       9  float32, 9 trained by gradients
        """
        return summary(self)

    def _repr_html_(self) -> str:
        """Show the summary in a notebook."""
        return html_summary(self)
