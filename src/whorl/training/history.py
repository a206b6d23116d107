"""What happened while training: a record an epoch, and the history of them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from whorl._core.files import write_rows
from whorl._core.monitor import Monitor


class Step(NamedTuple):
    """One step of training.

    Parameters
    ----------
    number : int
        Steps taken in this run, this one included.
    samples : int
        The number of samples in the batch.
    loss, penalty : float
        The loss of the batch before the step, penalty included, and that part of it.
    learning_rate : float
        The rate the step was taken with.
    epoch : Epoch or None
        The record of the epoch that this step completed.
    """

    number: int
    samples: int
    loss: float
    penalty: float
    learning_rate: float
    epoch: Epoch | None


@dataclass(frozen=True)
class Epoch:
    """One epoch of training.

    Parameters
    ----------
    number : int
        Epochs completed, this one included.
    seconds : float
        How long its steps and its validation took.
    values : mapping of str to float
        By the names of `History`; ``epoch["loss"]`` is short for ``epoch.values["loss"]``.
    """

    number: int
    seconds: float
    values: Mapping[str, float]

    def __getitem__(self, name: str) -> float:
        return self.values[name]


class History(Mapping[str, list[float]]):
    """The epochs' values by name, each a list of one float an epoch.

    ``loss`` is the mean over the epoch's samples, and the metrics are of all its predictions, each made with the weights
    of that moment and with dropout on: what training itself saw, at no extra cost. ``penalty`` is the part of the loss
    that is regularisation. ``val_loss`` and its like are of the network as it stood at the end of the epoch, with
    dropout off; so is ``learning_rate``.

    Attributes
    ----------
    epochs : list of Epoch
        The records.
    stopped : str or None
        Why training ended before its last epoch, if it did.

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

    def copy(self) -> History:
        """Return a copy; the records are shared, as they never change."""
        other = History()
        other.epochs, other.stopped = self.epochs.copy(), self.stopped
        return other

    def best(self, name: str = "val_loss", *, higher_is_better: bool | None = None) -> Epoch:
        """Return the record of the epoch in which a value was best, the first of them.

        Parameters
        ----------
        name : str, optional
            The value, by its name in the history.
        higher_is_better : bool, optional
            Required unless it is a loss.

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
        """Write a line for each epoch, with its number and seconds, to a file that ends in ``.csv`` or ``.jsonl``.

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
        rows = [{"epoch": each.number, "seconds": each.seconds, **each.values} for each in self.epochs]
        write_rows(path, ["epoch", "seconds", *self], rows)

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
