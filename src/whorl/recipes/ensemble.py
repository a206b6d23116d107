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
from whorl._core.validation import labels
from whorl.calibration import Intervals, Sets, temperature
from whorl.derived import average, with_layers
from whorl.engine import cores
from whorl.layers import Layer, Rescale, Softmax
from whorl.losses import CrossEntropy
from whorl.model import Model
from whorl.parameters import Views
from whorl.recipes import networks, pace
from whorl.recipes.networks import Callbacks, Networks
from whorl.recipes.settings import Settings
from whorl.training import Callback, EarlyStopping, TimeLimit

FEWEST_SAMPLES = 100
"""With fewer samples there are no folds."""


def divisible(recipe: Settings, count: int) -> bool:
    """Return whether so many samples can be divided into folds, or a part for calibration, as the recipe wants."""
    wanted = recipe.members > 1 or recipe.calibrate
    return wanted and count >= max(FEWEST_SAMPLES, 2 * min(recipe.folds, recipe.members))


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
    """Train each network on all samples but those of its fold; if the recipe leaves something to try, the first folds decide.

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
        recipe = pace.within(recipe, recipe.time, make, x, target, arguments, planned)
    folds = _folds(recipe, len(x), classes, rng)
    candidates, loss = recipe.candidates(), arguments["loss"]
    stops = stopping(recipe, loss, planned(recipe, compiled=True))

    def run(some: Sequence[Settings], folds: Sequence[Array], first: int) -> Networks:
        return networks.train(
            [make(each, rng) for each in some],
            folds,
            x,
            target,
            callbacks=lambda k: [*of_network(callbacks, first + k), *stops],
            resume=lambda k: of_network(resume, first + k),
            rng=rng,
            **schedule(recipe),
            **arguments,
        )

    first = folds[: tries(recipe)]
    tried = run([each for each in candidates for _ in first], [*first] * len(candidates), 0)
    parts = [tried.take(*range(k * len(first), (k + 1) * len(first))) for k in range(len(candidates))]
    best = int(np.argmin([held_out_loss(part, x, target, loss) for part in parts]))
    trained = parts[best]
    if len(folds) > len(first):
        rest = folds[len(first) :]
        trained += run([candidates[best]] * len(rest), rest, len(tried.models))
    return trained.begun()


def _folds(recipe: Settings, count: int, classes: Array | None, rng: np.random.Generator) -> list[Array]:
    """Return the indices of the samples that each network is validated with: all samples in turn, or a share of them for one network."""
    if recipe.members == 1:
        return [np.sort(randomness.divide(count, round(recipe.validation * count) or 1, rng, classes)[1])]
    found: list[Array] = []
    while len(found) < recipe.members:
        found += randomness.folds(count, min(recipe.folds, recipe.members), rng, classes)
    return found[: recipe.members]


def planned(recipe: Settings, *, compiled: bool) -> int:
    """Return how many networks are trained one after the other: as many as there are cores train at a time, if they are compiled."""
    first = tries(recipe) * len(recipe.candidates())
    together = cores() if compiled else 1
    return -(-first // together) + -(-(count(recipe) - first) // together)


def tries(recipe: Settings) -> int:
    """Return on how many folds each candidate is tried: a single network may be unlucky in its first parameters."""
    return min(2, recipe.members) if len(recipe.candidates()) > 1 else 1


def count(recipe: Settings) -> int:
    """Return how many networks are trained, those included that are only tried."""
    return recipe.members + (len(recipe.candidates()) - 1) * tries(recipe)


def of_network(given: Any, k: int) -> Any:
    """Return what is given for all networks, or what a function returns for the network of a number."""
    return given(k) if callable(given) else given


def schedule(recipe: Settings) -> dict[str, Any]:
    """Return the arguments of `Model.fit` that say how long to train, and how."""
    return {"optimizer": recipe.optimizer, "epochs": recipe.epochs, "batch_size": recipe.batch_size}


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


def held_out_loss(trained: Networks, x: Array, target: Array, loss: Any) -> float:
    """Return the loss on the held-out samples: for classes, the cross-entropy with the best temperature."""
    if not all(history.epochs for history in trained.histories):  # they were stopped before
        return np.inf
    if isinstance(loss, CrossEntropy):
        z, own = trained.held_out(x, last=-1), target[trained.rows]
        return CrossEntropy().from_scores(z / temperature(z, own), labels(own, z.shape[1]))[0]
    pairs = zip(trained.models, trained.folds, strict=True)
    return sum(model.evaluate(x[rows], target[rows], loss=loss)["loss"] for model, rows in pairs)


def joined(trained: Networks, outside: int) -> Model:
    """Return the average of the networks, without that of their last layers, which come after it."""
    return average(trained.models, outside=outside) if len(trained.models) > 1 else trained.models[0]


def classifier(trained: Networks, x: Array, target: Array, *, calibrate: bool) -> tuple[Model, dict[str, float]]:
    """Return the average of networks that end in `Softmax`, and the scores of their predictions for the held-out samples.

    The average is of the scores before the softmax, which are divided by their temperature. The targets are labels (n,).
    """
    model, z, own = joined(trained, 1), trained.held_out(x, last=-1), target[trained.rows]
    factor = 1 / temperature(z, own) if calibrate else 1.0
    loss, p, _ = CrossEntropy().from_scores(factor * z, own)
    if calibrate:
        model = with_layers(model, [*model.layers[:-1], Rescale(factor, 0.0), Softmax()])
        model.uncertainty = Sets.learn(own, p)
    error = metrics.calibration_error(own, p)
    return model, {"accuracy": metrics.accuracy(own, p), "loss": loss, "calibration_error": error}


def regressor(
    trained: Networks, x: Array, y: Array, after: Sequence[Layer], *, calibrate: bool
) -> tuple[Model, dict[str, float]]:
    """Return the average of networks that predict a number, with layers after it, and the scores for the held-out samples.

    Parameters
    ----------
    trained : Networks
    x : ndarray, shape (n, *inputs)
    y : ndarray, shape (n,) or (n, 1)
        The targets in their unit, which the layers `after` bring predictions to.
    after : sequence of Layer
        Without parameters.
    calibrate : bool
    """
    model = joined(trained, 0)
    model = with_layers(model, [*model.layers, *after]) if after else model
    y, each = y.reshape(-1, 1), [in_unit(p, after) for p in trained.each_held_out(x)]
    p, own = trained.mean(each), y[trained.rows]
    if calibrate:
        share = np.sqrt(error_left(trained, each, y))
        model.uncertainty = Intervals.learn(p + share * (own - p), p)
    return model, {"r2": metrics.r2(own, p), "rmse": metrics.root_mean_squared_error(own, p)}


def in_unit(p: Array, after: Sequence[Layer]) -> Array:
    """Return predictions (n, 1) after these layers, as the model computes them."""
    for layer in after:
        p, _ = layer.forward(p, Views())
    return p


def error_left(trained: Networks, each: Sequence[Array], y: Array) -> float:
    """Return the squared error of the average of all networks, as a share of that of those few that have not learned from a sample.

    The squared error of an average of r networks is ``b + v / r``: b is of what they have in common, v of what they differ in. Held-out
    samples give it for one network, and for the r whose folds a sample is in; so they give b and v, and the error of all K::

        (b + v / K) / (b + v / r)

    With r = 1 the two cannot be told apart, and the share is 1: intervals are then a little too wide. `each` are the predictions of each
    network for its fold, and y the targets, (n, 1).
    """
    members = len(trained.models)
    repeats = sum(map(len, trained.folds)) / len(trained.rows)
    if repeats < 1.5:  # most samples are in the fold of a single network
        return 1.0
    one = np.concatenate([(p - y[rows]) ** 2 for p, rows in zip(each, trained.folds, strict=True)]).mean()
    few = ((trained.mean(each) - y[trained.rows]) ** 2).mean()
    if few <= 0:
        return 1.0
    v = max(0.0, one - few) / (1 - 1 / repeats)
    return float(max(0.0, 1 - v * (1 / repeats - 1 / members) / few))
