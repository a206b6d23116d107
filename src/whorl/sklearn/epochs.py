"""The steps of an epoch of `MLPClassifier` and `MLPRegressor`: on NumPy, or compiled, which gives the same losses up to rounding."""

from __future__ import annotations

from collections.abc import Callable

from sklearn.utils import gen_batches

from whorl._core.types import Array
from whorl._core.validation import truth
from whorl.engine.choice import NEEDED, WORTHWHILE, from_environment, saved
from whorl.sklearn.objective import MlpObjective
from whorl.sklearn.solvers import Descent, Moments


def epochs(
    objective: MlpObjective,
    solver: Descent | Moments,
    data: tuple[Array, Array, Array | None],
    size: int,
    *,
    count: int,
    fast: bool | None,
) -> Callable[[Array], float]:
    """Return a function that takes the steps of an epoch, over the samples in the order that it is given, and returns the mean loss.

    Parameters
    ----------
    objective : MlpObjective
        Has the parameters, which change.
    solver : Descent or Moments
    data : tuple
        The samples (N, inputs), the targets (N, k), and the weights of the samples (N,) or None.
    size : int
        Samples of a batch.
    count : int
        The largest number of epochs.
    fast : bool or None
        Whether the steps are compiled. None: if Numba is installed, and more time is saved than loading it takes, as in `Options`.
    """
    wanted = from_environment() if fast is None else truth("fast", fast)
    steps = count * -(-len(data[0]) // size)
    if wanted or (wanted is None and saved(steps, len(objective.model.layers)) >= WORTHWHILE):
        try:
            from whorl.sklearn.compiled import CompiledEpoch
        except ImportError as error:  # Numba is not installed, or does not work with this NumPy
            if wanted:
                raise ImportError(f"fast=True {NEEDED}: {error}") from error
        else:
            return CompiledEpoch(objective, solver, data, size)
    return lambda order: _epoch(objective, solver, data, size, order)


def _epoch(
    objective: MlpObjective,
    solver: Descent | Moments,
    data: tuple[Array, Array, Array | None],
    size: int,
    order: Array,
) -> float:
    """Take the steps of an epoch on NumPy, and return the mean loss."""
    X, y, weight = data
    total = 0.0
    for batch in gen_batches(len(order), size):
        rows = order[batch]
        loss, gradients = objective.loss_and_gradients(
            X.take(rows, axis=0), y.take(rows, axis=0), None if weight is None else weight.take(rows)
        )
        total += loss * len(rows)
        solver.step(objective.model.parameters, gradients)
    return total / len(order)
