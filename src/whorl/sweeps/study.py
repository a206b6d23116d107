"""The study of a sweep, which Optuna keeps, in memory or in a file that several processes can share."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from whorl._core.validation import show
from whorl.model import Model
from whorl.sweeps.records import Trial
from whorl.sweeps.search_space import Range
from whorl.sweeps.users import HAS_LOCKS, Users, Writing

NAME = "whorl"
"""The name of the study in its file."""

ABOUT = "about"
"""The attribute of the study that says what determines its trials."""

STARTUP, WARM_UP = 5, 5
"""Complete trials that pruning needs, and the first report after which it prunes."""

COUNTED = {TrialState.RUNNING, TrialState.COMPLETE, TrialState.PRUNED}
"""Trials in these states count; not those that have failed, because they were interrupted."""

STATES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.RUNNING: "running"}


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

    def estimator(self, study: Any, trial: FrozenTrial) -> Any:
        """Return the estimator for a trial; None for the first."""
        place = before(study, trial.number)
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


class Study:
    """The trials of a sweep.

    Parameters
    ----------
    study : optuna.Study
    ranges : mapping of str to Range
        The search space.
    first : mapping of str to float
        The settings of the first trial.
    users : Users, optional
        The processes that use its file, if it has one.
    """

    def __init__(
        self, study: Any, ranges: Mapping[str, Range], first: Mapping[str, float], users: Users | None
    ) -> None:
        self._study, self._ranges, self._first, self._users = study, ranges, first, users

    def begin(self, total: int) -> Any:
        """Return a new trial of Optuna, or None if there are so many already."""
        if not self.missing(total):
            return None
        trial = self._study.ask()
        if before(self._study, trial.number) >= total:  # another process has begun the last one meanwhile
            self.discard(trial)
            return None
        for name, limits in self._ranges.items():
            if limits.whole:
                trial.suggest_int(name, int(limits.low), int(limits.high), log=limits.log)
            else:
                trial.suggest_float(name, limits.low, limits.high, log=limits.log)
        return trial

    def settings(self, trial: Any) -> dict[str, float]:
        """Return the settings of a trial of Optuna, rounded; but those of the first one as they are."""
        given = {name: trial.params[name] for name in self._ranges if name in trial.params}
        return {
            name: value if value == self._first[name] else self._ranges[name].rounded(value)
            for name, value in given.items()
        }

    def complete(self, trial: Any, value: float, scores: Mapping[str, float]) -> None:
        """Record that a trial of Optuna is complete."""
        trial.set_user_attr("scores", scores)
        self._study.tell(trial, value)

    def prune(self, trial: Any, scores: Mapping[str, float], failure: str = "") -> None:
        """Record that a trial of Optuna was stopped: because others do better, or because of a failure, such as divergence."""
        trial.set_user_attr("scores", scores)
        if failure:
            trial.set_user_attr("failure", failure)
        self._study.tell(trial, state=TrialState.PRUNED)

    def discard(self, *trials: Any) -> None:
        """Record that trials of Optuna do not count."""
        for trial in trials:
            self._study.tell(trial, state=TrialState.FAIL)

    def missing(self, total: int) -> bool:
        """Return whether there are fewer trials."""
        return sum(trial.state in COUNTED for trial in self._study.get_trials(deepcopy=False)) < total

    def record(self, trial: Any, model: Model | None = None) -> Trial:
        """Return the record of a trial of Optuna."""
        return self._record(self._study.get_trials(deepcopy=False)[trial.number], model)

    def records(self) -> list[Trial]:
        """Return the records of all trials."""
        return [self._record(trial) for trial in self._study.get_trials(deepcopy=False)]

    def _record(self, trial: FrozenTrial, model: Model | None = None) -> Trial:
        state = "diverged" if "failure" in trial.user_attrs else STATES.get(trial.state, "discarded")
        value = trial.value if state in {"complete", "pruned"} else None
        return Trial(trial.number, state, self.settings(trial), value, trial.user_attrs.get("scores", {}), model)

    def last(self) -> bool:
        """Return whether no other process is at work; if so, discard the trials of those that have died."""
        if self._users is None:
            return True
        if not self._users.alone():
            return False
        self.discard_running()
        self._users.share()
        return True

    def discard_running(self) -> None:
        """Discard all trials that are under way."""
        found = self._study.get_trials(deepcopy=False)
        self.discard(*(trial.number for trial in found if trial.state == TrialState.RUNNING))


@contextmanager
def opened(
    path: str | os.PathLike[str] | None,
    *,
    about: Mapping[str, Any],
    ranges: Mapping[str, Range],
    first: Mapping[str, float],
    sampler: Sampler,
) -> Iterator[Study]:
    """Open or make a study, in memory without a path; raise ValueError if it is that of another sweep."""
    with _quiet():
        if path is None:
            yield Study(_made(None, sampler), ranges, first, None)
            return
        users = Users(path)
        try:
            if alone := users.alone():
                _check_journal(path)
                users.mend()
            else:
                users.share()
            made = _made(path, sampler)
            _check_same(path, made, about)
            study = Study(made, ranges, first, users)
            if alone:
                study.discard_running()
                users.share()
            yield study
        finally:
            if users.alone():
                with suppress(FileNotFoundError):
                    os.unlink(_lock_name(path))
            users.close()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from printing, for a while."""
    usual = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(usual)


def _lock_name(path: str | os.PathLike[str]) -> str:
    return f"{os.fspath(path)}.writing"


def _check_journal(path: str | os.PathLike[str]) -> None:
    """Raise ValueError unless a file is empty or begins as a journal of Optuna does."""
    with open(path, "rb") as file:
        first = file.readline()
    try:
        if first and "op_code" not in json.loads(first):
            raise ValueError("its first line is no operation")
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"study must be a file that a sweep has written, a journal of Optuna, got {os.fspath(path)!r}: {error}"
        ) from None


def _made(path: str | os.PathLike[str] | None, sampler: Sampler) -> Any:
    """Return the study of Optuna, the one in the file if there is one."""
    pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=WARM_UP)
    if path is None:
        return optuna.create_study(sampler=sampler, pruner=pruner)
    name = os.fspath(path)
    lock = Writing(_lock_name(path)) if HAS_LOCKS else JournalFileOpenLock(name)
    storage = JournalStorage(JournalFileBackend(name, lock))
    make = optuna.load_study if NAME in optuna.get_all_study_names(storage) else optuna.create_study
    return make(storage=storage, sampler=sampler, pruner=pruner, study_name=NAME)


def _check_same(path: str | os.PathLike[str], study: Any, about: Mapping[str, Any]) -> None:
    """Note what the study is about, or raise ValueError if that is something else."""
    known = study.user_attrs.get(ABOUT)
    about = json.loads(json.dumps(about))  # as it comes from the file
    if known is None and not study.get_trials(deepcopy=False):
        study.set_user_attr(ABOUT, about)
    elif known != about:
        known = known or {}
        name = next(each for each in {**about, **known} if known.get(each) != about.get(each))
        raise ValueError(
            f"the study {os.fspath(path)} is of another sweep, where {name} is {show(known.get(name))}, got {show(about.get(name))}:"
            " use the same settings to continue it, or another file"
        )
