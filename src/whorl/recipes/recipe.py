"""A recipe: how to train a network on data of some kind, as one immutable description.

Letters: n samples, k classes.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import KW_ONLY, fields
from typing import Any

import numpy as np

from whorl import initializers, layers, optimizers, schedules
from whorl._core import notation, randomness
from whorl._core.description import Description, argument
from whorl._core.hints import did_you_mean
from whorl._core.randomness import RNG
from whorl._core.types import Array
from whorl._core.validation import instance, integer, number, numeric, show, truth
from whorl.initializers import Initializer, Normal
from whorl.layers import Dense, Layer, Rescale, Softmax, Standardize
from whorl.losses import CrossEntropy, Huber, Loss, MeanAbsoluteError, MeanSquaredError, Quantile
from whorl.model import Model
from whorl.optimizers import Optimizer
from whorl.recipes.data import Arrays, Data, DataSet, Problem
from whorl.recipes.edits import stretched
from whorl.schedules import Schedule
from whorl.training import Callback, EarlyStopping, History

LAYERS = notation.concrete(layers, Layer)
INITIALIZERS = notation.concrete(initializers, Initializer)
OPTIMIZERS = notation.concrete(optimizers, Optimizer)
SCHEDULES = notation.concrete(schedules, Schedule)
LOSSES: dict[str, type] = {
    kind.__name__: kind for kind in (CrossEntropy, Huber, MeanAbsoluteError, MeanSquaredError, Quantile)
}
"""The losses of recipes: the first for classes, the others for numbers."""

READERS: dict[str, Callable[[str], Any]] = {
    "layers": lambda text: notation.parse_list(text, LAYERS | INITIALIZERS, Layer),
    "output_layer": lambda text: notation.parse_one(text, LAYERS | INITIALIZERS, Dense),
    "loss": lambda text: notation.parse_one(text, LOSSES, Loss),
    "optimizer": lambda text: notation.parse_one(text, OPTIMIZERS | SCHEDULES, Optimizer),
}
"""How to read the settings that are written as text."""


def _layers(name: str, value: object) -> tuple[Layer, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of layers, such as [Dense(64), ReLU()], got {show(value)}")
    layers = tuple(instance(f"{name}[{i}]", layer, Layer, "Dense(64)") for i, layer in enumerate(value))
    if layers and isinstance(layers[-1], Softmax):
        raise ValueError(
            f"{name} must be the hidden layers: the output layer and Softmax() are added to them; leave out the last Dense and"
            " Softmax()"
        )
    return layers


def _loss(name: str, value: object) -> Loss:
    loss: Loss = instance(name, value, Loss, "CrossEntropy()")
    if type(loss).__name__ not in LOSSES:
        raise ValueError(f"{name} must be one of {', '.join(LOSSES)}, got {loss}")
    return loss


class Recipe(Description):
    """How to train a network on data of some kind.

    Parameters
    ----------
    layers : sequence of Layer
        The hidden layers, such as "Dense(64), GELU(), Dropout(0.1)". The first and the last layers are added to them.
    output_layer : Dense, optional
        The layer before the predictions. The data determines how many units it has, whatever is written here.
    standardize : bool, optional
        Whether to bring each feature to mean 0 and standard deviation 1 first.
    loss : Loss, optional
        `CrossEntropy` for classes; `MeanSquaredError`, `MeanAbsoluteError`, `Huber` or `Quantile` for numbers, which are
        standardized first. By default the targets decide between the first two.
    optimizer : Optimizer
        The optimizer, with its schedule inside, such as "AdamW(Cosine(0.002, epochs=100))".
    epochs : int
        Number of passes over the training samples.
    batch_size : int
        Number of samples in a step.
    validation : float, optional
        Share of the samples to hold out for validation.
    patience : int, optional
        Number of epochs without a better validation loss to allow; the model then gets its best parameters. By default all
        epochs run, and it keeps the last.
    data : Data, optional
        The data set that `train` trains on.

    Examples
    --------
    >>> from whorl import Adam, Cosine, Dense, ReLU, datasets
    >>> X, y = datasets.moons(100, rng=0)
    >>> recipe = Recipe([Dense(16), ReLU()], optimizer=Adam(Cosine(0.01, epochs=20)), epochs=20, batch_size=32)
    >>> model, history = recipe.fit(X, y, rng=0)
    >>> model.layers
    (Standardize(), Dense(16), ReLU(), Dense(2, initializer=Normal(0.01)), Softmax())
    """

    layers: Sequence[Layer] = argument(_layers)
    _: KW_ONLY
    output_layer: Dense = argument(instance, default=Dense(1, initializer=Normal(0.01)), kind=Dense, example="Dense(1)")
    standardize: bool = argument(truth, default=True)
    loss: Loss | None = argument(_loss, default=None)
    optimizer: Optimizer = argument(instance, kind=Optimizer, example="Adam(0.01)")
    epochs: int = argument(integer)
    batch_size: int = argument(integer)
    validation: float = argument(number, default=0.2, above=0, below=1)
    patience: int | None = argument(integer, default=None, minimum=0)
    data: Data | None = argument(instance, default=None, kind=Data, example="Spiral()")

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.data, DataSet) and self.loss is not None and type(self.loss) is not CrossEntropy:
            what = type(self.data).__name__
            raise ValueError(f"loss must be CrossEntropy() for {what}, which has classes, got {self.loss}")

    def settings(self) -> dict[str, Any]:
        """Return all settings by name, those of the data first; layers, optimizer and loss as text.

        ``recipe.replace(**recipe.settings())`` is the recipe again.

        Examples
        --------
        >>> from whorl.recipes import RECIPES
        >>> settings = RECIPES["moons"]["classic"].settings()
        >>> settings["samples"], settings["layers"], settings["epochs"]
        (1000, 'Dense(64), ReLU(), Dense(64), ReLU()', 50)
        """
        found = {name: getattr(owner, name) for name, owner in self._owners().items()}
        found["layers"] = ", ".join(map(repr, self.layers))
        return {name: repr(value) if isinstance(value, Description) else value for name, value in found.items()}

    def replace(self, **settings: Any) -> Recipe:
        """Return a recipe with other settings, its own or its data's, by name.

        Layers, loss and optimizer may be text, as their ``repr`` writes them. If `epochs` changes and the optimizer is not
        given, its schedules are stretched to the new length.

        Raises
        ------
        TypeError, ValueError
            If there is no such setting, or it must not have this value.

        Examples
        --------
        >>> from whorl.recipes import classification
        >>> classification().replace(epochs=50, layers="Dense(64), ReLU()").optimizer
        AdamW(Cosine(0.005, epochs=50.0))
        """
        owners = self._owners()
        for name, value in settings.items():
            if name not in owners:
                hint = did_you_mean(name, owners)
                raise ValueError(f"there is no setting {name!r}{hint}; there are {', '.join(owners)}")
            if name in READERS and isinstance(value, str):
                try:
                    settings[name] = READERS[name](value)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
        if "epochs" in settings and "optimizer" not in settings:
            epochs = integer("epochs", settings["epochs"])
            settings["optimizer"] = stretched(self.optimizer, self.epochs, epochs)
        own = {name: value for name, value in settings.items() if owners[name] is self}
        others = {name: value for name, value in settings.items() if owners[name] is not self}
        return dataclasses.replace(self, **own, data=self.data and dataclasses.replace(self.data, **others))

    def _owners(self) -> dict[str, Description]:
        """Return which description has each setting: the data or the recipe itself."""
        owners: list[Description] = [self] if self.data is None else [self.data, self]
        return {each.name: owner for owner in owners for each in fields(owner) if each.name != "data"}  # type: ignore[arg-type]

    def model(self, X: Array, y: Array, *, rng: RNG = None) -> Model:
        """Return the untrained network for these samples.

        The output layer starts near 0, so that the network has no preference among classes: the loss is about ln k.
        """
        outputs, last = 1, list[Layer]()
        if self._classifies(y):
            outputs, last = y.shape[1] if y.ndim == 2 else int(y.max()) + 1, [Softmax()]
        first = [Standardize()] if self.standardize else []
        output_layer = dataclasses.replace(self.output_layer, units=outputs)
        return Model([*first, *self.layers, output_layer, *last], inputs=X.shape[1:], rng=rng)

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        validation: Arrays | None = None,
        callbacks: Sequence[Callback] = (),
        rng: RNG = None,
        resume: str | os.PathLike[str] | None = None,
    ) -> tuple[Model, History]:
        """Train a network on samples.

        Parameters
        ----------
        X : array-like, shape (n, *inputs)
            The samples.
        y : array-like
            Labels from 0, shape (n,), or one-hot (n, k), for classes; numbers, shape (n,) or (n, 1), for a regression.
        validation : tuple of ndarray, optional
            Samples and targets to validate with; by default a share of X and y is held out.
        callbacks : sequence of Callback, optional
            Called while the network trains.
        rng : int, Generator or None, optional
            Draws the first parameters, the validation samples, and the order of the samples.
        resume : str or path, optional
            As for `Model.fit`.

        Returns
        -------
        model : Model
            In a regression it predicts in the unit of y, although it was trained on standardized targets.
        history : History
        """
        generator = randomness.generator(rng)
        X, y = numeric("X", X), numeric("y", y)
        if X.ndim < 2 or len(X) == 0 or len(X) != len(y):
            raise ValueError(
                f"X must have shape (n, features) and y one row for each sample, got {X.shape} and {y.shape}"
            )
        known = y if validation is None else np.concatenate([y, validation[1]])
        classes = self._classifies(y)
        offset, factor = (0.0, 1.0) if classes else _scale(y)

        def scaled(y: Array) -> Array:
            return y if classes else (y.reshape(len(y), 1) - offset) / factor

        model = self.model(X, known, rng=generator)
        history = model.fit(
            X,
            scaled(y),
            loss=self.loss or (CrossEntropy() if classes else MeanSquaredError()),
            optimizer=self.optimizer,
            epochs=self.epochs,
            batch_size=self.batch_size,
            validation=self.validation if validation is None else (validation[0], scaled(validation[1])),
            metrics=["accuracy" if classes else "r2"],
            resume=resume,
            callbacks=[*callbacks, *([] if self.patience is None else [EarlyStopping(patience=self.patience)])],
            rng=generator,
        )
        return model if classes else _rescaled(model, factor, offset), history

    def problem(self, rng: RNG = None) -> Problem:
        """Draw or load the samples of the recipe's data set."""
        if self.data is None:
            raise ValueError("this recipe has no data set of its own: give samples, recipe.fit(X, y)")
        return self.data.problem(randomness.generator(rng), self.validation)

    def train(
        self,
        rng: RNG = None,
        callbacks: Sequence[Callback] = (),
        problem: Problem | None = None,
        *,
        resume: str | os.PathLike[str] | None = None,
    ) -> tuple[Model, Problem, History]:
        """Train on the recipe's data set, or on samples of it that were drawn before; return the model, the samples, the history."""
        generator = randomness.generator(rng)
        problem = problem or self.problem(generator)
        model, history = self.fit(
            problem.X, problem.y, validation=problem.validation, callbacks=callbacks, rng=generator, resume=resume
        )
        model.preparation = problem.preparation
        return model, problem, history

    def _classifies(self, y: Array) -> bool:
        """Return whether y holds labels of classes: one-hot, or whole numbers, unless the loss is one for numbers."""
        if self.loss is not None:
            return isinstance(self.loss, CrossEntropy)
        return y.dtype.kind in "iub" or (y.ndim == 2 and y.shape[1] > 1)


def _scale(y: Array) -> tuple[float, float]:
    """Return the mean and the standard deviation of numbers, 1 if that is 0."""
    if y.size != len(y):
        raise ValueError(f"y must hold one number for each sample, got shape {y.shape}")
    return float(y.mean()), float(y.std()) or 1.0


def _rescaled(model: Model, factor: float, offset: float) -> Model:
    """Return the model with one layer more, which brings its predictions to another unit."""
    whole = Model([*model.layers, Rescale(factor, offset)], inputs=model.inputs, rng=0)
    whole.parameters[:] = model.parameters
    whole.statistics[:] = model.statistics
    return whole
