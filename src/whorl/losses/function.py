"""A plain function as a loss."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from whorl._core import validation
from whorl._core.types import Array, Shape
from whorl.losses.loss import Loss

LossFunction: TypeAlias = Callable[[Array, Array], tuple[float, Array]]
"""From predictions (n, *outputs) and targets to the mean loss, and its derivative with respect to the predictions."""


TARGETS = {"y_true", "target", "targets", "true", "label", "labels"}
"""Names of the first argument of a function that takes the targets before the predictions; y may be either."""
PREDICTIONS = {"y_pred", "y_hat", "yhat", "pred", "prediction", "predictions", "p"}
"""Names of the second argument of such a function."""


class FunctionLoss(Loss):
    """A loss that a plain function computes. `Model.fit` makes one of any function that it gets as `loss`.

    Parameters
    ----------
    function : callable
        ``function(prediction, target)`` returns the mean loss of the samples, and dL/dprediction, in the shape of the prediction.
        The target is y, in the float type of the model if it holds floats; for one output, (n,) becomes (n, 1).

    Notes
    -----
    There are no weights of samples: the function does not get them. `check_gradients` says whether the derivative is right.

    Examples
    --------
    >>> import numpy as np
    >>> from whorl import Dense, Model, SGD
    >>> def log_cosh(prediction, target):
    ...     error = prediction - target
    ...     return np.log(np.cosh(error)).mean(), np.tanh(error) / error.size
    >>> round(FunctionLoss(log_cosh)([[1.0]], [[0.0]]), 4)
    0.4338
    >>> model = Model([Dense(1)], inputs=1, rng=0)
    >>> X = np.linspace(-1, 1, 50)[:, None]
    >>> history = model.fit(X, 3 * X, loss=log_cosh, optimizer=SGD(0.5), epochs=50, rng=0)
    >>> history["loss"][-1] < 1e-3
    True
    """

    function: LossFunction

    def __repr__(self) -> str:
        return f"FunctionLoss({getattr(self.function, '__name__', self.function)})"

    def targets(self, y: object, outputs: Shape, dtype: np.dtype[Any]) -> Array:
        target = validation.numeric("y", y)
        if target.ndim == 0:
            raise ValueError("y must have a value for each sample, got shape ()")
        if target.ndim == 1 and outputs == (1,):
            target = target[:, None]
        return target.astype(dtype, copy=False) if target.dtype.kind == "f" else target

    def forward(
        self, prediction: Array, target: Array, weight: Array | None = None
    ) -> tuple[float, Callable[[], Array]]:
        name = getattr(self.function, "__name__", repr(self.function))
        if weight is not None:
            raise ValueError(
                f"sample_weight and class_weight need a Loss, not the function {name}, which does not get them"
            )
        found: Any = self.function(prediction, target)
        if not isinstance(found, tuple) or len(found) != 2:
            raise TypeError(f"{name} must return the loss and its derivative, got {validation.show(found)}")
        value, slope = found
        if np.shape(value) != ():
            raise ValueError(f"{name} must return the mean loss of the samples, a number, got shape {np.shape(value)}")
        if np.shape(slope) != prediction.shape:
            raise ValueError(
                f"{name} must return a derivative of the shape of the prediction, {prediction.shape}, got {np.shape(slope)}"
            )
        return float(value), lambda: np.asarray(slope, prediction.dtype)


def as_loss(loss: object) -> Loss:
    """Return a loss as it is, and a function as a `FunctionLoss`; raise TypeError for anything else."""
    if validation.is_function(loss) and not isinstance(loss, Loss):
        _check_order(loss)
        return FunctionLoss(loss)
    checked: Loss = validation.instance("loss", loss, Loss, "CrossEntropy()")
    return checked


def _check_order(function: Callable[..., Any]) -> None:
    """Raise TypeError if a loss function takes the targets first, by the names of its arguments, as in Keras and scikit-learn."""
    try:
        names = list(inspect.signature(function).parameters)
    except ValueError:  # some functions written in C have no signature
        return
    first, second = (*names, "", "")[:2]
    if first in TARGETS or (first == "y" and second in PREDICTIONS):
        raise TypeError(
            f"loss: a function takes the predictions first, {getattr(function, '__name__', 'f')}(prediction, target), got"
            f" {', '.join(names)}"
        )
