"""A study in a database, which processes on several machines share.

A process that is killed cannot say so. So each counts up a number in its trials, their heartbeat, and looks at those of the others: a trial
whose number stands still is given up, and put back in the queue with the same settings. Optuna's own heartbeats are for
``Study.optimize``, and never find out about a process that is killed between the start of a trial and its first heartbeat.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from typing import Any, Self

import optuna
import sqlalchemy
import sqlalchemy.exc
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from whorl.sweeps.address import divided, masked, needed
from whorl.sweeps.sampler import PRUNER, Sampler
from whorl.sweeps.search_space import Range
from whorl.sweeps.study import ABOUT, Study, check_same, quiet

BEAT, LOOKS = 10.0, 6
"""Seconds between two heartbeats, and after how many looks at the same one a trial is given up: after a minute."""

PAUSE = 1.0
"""Seconds between two looks at whether the trials of others have ended."""

RETRIES = 3
"""So often a trial is done again with the same settings; then another one takes its place."""

OPENING = 10
"""Attempts to open a database in which other processes are making the tables."""


class Heartbeats:
    """The processes that share a study in a database; a thread shows that this one lives, and watches over the others.

    Parameters
    ----------
    study : optuna.Study
    """

    def __init__(self, study: Any) -> None:
        self._study = study
        self._own: dict[int, Any] = {}
        self._seen: dict[int, tuple[Any, int]] = {}
        self._lock, self._retrying, self._end = Lock(), Lock(), Event()
        self._thread = Thread(target=self._run, name="whorl-heartbeats", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def begun(self, trial: Any) -> None:
        """Show that the process of a trial lives, from now on."""
        with self._lock:
            self._own[trial.number] = trial

    def ended(self, number: int) -> None:
        """Show it no more."""
        with self._lock:
            self._own.pop(number, None)

    def others(self, study: Study, total: int, stop: Event, deadline: float) -> bool:
        """Wait until the trials of other processes have ended, or one of them is to be done again; return whether they did the last."""
        waited = False
        while not stop.is_set() and time.monotonic() < deadline:
            with self._retrying:  # a trial that is given up is put back in the queue first
                if study.missing(total):
                    return False
                if not self._running():
                    return waited
            waited = True
            stop.wait(PAUSE)
        return bool(self._running())

    def _running(self) -> list[FrozenTrial]:
        """Return the trials of other processes that are under way."""
        found = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        with self._lock:
            return [trial for trial in found if trial.number not in self._own]

    def _run(self) -> None:
        count = 0
        while not self._end.wait(BEAT):
            count += 1
            with self._lock:
                own = list(self._own.values())
            for trial in own:
                with suppress(Exception):  # it has just ended, or the database cannot be reached, and the next one may
                    trial.set_user_attr("heartbeat", count)
            with suppress(Exception):
                self._look()

    def _look(self) -> None:
        """Give up the trials of others whose heartbeat has stood still for too many looks."""
        running, seen = {trial.number: trial for trial in self._running()}, self._seen
        self._seen = {}
        for number, trial in running.items():
            count = trial.user_attrs.get("heartbeat")
            last, looks = seen.get(number, (None, 0))
            self._seen[number] = count, looks + 1 if number in seen and count == last else 0
        for number, (_, looks) in self._seen.items():
            if looks >= LOOKS:
                with self._retrying:
                    self._retry(running[number])

    def _retry(self, trial: FrozenTrial) -> None:
        """Give up a trial, and put one with the same settings in the queue, unless another process does so."""
        try:
            self._study.tell(trial.number, state=TrialState.FAIL)
        except (RuntimeError, ValueError):  # it has ended after all, or is given up
            return
        retry = trial.user_attrs.get("retry", 0) + 1
        if retry <= RETRIES:
            again = optuna.trial.create_trial(
                state=TrialState.WAITING,
                params=trial.params,
                distributions=trial.distributions,
                user_attrs={
                    "place": self._study.sampler.place(self._study, trial),
                    "retry": retry,
                    "retry of": trial.number,
                },
            )
            self._study.add_trial(again)


@contextmanager
def opened(
    address: str, *, about: Mapping[str, Any], ranges: Mapping[str, Range], first: Mapping[str, float], sampler: Sampler
) -> Iterator[Study]:
    """Open or make a study in a database; raise ValueError if it is that of another sweep."""
    url, name = divided(address)
    with quiet():
        storage = _storage(url, address)
        try:
            made = _made(storage, name, about, sampler)
            check_same(masked(address), made, about, "another name for the study, such as …#second")
            with Heartbeats(made) as beats:
                yield Study(made, ranges, first, beats)
        finally:
            storage.remove_session()
            storage.engine.dispose()


def _storage(url: str, address: str) -> Any:
    """Return the database, with Optuna's tables.

    Raises
    ------
    ImportError
        If a driver is missing.
    ValueError
        If it is no address of a database.
    ConnectionError
        If the database cannot be reached, or refuses.
    """
    shown = masked(address)
    for attempt in range(OPENING):
        engine = None
        try:
            engine = sqlalchemy.create_engine(url, pool_pre_ping=True)
            return RDBStorage(url, engine_kwargs={"pool": engine.pool})
        except ImportError as error:
            raise ImportError(f"{needed(address.partition('://')[0])}; {error.__cause__ or error}") from None
        except (sqlalchemy.exc.ArgumentError, sqlalchemy.exc.NoSuchModuleError) as error:
            raise ValueError(
                f"study must be an address such as postgresql://user@host/database, got {shown}: {error}"
            ) from None
        except (sqlalchemy.exc.DatabaseError, AssertionError) as error:  # perhaps another process is making the tables
            if attempt + 1 == OPENING or "connect" in str(error):
                raise ConnectionError(f"cannot use {shown}: {getattr(error, 'orig', error)}") from None
            assert engine is not None
            engine.dispose()  # Optuna leaves its connections open
            time.sleep(0.1 * (attempt + 1))
    raise AssertionError


def _made(storage: Any, name: str, about: Mapping[str, Any], sampler: Sampler) -> Any:
    """Return the study of this name; only the process that makes it says what it is about, and the others wait for that."""
    try:
        study = optuna.create_study(storage=storage, study_name=name, sampler=sampler, pruner=PRUNER)
    except optuna.exceptions.DuplicatedStudyError:
        study = optuna.load_study(storage=storage, study_name=name, sampler=sampler, pruner=PRUNER)
        for _ in range(OPENING):
            if ABOUT in study.user_attrs or study.get_trials(deepcopy=False):
                break
            time.sleep(PAUSE / 2)
    else:
        study.set_user_attr(ABOUT, about)
    return study
