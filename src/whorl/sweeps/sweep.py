"""A sweep: the search for good settings of a recipe."""

from __future__ import annotations

import copy
import hashlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from whorl._core import randomness
from whorl._core.blas import single_threaded_blas
from whorl._core.randomness import RNG
from whorl._core.types import Array
from whorl._core.validation import instance, integer, number, numeric, path
from whorl.recipes import Recipe
from whorl.recipes.data import Arrays
from whorl.sweeps import picture, records
from whorl.sweeps.address import is_address
from whorl.sweeps.records import Trial
from whorl.sweeps.reporting import Pruned, Report, Stopped, measured
from whorl.sweeps.search_space import Range, changed, checked_ranges, own_values
from whorl.sweeps.side_by_side import at_a_time, comparable
from whorl.training import Stored

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from whorl.sweeps.study import Study


ELSEWHERE = {"file", "fast", "threads"}
"""Settings that do not determine the trials, or do so by the samples."""


class Sweep:
    """A search for good settings of a recipe, by Optuna (the extra ``whorl[sweep]``): iterating over it trains networks, the trials.

    Each trial trains one network, whatever the number of members of the recipe, on one core. All are validated with the same samples.
    The first trial has the settings of the recipe itself. The next ones are random, and then Optuna's tree-structured Parzen
    estimator (Bergstra and others, 2011) proposes settings close to those that did well. What is worse than the median of the other
    trials after as many epochs is pruned.

    Parameters
    ----------
    recipe : Recipe
    X, y : array-like
        The samples, as for `Recipe.fit`; in memory, which `Stored` ones are not.
    trials : int, optional
        Number of trials, with those that the study has already.
    ranges : mapping of str to Range, optional
        The settings to search, with their ranges; by default all of ``whorl.sweeps.space(recipe)``.
    validation : tuple of ndarray, optional
        Samples and targets to validate with. By default, samples of X and y are held out, the same for all trials.
    study : str or path, optional
        The file to keep the trials in, or the address of a database, such as ``"postgresql://user@host/database"``, which may end in
        ``#`` and a name of the study. If the study is there, the sweep continues it, and several processes can do so at the same time,
        with a database also on several machines. By default, the trials are kept in memory.
    jobs : int, optional
        Number of trials at a time; by default as many as there are cores, or one if the networks are trained on NumPy.
    time : float, optional
        No trial begins after so many seconds.
    rng : int or Generator, optional
        Draws the settings. It is also the `rng` of each training.
    about : mapping, optional
        What else determines the trials, by name. A study is continued only if it is the same.

    Attributes
    ----------
    trials : list of Trial
        All trials of the study so far.
    best : Trial or None
        The trial with the least validation loss.
    others : bool
        Whether other processes were still at work on the study when this one ended: the last one has the final result.

    Examples
    --------
    >>> import whorl
    >>> X, y = whorl.datasets.moons(50, rng=0)
    >>> recipe = whorl.recipes.classification().replace(epochs=5)
    >>> sweep = Sweep(recipe, X, y, trials=6, rng=0)
    >>> for trial in sweep:
    ...     pass                               # trial.value is its validation loss, trial.settings are its settings
    >>> len(sweep.trials), sweep.best.value <= sweep.trials[0].value
    (6, True)
    >>> model, history = sweep.best_recipe().fit(X, y, rng=0)
    """

    recipe: Recipe
    X: Array
    y: Array
    validation: Arrays | None
    count: int
    ranges: dict[str, Range]
    study: str | None
    time: float | None
    rng: np.random.Generator
    seed: int
    about: Mapping[str, Any]
    jobs: int
    trials: list[Trial]
    others: bool

    def __init__(
        self,
        recipe: Recipe,
        X: Any,
        y: Any,
        *,
        trials: int = 50,
        ranges: Mapping[str, Range] | None = None,
        validation: Arrays | None = None,
        study: str | os.PathLike[str] | None = None,
        jobs: int | None = None,
        time: float | None = None,
        rng: RNG = 0,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self.recipe = instance("recipe", recipe, Recipe, "whorl.recipes.classification()")
        if recipe.time is not None:
            raise ValueError(f"recipe must have time=None: trials are compared after as many epochs, got {recipe.time}")
        for name, each in (("X", X), ("y", y)):
            if isinstance(each, Stored):
                raise TypeError(f"{name} must be in memory, where many networks are trained on it, got {each!r}")
        self.X, self.y, self.validation = numeric("X", X), numeric("y", y), validation
        self.count = integer("trials", trials)
        self.ranges = checked_ranges(recipe, ranges)
        self.study = None if study is None else path("study", study)
        self.time = None if time is None else number("time", time, above=0)
        self.rng = randomness.generator(rng)
        self.seed = int(copy.deepcopy(self.rng).integers(2**31))
        self.about = about or {}
        self._single = comparable(recipe.replace(members=1), self.X, self.y, validation, self.seed)
        self.jobs = integer("jobs", jobs) if jobs is not None else at_a_time(self._single)
        self.trials, self.others = [], False
        self._stop, self._lock, self._deadline = Event(), Lock(), float("inf")

    def __iter__(self) -> Iterator[Trial]:
        """Train, and yield the record of each trial when it ends."""
        try:
            opened, sampler = _optuna(self.study)
        except ImportError as error:
            raise ImportError(f"a sweep needs Optuna, which the extra whorl[sweep] installs: {error}") from error
        self._stop.clear()
        self._deadline = float("inf") if self.time is None else time.monotonic() + self.time
        first = self.first()
        given = {"about": self._about(), "ranges": self.ranges, "first": first, "sampler": sampler(self.seed, first)}
        with opened(self.study, **given) as study:
            self.others = False
            try:
                yield from self._run(study)
                while not self._stop.is_set():
                    self.others = study.others(self.count, self._stop, self._deadline)
                    if self.others or self._late() or not study.missing(self.count):
                        break
                    yield from self._run(study)  # the trials of a process that has died
            finally:
                self.trials = study.records()

    def _run(self, study: Study) -> Iterator[Trial]:
        """Train until there are enough trials, several at a time."""
        with single_threaded_blas(), ThreadPoolExecutor(self.jobs, "whorl-sweep") as pool:
            running = {pool.submit(self._trial, study) for _ in range(self.jobs)}
            try:
                while running:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    for trial in (each.result() for each in done):
                        if trial is not None:
                            running.add(pool.submit(self._trial, study))
                            self.trials = study.records()
                            yield trial
            finally:
                if running:  # the loop was left, or a trial failed
                    self.stop()

    def stop(self) -> None:
        """Stop the trials under way after their step, and discard them; other threads may call this."""
        self._stop.set()

    def _late(self) -> bool:
        return time.monotonic() > self._deadline

    def _trial(self, study: Study) -> Trial | None:
        """Train a network, and return the record; None if there is nothing left to do, or it was stopped."""
        if self._stop.is_set() or self._late():
            return None
        with self._lock:
            trial = study.begin(self.count)
        if trial is None:
            return None
        try:
            return self._train(study, trial)
        except BaseException as error:
            if isinstance(error, RuntimeError | ValueError) and study.lost(trial):  # by which Optuna refuses the result
                return study.record(trial)
            study.discard(trial)
            self.stop()
            if isinstance(error, Stopped):
                return None
            raise

    def _train(self, study: Study, trial: Any) -> Trial:
        """Train the network of a trial of Optuna, record what came of it, and return the record."""
        recipe, report = changed(self._single, study.settings(trial)), Report(trial, self._stop)
        try:
            found = recipe.fitted(
                self.X, self.y, validation=self.validation, callbacks=[report], rng=copy.deepcopy(self.rng)
            )
        except Pruned:
            study.prune(trial, report.scores())
        except (ArithmeticError, MemoryError) as error:
            study.prune(trial, report.scores(), str(error) or type(error).__name__)
        else:
            value, scores = measured(recipe, found.history)
            with self._lock:
                study.complete(trial, value, report.scores() | scores)
                best = records.best(study.records())
            if best is not None and best.number == trial.number:
                return study.record(trial, found.model)
        return study.record(trial)

    def plot(self) -> Figure:
        """Draw the validation loss of the trials in order, and over the most important settings; it needs the extra ``whorl[plot]``."""
        return picture.draw(self.trials, self.ranges)

    def first(self) -> dict[str, float]:
        """Return the settings of the first trial: those of the recipe, or the nearest within their ranges."""
        return own_values(self.recipe, self.ranges)

    def trial_recipe(self, trial: Trial) -> Recipe:
        """Return the recipe of a trial, which has one network: ``fit`` with the `rng` of the sweep repeats its training."""
        return changed(self._single, trial.settings)

    def has_own_settings(self, trial: Trial) -> bool:
        """Return whether a trial has the settings of the recipe itself."""
        return self.trial_recipe(trial) == self._single

    def _about(self) -> dict[str, Any]:
        """Return what determines the trials, by name."""
        settings = {name: value for name, value in self.recipe.settings().items() if name not in ELSEWHERE}
        ranges = {f"the range of {name}": repr(limits) for name, limits in self.ranges.items()}
        arrays = [self.X, self.y, *(self.validation or ())]
        return {**self.about, **settings, **ranges, "rng": self.seed, "the SHA-256 of the samples": _checksum(arrays)}

    @property
    def best(self) -> Trial | None:
        """The trial with the least validation loss; None if none is complete."""
        return records.best(self.trials)

    def best_recipe(self) -> Recipe:
        """Return the recipe with the settings of the best trial.

        For a recipe of one network, ``sweep.best_recipe().fit(X, y, rng=rng)`` repeats the training of the trial, for the `rng` of the
        sweep. For one of several networks, it trains them all with these settings.

        Raises
        ------
        ValueError
            If no trial is complete.
        """
        best = self.best
        if best is None:
            diverged = sum(trial.state == "diverged" for trial in self.trials)
            raise ValueError(
                f"there is no best trial: of {len(self.trials)} none is complete, and {diverged} diverged; search lower learning rates"
            )
        return changed(self.recipe if self.recipe.members > 1 else self._single, best.settings)


def _optuna(study: str | None) -> tuple[Any, Any]:
    """Return what opens a study, and the class of the sampler; they load Optuna."""
    from whorl.sweeps.sampler import Sampler

    if is_address(study):
        from whorl.sweeps.database import opened as opened_database

        return opened_database, Sampler
    from whorl.sweeps.study import opened

    return opened, Sampler


def _checksum(arrays: Sequence[Array]) -> str:
    """Return the SHA-256 of arrays, in hexadecimal digits."""
    found = hashlib.sha256()
    for each in arrays:
        found.update(f"{each.dtype} {each.shape};".encode())
        found.update(np.ascontiguousarray(each).data)
    return found.hexdigest()
