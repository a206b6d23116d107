"""Watching a value over the epochs, to know when it is better than ever before."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from whorl._core import validation


class Best:
    """The best value so far of one column of the history.

    Parameters
    ----------
    watch : str
        The column's name, such as ``"val_loss"``.
    higher_is_better : bool or None
        None is for losses and penalties, of which the lower is better; of anything else one must say.
    threshold : float
        By how much a value must beat the best one, as a share of it, to count as better; at least 0.

    Examples
    --------
    >>> best = Best("loss", higher_is_better=None)
    >>> [best.improved({"loss": value}) for value in (0.9, 0.7, 0.8, float("nan"), 0.6)]
    [True, True, False, False, True]
    """

    def __init__(self, watch: str, *, higher_is_better: bool | None, threshold: float = 0.0) -> None:
        if not isinstance(watch, str):
            raise TypeError(f"watch must be the name of a value in the history, such as 'val_loss', got {watch!r}")
        if higher_is_better is not None and not isinstance(higher_is_better, bool):
            raise TypeError(f"higher_is_better must be True, False or None, got {validation.show(higher_is_better)}")
        if higher_is_better is None and watch.removeprefix("val_") not in ("loss", "penalty"):
            raise ValueError(f"higher_is_better must be True or False for {watch!r}, which is no loss, got None")
        self.watch = watch
        self.higher_is_better = bool(higher_is_better)
        self.threshold = validation.number("threshold", threshold, minimum=0)
        self.value: float | None = None

    def improved(self, values: Mapping[str, float]) -> bool:
        """Take the values of one more epoch; return whether the one watched is better than all before."""
        check_watched(self.watch, values)
        value = values[self.watch]
        if math.isnan(value):
            return False
        if self.value is not None:
            gain = value - self.value if self.higher_is_better else self.value - value
            if not gain > self.threshold * abs(self.value):
                return False
        self.value = value
        return True


def check_watched(watch: Any, names: Collection[str]) -> None:
    """Raise ValueError unless the column to watch is among those of an epoch."""
    if watch not in names:
        hint = "; give the training validation data" if str(watch).removeprefix("val_") in names else ""
        raise ValueError(f"watch must be a value of the epochs, which have {', '.join(names)}, got {watch!r}{hint}")
