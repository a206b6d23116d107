"""Sweeps: the search for good settings of a recipe, by Optuna, which the extra ``whorl[sweep]`` installs; and comparisons of recipes.

`Sweep` trains a network for each trial; `space` is what it searches in, derived from the recipe. `compare` trains recipes with several
seeds. ``docs/sweeps.md`` explains them.
"""

from whorl._core.hints import hint_missing_names
from whorl.sweeps.comparison import Runs, better, compare, differences
from whorl.sweeps.records import Trial, importance
from whorl.sweeps.search_space import Range, space
from whorl.sweeps.sweep import Sweep

__all__ = ["Range", "Runs", "Sweep", "Trial", "better", "compare", "differences", "importance", "space"]

hint_missing_names(__name__)
