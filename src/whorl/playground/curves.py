"""The curves that a page draws: one value per epoch, thinned out in a long training, and sent piece by piece."""

from __future__ import annotations

from collections.abc import Sequence

from whorl.training import Epoch

MOST = 2000
"""The most points of a curve."""


class Curves:
    """The values of the epochs by name, with their numbers as ``"epoch"``.

    Parameters
    ----------
    names : sequence of str
        The values to keep.

    Attributes
    ----------
    values : dict of str to list of float
    every : int
        Which epochs are kept: those whose number is a multiple of this.
    generation : int
        How often earlier points have been dropped.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.values: dict[str, list[float]] = {name: [] for name in ("epoch", *names)}
        self.every: int = 1
        self.generation: int = 0

    def add(self, epoch: Epoch) -> None:
        """Add the record of an epoch, later than those before."""
        if epoch.number % self.every:
            return
        for name, values in self.values.items():
            values.append(epoch.number if name == "epoch" else epoch[name])
        if len(self.values["epoch"]) > MOST:
            self.every *= 2
            self._keep([i for i, number in enumerate(self.values["epoch"]) if number % self.every == 0])

    def back(self, epoch: int) -> None:
        """Drop what is later than an epoch."""
        numbers = self.values["epoch"]
        if numbers and numbers[-1] > epoch:
            self._keep([i for i, number in enumerate(numbers) if number <= epoch])

    def _keep(self, places: Sequence[int]) -> None:
        self.values = {name: [values[i] for i in places] for name, values in self.values.items()}
        self.generation += 1

    def since(self, generation: int, count: int) -> tuple[int, dict[str, list[float]]]:
        """Return the number of points that a page has and needs no more, and the others, given what it got last."""
        first = count if generation == self.generation else 0
        return first, {name: values[first:] for name, values in self.values.items()}

    def __len__(self) -> int:
        return len(self.values["epoch"])
