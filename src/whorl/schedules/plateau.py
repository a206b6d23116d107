"""A rate that falls when training gets nowhere."""

from __future__ import annotations

from collections.abc import Mapping

from whorl._core import validation
from whorl._core.monitor import Best
from whorl.schedules.schedule import Schedule


class ReduceOnPlateau(Schedule):
    """``lr0 · factorⁿ``, at least `minimum`, where n times a result has not become better for too long.

    A value is better than the best so far, b, if it is below ``b − threshold · |b|``, or above ``b + threshold · |b|``
    where higher is better. After more than `patience` epochs in a row that were not, the rate is multiplied by
    `factor`, and the count starts anew.

    Parameters
    ----------
    learning_rate : float
        lr0, the rate at the start, at least 0.
    watch : str, optional
        The name of the value to watch, as in the `History`: ``"val_loss"`` needs validation data, ``"loss"`` does not.
    higher_is_better : bool, optional
        For a loss or its penalty False is known; for anything else say it: True for ``"val_accuracy"``, False for
        ``"val_rmse"``.
    factor : float, optional
        What a reduction leaves of the rate, above 0 and below 1.
    patience : int, optional
        Epochs to bear with, at least 0.
    minimum : float, optional
        No rate is below it; from 0 to lr0.
    threshold : float, optional
        By what share a value must be better than the best to count, at least 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the form above; from training, at once, if there will be no value of the name `watch`.

    Notes
    -----
    It depends on results and not on time, so it cannot be drawn beforehand. Training works on a fresh twin, which
    it shows the values of each epoch by `observe`.

    The variant is that of PyTorch's ``ReduceLROnPlateau``, with a factor of 0.1 and a patience of 10 there, and changes
    below 1e-8 left undone; its threshold does not fit values below 0, as R² may have. Keras's waits one epoch less for
    the same patience, and its threshold, ``min_delta``, is absolute.

    Examples
    --------
    >>> rate = ReduceOnPlateau(0.5, watch="loss", patience=1)
    >>> for loss in (0.9, 0.7, 0.7, 0.8):
    ...     rate.observe({"loss": loss})
    >>> rate(4)
    0.25
    """

    def __init__(
        self,
        learning_rate: float,
        *,
        watch: str = "val_loss",
        higher_is_better: bool | None = None,
        factor: float = 0.5,
        patience: int = 5,
        minimum: float = 0.0,
        threshold: float = 1e-4,
    ) -> None:
        self.learning_rate = validation.number("learning_rate", learning_rate, minimum=0)
        self._best = Best(watch, higher_is_better=higher_is_better, threshold=threshold)
        self.watch = watch
        self.higher_is_better = higher_is_better
        self.factor = validation.number("factor", factor, above=0, below=1)
        self.patience = validation.integer("patience", patience, minimum=0)
        self.minimum = validation.number("minimum", minimum, minimum=0, maximum=self.learning_rate)
        self.threshold = self._best.threshold
        self.watched = (self.watch,)
        self._waited = self._reductions = 0

    def __call__(self, epoch: float) -> float:
        return max(self.minimum, self.learning_rate * self.factor**self._reductions)

    def observe(self, values: Mapping[str, float]) -> None:
        """Take the results of one more epoch, by name; raise ValueError if the one to watch is not there."""
        if self._best.improved(values):
            self._waited = 0
            return
        self._waited += 1
        if self._waited > self.patience:
            self._reductions, self._waited = self._reductions + 1, 0
