"""Sweeps: the search for good settings of a recipe, by Optuna, which the extra ``whorl[sweep]`` installs.

`Sweep` trains a network for each trial; `space` is what it searches in, derived from the recipe. ``docs/sweeps.md`` explains both.
"""

from whorl._core.hints import hint_missing_names
from whorl.sweeps.records import Trial, importance
from whorl.sweeps.search_space import Range, space
from whorl.sweeps.sweep import Sweep

__all__ = ["Range", "Sweep", "Trial", "importance", "space"]

hint_missing_names(__name__)
