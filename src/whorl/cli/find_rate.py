"""``whorl train DATA --find-lr``: search for the learning rate before training."""

from __future__ import annotations

from dataclasses import replace

from whorl._core.randomness import generator
from whorl.cli import config
from whorl.glassbox import find_learning_rate
from whorl.losses import CrossEntropy, MeanSquaredError
from whorl.recipes import Problem
from whorl.recipes.edits import with_learning_rate
from whorl.recipes.fitting import Unit


def with_found_rate(plan: config.Run, problem: Problem) -> config.Run:
    """Return the plan with the learning rate that a range test suggests, if it does; print the reason."""
    recipe, X, y = plan.recipe.for_samples(len(problem.X)), problem.X, problem.y
    rng, classes = generator(plan.seed), recipe.classifies(y)
    model = recipe.model(X, y, rng=rng)
    found = find_learning_rate(
        model,
        X,
        y if classes else Unit.of(y).standardized(y),
        loss=recipe.loss or (CrossEntropy() if classes else MeanSquaredError()),
        optimizer=recipe.optimizer,
        batch_size=recipe.batch_size,
        rng=rng,
    )
    if found.suggestion is None:
        print(f"learning rate: no suggestion, so that of the recipe: {found.reason}")
        return plan
    print(f"learning rate {found.suggestion:g}: {found.reason}")
    optimizer = with_learning_rate(plan.recipe.optimizer, found.suggestion)
    return replace(plan, recipe=plan.recipe.replace(optimizer=optimizer))
