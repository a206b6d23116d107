"""How Optuna proposes the settings of a trial, and when it prunes one; and which trials count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

STARTUP, WARM_UP = 5, 5
"""Complete trials that pruning needs, and the first report after which it prunes."""

PRUNER = optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=WARM_UP)

BEGUN = {TrialState.RUNNING, TrialState.COMPLETE, TrialState.PRUNED}
"""Trials in these states count; not those that have failed, because they were interrupted."""

COUNTED = BEGUN | {TrialState.WAITING}
"""Trials in these states have a place before later ones; those that wait are done again, after their process was lost."""


class Sampler(optuna.samplers.BaseSampler):
    """Optuna's tree-structured Parzen estimator (TPE), with a seed of its own for each trial.

    So the settings of a trial depend on the seed and on the trials before it alone, also if a study is continued. The first trial
    has given settings.

    Parameters
    ----------
    seed : int
    first : mapping of str to float
        The settings of the first trial.
    """

    def __init__(self, seed: int, first: Mapping[str, float]) -> None:
        self.seed, self.first = seed, first
        self.each: dict[int, Any] = {}
        self.places: dict[int, int] = {}

    def estimator(self, study: Any, trial: FrozenTrial) -> Any:
        """Return the estimator for a trial; None for the first."""
        if trial.number not in self.places:
            again = trial.user_attrs.get("place")  # of one that is done again, as it had
            self.places[trial.number] = before(study, trial.number) if again is None else again
        place = self.places[trial.number]
        if place and place not in self.each:
            seed = np.random.SeedSequence([self.seed, place]).generate_state(1)[0]
            self.each[place] = optuna.samplers.TPESampler(seed=int(seed))
        return self.each.get(place)

    def infer_relative_search_space(self, study: Any, trial: FrozenTrial) -> dict[str, Any]:
        estimator = self.estimator(study, trial)
        return {} if estimator is None else estimator.infer_relative_search_space(study, trial)

    def sample_relative(self, study: Any, trial: FrozenTrial, search_space: dict[str, Any]) -> dict[str, Any]:
        estimator = self.estimator(study, trial)
        return {} if estimator is None else estimator.sample_relative(study, trial, search_space)

    def sample_independent(self, study: Any, trial: FrozenTrial, param_name: str, param_distribution: Any) -> Any:
        estimator = self.estimator(study, trial)
        if estimator is None:
            return self.first[param_name]
        return estimator.sample_independent(study, trial, param_name, param_distribution)


def before(study: Any, number: int) -> int:
    """Return how many trials that count were begun before the one of this number."""
    return sum(trial.state in COUNTED for trial in study.get_trials(deepcopy=False)[:number])
