"""The parts that the estimators share."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from whorl._core.types import Array
from whorl.initializers import Normal
from whorl.layers import Dense, Layer, Standardize
from whorl.losses import Loss
from whorl.model import Model
from whorl.optimizers import AdamW, Optimizer
from whorl.recipes import Recipe
from whorl.sklearn import parameters
from whorl.sklearn.columns import convert, learn
from whorl.tables import Preparation
from whorl.training import Callback, EarlyStopping, History, Progress, TrainingState
from whorl.training.options import callback_list


class NetworkEstimator(BaseEstimator, ABC):
    """What `NetworkClassifier` and `NetworkRegressor` share: parameters, training, and the output of the network."""

    model_: Model
    preparation_: Preparation | None
    _state: TrainingState | None
    _optimizer: Optimizer
    _design: tuple[bool, list[Layer]] | None

    def __init__(
        self,
        layers: Sequence[Layer] | str | None = None,
        *,
        preset: str = "default",
        loss: Loss | str | None = None,
        optimizer: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        standardize: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        ignore: Sequence[str] = (),
        use: Sequence[str] = (),
        callbacks: Sequence[Callback] = (),
        warm_start: bool = False,
        random_state: Any = None,
        fast: bool | None = None,
        threads: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.layers = layers
        self.preset = preset
        self.loss = loss
        self.optimizer = optimizer
        self.epochs = epochs
        self.batch_size = batch_size
        self.standardize = standardize
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.ignore = ignore
        self.use = use
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.fast = fast
        self.threads = threads
        self.verbose = verbose

    # The parts that classes and numbers differ in.

    @abstractmethod
    def _learn_target(self, y: Any, classes: Any) -> None:
        """Set the attributes that describe the targets."""

    def _check_target(self, y: Any, classes: Any, *, part: bool) -> None:
        """Raise ValueError if training cannot go on with these targets, of a part of the data or of all."""

    @abstractmethod
    def _targets(self, y: Any) -> Array:
        """Return the targets in the form that the loss expects."""

    @abstractmethod
    def _output(self) -> tuple[int, list[Layer], Loss]:
        """Return the number of outputs, the layers after them, and the loss."""

    def _weights(self, targets: Array, weight: Array | None) -> Array | None:
        """Return the weights of the samples, those of their classes included."""
        return weight

    def _scale_targets(self, targets: Array, weight: Array | None) -> None:
        """Learn how to standardize the targets, if they are numbers."""

    def _scaled(self, targets: Array) -> Array:
        """Return the targets as the network predicts them."""
        return targets

    # Fitting.

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
    ) -> Self:
        """Fit the network.

        Parameters
        ----------
        X : array-like or data frame, shape (n, d)
            Numbers, or a data frame of pandas, Polars or PyArrow with text, categories, gaps and dates.
        y : array-like, shape (n,) or (n, k)
            Class labels of any type, or an indicator matrix of several labels for each sample; or numbers.
        sample_weight : array-like, shape (n,), optional
            Weight of each sample, at least 0.
        X_val, y_val : array-like, optional
            Data to measure the validation loss on, which ends training if `early_stopping` is True. By default, a fraction of X
            and y is set aside for that.

        Returns
        -------
        self
        """
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be given together")
        with parameters.unchanged_on_failure(self):
            alone = X_val is not None  # one network, whose validation data are given
            x, targets, weight, seed = self._begin(X, y, sample_weight, part=False, alone=alone)
            if not alone and parameters.several(self, len(x)):
                return self._fit_several(x, targets, weight, seed)
            validation: Any = self.validation_fraction if self.early_stopping else None
            if X_val is not None:
                held_out = convert(self, X_val, self.preparation_)
                validation = held_out, self._scaled(self._targets(self._checked(held_out, y_val)))
            recipe = parameters.recipe(self, len(x))
            history = self.model_.fit(
                x,
                targets,
                loss=self._output()[2],
                optimizer=recipe.optimizer,
                epochs=recipe.epochs,
                batch_size=recipe.batch_size,
                validation=validation,
                callbacks=self._callbacks(),
                sample_weight=weight,
                rng=seed,
                fast=self.fast,
                threads=self.threads,
            )
            self._state = None
            return self._record(history)

    @abstractmethod
    def _fit_several(self, x: Array, targets: Array, weight: Array | None, seed: int) -> Self:
        """Train the networks of the preset, and average them."""

    def _callbacks(self) -> list[Callback]:
        """Return the callbacks, those for early stopping and progress included."""
        callbacks = list(callback_list(self.callbacks or ()))
        if self.verbose:
            callbacks.append(Progress())
        if self.early_stopping:
            callbacks.append(EarlyStopping(patience=self.patience))
        return callbacks

    def _fit_part(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        """Train for one epoch on part of the data."""
        with parameters.unchanged_on_failure(self):
            x, targets, weight, seed = self._begin(X, y, sample_weight, part=True, classes=classes)
            recipe, state = parameters.recipe(self, len(x)), getattr(self, "_state", None)
            optimizer = AdamW(0.001) if self.optimizer is None else recipe.optimizer  # the recipe's rate falls to 0
            if state is not None and type(optimizer) is not type(self._optimizer):
                raise ValueError(
                    f"optimizer must be of the kind of the parts before, {self._optimizer}, got {optimizer}"
                )
            self._optimizer = optimizer
            self._state = self.model_.partial_fit(
                x,
                targets,
                loss=self._output()[2],
                optimizer=optimizer,
                batch_size=recipe.batch_size,
                sample_weight=weight,
                state=state,
                rng=seed if state is None else None,
                fast=self.fast,
                threads=self.threads,
            )
            return self._record(self._state.history)

    def _begin(
        self, X: Any, y: Any, sample_weight: Any, *, part: bool, alone: bool = True, classes: Any = None
    ) -> tuple[Array, Array, Array | None, int]:
        """Return samples, targets and weights for training, and a seed; make the network, or a copy of the one to go on with.

        Unless it is to be `alone`, the network is not made if `fit` will train several.
        """
        parameters.validate(self)
        again = (part or self.warm_start) and hasattr(self, "model_")
        if again:
            x = convert(self, X, self.preparation_)
        else:
            x, self.preparation_ = learn(self, X, self.ignore, self.use)
        y = self._checked(x, y)
        if not again:
            self._learn_target(y, classes)
        self._check_target(y, classes, part=part)
        targets = self._targets(y)
        weight = self._weights(targets, parameters.sample_weight(sample_weight, len(x)))
        if weight is not None:
            kept = weight > 0
            x, targets, weight = x[kept], targets[kept], weight[kept]
        seed = parameters.seed(self.random_state)
        if alone or not parameters.several(self, len(x)):
            self._make(x, weight, seed, again=again)
        if not again:
            self._scale_targets(targets, weight)
        return x, self._scaled(targets), weight, seed

    def _make(self, x: Array, weight: Array | None, seed: int, *, again: bool) -> None:
        """Set `model_` to a new network, or to a copy of the present one, so that a training that fails leaves that as it was."""
        recipe = parameters.recipe(self, len(x))
        design = self.standardize, list(recipe.layers)
        if again and self._design is None:
            raise ValueError(
                "partial_fit and warm_start continue one network, but the last fit trained the networks of a preset: for one network, call"
                ' fit with layers, such as layers="Dense(64), ReLU()", and warm_start=False'
            )
        if again and self._design and design != self._design:
            was, now = (f"standardize={one}, layers={layers}" for one, layers in (self._design, design))
            raise ValueError(
                f"warm_start and partial_fit continue with the network of the last fit, which has {was}, got {now};"
                " for a new network, call fit with warm_start=False"
            )
        self._design = design
        self.model_ = copy.copy(self.model_) if again else self._model(x, weight, recipe, seed)

    def _record(self, history: History) -> Self:
        """Set the attributes that say how training went."""
        self.history_ = history
        self.n_iter_: int = len(history.epochs)
        self.loss_curve_: list[float] = history["loss"] if history.epochs else []
        self.validation_curve_: list[float] | None = history.get("val_loss")
        self.loss_: float | None = self.loss_curve_[-1] if self.loss_curve_ else None
        return self

    def _checked(self, x: Array, y: Any) -> Array:
        """Return y as an array with a target for each sample."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        y = y.to_numpy() if hasattr(y, "to_numpy") else np.asarray(y)
        if y.dtype == object and y.ndim == 2 and all(isinstance(each, Real) for each in y.flat):
            y = y.astype(float)  # columns of numbers and of booleans
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        check_consistent_length(x, y)
        found: Array = y
        return found

    def _model(self, x: Array, weight: Array | None, recipe: Recipe, seed: int) -> Model:
        """Return the network before training."""
        outputs, last, _ = self._output()
        first = [Standardize()] if self.standardize else []
        hidden = parameters.hidden_layers(self, recipe, len(x))
        layers = [*first, *hidden, Dense(outputs, initializer=Normal(0.01)), *last]
        dtype = np.float64 if len(x) <= parameters.WHOLE else np.float32
        model = Model(layers, inputs=x.shape[1], rng=seed, dtype=dtype)
        if self.standardize and weight is not None:
            mean = np.average(x, axis=0, weights=weight)
            scale = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=weight))
            p = model.p[0]
            p.mean[...], p.count[0] = mean, len(x)
            p.scale[...] = np.where(scale <= 1e-7 * np.abs(x).max(axis=0), 1, scale)
        return model

    def _scores(self, X: Any) -> Array:
        """Return the output of the network."""
        check_is_fitted(self, "model_")
        found: Array = self.model_.predict(convert(self, X, self.preparation_)).astype(np.float64)
        return found

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")
