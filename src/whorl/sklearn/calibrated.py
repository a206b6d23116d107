"""Estimators that can say how sure their predictions are."""

from __future__ import annotations

from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

from whorl._core.types import Array
from whorl.derived import calibrate
from whorl.model import Model
from whorl.sklearn.base import NetworkEstimator
from whorl.sklearn.columns import convert


class CalibratedEstimator(NetworkEstimator):
    """What `NetworkClassifier` and `NetworkRegressor` learn from held-out samples."""

    def calibrate(self, X: Any, y: Any) -> Self:
        """Learn from held-out samples how sure predictions are, as `whorl.calibrate` does. A new `fit` forgets it.

        Parameters
        ----------
        X, y : array-like
            As for `fit`; samples that were not used to fit this estimator, or to choose it.

        Returns
        -------
        self
            With another `model_`.
        """
        check_is_fitted(self, "model_")
        x = convert(self, X, self.preparation_)
        self.model_ = calibrate(self.model_, x, self._scaled(self._targets(self._checked(x, y))))
        return self

    def _calibrated(self, X: Any, call: str) -> tuple[Model, Array]:
        """Return the network and the samples as numbers; raise ValueError if the network has not been calibrated."""
        check_is_fitted(self, "model_")
        if self.model_.uncertainty is None:
            raise ValueError(f"{call} needs held-out samples: call calibrate(X, y) with some that fit has not seen")
        return self.model_, convert(self, X, self.preparation_)
