"""The study of a sweep, which Optuna keeps, in memory or in a file that several processes can share; `database` has those of databases."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event
from typing import Any, Protocol

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from whorl._core.validation import show
from whorl.model import Model
from whorl.sweeps.address import NAME
from whorl.sweeps.records import Trial
from whorl.sweeps.sampler import BEGUN, PRUNER, Sampler, before
from whorl.sweeps.search_space import Range
from whorl.sweeps.users import HAS_LOCKS, Users, Writing

ABOUT = "about"
"""The attribute of the study that says what determines its trials."""

STATES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.RUNNING: "running"}


class Peers(Protocol):
    """The processes that use a study."""

    def begun(self, trial: Any) -> None:
        """Take note that this process has begun a trial of Optuna."""

    def ended(self, number: int) -> None:
        """Take note that it has ended the trial of this number."""

    def others(self, study: Study, total: int, stop: Event, deadline: float) -> bool:
        """Return whether other processes have the final result; if not, see that trials of those that have died are done again."""


class Study:
    """The trials of a sweep.

    Parameters
    ----------
    study : optuna.Study
    ranges : mapping of str to Range
        The search space.
    first : mapping of str to float
        The settings of the first trial.
    peers : Peers
        The processes that use it.
    """

    def __init__(self, study: Any, ranges: Mapping[str, Range], first: Mapping[str, float], peers: Peers) -> None:
        self._study, self._ranges, self._first, self._peers = study, ranges, first, peers

    def begin(self, total: int) -> Any:
        """Return a new trial of Optuna, or None if there are so many already."""
        while self.missing(total):
            trial = self._study.ask()
            self._peers.begun(trial)
            if before(self._study, trial.number) >= total:  # another process has begun the last one meanwhile
                self.discard(trial)
                return None
            place = self._study.sampler.place(self._study, trial)
            if self._taken(trial, place):
                self.discard(trial)
                continue
            try:
                self._describe(trial, place)
            except RuntimeError:  # the trial cannot be changed
                if not self.lost(trial):
                    raise
            else:
                return trial
        return None

    def _describe(self, trial: Any, place: int) -> None:
        """Give a trial of Optuna its place and its settings."""
        trial.set_user_attr("place", place)
        for name, limits in self._ranges.items():
            if limits.whole:
                trial.suggest_int(name, int(limits.low), int(limits.high), log=limits.log)
            else:
                trial.suggest_float(name, limits.low, limits.high, log=limits.log)

    def _taken(self, trial: Any, place: int) -> bool:
        """Return whether a trial that was to be done again has been replaced before it was in the queue."""
        others = self._study.get_trials(deepcopy=False) if "retry of" in trial.user_attrs else []
        return any(
            each.number != trial.number and each.state in BEGUN and each.user_attrs.get("place") == place
            for each in others
        )

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
        self._tell(trial.number, value)

    def prune(self, trial: Any, scores: Mapping[str, float], failure: str = "") -> None:
        """Record that a trial of Optuna was stopped: because others do better, or because of a failure, such as divergence."""
        trial.set_user_attr("scores", scores)
        if failure:
            trial.set_user_attr("failure", failure)
        self._tell(trial.number, state=TrialState.PRUNED)

    def discard(self, trial: Any) -> None:
        """Record that a trial of Optuna does not count."""
        if not self.lost(trial):
            self._tell(trial.number, state=TrialState.FAIL)

    def _tell(self, number: int, value: float | None = None, state: TrialState | None = None) -> None:
        try:
            self._study.tell(number, value, state)
        finally:
            self._peers.ended(number)

    def lost(self, trial: Any) -> bool:
        """Return whether another process has taken this one for dead, and given up its trial."""
        lost: bool = self._study.get_trials(deepcopy=False)[trial.number].state == TrialState.FAIL
        if lost:
            self._peers.ended(trial.number)
        return lost

    def missing(self, total: int) -> bool:
        """Return whether there are fewer trials."""
        return sum(trial.state in BEGUN for trial in self._study.get_trials(deepcopy=False)) < total

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

    def others(self, total: int, stop: Event, deadline: float) -> bool:
        """Return whether other processes have the final result, when there are so many trials; else some may be missing.

        Parameters
        ----------
        total : int
        stop : Event
            Ends waiting for others.
        deadline : float
            So does this time.
        """
        return self._peers.others(self, total, stop, deadline)

    def discard_running(self) -> None:
        """Discard all trials that are under way."""
        for trial in self._study.get_trials(deepcopy=False):
            if trial.state == TrialState.RUNNING:
                self.discard(trial)


class Nobody:
    """No other process uses a study in memory."""

    def begun(self, trial: Any) -> None:
        pass

    def ended(self, number: int) -> None:
        pass

    def others(self, study: Study, total: int, stop: Event, deadline: float) -> bool:
        return False


class FileUsers(Nobody):
    """The processes that use the file of a study: the last of them discards the trials of those that have died."""

    def __init__(self, users: Users) -> None:
        self._users = users

    def others(self, study: Study, total: int, stop: Event, deadline: float) -> bool:
        if not self._users.alone():
            return True
        study.discard_running()
        self._users.share()
        return False


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
    with quiet():
        if path is None:
            yield Study(_made(None, sampler), ranges, first, Nobody())
            return
        users = Users(path)
        try:
            if alone := users.alone():
                _check_journal(path)
                users.mend()
            else:
                users.share()
            made = _made(path, sampler)
            check_same(os.fspath(path), made, about, "another file")
            study = Study(made, ranges, first, FileUsers(users))
            if alone:
                study.discard_running()
                users.share()
            yield study
        finally:
            if users.alone():
                with suppress(FileNotFoundError):
                    os.unlink(_lock_name(path))
            users.close()


_levels: list[int] = []
"""Optuna's levels of logging before each study that is open, of which threads may have several: the first is the usual one."""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna from printing, for a while."""
    _levels.append(optuna.logging.get_verbosity())
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(_levels.pop())


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
    if path is None:
        return optuna.create_study(sampler=sampler, pruner=PRUNER)
    name = os.fspath(path)
    lock = Writing(_lock_name(path)) if HAS_LOCKS else JournalFileOpenLock(name)
    storage = JournalStorage(JournalFileBackend(name, lock))
    make = optuna.load_study if NAME in optuna.get_all_study_names(storage) else optuna.create_study
    return make(storage=storage, sampler=sampler, pruner=PRUNER, study_name=NAME)


def check_same(shown: str, study: Any, about: Mapping[str, Any], instead: str) -> None:
    """Note what the study is about, or raise ValueError if that is something else."""
    known = study.user_attrs.get(ABOUT)
    about = json.loads(json.dumps(about))  # as it comes from the file
    if known is None and not study.get_trials(deepcopy=False):
        study.set_user_attr(ABOUT, about)
    elif known != about:
        known = known or {}
        name = next(each for each in {**about, **known} if known.get(each) != about.get(each))
        raise ValueError(
            f"the study {shown} is of another sweep, where {name} is {show(known.get(name))}, got {show(about.get(name))}:"
            f" use the same settings to continue it, or {instead}"
        )
