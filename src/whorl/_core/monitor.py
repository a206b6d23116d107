"""Monitoring a value of the history: whether it has improved."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import KW_ONLY
from typing import Any

from whorl._core import validation
from whorl._core.description import Description, argument
from whorl._core.hints import did_you_mean

HIGHER = {"accuracy", "balanced_accuracy", "binary_accuracy", "f1", "precision", "r2", "recall", "roc_auc"}
LOWER = {"loss", "penalty", "calibration_error", "mae", "mean_absolute_error", "rmse", "root_mean_squared_error"}
"""Values for which higher is better, and for which lower is; higher is for all that end in ``_accuracy``, too."""


def _column(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(
            f"{name} must be the name of a value in the history, such as 'val_loss', got {validation.show(value)}"
        )
    return value


def _direction(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True, False or None, got {validation.show(value)}")
    return value


class Monitor(Description):
    """The value of the history that a callback or a schedule monitors.

    The best value so far is kept in the training state, by the callback or the schedule.

    Parameters
    ----------
    monitor : str
        The name of the value, such as ``"val_loss"``.
    higher_is_better : bool, optional
        By default known for the losses and for the metrics that have a name; required for other functions.
    threshold : float, optional
        Smallest improvement that counts, as a fraction of the best value; at least 0.

    Examples
    --------
    >>> accuracy = Monitor("val_accuracy", threshold=0.01)
    >>> accuracy.improved(0.9, best=None), accuracy.improved(0.905, best=0.9), accuracy.improved(0.92, best=0.9)
    (True, False, True)
    """

    monitor: str = argument(_column)
    _: KW_ONLY
    higher_is_better: bool | None = argument(_direction, default=None)
    threshold: float = argument(validation.number, default=0.0, minimum=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self._higher() is None:
            prefix = "val_" * self.monitor.startswith("val_")
            hint = did_you_mean(self.monitor.removeprefix("val_"), HIGHER | LOWER, f"{prefix}{{}}")
            raise ValueError(
                f"higher_is_better must be True or False to monitor {self.monitor!r}, a value of unknown kind, got None{hint}"
            )

    def _higher(self) -> bool | None:
        """Whether higher is better; None if that is not known."""
        return higher_is_better(self.monitor) if self.higher_is_better is None else self.higher_is_better

    def check(self, columns: Collection[str]) -> None:
        """Raise ValueError unless the monitored value is among the columns of the history."""
        check_column(self.monitor, columns)

    def improved(self, value: float, best: float | None) -> bool:
        """Whether `value` is better than the best so far, by more than the threshold; NaN never is.

        Parameters
        ----------
        value : float
            The newest value.
        best : float or None
            The best value so far; None if there is none.
        """
        if math.isnan(value):
            return False
        if best is None:
            return True
        gain = value - best if self._higher() else best - value
        needed = self.threshold * abs(best) if math.isfinite(best) else 0.0  # any finite value beats an infinite loss
        return gain > needed

    def reached(self, value: float, goal: float) -> bool:
        """Whether `value` is as good as `goal`, or better; NaN never is."""
        return value >= goal if self._higher() else value <= goal


def higher_is_better(name: str) -> bool | None:
    """Return whether higher is better for a value of the history, which its name says; None if that is not known."""
    name = name.removeprefix("val_")
    if name in LOWER:
        return False
    return True if name in HIGHER or name.endswith("_accuracy") else None


def check_column(name: str, columns: Collection[str]) -> None:
    """Raise ValueError unless `name` is among the columns of the history."""
    if name in columns:
        return
    if name.removeprefix("val_") in columns:
        hint = "; it needs validation data, such as validation=0.2"
    else:
        hint = did_you_mean(name, columns)
    raise ValueError(f"monitor must be a value of the history, which has {', '.join(columns)}, got {name!r}{hint}")
