"""Saved training states: few enough to fit in memory, and close enough together that any step is reached again in a short time."""

from __future__ import annotations

from bisect import bisect_right

from whorl.training import TrainingState

RECENT, MOST, BYTES = 16, 80, 64_000_000
"""How many of the newest states are kept in any case; the most states, and the most bytes, to keep."""


class States:
    """Copies of the training state after some of the steps, in order.

    If there are too many, those with the closest neighbours are dropped, but neither the first one nor the newest.
    """

    def __init__(self) -> None:
        self._states: list[TrainingState] = []
        self._sizes: list[int] = []

    @property
    def steps(self) -> list[int]:
        """The steps whose states are kept, in ascending order."""
        return [each.step for each in self._states]

    @property
    def size(self) -> int:
        """The number of bytes, about."""
        return sum(self._sizes)

    def add(self, state: TrainingState) -> None:
        """Keep a copy of the current state; those of this step and of later ones are dropped."""
        self.drop(state.step)
        kept = state.copy()
        kept.history.epochs.clear()  # records are kept once, by the run, and not by each state
        self._states.append(kept)
        self._sizes.append(size(kept))
        while len(self._states) > 2 and (len(self._states) > MOST or self.size > BYTES):
            steps = self.steps
            old = range(1, max(2, len(steps) - RECENT))
            closest = min(old, key=lambda i: steps[i + 1] - steps[i - 1])
            del self._states[closest], self._sizes[closest]

    def before(self, step: int) -> TrainingState:
        """Return the last state at or before a step."""
        return self._states[bisect_right(self.steps, step) - 1]

    def drop(self, step: int) -> None:
        """Drop the states of this step and of later ones."""
        first = next((i for i, each in enumerate(self._states) if each.step >= step), len(self._states))
        del self._states[first:], self._sizes[first:]


def size(state: TrainingState) -> int:
    """Return the number of bytes of a state, about."""
    vectors = sum(each.nbytes for each in state.arrays())
    if state.current is None:
        return vectors
    outputs = sum(target.nbytes + prediction.nbytes for target, prediction in state.current.predictions)
    return 2 * vectors + 8 * len(state.current.order) + outputs
