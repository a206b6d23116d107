"""Recipes: networks and training options that do well without tuning, for each kind of data.

For samples of your own, `classification` and `regression`:

>>> import whorl
>>> X, y = whorl.datasets.digits()
>>> recipe = whorl.recipes.classification().replace(epochs=10)
>>> model, history = recipe.fit(X, y, rng=0)
>>> history["val_accuracy"][-1] > 0.95
True

For the data sets of whorl, `RECIPES`, which the ``whorl`` command trains: ``RECIPES["spiral"]["best"].train(0)``.
"""

from whorl._core.hints import hint_missing_names
from whorl.recipes.data import Data, Problem
from whorl.recipes.presets import RECIPES, classification, find, regression
from whorl.recipes.recipe import Recipe

__all__ = ["RECIPES", "Data", "Problem", "Recipe", "classification", "find", "regression"]

hint_missing_names(__name__)
