"""How many epochs and networks there is time for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.engine import cores
from whorl.many import fit_many
from whorl.model import Model
from whorl.recipes.settings import FEWEST_EPOCHS, Settings
from whorl.training import History, TimeLimit

TRIAL = 4096
"""The most samples to time an epoch with."""
TRIAL_SHARE = 0.03
"""The share of the time to take for that."""
FOLD = 8
"""Every so many samples are held out then."""
MARGIN = 0.8
"""The share of the time that the training is planned for."""


def rounds(recipe: Settings, *, compiled: bool) -> int:
    """Return how many networks are trained one after the other: as many as there are cores train at a time, if they are compiled."""
    return -(-recipe.members // (cores() if compiled else 1))


def within(
    recipe: Settings,
    seconds: float,
    make: Callable[[Settings, np.random.Generator], Model],
    x: Array,
    target: Array,
    arguments: dict[str, Any],
) -> Settings:
    """Return the recipe with fewer epochs, and then fewer networks, if all of them do not fit into the time.

    A training of a few samples, by as many networks as will train side by side, shows how long an epoch takes, after a first one that
    loads what it needs.
    """
    few, together = min(len(x), TRIAL), max(1, min(cores(), recipe.members))
    models = [make(recipe, np.random.default_rng(0)) for _ in range(together)]
    options = arguments | recipe.schedule() | {"sample_weight": None, "validation": np.arange(0, few, FOLD), "rng": 0}

    def trial(limit: float) -> list[History]:
        data, stop = (x[:few], target[:few]), [TimeLimit(limit)]
        if together == 1:  # which may use all cores
            return [models[0].fit(*data, **options, callbacks=stop)]
        return fit_many([(model, data) for model in models], **options, callbacks=stop)

    trial(1e-3)
    limit = TRIAL_SHARE * seconds
    found = trial(limit)
    while not all(history.epochs for history in found):
        limit *= 2
        found = trial(limit)
    epoch = max(float(np.mean([each.seconds for each in history.epochs])) for history in found) * len(x) / few
    compiled = not found[0].engine.startswith("NumPy")
    while True:
        epochs = int(MARGIN * seconds / rounds(recipe, compiled=compiled) / epoch)
        if epochs >= min(FEWEST_EPOCHS, recipe.epochs) or recipe.members == 1:
            return recipe.replace(epochs=max(1, min(epochs, recipe.epochs)))
        recipe = recipe.replace(members=max(1, recipe.members - cores()))
