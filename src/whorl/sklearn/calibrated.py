"""Estimators of several networks, and of predictions that say how sure they are."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from whorl._core.randomness import generator
from whorl._core.types import Array
from whorl._core.validation import numeric
from whorl.derived import calibrate
from whorl.losses import CrossEntropy
from whorl.model import Model
from whorl.recipes import Recipe, ensemble
from whorl.recipes.networks import Networks
from whorl.sklearn import parameters
from whorl.sklearn.base import NetworkEstimator
from whorl.sklearn.columns import convert
from whorl.training import Progress
from whorl.training.options import callback_list


class CalibratedEstimator(NetworkEstimator):
    """What `NetworkClassifier` and `NetworkRegressor` learn from held-out samples."""

    def calibrate(self, X: Any, y: Any) -> Self:
        """Learn from held-out samples how sure predictions are, as `whorl.calibrate` does.

        A new `fit` forgets it; with `warm_start`, and in `partial_fit`, the temperature stays, as a layer. By default, with at least 100 samples, `fit` has done so already: each network holds out samples for it.

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
        if getattr(self, "multilabel_", False) or getattr(self, "n_outputs_", 1) > 1:
            raise ValueError(f"{call} is for one class or one number for each sample, got several in fit")
        if self.model_.uncertainty is None:
            raise ValueError(
                f"{call} needs held-out samples: fit holds some out by default, without layers and with at least 100 samples;"
                " otherwise call calibrate(X, y) with some that fit has not seen"
            )
        return self.model_, convert(self, X, self.preparation_)

    def _fit_several(self, x: Array, targets: Array, weight: Array | None, seed: int) -> Self:
        """Train the networks of the preset, and average them."""
        recipe = parameters.recipe(self, len(x), several=True)
        outputs, last, loss = self._output()
        x = numeric("X", x, np.dtype(np.float32))
        metrics = ["accuracy"] if isinstance(loss, CrossEntropy) else []
        if weight is not None and weight.min() < weight.max():
            # The accuracy ignores weights, so that the epoch of the best one would undo them: keep that of the least loss.
            recipe = recipe.replace(keep="last", patience=recipe.epochs)
        arguments = {"loss": loss, "metrics": metrics, "sample_weight": weight, "fast": self.fast}

        trained = ensemble.train(
            recipe,
            lambda each, rng: each.network(x, outputs, last, rng=rng),
            x,
            targets,
            classes=targets if targets.ndim == 1 else None,
            arguments=arguments | ({"threads": self.threads} if self.threads is not None else {}),
            callbacks=lambda k: [
                *callback_list(self.callbacks or ()),
                *([Progress()] if self.verbose and k == 0 else []),
            ],
            rng=generator(seed),
        )
        self.model_, scores = self._joined(trained, targets, recipe, weight)
        self._state, self._design = None, None
        history = trained.history()
        history.held_out = scores
        return self._record(history)

    @abstractmethod
    def _joined(
        self, trained: Networks, targets: Array, recipe: Recipe, weight: Array | None
    ) -> tuple[Model, dict[str, float]]:
        """Return the average of the networks, calibrated if there is one class or one number for each sample; and its scores."""
