"""Compare recipes: which settings differ, and what that changes, beside what the seed alone changes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from whorl._core import randomness
from whorl._core.blas import single_threaded_blas
from whorl._core.randomness import RNG
from whorl._core.types import Array
from whorl._core.validation import instance, integer, numeric, show
from whorl.recipes import Recipe
from whorl.recipes.data import Arrays
from whorl.sweeps.reporting import measured
from whorl.sweeps.side_by_side import at_a_time, comparable
from whorl.training import History

MOST_SPLITS = 20_000
"""With more ways to divide the values into two groups, so many are drawn at random."""

CLEAR = 0.05
"""Below this probability, a difference is said to be clear."""


@dataclass(frozen=True, eq=False)
class Runs:
    """The trainings of a recipe, one for each seed.

    Parameters
    ----------
    recipe : Recipe
    losses : ndarray, shape (seeds,)
        The validation loss of each network, as it is kept.
    scores : dict of str to ndarray, each of shape (seeds,)
        ``"val_accuracy"`` or ``"val_r2"``.
    histories : list of History
    """

    recipe: Recipe
    losses: Array
    scores: dict[str, Array]
    histories: list[History]

    def history(self) -> dict[str, list[float]]:
        """Return the means of the histories over the seeds, for the epochs that all of them have."""
        count = min(len(each.epochs) for each in self.histories)
        names = [name for name in self.histories[0] if all(name in each for each in self.histories)]
        return {name: np.mean([each[name][:count] for each in self.histories], axis=0).tolist() for name in names}


def compare(
    recipes: Mapping[str, Recipe],
    X: Any,
    y: Any,
    *,
    seeds: int = 5,
    validation: Arrays | None = None,
    rng: RNG = 0,
    done: Callable[[], object] = lambda: None,
) -> dict[str, Runs]:
    """Train networks with each recipe and several seeds, and return the results by the names of the recipes.

    All are validated with the same samples. The seed determines the initial parameters, the order of the samples and the dropout
    masks. Single networks are trained side by side on compiled kernels, if these are installed.

    Parameters
    ----------
    recipes : mapping of str to Recipe
        At least two.
    X, y, validation
        As for `Recipe.fit`.
    seeds : int, optional
        Number of networks for each recipe, at least 2; differences are clear only with 4 or more.
    rng : int or Generator, optional
        Draws the seeds.
    done : callable, optional
        Called after each training.

    Examples
    --------
    >>> import whorl
    >>> from whorl import Adam, Dense, ReLU
    >>> from whorl.sweeps import better, compare
    >>> X, y = whorl.datasets.moons(100, noise=0.2, rng=0)
    >>> slow = whorl.recipes.Recipe([Dense(16), ReLU()], optimizer=Adam(1e-4), epochs=10, batch_size=32)
    >>> runs = compare({"slow": slow, "fast": slow.replace(optimizer=Adam(0.02))}, X, y, seeds=4)
    >>> bool(runs["fast"].losses.mean() < runs["slow"].losses.mean())
    True
    >>> better(runs["slow"].losses, runs["fast"].losses)      # the best possible with four seeds: 2 of 70 divisions
    0.02857142857142857
    """
    X, y = numeric("X", X), numeric("y", y)
    if not isinstance(recipes, Mapping):
        raise TypeError(f"recipes must be a mapping from names to recipes, got {show(recipes)}")
    if len(recipes) < 2:
        raise ValueError(f"recipes must be at least two, got {len(recipes)}")
    for name, recipe in recipes.items():
        instance(f"recipes[{name!r}]", recipe, Recipe, "whorl.recipes.classification()")
        if recipe.time is not None:
            raise ValueError(f"recipes[{name!r}] must have time=None, which seeds share unequally, got {recipe.time}")
    drawn = randomness.generator(rng).integers(2**31, size=integer("seeds", seeds, minimum=2)).tolist()
    found = {}
    for name, recipe in recipes.items():
        single = comparable(recipe, X, y, validation, drawn[0])

        def train(seed: int, single: Recipe = single) -> tuple[float, dict[str, float], History]:
            fitted = single.fitted(X, y, validation=validation, rng=seed)
            done()
            return *measured(single, fitted.history), fitted.history

        workers = at_a_time(single)
        if workers == 1:
            results = list(map(train, drawn))
        else:
            with single_threaded_blas(), ThreadPoolExecutor(workers, "whorl-compare") as pool:
                results = list(pool.map(train, drawn))
        losses, scores, histories = zip(*results, strict=True)
        by_name = {score: np.array([each[score] for each in scores]) for score in scores[0]}
        found[name] = Runs(recipe, np.array(losses), by_name, list(histories))
    return found


def differences(recipes: Mapping[str, Recipe]) -> dict[str, list[Any]]:
    """Return the settings that are not the same in all recipes, with the value in each.

    Examples
    --------
    >>> from whorl.recipes import classification
    >>> recipe = classification()
    >>> differences({"a": recipe, "b": recipe.replace(batch_size=16)})
    {'batch_size': [32, 16]}
    """
    settings = [recipe.settings() for recipe in recipes.values()]
    names = dict.fromkeys(itertools.chain(*settings))
    values = {name: [each.get(name) for each in settings] for name in names}
    return {name: each for name, each in values.items() if any(value != each[0] for value in each)}


def one_by_one(recipes: Mapping[str, Recipe]) -> dict[str, Recipe]:
    """Return the first recipe with each of the settings in which the last one differs, one at a time, between these two."""
    (first, start), *_, (last, end) = recipes.items()
    changed = {}
    for name in differences({first: start, last: end}):
        changed[f"{first} with {name} of {last}"] = start.replace(**{name: getattr(end, name)})
    return {first: start, **changed, last: end} if len(changed) > 1 else dict(recipes)


def better(a: Array, b: Array) -> float:
    """Return how probable it is that two groups of values have means at least as different as these, if they are divided at random.

    An exact permutation test: all ways to divide the values into groups of these sizes are counted, or 20,000 random ones if there are
    more.

    References
    ----------
    Fisher (1935), The Design of Experiments, chapter 3; Ernst (2004), Permutation Methods: A Basis for Exact Inference, section 2.

    Examples
    --------
    >>> better(np.array([1.0, 2.0, 3.0]), np.array([7.0, 8.0, 9.0]))      # 2 of 20 divisions
    0.1
    """
    values, count = np.concatenate([a, b]), len(a)
    ways = math.comb(len(values), count)
    if ways <= MOST_SPLITS:
        groups = np.array(list(itertools.combinations(range(len(values)), count)))
    else:
        rng = np.random.default_rng(0)
        groups = rng.permuted(np.tile(np.arange(len(values)), (MOST_SPLITS, 1)), axis=1)[:, :count]
    first = values[groups].sum(axis=1)
    difference = np.abs(first / count - (values.sum() - first) / len(b))
    observed = abs(a.mean() - b.mean())
    extreme = int((difference >= observed * (1 - 1e-12)).sum())
    return extreme / ways if ways <= MOST_SPLITS else (extreme + 1) / (MOST_SPLITS + 1)


def verdict(runs: Mapping[str, Runs]) -> str:
    """Return in words whether the best of the recipes is better than the first one, or than the second best if it is the first one."""
    names = sorted(runs, key=lambda name: float(runs[name].losses.mean()))
    best, other = names[0], next(iter(runs))
    if best == other:
        other = names[1]
    a, b = runs[best].losses, runs[other].losses
    less, chance = float(b.mean() - a.mean()), better(a, b)
    share = f", {100 * less / abs(b.mean()):.1f} %" if b.mean() else ""
    if less == 0:
        return f"{best} and {other} have the same validation loss"
    if chance <= CLEAR:
        return (
            f"{best} is better than {other}: its validation loss is lower by {less:.3g}{share};"
            f" such a difference has a probability of {chance:.1%} if the settings made none"
        )
    return (
        f"no clear difference: the validation loss of {best} is lower than that of {other} by {less:.3g}{share}, but seeds alone make"
        f" as large a difference with a probability of {chance:.0%}; more seeds can tell"
    )
