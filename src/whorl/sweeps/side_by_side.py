"""Trainings that are compared: with the same validation samples, and as many at a time as there are cores."""

from __future__ import annotations

from typing import Any

from whorl.engine import cores
from whorl.engine.choice import from_environment
from whorl.recipes import Recipe
from whorl.recipes.data import Arrays
from whorl.sweeps.reporting import Stopped
from whorl.training import Callback
from whorl.training.callbacks import Run


class Leave(Callback):
    """Ends a training before it begins: it is only to be found out whether it can begin."""

    def on_train_begin(self, training: Run) -> None:
        raise Stopped


def comparable(recipe: Recipe, X: Any, y: Any, validation: Arrays | None, seed: int) -> Recipe:
    """Return the recipe for trainings that are compared.

    Each holds out the same samples. A single network is trained on one core, by compiled kernels if they are installed and know its
    layers, so that several can be trained at a time.
    """
    if recipe.members > 1:  # which are trained at a time, and validated with all samples
        return recipe
    if validation is None and recipe.validation_seed is None:
        recipe = recipe.replace(validation_seed=seed % 1000)
    if False in (recipe.fast, from_environment()):
        return recipe
    try:
        recipe.replace(fast=True).fitted(X, y, validation=validation, callbacks=[Leave()], rng=0)
    except Stopped:
        return recipe.replace(fast=True, threads=recipe.threads or 1)
    except (ImportError, ValueError):  # kernels are missing, or the data are invalid, which the first training reports
        return recipe
    return recipe


def at_a_time(recipe: Recipe) -> int:
    """Return how many trainings of a recipe to run at a time: one on NumPy, and one for several networks, which use all cores."""
    return cores() if recipe.members == 1 and (recipe.fast or from_environment()) else 1
