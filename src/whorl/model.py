"""The model: a network, and all that one does with it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from whorl._core import validation
from whorl._core.randomness import RNG
from whorl._core.types import Array
from whorl.losses import Loss
from whorl.metrics import Metric, named
from whorl.network import Network
from whorl.optimizers import Optimizer
from whorl.summary import Table, summary
from whorl.training import Callback, Epoch, History, Samples, Training, fit
from whorl.training.callbacks import checked as checked_callbacks


class Model(Network):
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
    preparation : Preparation or None
        What makes the inputs of a table's columns, if that is where they come from: put it here, and it is saved with the model.
    parameters, gradients : ndarray, shape (P,)
        All parameters in one vector, and the gradient that was last taken back in another. The layers work on views of
        them: ``model.parameters[:] = …`` and ``model.parameters = …`` both change them in place.

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
        >>> import numpy as np
        >>> from whorl import Dense, Softmax
        >>> model = Model([Dense(2), Softmax()], inputs=3, rng=0)
        >>> model.predict(np.zeros((1, 3)))
        array([[0.5, 0.5]], dtype=float32)
        """
        x = validation.samples("X", X, self.inputs, self.dtype)
        y = self._in_chunks(self.layers, x)
        return y.copy() if y is x else y

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
        >>> import numpy as np
        >>> from whorl import CrossEntropy, Dense, Softmax
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
        batch_size: int | None = None,
        accumulate: int = 1,
        validation: float | tuple[Any, ...] | None = None,
        stratify: bool = False,
        metrics: Iterable[str | Metric] = (),
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | str | None = None,
        rng: RNG = None,
        fast: bool | None = None,
    ) -> Training:
        """Return a training run, to be driven by a ``for``: it yields a record for each epoch.

        Parameters
        ----------
        X : array_like, shape (n, *inputs)
            The samples; finite. Neither they nor the labels are copied where they have the right type already: leave them as
            they are until the run is over.
        y : array_like, shape (n,) or (n, k)
            Labels, as the loss takes them.
        loss : Loss
            What is to become small, such as ``CrossEntropy()``.
        optimizer : Optimizer
            A recipe, such as ``SGD(0.05, momentum=0.9)``: the run works on a fresh twin of it.
        epochs : int
            How often to go through the samples.
        batch_size : int, optional
            Samples a step: 32, or all of them for `LBFGS`. The last batch of an epoch may be shorter; its mean counts by its
            length.
        accumulate : int, optional
            Batches a step: their gradients are averaged, as if they were one batch, in the memory of one.
        validation : float or tuple, optional
            A fraction of the samples, in (0, 1), that is set aside after a shuffle; or ``(X_val, y_val)`` or ``(X_val,
            y_val, sample_weight_val)``.
        stratify : bool, optional
            Whether the fraction is the same of each class, to within one sample.
        metrics : iterable of str or callable, optional
            ``"accuracy"`` or another name in `whorl.metrics.METRICS`, or functions of (labels, predictions).
        sample_weight : array_like, shape (n,), optional
            Weights of the samples in the loss; at least 0. Scaling all of them changes nothing.
        class_weight : mapping of int to float, or "balanced", optional
            Weights of the classes in the training loss (1 for those not named); ``"balanced"`` gives every class the
            same say, however rare it is.
        rng : int, Generator or None, optional
            Draws the split, the order of the samples and the dropout masks.
        fast : bool, optional
            Whether short functions compiled by Numba, the extra ``whorl[fast]``, do part of the work; the results are the same
            bits. True is from the first step on, False is never. None is as the environment variable ``WHORL_FAST`` says, 1
            or 0, and without one when the run has lasted for two seconds, if Numba is installed.

        Returns
        -------
        Training
            Iterate over it for `Epoch` records, or over its `steps()`. Stop when you like, and go on when you like.

        Raises
        ------
        TypeError, ValueError
            At once, before anything is changed, if an argument is not of the form above.
        ImportError
            If ``fast=True``, and Numba is not installed.

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
        return Training(
            self,
            X,
            y,
            loss=loss,
            optimizer=optimizer,
            epochs=epochs,
            batch_size=batch_size,
            accumulate=accumulate,
            validation=validation,
            stratify=stratify,
            metrics=metrics,
            sample_weight=sample_weight,
            class_weight=class_weight,
            rng=rng,
            fast=fast,
        )

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        loss: Loss,
        optimizer: Optimizer,
        epochs: int,
        batch_size: int | None = None,
        accumulate: int = 1,
        validation: float | tuple[Any, ...] | None = None,
        stratify: bool = False,
        metrics: Iterable[str | Metric] = (),
        callbacks: Iterable[Callback] = (),
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | str | None = None,
        rng: RNG = None,
        fast: bool | None = None,
    ) -> History:
        """Train, and return the history: `training` from beginning to end, with callbacks.

        Parameters
        ----------
        X, y, loss, optimizer, epochs, batch_size, accumulate, validation, stratify, metrics, sample_weight, class_weight, rng, \
fast
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
        ImportError
            If ``fast=True``, and Numba is not installed.

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
        listening = checked_callbacks(callbacks)
        training = self.training(
            X,
            y,
            loss=loss,
            optimizer=optimizer,
            epochs=epochs,
            batch_size=batch_size,
            accumulate=accumulate,
            validation=validation,
            stratify=stratify,
            metrics=metrics,
            sample_weight=sample_weight,
            class_weight=class_weight,
            rng=rng,
            fast=fast,
        )
        return fit(training, listening)

    def partial_fit(
        self,
        X: Any,
        y: Any,
        *,
        loss: Loss,
        optimizer: Optimizer,
        batch_size: int | None = None,
        metrics: Iterable[str | Metric] = (),
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | str | None = None,
        rng: RNG = None,
        fast: bool | None = None,
    ) -> Epoch:
        """Go once through these samples, and keep what the optimizer remembers for the next call: for data that comes in parts.

        Parameters
        ----------
        X, y, loss, optimizer, batch_size, metrics, sample_weight, class_weight, rng, fast
            As in `training`. As long as the optimizer is the same object, its twin's velocity and its time in epochs go on
            from call to call; another object begins anew. Copies of the model and saved ones begin anew too.

        Returns
        -------
        Epoch
            The record; its number counts the calls.

        Examples
        --------
        >>> import numpy as np
        >>> import whorl
        >>> from whorl import CrossEntropy, Dense, SGD, Softmax
        >>> X, y = whorl.datasets.spiral(50, rng=0)
        >>> model, sgd = Model([Dense(3), Softmax()], inputs=2, rng=0), SGD(0.1, momentum=0.9)
        >>> for part in np.split(np.random.default_rng(0).permutation(150), 3):
        ...     print(model.partial_fit(X[part], y[part], loss=CrossEntropy(), optimizer=sgd, rng=0).number)
        1
        2
        3
        """
        run = self.training(
            X,
            y,
            loss=loss,
            optimizer=optimizer,
            epochs=1,
            batch_size=batch_size,
            metrics=metrics,
            sample_weight=sample_weight,
            class_weight=class_weight,
            rng=rng,
            fast=fast,
        )
        if self._partial is not None and self._partial[0] is optimizer:
            run.resume(self._partial[1])
        epoch = next(iter(run))
        self._partial = optimizer, run
        return epoch

    def summary(self) -> Table:
        """Return a table of the layers, the shapes that come out of them, and their numbers of parameters.

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

        `whorl.load` brings it back, and ``numpy.load`` alone reads the arrays. The file is written beside and then
        renamed, so a file of that name stays whole until the new one is.

        Parameters
        ----------
        path : str or path
            Used as it is given; ``.npz`` is the usual ending.
        """
        from whorl.formats import npz

        npz.save(self, path)
