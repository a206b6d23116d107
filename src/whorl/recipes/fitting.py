"""How a recipe is carried out on samples.

Letters: n samples.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from whorl._core.types import Array
from whorl._core.validation import numeric, show
from whorl.derived import with_layers
from whorl.layers import Clip, Layer, Rescale
from whorl.losses import CrossEntropy, Loss, MeanSquaredError
from whorl.model import Model
from whorl.recipes import ensemble, pace
from whorl.recipes.data import Arrays, Problem
from whorl.recipes.networks import Callbacks, Networks
from whorl.recipes.settings import Settings
from whorl.tables.encoding import STEPS, unresolved
from whorl.training import History


class Fitted(NamedTuple):
    """The result of a recipe.

    Parameters
    ----------
    model : Model
    history : History
        Of several networks, the means of their values.
    networks : Networks, optional
        The networks that the model is made of, with the samples that each was validated with; None if there is only the model itself.
    """

    model: Model
    history: History
    networks: Networks | None = None


class Trained(NamedTuple):
    """The result of a recipe on its own data set.

    Parameters
    ----------
    model : Model
    problem : Problem
    history : History
    networks : Networks or None
        As in `Fitted`.
    """

    model: Model
    problem: Problem
    history: History
    networks: Networks | None


class Unit(NamedTuple):
    """The unit of numbers to predict, which networks learn standardized, and their range."""

    offset: float
    factor: float
    low: float
    high: float

    @classmethod
    def of(cls, y: Array) -> Unit:
        """Return the unit of these targets."""
        if y.size != len(y):
            raise ValueError(f"y must hold one number for each sample, got shape {y.shape}")
        with np.errstate(over="ignore"):
            deviation = y.std(dtype=np.float64)
        low, high = float(y.min()), float(y.max())
        if not np.isfinite(deviation) or unresolved(y.reshape(-1)):
            raise _unresolved(low, high, deviation)
        return cls(float(y.mean()), float(y.std()) or 1.0, low, high)

    @classmethod
    def checked(cls, mean: float, deviation: float, low: float, high: float) -> Unit:
        """Return the unit of targets with this mean, standard deviation and range."""
        size: float = min(max(abs(low), abs(high)), float(np.finfo(np.float32).max))
        step = float(np.spacing(np.float32(size)))
        if not np.isfinite(deviation) or 0 < deviation < STEPS * step:
            raise _unresolved(low, high, deviation)
        return cls(mean, deviation or 1.0, low, high)

    def standardized(self, y: Array) -> Array:
        """Return targets (n, 1) as networks learn them."""
        return (y.reshape(len(y), 1) - self.offset) / self.factor

    def layers(self, *, clip: bool) -> list[Layer]:
        """Return the layers that bring predictions to the unit, and into the range."""
        # Above the low limit, for targets that are all equal too.
        high = max(self.high, self.low + 1e-6 * max(1.0, abs(self.low)))
        limits: list[Layer] = [Clip(self.low, high)] if clip else []
        return [Rescale(self.factor, self.offset), *limits]


def fit(
    recipe: Settings,
    X: Any,
    y: Any,
    *,
    validation: Arrays | None,
    callbacks: Callbacks,
    rng: np.random.Generator,
    resume: Any,
    distributed: bool,
) -> Fitted:
    """Train what the recipe describes; the arguments are those of `Recipe.fitted`."""
    if distributed and recipe.time is not None:
        raise ValueError(
            "a training with a time is planned by the clock, which several processes cannot do: give epochs"
        )
    X, y = _samples(recipe, X, y)
    if validation is not None:
        validation = _validation(recipe, validation, X, y)
    unit = None if recipe.classifies(y) else Unit.of(y)
    if validation is None and ensemble.divisible(recipe, len(X)):
        return _ensemble(recipe, X, y, unit, callbacks, rng, resume, distributed=distributed)
    known = y if validation is None else np.concatenate([y, validation[1]])
    target = unit.standardized(y) if unit else y
    given: Any = recipe.validation
    if recipe.validation_seed is not None:
        given = ensemble.validation_rows(recipe, len(X), recipe.validation_rng(rng))
    if validation is not None:
        given = validation[0], unit.standardized(validation[1]) if unit else validation[1]
    recipe = recipe.replace(members=1).for_samples(len(X))
    arguments = loss_and_metric(recipe, classes=unit is None) | {"distributed": distributed}
    if recipe.time is not None:
        recipe = pace.within(
            recipe,
            recipe.time,
            lambda each, rng: each.model(X, known, rng=rng),
            X,
            target,
            arguments,
        )
    model = recipe.model(X, known, rng=rng)
    history = model.fit(
        X,
        target,
        **arguments,
        **recipe.schedule(),
        validation=given,
        resume=ensemble.of_network(resume, 0),
        callbacks=[*ensemble.of_network(callbacks, 0), *ensemble.stopping(recipe, arguments["loss"])],
        rng=rng,
    )
    if unit:
        model = with_layers(model, [*model.layers, *unit.layers(clip=recipe.clip)])
    return Fitted(model, history)


def _unresolved(low: float, high: float, deviation: float) -> ValueError:
    return ValueError(
        f"y must vary by more than float32 resolves beside its size, got numbers up to {max(abs(low), abs(high)):.6g} with a standard"
        f" deviation of {deviation:.3g}: subtract a number from all, or divide them by one"
    )


class Start(NamedTuple):
    """What one network of a recipe starts from.

    Parameters
    ----------
    model : Model
        The untrained network.
    X, target : ndarray
        The samples, and what the network learns for them: labels, or standardized numbers.
    loss : Loss
    """

    model: Model
    X: Array
    target: Array
    loss: Loss


def start(recipe: Settings, problem: Problem, rng: np.random.Generator) -> Start:
    """Return the network that the training of a recipe starts from, for samples that were drawn from the same generator."""
    X, y = _samples(recipe, problem.X, problem.y)
    known = y if problem.validation is None else np.concatenate([y, problem.validation[1]])
    unit = None if recipe.classifies(y) else Unit.of(y)
    model = recipe.replace(members=1).model(X, known, rng=rng)
    loss = loss_and_metric(recipe, classes=unit is None)["loss"]
    return Start(model, X, unit.standardized(y) if unit else y, loss)


def _ensemble(
    recipe: Settings,
    X: Array,
    y: Array,
    unit: Unit | None,
    callbacks: Callbacks,
    rng: np.random.Generator,
    resume: Any,
    *,
    distributed: bool,
) -> Fitted:
    """Train the networks, and return their average."""
    if resume is not None and not callable(resume) and recipe.members > 1:
        raise ValueError(
            f"resume must be a function from the number of a network to its file, for the {recipe.members} networks of this recipe,"
            f" got {show(resume)}"
        )
    x = numeric("X", X, np.dtype(np.float32))  # one copy for all of them
    classes = None if unit else (y.argmax(axis=1) if y.ndim == 2 else y.astype(np.intp))
    trained = ensemble.train(
        recipe,
        lambda each, rng: each.model(x, y, rng=rng),
        x,
        unit.standardized(y) if unit else y,
        classes=classes,
        arguments=loss_and_metric(recipe, classes=unit is None) | {"distributed": distributed},
        callbacks=callbacks,
        resume=resume,
        rng=rng,
    )
    history = trained.history()
    if classes is not None:
        model, history.held_out = ensemble.classifier(trained, classes, calibrate=recipe.calibrate)
    else:
        assert unit is not None
        after = unit.layers(clip=recipe.clip)
        model, history.held_out = ensemble.regressor(trained, y, after, calibrate=recipe.calibrate)
    return Fitted(model, history, trained)


def _samples(recipe: Settings, X: Any, y: Any) -> Arrays:
    """Return samples and targets as arrays; raise TypeError or ValueError for what a recipe cannot learn."""
    X, y = numeric("X", X), numeric("y", y)
    if X.ndim < 2 or y.ndim == 0 or len(X) == 0 or len(X) != len(y):
        raise ValueError(f"X must have shape (n, features) and y one row for each sample, got {X.shape} and {y.shape}")
    if X.ndim == 2:
        coarse = np.flatnonzero(unresolved(X))
        if len(coarse):
            raise ValueError(
                f"X must not have columns whose values float32 can hardly tell apart, got column {coarse[0]} with numbers such as"
                f" {X[0, coarse[0]]:.12g}: subtract a number from it"
            )
    if recipe.classifies(y) and y.ndim == 1 and not (y.min() >= 0 and y.max() < max(len(y), 2)):
        raise ValueError(
            f"y must hold the classes 0, 1, …, got {y.min()} to {y.max()}; for numbers to predict, give loss=MeanSquaredError()"
        )
    return X, y


def _validation(recipe: Settings, given: Any, X: Array, y: Array) -> Arrays:
    """Return the samples and targets to validate with; raise TypeError or ValueError unless they are like those to train on."""
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise TypeError(f"validation must be (X_val, y_val), got {show(given)}")
    try:
        held_out, target = _samples(recipe, *given)
    except (TypeError, ValueError) as error:
        raise type(error)(f"in validation: {error}") from None
    if held_out.shape[1:] != X.shape[1:] or target.shape[1:] != y.shape[1:]:
        raise ValueError(
            f"in validation: X and y must have the shapes (n, {', '.join(map(str, X.shape[1:]))}) and"
            f" ({', '.join(map(str, ('n', *y.shape[1:])))}), as those to train on, got {held_out.shape} and {target.shape}"
        )
    return held_out, target


def loss_and_metric(recipe: Settings, *, classes: bool) -> dict[str, Any]:
    """Return the loss and the metric."""
    loss = recipe.loss or (CrossEntropy() if classes else MeanSquaredError())
    return {"loss": loss, "metrics": ["accuracy" if classes else "r2"]}
