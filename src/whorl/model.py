"""The model: layers in a row over flat vectors, and all that one does with it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from whorl._core import archive, validation
from whorl._core.text import Table
from whorl._core.types import Array
from whorl.header import header
from whorl.layers import chain
from whorl.losses import Loss
from whorl.metrics import Metric, named
from whorl.passes import measure, predict
from whorl.stack import Stack
from whorl.summary import summary
from whorl.training import History, Options, Samples, Training, TrainingState, options, takes_options


class Model(Stack):
    """A feed-forward network, complete as soon as it is constructed.

    Parameters
    ----------
    layers : sequence of Layer
        In order. Layers are immutable, so one list may serve for several models.
    inputs : int or tuple of int
        The shape of one sample; an int n is short for (n,).
    rng : int, Generator or None, optional
        Draws the first values of the parameters. None takes fresh entropy.
    dtype : dtype_like, optional
        float32 or float64: the type of the parameters, and of all that is computed.

    Attributes
    ----------
    layers : tuple of Layer
    inputs, outputs : tuple of int
        The shapes of one sample and of one prediction.
    dtype : dtype
    frozen : frozenset of int
        The places of the layers that training does not change: see `freeze`.
    preparation : Preparation or None
        What turns the columns of a table into the inputs; saved with the model.
    parameters, gradients : ndarray, shape (P,)
        All parameters in one vector, and the gradient that was last computed in another. What is assigned is copied into them.
    statistics : ndarray, shape (S,)
        What was learned from data without gradients, such as the running means of `BatchNorm`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the form above, or a layer does not fit the one before it.

    Examples
    --------
    >>> from whorl import Dense, ReLU, Softmax
    >>> model = Model([Dense(64), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    >>> model.predict([[0.1, 0.2]]).shape
    (1, 3)
    >>> {name: view.shape for name, view in model.named_parameters().items()}
    {'w1': (2, 64), 'b1': (64,), 'w2': (64, 3), 'b2': (3,)}
    """

    preparation: Any = None

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
            If X does not hold finite numbers in that shape, or they are so large that the output is not finite.

        Examples
        --------
        >>> import numpy as np
        >>> from whorl import Dense, Softmax
        >>> model = Model([Dense(2), Softmax()], inputs=3, rng=0)
        >>> model.predict(np.zeros((1, 3)))
        array([[0.5, 0.5]], dtype=float32)
        """
        x = validation.samples("X", X, self.inputs, self.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            y = predict(self, x)
        if not validation.all_finite(y):
            what = "X is too large" if validation.all_finite(self.parameters) else "the parameters are not finite"
            raise ValueError(f"the prediction is not finite: {what}; the largest number in X is {np.abs(x).max():g}")
        return y.copy() if y is x else y

    def activations(self, X: Any) -> list[Array]:
        """Return the output of each layer for these samples, in order: the last is the prediction.

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
        x, outputs = validation.samples("X", X, self.inputs, self.dtype), list[Array]()
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
        X : array_like, shape (n, *inputs)
        y : array_like, shape (n,) or (n, k)
            Labels, as the loss takes them.
        loss : Loss
        metrics : iterable of str or callable, optional
            ``"accuracy"`` or another name in `whorl.metrics.METRICS`, or functions of (labels, predictions).
        sample_weight : array_like, shape (n,), optional
            Weights in the loss; at least 0. Scaling all of them changes nothing.

        Returns
        -------
        dict of str to float
            ``loss``, the mean over the samples plus the penalty; ``penalty``, that part of it; and each metric.

        Examples
        --------
        >>> import numpy as np
        >>> from whorl import CrossEntropy, Dense, Softmax
        >>> model = Model([Dense(2), Softmax()], inputs=3, rng=0)
        >>> model.evaluate(np.zeros((1, 3)), [0], loss=CrossEntropy(), metrics=["accuracy"])
        {'loss': 0.6931471824645996, 'penalty': 0.0, 'accuracy': 1.0}
        """
        data = Samples.checked(self, X, y, loss, sample_weight)
        return measure(self, data.x, data.target, data.weight, loss, named(metrics))

    @takes_options(Options)
    def fit(self, X: Any, y: Any, **arguments: Any) -> History:
        """Train, and return the history.

        Parameters
        ----------
        X : array_like, shape (n, *inputs)
            The samples; finite. Neither they nor the labels are copied where they have the right type: do not change them
            during training.
        y : array_like, shape (n,) or (n, k)
            Labels, as the loss takes them.
        loss, optimizer, epochs, batch_size, accumulate, validation, stratify, metrics, callbacks, sample_weight, class_weight, \
rng, state
            As described in `Options`.

        Returns
        -------
        History
            ``history["loss"]``, ``["accuracy"]``, ``["val_loss"]``, ``["learning_rate"]`` …: one float an epoch.

        Raises
        ------
        TypeError, ValueError
            If an argument is not of the form above, before anything is changed.
        DivergenceError
            If the loss becomes infinite or NaN.

        Examples
        --------
        >>> import whorl
        >>> from whorl import Adam, CrossEntropy, Dense, ReLU, Softmax
        >>> X, y = whorl.datasets.spiral(100, classes=2, rng=0)
        >>> model = Model([Dense(64), ReLU(), Dense(64), ReLU(), Dense(2), Softmax()], inputs=2, rng=0)
        >>> history = model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(0.01), epochs=50, metrics=["accuracy"], rng=0)
        >>> history["accuracy"][-1] > 0.95
        True
        """
        training = Training(self, X, y, options("fit", arguments))
        for _ in training:
            pass
        return training.state.history

    @takes_options(Options)
    def training(self, X: Any, y: Any, **arguments: Any) -> Training:
        """Return the training that `fit` runs, to be driven by a ``for``: it yields a record of each epoch.

        Parameters
        ----------
        X, y, loss, optimizer, epochs, …
            As for `fit`.

        Returns
        -------
        Training
            Iterate over it for `Epoch` records, or over its `steps()`. Stop when you like, and go on when you like.

        Examples
        --------
        >>> import whorl
        >>> from whorl import CrossEntropy, Dense, SGD, Softmax
        >>> X, y = whorl.datasets.spiral(50, rng=0)
        >>> model = Model([Dense(3), Softmax()], inputs=2, rng=0)
        >>> for epoch in model.training(X, y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=2, rng=0):
        ...     print(epoch.number, round(epoch["loss"], 2))
        1 1.16
        2 1.16
        """
        return Training(self, X, y, options("training", arguments))

    def partial_fit(self, X: Any, y: Any, *, state: TrainingState | None = None, **arguments: Any) -> TrainingState:
        """Go once through these samples, and return the training state, to go on with: for data that comes in parts.

        Parameters
        ----------
        X, y, loss, optimizer, …
            As for `fit`, except `epochs`.
        state : TrainingState, optional
            What the last call returned: velocity, averages and the time in epochs go on. By default training starts anew.

        Returns
        -------
        TrainingState
            Its `history` has a record of each call.

        Examples
        --------
        >>> import numpy as np
        >>> import whorl
        >>> from whorl import CrossEntropy, Dense, SGD, Softmax
        >>> X, y = whorl.datasets.spiral(50, rng=0)
        >>> model, state = Model([Dense(3), Softmax()], inputs=2, rng=0), None
        >>> for part in np.split(np.random.default_rng(0).permutation(150), 3):
        ...     state = model.partial_fit(X[part], y[part], loss=CrossEntropy(), optimizer=SGD(0.1), state=state, rng=0)
        >>> len(state.history["loss"])
        3
        """
        epochs = 1 if state is None else state.epoch + 1
        training = Training(self, X, y, options("partial_fit", {**arguments, "epochs": epochs, "state": state}))
        for _ in training:
            pass
        return training.state

    def adapt(self, X: Any) -> None:
        """Let the layers that learn from data without gradients, such as `Standardize`, learn again from these samples.

        Training does this by itself for those that have not learned yet.

        Parameters
        ----------
        X : array_like, shape (n, *inputs)
            At least one sample; finite.
        """
        x = validation.samples("X", X, self.inputs, self.dtype)
        chain.adapt(self.layers, x, self.p, again=True)

    def summary(self) -> Table:
        """Return a table of the layers, the shapes of their outputs, and their numbers of parameters.

        Examples
        --------
        >>> from whorl import Dense, Softmax
        >>> Model([Dense(3), Softmax()], inputs=2).summary()
        layer      output  parameters
        input      2                0
        Dense(3)   3                9  w1 (2, 3)  b1 (3,)
        Softmax()  3                0
        total                       9  float32, 9 trained by gradients
        """
        return summary(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the model as a NumPy ``.npz`` file: the arrays by name, and a header to rebuild the model from.

        `whorl.load` reads it, and ``numpy.load`` alone reads the arrays. The file is written under another name and then
        renamed, so that an existing file of that name is replaced only by a complete one.

        Parameters
        ----------
        path : str or path
            Used as it is given; ``.npz`` is the usual ending.
        """
        archive.save(path, header(self, self.preparation), self.named_arrays())
