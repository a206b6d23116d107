"""A learning rate that is reduced when training no longer improves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY
from types import SimpleNamespace

from whorl._core.description import argument
from whorl._core.monitor import Monitor
from whorl._core.validation import integer, number
from whorl.schedules.schedule import ResultSchedule


class ReduceOnPlateau(ResultSchedule):
    """``lr0 · factorⁿ``, at least `minimum`, reduced each time that a result has stopped improving.

    A value is an improvement on the best so far, b, if it is below ``b − threshold · |b|``, or above ``b + threshold · |b|``
    where higher is better. After more than `patience` epochs in a row without one, the rate is multiplied by
    `factor`, and the count starts again at 0.

    Parameters
    ----------
    learning_rate : float
        lr0, the rate at the start, at least 0.
    monitor : str, optional
        The name of the value to monitor, as in the `History`: ``"val_loss"`` needs validation data, ``"loss"`` does not.
        Training raises ValueError if the history will have no such value.
    higher_is_better : bool, optional
        By default known for losses and for the metrics that have a name; required for other values.
    factor : float, optional
        Factor of each reduction, above 0 and below 1.
    patience : int, optional
        Number of epochs without improvement to allow, at least 0.
    minimum : float, optional
        The lowest rate, from 0 to lr0.
    threshold : float, optional
        Smallest improvement that counts, as a fraction of the best value; at least 0.

    Notes
    -----
    It depends on results and not on time, so it cannot be plotted in advance. Its memory is part of the training state.

    The variant is that of PyTorch's ``ReduceLROnPlateau``, whose defaults are a factor of 0.1 and a patience of 10, and
    which ignores reductions below 1e-8; its threshold does not work for negative values, which R² may have. Keras's waits
    one epoch less for the same patience, and its threshold, ``min_delta``, is absolute.

    Examples
    --------
    >>> schedule = ReduceOnPlateau(0.5, monitor="loss", patience=1)
    >>> memory = schedule.begin()
    >>> for loss in (0.9, 0.7, 0.7, 0.8):
    ...     schedule.observe({"loss": loss}, memory)
    >>> schedule.rate(4, memory)
    0.25
    """

    learning_rate: float = argument(number, minimum=0)
    _: KW_ONLY
    monitor: str = "val_loss"
    higher_is_better: bool | None = None
    factor: float = argument(number, default=0.5, above=0, below=1)
    patience: int = argument(integer, default=5, minimum=0)
    minimum: float = argument(number, default=0.0, minimum=0)
    threshold: float = argument(number, default=1e-4, minimum=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        number("minimum", self.minimum, minimum=0, maximum=self.learning_rate)
        self._monitor()

    def _monitor(self) -> Monitor:
        return Monitor(self.monitor, higher_is_better=self.higher_is_better, threshold=self.threshold)

    @property
    def monitored(self) -> tuple[str, ...]:
        return (self.monitor,)

    def begin(self) -> SimpleNamespace:
        return SimpleNamespace(best=None, waited=0, reductions=0)

    def observe(self, values: Mapping[str, float], memory: SimpleNamespace) -> None:
        """Update the memory with the results of an epoch; raise ValueError if the monitored one is missing."""
        monitor = self._monitor()
        monitor.check(values)
        if monitor.improved(values[self.monitor], memory.best):
            memory.best, memory.waited = values[self.monitor], 0
            return
        memory.waited += 1
        if memory.waited > self.patience:
            memory.reductions, memory.waited = memory.reductions + 1, 0

    def rate(self, epoch: float, memory: SimpleNamespace) -> float:
        reductions: int = memory.reductions
        return max(self.minimum, self.learning_rate * self.factor**reductions)
