"""`fit_many`: train many independent networks at once, one on each core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from threading import Event, Lock
from typing import Any

from whorl._core.blas import single_threaded_blas
from whorl._core.validation import instance, integer, show
from whorl.engine import choose, cores
from whorl.model import Model
from whorl.training import History, NumPySteps, Training, options


def fit_many(
    trainings: Iterable[Any], *, workers: int | None = None, executor: Any = None, **arguments: Any
) -> list[History]:
    """Train models independently of each other, several at a time.

    Seeds, folds, ensembles and sweeps of settings are many small trainings. Each runs on one core, in a thread of this
    process: compiled kernels (the extra ``whorl[fast]``) run side by side, and the data are shared, not copied. The results are,
    to the bit, those of ``model.fit(X, y, **arguments, fast=True, threads=1)`` for one model after the other.

    With an `executor`, they run in its processes, also on other machines, and give the same bits on processors of the same kind with the
    same versions. Each process receives equal data once. What a lost process was training is trained again. ``docs/cluster.md`` explains it.

    Parameters
    ----------
    trainings : iterable of tuple
        For each training ``(model, (X, y))``, or ``(model, (X, y), arguments)`` with arguments of its own. A model can be in one
        of them only.
    workers : int, optional
        How many models to train at a time; by default as many as there are cores. With an executor, how many to hand out at a time;
        by default 128, so a cluster with more cores needs a larger number.
    executor : Executor, Client or callable, optional
        Where to train: an executor of `concurrent.futures` or one like it (``ProcessPoolExecutor(4)``,
        ``mpi4py.futures.MPIPoolExecutor()``), a ``Client`` of Dask, or a callable that makes one, such as
        ``functools.partial(ProcessPoolExecutor, 4)``. What a callable makes is closed at the end, and made again if it breaks.
    loss, optimizer, epochs, …
        The arguments of `Model.fit`, as described in `Options`, for all trainings that do not have their own. A Generator as
        `rng` must not be shared; give each training a seed.

    Returns
    -------
    list of History
        Those of the trainings, in order.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid. Only data that do not fit their model are found when their training begins.
    Exception
        If a training fails, its error, once the running ones have ended their epoch. The others are not continued. With an executor,
        those that have not begun are cancelled, and a note says which training it was.
    RuntimeError
        If an executor breaks and no callable was given, or if a training ends its process again and again.

    Notes
    -----
    A training without compiled kernels runs on NumPy. Such trainings take turns, one after the other: Python runs one thread at a
    time, so together they would take longer. In other processes they do not.

    With an executor, models, callbacks and other arguments are pickled, by cloudpickle if that is installed. A model changes when its
    training has ended; so do a Generator and a training state of the model itself. What callbacks note in themselves stays in the other
    process, which also needs to reach the files of `resume` and `Checkpoint`.

    Examples
    --------
    >>> import whorl
    >>> from whorl import Adam, CrossEntropy, Dense, ReLU, Softmax
    >>> X, y = whorl.datasets.spiral(100, rng=0)
    >>> models = [Model([Dense(64), ReLU(), Dense(3), Softmax()], inputs=2, rng=seed) for seed in range(4)]
    >>> histories = fit_many(
    ...     [(model, (X, y), {"rng": seed}) for seed, model in enumerate(models)],
    ...     loss=CrossEntropy(), optimizer=Adam(0.01), epochs=5,
    ... )
    >>> [len(history["loss"]) for history in histories]
    [5, 5, 5, 5]
    """
    given = [_checked(i, each) for i, each in enumerate(trainings)]
    _distinct(given, arguments)
    workers = None if workers is None else integer("workers", workers)
    if executor is not None:
        from whorl.remote import train_all

        return train_all(given, executor, workers, arguments)
    count = workers or cores()
    select = partial(choose, together=len(given))
    stop, turn = Event(), Lock()

    def run(model: Model, data: tuple[Any, Any], own: Mapping[str, Any]) -> History:
        training = Training(model, *data, options("fit_many", {"threads": 1, **arguments, **own}), select)
        with turn if isinstance(training.engine, NumPySteps) else nullcontext():
            for _ in training.blocks():
                if stop.is_set():
                    break
        return training.state.history

    # Trainings side by side validate on NumPy, each with products of its own.
    with single_threaded_blas(), ThreadPoolExecutor(max(1, min(count, len(given))), "whorl-fit") as pool:
        futures = [pool.submit(run, *each) for each in given]
        try:
            return [future.result() for future in futures]
        except BaseException:
            stop.set()
            _cancel(futures)
            raise


def _cancel(futures: Sequence[Future[History]]) -> None:
    for future in futures:
        future.cancel()


def _checked(i: int, given: object) -> tuple[Model, tuple[Any, Any], Mapping[str, Any]]:
    """Return a training as (model, (X, y), arguments)."""
    known = isinstance(given, tuple | list) and len(given) in {2, 3}
    model, data, own = (*given, {})[:3] if known else (None, None, None)  # type: ignore[misc]  # known to be a sequence
    if known:
        instance(f"trainings[{i}][0]", model, Model, "Model([Dense(3)], inputs=2)")
    if not isinstance(data, tuple | list) or len(data) != 2 or not isinstance(own, Mapping):
        raise TypeError(f"trainings[{i}] must be (model, (X, y)) or (model, (X, y), arguments), got {show(given)}")
    return model, (data[0], data[1]), own


def _distinct(given: Sequence[tuple[Model, Any, Mapping[str, Any]]], arguments: Mapping[str, Any]) -> None:
    """Check the arguments of all trainings; raise ValueError if two of them would change the same model or generator."""
    changed: dict[int, int] = {}
    for i, (model, _, own) in enumerate(given):
        merged = options("fit_many", {**arguments, **own})
        for what, each in (("model", model), ("rng", merged.rng), ("state", merged.state)):
            if each is None or isinstance(each, int):
                continue
            first = changed.setdefault(id(each), i)
            if first != i:
                raise ValueError(
                    f"trainings[{i}] has the same {what} as trainings[{first}]: they run at once, so each needs its own"
                )
