"""The processes that train together: by default one, which has all samples of each batch to itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, TypeAlias

from numpy.random import Generator

from whorl._core import randomness
from whorl._core.interrupts import Uninterrupted
from whorl._core.types import Array
from whorl.passes import Predict, predict
from whorl.training.history import History

Outcome: TypeAlias = tuple[float, float, Array]
"""The loss, its penalty part, and the predictions, all before the parameters change."""

Evaluate: TypeAlias = Callable[[Array, Generator], Outcome]
"""Computes loss and gradients for the samples at these indices."""


class Group(Protocol):
    """The processes that train together. Each has all data and an equal training state; they share the work of each batch.

    Attributes
    ----------
    rank : int
        The number of this process, from 0. Process 0 writes files and prints.
    predict : Predict
        What predicts the validation data.
    """

    @property
    def rank(self) -> int:
        """The number of this process."""

    @property
    def predict(self) -> Predict:
        """What predicts the validation data."""

    def generator(self, rng: Any) -> Generator:
        """Return the generator of a training: an equal one in all processes."""

    def begin(self, training: Any) -> None:
        """Check that all processes have equal arguments and data, and give them equal parameters; raise ValueError if not."""

    def running(self) -> AbstractContextManager[None]:
        """Return a ``with`` block for the training loop: an error in one process must not leave the others waiting."""

    def uninterrupted(self) -> AbstractContextManager[Sequence[BaseException]]:
        """Return a ``with`` block for an epoch, or the rest of one: the exception of Ctrl-C waits in the list that it gives."""

    def evaluate(self, evaluate: Evaluate, rows: Array, training: Any) -> Outcome:
        """Evaluate a batch, given how this process would evaluate any samples; the gradients are then those of the whole batch."""

    def ending(self, history: History, *, interrupted: bool) -> bool:
        """Return whether training ends within the epoch, because a callback stops it or Ctrl-C was pressed, in any process."""

    def stopped(self, history: History) -> bool:
        """Return whether training was stopped, in any process; called between epochs."""


class SingleProcess:
    """Training in one process: nothing is shared, and nothing has to be agreed on."""

    rank = 0
    predict: Predict = staticmethod(predict)
    uninterrupted = Uninterrupted

    def generator(self, rng: Any) -> Generator:
        """Return the argument `rng` as a generator."""
        return randomness.generator(rng)

    def begin(self, training: Any) -> None:
        """Raise ValueError if the training asks for several processes."""
        if training.options.distributed:
            raise ValueError(
                "distributed=True is for fit, training and partial_fit of one model, which several processes train"
            )

    def running(self) -> AbstractContextManager[None]:
        """Return a ``with`` block that does nothing."""
        return nullcontext()

    def evaluate(self, evaluate: Evaluate, rows: Array, training: Any) -> Outcome:
        """Evaluate the batch."""
        return evaluate(rows, training.state.rng)

    def ending(self, history: History, *, interrupted: bool) -> bool:
        """Return whether a callback stops training, or Ctrl-C was pressed."""
        return interrupted or history.stopped is not None

    def stopped(self, history: History) -> bool:
        """Return whether training was stopped."""
        return history.stopped is not None


SINGLE = SingleProcess()
