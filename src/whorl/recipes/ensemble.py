"""An ensemble: networks that are trained on folds of the samples, and become one model, calibrated with what they have not seen.

Letters: n samples, k classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from whorl import metrics
from whorl._core import randomness
from whorl._core.types import Array
from whorl.calibration import Intervals, Sets, temperature, temperature_and_biases
from whorl.derived import average, with_layers
from whorl.layers import Layer, Rescale, Softmax
from whorl.losses import CrossEntropy
from whorl.model import Model
from whorl.parameters import Views
from whorl.recipes import networks, pace
from whorl.recipes.networks import Callbacks, Networks
from whorl.recipes.selection import selected
from whorl.recipes.settings import Settings
from whorl.training import Callback, EarlyStopping, Epoch, History, TimeLimit

FEWEST_SAMPLES = 100
"""With fewer samples there are no folds."""
MAX_CLASSES_WITH_BIASES = 100
"""With more classes, probabilities have a temperature only."""
DECIMALS = 4
"""The biases, which are part of the text of a model file, are rounded to so many decimals."""


def divisible(recipe: Settings, count: int) -> bool:
    """Return whether so many samples can be divided into folds, or a part for calibration, as the recipe wants."""
    wanted = recipe.members > 1 or recipe.calibrate
    return wanted and count >= max(FEWEST_SAMPLES, 2 * recipe.fold_count)


def train(
    recipe: Settings,
    make: Callable[[Settings, np.random.Generator], Model],
    x: Array,
    target: Array,
    *,
    classes: Array | None,
    arguments: dict[str, Any],
    callbacks: Callbacks = (),
    resume: Callable[[int], Any] | Any = None,
    rng: np.random.Generator,
) -> Networks:
    """Train each network on all samples but those of its fold, with the variants of the recipe in turn, and weight them.

    Parameters
    ----------
    recipe : Settings
    make : callable
        Returns an untrained network of a recipe.
    x : ndarray, shape (n, *inputs)
    target : ndarray
        Targets as the networks predict them.
    classes : ndarray of int, shape (n,), or None
        The class of each sample, of which each fold has the same share.
    arguments : dict
        The loss, and whatever else `Model.fit` gets, for all networks.
    callbacks, resume
        As for `Recipe.fitted`.
    rng : Generator
    """
    recipe = recipe.for_samples(len(x))
    if recipe.time is not None:
        recipe = pace.within(recipe, recipe.time, make, x, target, arguments)
    folds, variants = _folds(recipe, len(x), classes, rng), recipe.variants()
    stops = stopping(recipe, arguments["loss"], pace.rounds(recipe, compiled=True))
    trained = networks.train(
        [make(variants[k // recipe.fold_count % len(variants)], rng) for k in range(recipe.members)],
        folds,
        x,
        target,
        callbacks=lambda k: [*of_network(callbacks, k), *stops],
        resume=lambda k: of_network(resume, k),
        rng=rng,
        **recipe.schedule(),
        **arguments,
    )
    return selected(trained, target, arguments["loss"], arguments.get("sample_weight"))


def _folds(recipe: Settings, count: int, classes: Array | None, rng: np.random.Generator) -> list[Array]:
    """Return the indices of the samples that each network is validated with: all samples in turn, or a share of them for one network."""
    if recipe.members == 1:
        return [validation_rows(recipe, count, recipe.validation_rng(rng), classes)]
    found: list[Array] = []
    while len(found) < recipe.members:
        found += randomness.folds(count, recipe.fold_count, rng, classes)
    return found[: recipe.members]


def validation_rows(recipe: Settings, count: int, rng: np.random.Generator, classes: Array | None = None) -> Array:
    """Return the indices of the samples to validate one network with; with `classes`, the same share of each."""
    return np.sort(randomness.divide(count, round(recipe.validation * count) or 1, rng, classes)[1])


def of_network(given: Any, k: int) -> Any:
    """Return what is given for all networks, or what a function returns for the network of a number."""
    return given(k) if callable(given) else given


def stopping(recipe: Settings, loss: object, rounds: int = 1) -> list[Callback]:
    """Return the callbacks that end the training of a network, or restore the best epoch; networks are trained in so many rounds."""
    found: list[Callback] = []
    if recipe.keep == "best":
        monitor = "val_accuracy" if isinstance(loss, CrossEntropy) else "val_loss"
        patience = recipe.epochs if recipe.patience is None else recipe.patience
        found.append(EarlyStopping(monitor, patience=patience, ties="last"))
    elif recipe.patience is not None:
        found.append(EarlyStopping(patience=recipe.patience))
    if recipe.time is not None:
        found.append(TimeLimit(recipe.time / rounds))
    return found


def chooses(recipe: Settings) -> bool:
    """Return whether a network gets the parameters of its best epoch."""
    return recipe.keep == "best" or recipe.patience is not None


def kept(recipe: Settings, history: History) -> Epoch:
    """Return the epoch whose parameters a network has."""
    if not chooses(recipe):
        return history.epochs[-1]
    name = "val_accuracy" if recipe.keep == "best" and "val_accuracy" in history else "val_loss"
    best = history.best(name)
    return best if recipe.keep == "last" else [epoch for epoch in history.epochs if epoch[name] == best[name]][-1]


def joined(trained: Networks, outside: int) -> Model:
    """Return the weighted average of the networks, without that of their last layers, which come after it.

    The last layer with parameters is linear, so the weight of a network is a factor of these.
    """
    models = trained.models
    if len(models) == 1:
        return models[0]
    # What networks of several kinds differ in, their first parameters and their dropout, does not matter for predictions.
    members = [with_layers(model, models[0].layers) for model in models]
    for member, weight in zip(members, trained.weights, strict=True):
        *_, output = (place.declared for place in member.places if place.declared)
        arrays = member.named_parameters()
        for name in output.keys() & arrays.keys():  # without statistics
            arrays[name][...] *= len(models) * weight
    return average(members, outside=outside)


def classifier(
    trained: Networks, target: Array, *, calibrate: bool, sample_weight: Array | None = None
) -> tuple[Model, dict[str, float]]:
    """Return the average of networks that end in `Softmax`, and the scores of their predictions for the held-out samples.

    The average is of the scores before the softmax, which are divided by their temperature, plus biases. The targets are labels (n,).
    These count the weights of samples; sets of classes and scores, which come after them, count all samples alike.
    """
    model, z, own = joined(trained, 1), trained.held_out(), target[trained.rows]
    weight = None if sample_weight is None else sample_weight[trained.rows]
    if calibrate:
        scale = calibration_layer(z, own, weight)
        z, _ = scale.forward(z, Views())
    loss, p, _ = CrossEntropy().from_scores(z, own)
    if calibrate:
        model = with_layers(model, [*model.layers[:-1], scale, Softmax()])
        model.uncertainty = Sets.learn(own, p)
    error = metrics.calibration_error(own, p)
    return model, {"accuracy": metrics.accuracy(own, p), "loss": loss, "calibration_error": error}


def calibration_layer(z: Array, target: Array, weight: Array | None) -> Rescale:
    """Return the layer that calibrates scores (n, k): the temperature, and biases if there are not too many classes."""
    if z.shape[1] > MAX_CLASSES_WITH_BIASES:
        return Rescale(1 / temperature(z, target, weight), 0.0)
    T, biases = temperature_and_biases(z, target, weight)
    return Rescale(1 / T, biases.round(DECIMALS).tolist())


def regressor(
    trained: Networks, y: Array, after: Sequence[Layer], *, calibrate: bool
) -> tuple[Model, dict[str, float]]:
    """Return the average of networks that predict a number, with layers after it, and the scores for the held-out samples.

    Parameters
    ----------
    trained : Networks
    y : ndarray, shape (n,) or (n, 1)
        The targets in their unit, which the layers `after` bring predictions to.
    after : sequence of Layer
        Without parameters.
    calibrate : bool
    """
    model = joined(trained, 0)
    model = with_layers(model, [*model.layers, *after]) if after else model
    p, own = in_unit(trained.held_out(), after), y.reshape(-1, 1)[trained.rows]
    if calibrate:
        model.uncertainty = Intervals.learn(own, p)
    return model, {"r2": metrics.r2(own, p), "rmse": metrics.root_mean_squared_error(own, p)}


def in_unit(p: Array, after: Sequence[Layer]) -> Array:
    """Return predictions (n, 1) after these layers, as the model computes them."""
    for layer in after:
        p, _ = layer.forward(p, Views())
    return p
