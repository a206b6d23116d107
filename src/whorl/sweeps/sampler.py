"""How Optuna proposes the settings of a trial, and when it prunes one; and which trials count."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from itertools import count
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
    has given settings. The seed follows from the place of the trial among those that count, so one that takes the place of a trial
    which was interrupted has its seed.

    Parameters
    ----------
    seed : int
    first : mapping of str to float
        The settings of the first trial.
    """

    seed: int
    first: Mapping[str, float]

    def __init__(self, seed: int, first: Mapping[str, float]) -> None:
        self.seed, self.first = seed, first
        self.each: dict[int, Any] = {}
        self.places: dict[int, int] = {}

    def place(self, study: Any, trial: Any) -> int:
        """Return the place of a trial: the one that it was given, or the lowest that no trial before it has."""
        if trial.number not in self.places:
            given = trial.user_attrs.get("place")
            before = study.get_trials(deepcopy=False)[: trial.number]
            self.places[trial.number] = lowest(set(places(before).values())) if given is None else given
        return self.places[trial.number]

    def estimator(self, study: Any, trial: FrozenTrial) -> Any:
        """Return the estimator for a trial; None for the first."""
        place = self.place(study, trial)
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


def places(trials: Sequence[FrozenTrial]) -> dict[int, int]:
    """Return the places of the trials that count, by their numbers; of one that has not noted it, the lowest that is free."""
    found: dict[int, int] = {}
    for trial in trials:
        if trial.state in COUNTED:
            place = trial.user_attrs.get("place")
            found[trial.number] = lowest(set(found.values())) if place is None else place
    return found


def lowest(taken: Container[int]) -> int:
    """Return the lowest place that is not taken."""
    return next(place for place in count() if place not in taken)
