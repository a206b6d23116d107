"""`NetworkRegressor`: numbers, one or several for each sample."""

from __future__ import annotations

from typing import Any, Self, overload

import numpy as np
from sklearn.base import RegressorMixin

from whorl._core.types import Array
from whorl._core.validation import numeric
from whorl.calibration import Interval
from whorl.layers import Clip, Layer
from whorl.losses import Huber, Loss, MeanAbsoluteError, MeanSquaredError, Quantile
from whorl.model import Model
from whorl.recipes import Recipe, ensemble
from whorl.recipes.networks import Networks
from whorl.sklearn import parameters
from whorl.sklearn.calibrated import CalibratedEstimator

LOSSES = MeanSquaredError, MeanAbsoluteError, Huber, Quantile


class NetworkRegressor(RegressorMixin, CalibratedEstimator):
    """A network, or an average of several, that learns numbers, one or several for each sample.

    The targets are standardized for training; predictions are in their unit. By default, with at least 100 samples, `fit` trains several
    networks and averages them, as `NetworkClassifier` does; for one target it then limits predictions to the range of the targets, and
    learns from held-out samples how far off they are: ``predict(X, interval=0.9)`` works without `calibrate`.

    Parameters
    ----------
    layers, preset, optimizer, epochs, batch_size, standardize, early_stopping, validation_fraction, patience, ignore, use, \
callbacks, warm_start, random_state, fast, threads, verbose
        As for `NetworkClassifier`.
    loss : Loss or str, optional
        By default `MeanSquaredError`; or `MeanAbsoluteError`, `Huber`, `Quantile`, or one of your own.

    Attributes
    ----------
    model_, preparation_, history_, n_iter_, loss_, loss_curve_, validation_curve_, n_features_in_, feature_names_in_
        As for `NetworkClassifier`. The losses are those of the standardized targets; ``history_.held_out`` has R², and the root mean squared
        error in the unit of the targets, if there is one.
    n_outputs_ : int
        The number of targets.
    target_mean_, target_scale_ : ndarray
        The mean and the standard deviation of each target.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    >>> regressor = NetworkRegressor("Dense(16), Tanh()", random_state=0).fit(X, 100 * X[:, 0])
    >>> regressor.score(X, 100 * X[:, 0]) > 0.95
    True
    >>> default = NetworkRegressor(epochs=20, random_state=0).fit(X, 100 * X[:, 0])
    >>> prediction, low, high = default.predict(X, interval=0.9)
    >>> bool((low < high).all())
    True
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _learn_target(self, y: Array, classes: Any) -> None:
        if y.ndim > 2:
            raise ValueError(f"y must have shape (n,) or (n, k), got {y.shape}")
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        self._one_dimension = y.ndim == 1

    def _targets(self, y: Array) -> Array:
        if y.dtype.kind == "O":
            try:
                y = y.astype(np.float64)
            except (TypeError, ValueError) as error:
                raise ValueError(f"Unknown label type: y must hold numbers: {error}") from None
        numbers = numeric("y", y, np.dtype(np.float64)).reshape(len(y), -1)
        if numbers.shape[1] != self.n_outputs_:
            raise ValueError(
                f"y must have {self.n_outputs_} numbers for each sample, as in the first fit, got {numbers.shape[1]}"
            )
        return numbers

    def _output(self) -> tuple[int, list[Layer], Loss]:
        loss = parameters.loss(self.loss, MeanSquaredError(), LOSSES, "numbers, which are standardized")
        return self.n_outputs_, [], loss

    def _joined(
        self, trained: Networks, targets: Array, recipe: Recipe, weight: Array | None
    ) -> tuple[Model, dict[str, float]]:
        if self.n_outputs_ > 1:
            return ensemble.joined(trained, 0), {}
        low, high = float(targets.min()), float(targets.max())
        after = [Clip(low, max(high, low + 1e-6))] if recipe.clip else []  # which is not empty for a constant target
        model, scores = ensemble.regressor(trained, targets, after, calibrate=recipe.calibrate)
        scores["rmse"] *= float(self.target_scale_[0])
        return model, scores

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on part of the data; the arguments are those of `fit`."""
        return self._fit_part(X, y, sample_weight)

    def _scale_targets(self, targets: Array, weight: Array | None) -> None:
        self.target_mean_: Array = np.average(targets, axis=0, weights=weight)
        scale = np.sqrt(np.average((targets - self.target_mean_) ** 2, axis=0, weights=weight))
        if not np.isfinite(scale).all():
            raise ValueError(
                f"y must hold numbers whose squares are finite, got {np.abs(targets).max():.3g}: divide them by a number"
            )
        self.target_scale_: Array = np.where(scale <= 1e-12 * np.abs(targets).max(axis=0), 1, scale)

    def _scaled(self, targets: Array) -> Array:
        scaled: Array = (targets - self.target_mean_) / self.target_scale_
        return scaled

    @overload
    def predict(self, X: Any) -> Array: ...

    @overload
    def predict(self, X: Any, *, interval: float) -> Interval: ...

    def predict(self, X: Any, *, interval: float | None = None) -> Array | Interval:
        """Return the predicted numbers, (n,), or (n, k) if y had that form.

        Parameters
        ----------
        X : array-like
            As for `fit`.
        interval : float, optional
            A probability, such as 0.9. Then return a named tuple of three arrays, ``prediction, low, high``: the target lies between low
            and high with this probability. For one target, after a `fit` by default with at least 100 samples, or after `calibrate`.
        """
        if interval is None:
            return self._in_unit(self._scores(X))
        model, x = self._calibrated(X, "predict(X, interval=…)")
        found = model.predict(x, interval=interval)
        return Interval(*(self._in_unit(each.astype(np.float64)) for each in found))

    def _in_unit(self, numbers: Array) -> Array:
        """Return numbers that the network predicts in the unit of the targets."""
        found: Array = numbers * self.target_scale_ + self.target_mean_
        return found[:, 0] if self._one_dimension else found
