"""The records of training: steps, epochs and their history."""

from __future__ import annotations

import html
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from whorl._core.files import write_rows
from whorl._core.html import charts
from whorl._core.monitor import Monitor


class Step(NamedTuple):
    """The record of a training step.

    Parameters
    ----------
    number : int
        Number of completed steps, this one included.
    samples : int
        Number of samples in the step.
    loss, penalty : float
        The loss before the step, penalty included, and the penalty.
    learning_rate : float
        The learning rate of the step.
    epoch : Epoch or None
        The record of the epoch, if this was its last step.
    """

    number: int
    samples: int
    loss: float
    penalty: float
    learning_rate: float
    epoch: Epoch | None


@dataclass(frozen=True, slots=True)
class Epoch:
    """The record of an epoch.

    Parameters
    ----------
    number : int
        Number of completed epochs, this one included.
    seconds : float
        Duration of its steps and its validation.
    values : mapping of str to float
        The values that `History` describes, by name; ``epoch["loss"]`` is short for ``epoch.values["loss"]``.
    """

    number: int
    seconds: float
    values: Mapping[str, float]

    def __getitem__(self, name: str) -> float:
        return self.values[name]

    def row(self) -> dict[str, float]:
        """Return the number, the seconds and the values by name, for a line of a file."""
        return {"epoch": self.number, "seconds": self.seconds, **self.values}


class History(Mapping[str, list[float]]):
    """The values of all epochs: a mapping from their names to lists of floats, one float per epoch.

    ``loss`` is the mean over the samples of the epoch, and metrics are computed from all its predictions. The predictions
    are those of the training steps, each with the parameters before that step and with dropout on, so they cost nothing
    extra. ``penalty`` is the regularization part of the loss. ``val_loss`` and the other validation values are measured at
    the end of the epoch, with dropout off; ``learning_rate`` is the rate at that time.

    Attributes
    ----------
    epochs : list of Epoch
        The records.
    stopped : str or None
        The reason why a callback stopped training, if one did, or what failed with ``on_divergence="stop"``.
    skipped : list of str
        What failed in each step that was skipped, with ``on_divergence="skip"``.
    engine : str
        What took the steps, ``"compiled by Numba 0.62.1, 2 threads"`` or ``"NumPy: "`` and the reason.
    held_out : dict of str to float
        Scores of the predictions for held-out samples, of a recipe that validates several networks in turn; else empty.

    Examples
    --------
    >>> history = History()
    >>> history.append(Epoch(1, 0.1, {"loss": 0.7}))
    >>> history.append(Epoch(2, 0.1, {"loss": 0.5}))
    >>> history["loss"]
    [0.7, 0.5]
    """

    def __init__(self) -> None:
        self.epochs: list[Epoch] = []
        self.stopped: str | None = None
        self.skipped: list[str] = []
        self.engine = "NumPy"
        self.held_out: dict[str, float] = {}

    def copy(self) -> History:
        """Return a copy; the records are immutable and shared."""
        other = History()
        other.epochs, other.skipped = self.epochs.copy(), self.skipped.copy()
        other.stopped, other.engine, other.held_out = self.stopped, self.engine, self.held_out.copy()
        return other

    def best(self, name: str = "val_loss", *, higher_is_better: bool | None = None) -> Epoch:
        """Return the record of the epoch with the best value, the first one if several are equal.

        Parameters
        ----------
        name : str, optional
            The name of the value.
        higher_is_better : bool, optional
            By default known for losses and for the metrics that have a name; required for other values.

        Examples
        --------
        >>> history = History()
        >>> for number, loss in enumerate([0.7, 0.5, 0.6], start=1):
        ...     history.append(Epoch(number, 0.1, {"loss": loss}))
        >>> history.best("loss").number
        2
        """
        monitor = Monitor(name, higher_is_better=higher_is_better)
        monitor.check(list(self))
        best = self.epochs[0]
        for epoch in self.epochs:
            if monitor.improved(epoch[name], None if math.isnan(best[name]) else best[name]):
                best = epoch
        return best

    def append(self, epoch: Epoch) -> None:
        """Add the record of one more epoch."""
        self.epochs.append(epoch)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a line for each epoch, with its number and seconds, to a ``.csv`` or ``.jsonl`` file.

        `whorl.tracking.CSVLogger` and `JSONLinesLogger` write the same lines during training. JSON has neither infinity nor NaN:
        they are written as null.

        Examples
        --------
        >>> import tempfile
        >>> history = History()
        >>> history.append(Epoch(1, 0.5, {"loss": 0.7}))
        >>> path = os.path.join(tempfile.mkdtemp(), "history.csv")
        >>> history.save(path)
        >>> with open(path) as file:
        ...     print(file.read(), end="")
        epoch,seconds,loss
        1,0.5,0.7
        """
        write_rows(path, ["epoch", "seconds", *self], [each.row() for each in self.epochs])

    def _repr_html_(self) -> str:
        """Show the loss and the first metric as curves in a notebook."""
        names = [name for name in self if not name.startswith("val_") and name not in {"penalty", "learning_rate"}]
        words = html.escape(repr(self)) + (f"<br>stopped: {html.escape(self.stopped)}" if self.stopped else "")
        return (charts(self, names[:2]) if self.epochs else "") + f"<div>{words}</div>"

    def __getitem__(self, name: str) -> list[float]:
        if name not in list(self):
            raise KeyError(f"{name!r}; the history has {', '.join(self) or 'no epoch yet'}")
        return [epoch[name] for epoch in self.epochs]

    def __iter__(self) -> Iterator[str]:
        return iter(self.epochs[0].values if self.epochs else ())

    def __len__(self) -> int:
        return len(self.epochs[0].values) if self.epochs else 0

    def __repr__(self) -> str:
        last = "".join(f", {name} {values[-1]:.4g}" for name, values in self.items())
        return f"<History of {len(self.epochs)} epochs{last}>"
