"""`MLPClassifier` and `MLPRegressor`: scikit-learn's estimators, trained by whorl.

They are scikit-learn's classes, with its parameters, checks, attributes and predictions. What is replaced is the training: forward
and backward passes, and the steps of the solvers.
"""

from __future__ import annotations

import warnings
from inspect import signature
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import issparse
from sklearn import neural_network
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import shuffle

from whorl._core.memory import keep_freed_memory
from whorl._core.types import Array
from whorl.sklearn.classifier import log_odds
from whorl.sklearn.epochs import epochs
from whorl.sklearn.objective import MlpObjective
from whorl.sklearn.solvers import Descent, Moments


class _Trained:
    """The training of scikit-learn's multi-layer perceptrons: its two methods that train, by whorl.

    scikit-learn 1.6 passes them no weights of samples, later versions as the third argument. Sparse matrices are left to it.
    """

    def _fit_stochastic(self: Any, X: Any, y: Array, *given: Any) -> None:
        ours = isinstance(getattr(self, "_optimizer", None), Descent | Moments)
        if issparse(X) and not (given[-1] and ours):
            super()._fit_stochastic(X, y, *given)  # type: ignore[misc]  # of scikit-learn
            return
        X = X.toarray() if issparse(X) else X  # partial_fit goes on where it has begun
        weighted = len(given) == 7
        weight, incremental = given[0] if weighted else None, given[-1]
        objective = self._objective(X, y)
        parameters = objective.model.parameters
        if not (incremental and ours):
            self._optimizer: Descent | Moments = (
                Descent(
                    parameters,
                    self.learning_rate_init,
                    self.learning_rate,
                    self.momentum,
                    self.power_t,
                    nesterov=self.nesterovs_momentum,
                )
                if self.solver == "sgd"
                else Moments(parameters, self.learning_rate_init, self.beta_1, self.beta_2, self.epsilon)
            )
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        (X, y, weight), held_out = self._split(X, y, weight) if self.early_stopping else ((X, y, weight), (None,) * 3)
        order, count = np.arange(len(X)), 1 if incremental else self.max_iter
        size = self._batch_size(len(X))
        take = epochs(objective, self._optimizer, (X, y, weight), size, count=count, fast=self.fast)
        self.n_iter_ = 0
        try:
            for _ in range(count):
                if self.shuffle:
                    order = shuffle(order, random_state=self._random_state)
                self._record(take(order), len(order))
                if self._ends(held_out if weighted else held_out[:2]):
                    break
            else:
                if not incremental:
                    warnings.warn(
                        f"Maximum iterations ({self.max_iter}) reached, without convergence: raise max_iter",
                        ConvergenceWarning,
                        stacklevel=3,
                    )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=3)
        if self.early_stopping:
            self.coefs_, self.intercepts_ = self._best_coefs, self._best_intercepts

    def _objective(self: Any, X: Any, y: Array) -> MlpObjective:
        """Return the loss as a function of parameters that start as ``coefs_`` and ``intercepts_``, which become views of them."""
        keep_freed_memory()
        sizes = [X.shape[1], *np.atleast_1d(self.hidden_layer_sizes), y.shape[1]]
        if not np.size(self.hidden_layer_sizes):
            sizes = [X.shape[1], y.shape[1]]
        shapes = list(pairwise(map(int, sizes)))
        if [each.shape for each in self.coefs_] != shapes:
            raise ValueError(
                "warm_start and partial_fit continue with the weights of the last fit, of shapes"
                f" {[each.shape for each in self.coefs_]}, but hidden_layer_sizes={self.hidden_layer_sizes}, X and y need {shapes}; for a"
                " new network, use warm_start=False and fit"
            )
        objective = MlpObjective(sizes, self.activation, self.out_activation_, self.alpha, self.coefs_[0].dtype)
        for views, values in ((objective.weights, self.coefs_), (objective.biases, self.intercepts_)):
            for view, value in zip(views, values, strict=True):
                view[...] = value
        self.coefs_, self.intercepts_ = objective.weights, objective.biases
        return objective

    def _split(self: Any, X: Array, y: Array, weight: Array | None) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Return samples, targets and weights to train on, and those to measure the validation score on."""
        parts = train_test_split(
            *((X, y) if weight is None else (X, y, weight)),
            random_state=self._random_state,
            test_size=self.validation_fraction,
            stratify=y if is_classifier(self) and self.n_outputs_ == 1 else None,
        )
        if len(parts[1]) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        if is_classifier(self):
            parts[3] = self._label_binarizer.inverse_transform(parts[3])
        parts += [None] * (6 - len(parts))
        return tuple(parts[0::2]), tuple(parts[1::2])

    def _batch_size(self: Any, count: int) -> int:
        if self.batch_size == "auto":
            return min(200, count)
        if self.batch_size > count:
            warnings.warn("Got `batch_size` larger than the number of samples. It is going to be clipped", stacklevel=4)
        return int(np.clip(self.batch_size, 1, count))

    def _record(self: Any, loss: float, count: int) -> None:
        """Record an epoch over so many samples."""
        self.n_iter_ += 1
        self.t_ += count
        self.loss_ = loss
        self.loss_curve_.append(self.loss_)
        if self.verbose:
            print(f"Iteration {self.n_iter_}, loss = {self.loss_:.8f}")  # noqa: T201  # as scikit-learn does

    def _ends(self: Any, held_out: tuple[Any, ...]) -> bool:
        """Whether training ends after this epoch, because it no longer improves."""
        self._update_no_improvement_count(self.early_stopping, *held_out)
        self._optimizer.end_epoch(self.t_)
        if self._no_improvement_count <= self.n_iter_no_change:
            return False
        what = "Validation score" if self.early_stopping else "Training loss"
        stops = bool(self._optimizer.stops())
        if self.verbose:
            then = "Stopping." if stops else f"Setting learning rate to {self._optimizer.learning_rate:f}"
            print(  # noqa: T201
                f"{what} did not improve more than tol={self.tol:f} for {self.n_iter_no_change} consecutive epochs. {then}"
            )
        self._no_improvement_count = self._no_improvement_count if stops else 0
        return stops

    def _fit_lbfgs(self: Any, X: Any, y: Array, *given: Any) -> None:
        if issparse(X):
            super()._fit_lbfgs(X, y, *given)  # type: ignore[misc]  # of scikit-learn
            return
        weight = given[0] if len(given) == 6 else None
        objective = self._objective(X, y)
        parameters = objective.model.parameters

        def evaluate(values: Array) -> tuple[float, Array]:
            parameters[...] = values
            loss, gradients = objective.loss_and_gradients(X, y, weight)
            return loss, gradients.astype(np.float64)

        found = minimize(
            evaluate,
            parameters.astype(np.float64),
            method="L-BFGS-B",
            jac=True,
            options={"maxfun": self.max_fun, "maxiter": self.max_iter, "gtol": self.tol},
        )
        parameters[...] = found.x
        self.n_iter_, self.loss_ = min(found.nit, self.max_iter), found.fun
        if found.status:
            warnings.warn(
                f"lbfgs failed to converge after {found.nit} iterations: {found.message}; raise max_iter or scale the data",
                ConvergenceWarning,
                stacklevel=3,
            )


def _with_fast(theirs: Any) -> Any:
    """Return an ``__init__`` with the parameters of scikit-learn's class, in which its versions differ, and `fast`."""

    def initialize(self: Any, *given: Any, fast: bool | None = None, **named: Any) -> None:
        theirs.__init__(self, *given, **named)
        self.fast = fast

    known, own = signature(theirs.__init__), signature(initialize).parameters["fast"]
    initialize.__signature__ = known.replace(parameters=[*known.parameters.values(), own])  # type: ignore[attr-defined]
    return initialize


class MLPClassifier(_Trained, neural_network.MLPClassifier):
    """scikit-learn's ``MLPClassifier``, trained by whorl: the same parameters, attributes and results, sooner.

    Change the import, and nothing else. With the same ``random_state`` the losses are those of scikit-learn, up to rounding. The
    parameters are described there, except for one. Sparse matrices are trained on by scikit-learn itself.

    Parameters
    ----------
    fast : bool, optional
        Whether the epochs of Adam and SGD are compiled, with Numba, which the extra ``whorl[fast]`` installs: the same steps and, up to
        rounding, the same losses. By default they are if that is installed and saves more time than it takes to load. L-BFGS has
        no epochs, and sparse matrices are left to scikit-learn, whatever is written here.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = MLPClassifier((16,), max_iter=500, random_state=0, solver="lbfgs").fit(X, y)
    >>> classifier.score(X, y) > 0.95
    True
    """

    __init__ = _with_fast(neural_network.MLPClassifier)

    def decision_function(self, X: Any) -> Array:
        """Return the logarithm of the odds, (n,) for two classes and (n, k) for labels; the logarithm of the probabilities for more."""
        p = self.predict_proba(X)
        return log_odds(p, each=self.out_activation_ == "logistic" and self.n_outputs_ > 1)


class MLPRegressor(_Trained, neural_network.MLPRegressor):
    """scikit-learn's ``MLPRegressor``, trained by whorl: the same parameters, attributes and results, sooner.

    Change the import, and nothing else. See `MLPClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> MLPRegressor(hidden_layer_sizes=(16,), max_iter=500, random_state=0, solver="lbfgs").fit(X, y).score(X, y) > 0.4
    True
    """

    __init__ = _with_fast(neural_network.MLPRegressor)
