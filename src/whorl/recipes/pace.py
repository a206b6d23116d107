"""How many epochs and networks there is time for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.engine import cores
from whorl.model import Model
from whorl.recipes.settings import FEWEST_EPOCHS, Settings
from whorl.training import History, TimeLimit

TRIAL = 4096
"""The most samples to time an epoch with."""
TRIAL_SHARE = 0.03
"""The share of the time to take for that."""
MARGIN = 0.8
"""The share of the time that the training is planned for."""


def within(
    recipe: Settings,
    seconds: float,
    make: Callable[[Settings, np.random.Generator], Model],
    x: Array,
    target: Array,
    arguments: dict[str, Any],
    rounds: Callable[..., int],
) -> Settings:
    """Return the recipe with fewer epochs, and then fewer networks, if all of them do not fit into the time.

    `rounds` returns how many networks of a recipe are trained one after the other. A training of a few samples, after a first one that
    loads what it needs, shows how long an epoch takes.
    """
    few, model = min(len(x), TRIAL), make(recipe, np.random.default_rng(0))
    options = arguments | {"sample_weight": None, "optimizer": recipe.optimizer, "epochs": recipe.epochs}

    def trial(limit: float) -> History:
        stop = [TimeLimit(limit)]
        return model.fit(x[:few], target[:few], **options, batch_size=recipe.batch_size, callbacks=stop, rng=0)

    trial(1e-3)
    limit = TRIAL_SHARE * seconds
    while not (history := trial(limit)).epochs:
        limit *= 2
    epoch = float(np.mean([each.seconds for each in history.epochs])) * len(x) / few
    compiled = not history.engine.startswith("NumPy")
    while True:
        epochs = int(MARGIN * seconds / rounds(recipe, compiled=compiled) / epoch)
        if epochs >= min(FEWEST_EPOCHS, recipe.epochs) or recipe.members == 1:
            return recipe.replace(epochs=max(1, min(epochs, recipe.epochs)))
        recipe = recipe.replace(members=max(1, recipe.members - cores()))
