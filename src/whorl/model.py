"""`Model`: predict, evaluate, train and save a neural network."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from whorl._core import archive, validation
from whorl._core.text import Table
from whorl._core.types import Array
from whorl.engine import choose
from whorl.header import header
from whorl.layers import chain
from whorl.losses import Loss
from whorl.metrics import Metric, named
from whorl.passes import measure, predict
from whorl.stack import Stack
from whorl.summary import summary
from whorl.training import History, Options, Samples, Training, TrainingState, options, saving, takes_options


class Model(Stack):
    """A feed-forward neural network: a sequence of layers, with their parameters.

    Parameters
    ----------
    layers : sequence of Layer
        The layers, in order. They are immutable, so several models can share them.
    inputs : int or tuple of int
        Shape of one sample; an int n means (n,).
    rng : int, Generator or None, optional
        Source of the initial parameters. None uses fresh entropy.
    dtype : dtype_like, optional
        float32 or float64: the type of the parameters and of all computation.

    Attributes
    ----------
    layers : tuple of Layer
    inputs, outputs : tuple of int
        Shapes of one sample and of one prediction.
    dtype : dtype
    frozen : frozenset of int
        Indices of the layers that training does not change; see `freeze`.
    preparation : Preparation or None
        Converts the columns of a table to inputs, for a model of a table; saved with the model.
    parameters, gradients : ndarray, shape (P,)
        All parameters in one vector, and the gradients computed last in another. Assigned values are copied into them.
    statistics : ndarray, shape (S,)
        Values computed from data and not trained by gradients, such as the running means of `BatchNorm`.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, or a layer does not fit the one before it.

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
            The outputs, in the model's dtype; class probabilities if the last layer is `Softmax`.

        Raises
        ------
        TypeError, ValueError
            If X does not have this shape or is not finite, or if the output is not finite.

        Examples
        --------
        >>> import numpy as np
        >>> from whorl import Dense, Softmax
        >>> model = Model([Dense(2), Softmax()], inputs=3, rng=0)
        >>> model.predict(np.zeros((1, 3)))
        array([[0.5, 0.5]], dtype=float32)
        """
        x = validation.samples("X", X, self.inputs, self.dtype)
        y = predict(self, x)
        if not validation.all_finite(y):
            what = "X is too large" if validation.all_finite(self.parameters) else "the parameters are not finite"
            raise ValueError(f"the prediction is not finite: {what}; the largest number in X is {np.abs(x).max():g}")
        return y.copy() if y is x else y

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
            Labels or targets, in the form that the loss expects.
        loss : Loss
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
        >>> from whorl import CrossEntropy, Dense, Softmax
        >>> model = Model([Dense(2), Softmax()], inputs=3, rng=0)
        >>> model.evaluate(np.zeros((1, 3)), [0], loss=CrossEntropy(), metrics=["accuracy"])
        {'loss': 0.6931471824645996, 'penalty': 0.0, 'accuracy': 1.0}
        """
        data = Samples.checked(self, X, y, loss, sample_weight)
        return measure(self, data.x, data.target, data.weight, loss, named(metrics))

    @takes_options(Options)
    def fit(self, X: Any, y: Any, **arguments: Any) -> History:
        """Train the model, and return the history.

        Parameters
        ----------
        X : array_like, shape (n, *inputs)
            The samples; finite. X and y are not copied if they have the right type: do not modify them during training.
        y : array_like, shape (n,) or (n, k)
            Labels or targets, in the form that the loss expects.
        loss, optimizer, epochs, batch_size, accumulate, validation, stratify, metrics, callbacks, sample_weight, class_weight, \
rng, state, resume, on_divergence, fast, threads
            As described in `Options`.

        Returns
        -------
        History
            ``history["loss"]``, ``["accuracy"]``, ``["val_loss"]``, ``["learning_rate"]`` …: one float per epoch.

        Raises
        ------
        TypeError, ValueError
            If an argument is invalid; the model is unchanged.
        DivergenceError
            If the loss, a gradient or a parameter becomes infinite or NaN.

        Examples
        --------
        >>> from whorl import Adam, CrossEntropy, Dense, ReLU, Softmax, datasets
        >>> X, y = datasets.spiral(100, classes=2, rng=0)
        >>> model = Model([Dense(64), ReLU(), Dense(64), ReLU(), Dense(2), Softmax()], inputs=2, rng=0)
        >>> history = model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(0.01), epochs=50, metrics=["accuracy"], rng=0)
        >>> history["accuracy"][-1] > 0.95
        True
        """
        training = Training(self, X, y, options("fit", arguments), choose)
        for _ in training.blocks():
            pass
        return training.state.history

    @takes_options(Options)
    def training(self, X: Any, y: Any, **arguments: Any) -> Training:
        """Return a training run to iterate over: `fit`, with the loop under your control.

        Parameters
        ----------
        X, y, loss, optimizer, epochs, …
            As for `fit`.

        Returns
        -------
        Training
            Iterating over it trains the model and yields an `Epoch` record after each epoch; over its ``steps()``, a `Step`
            record after each step. You can stop at any time, and continue later.

        Examples
        --------
        >>> from whorl import CrossEntropy, Dense, SGD, Softmax, datasets
        >>> X, y = datasets.spiral(50, rng=0)
        >>> model = Model([Dense(3), Softmax()], inputs=2, rng=0)
        >>> for epoch in model.training(X, y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=2, rng=0):
        ...     print(epoch.number, round(epoch["loss"], 2))
        1 1.16
        2 1.16
        """
        return Training(self, X, y, options("training", arguments), choose)

    def partial_fit(self, X: Any, y: Any, *, state: TrainingState | None = None, **arguments: Any) -> TrainingState:
        """Train for one epoch on part of the data, and return the training state to pass to the next call.

        Parameters
        ----------
        X, y, loss, optimizer, …
            As for `fit`, except `epochs` and `resume`.
        state : TrainingState, optional
            The state returned by the previous call: optimizer state and time in epochs continue. By default, a new one.

        Returns
        -------
        TrainingState
            Its `history` has one record per call.

        Examples
        --------
        >>> from whorl import CrossEntropy, Dense, SGD, Softmax, datasets
        >>> X, y = datasets.spiral(50, rng=0)
        >>> model, state = Model([Dense(3), Softmax()], inputs=2, rng=0), None
        >>> for k in range(3):
        ...     state = model.partial_fit(X[k::3], y[k::3], loss=CrossEntropy(), optimizer=SGD(0.1), state=state, rng=0)
        >>> len(state.history["loss"])
        3
        """
        for name in ("epochs", "resume"):
            if name in arguments:
                raise TypeError(f"partial_fit trains for one epoch: it has no argument {name}, got {arguments[name]}")
        epochs = 1 if state is None else state.epoch + 1
        training = Training(self, X, y, options("partial_fit", {**arguments, "epochs": epochs, "state": state}), choose)
        for _ in training:
            pass
        return training.state

    def adapt(self, X: Any) -> None:
        """Fit the preprocessing layers, such as `Standardize`, to these samples; earlier values are replaced.

        Training does this automatically for layers that have not been fitted.

        Parameters
        ----------
        X : array_like, shape (n, *inputs)
            At least one sample; finite.
        """
        x = validation.samples("X", X, self.inputs, self.dtype)
        chain.adapt(self.layers, x, self.p, again=True)

    def summary(self) -> Table:
        """Return a table of the layers, their output shapes and their numbers of parameters.

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

    def save(self, path: str | os.PathLike[str], *, state: TrainingState | None = None) -> None:
        """Save the model to a NumPy ``.npz`` file, for `whorl.load`.

        The file holds the arrays by name, which ``numpy.load`` can read too, a header that describes the layers, and a
        checksum. It is written under a temporary name and then renamed: if that fails, the file that was there stays.

        Parameters
        ----------
        path : str or path
            Used as given; the usual extension is ``.npz``.
        state : TrainingState, optional
            The training state, to save it too, for ``fit(resume=path)``. `Checkpoint` does this.
        """
        training, arrays = saving.write(state)
        archive.save(path, header(self, self.preparation) | training, self.named_arrays(), arrays)
