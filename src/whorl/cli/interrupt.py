"""Ctrl-C: finish the step, save what was learned, and what is needed to continue."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Self

from whorl._core import tree
from whorl._core.archive import reading
from whorl.training import Callback, Epoch, StopTraining
from whorl.training.callbacks import Run

SECONDS = 60
"""A training saves a checkpoint after the epoch in which so many seconds have passed since the last one."""


class Signals:
    """Notes Ctrl-C and SIGTERM within a ``with`` block, so that what is under way can stop by itself; a second one interrupts at once."""

    announcement = "stopping after this step; press Ctrl-C again to stop now and save nothing"
    loss = "nothing was saved"

    def __init__(self) -> None:
        self.received: str | None = None
        self._before: dict[int, Callable[[int, FrameType | None], Any] | int | None] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.received:
            raise KeyboardInterrupt(self.loss)
        self.received = "Ctrl-C" if number == signal.SIGINT else "SIGTERM"
        print(f"\n{self.announcement}", file=sys.stderr)
        self.stop()

    def stop(self) -> None:
        """Begin to stop; called when the first signal is received."""


class StopOnInterrupt(Callback, Signals):
    """Stops the training after the step in which Ctrl-C is pressed, or SIGTERM is received; pressed again, it interrupts at once.

    It handles signals within a ``with`` block.

    Parameters
    ----------
    checkpoint : Path
        Where to save the training then, and each minute, to be able to continue.
    """

    last = True

    def __init__(self, checkpoint: Path) -> None:
        Signals.__init__(self)
        self.checkpoint, self.saved = checkpoint, time.monotonic()

    def of_network(self, checkpoint: Path) -> StopOnInterrupt:
        """Return the callback of one of several networks, which has a checkpoint of its own, for when this one handles the signals."""
        return _OfNetwork(self, checkpoint)

    @property
    def stopping(self) -> str | None:
        """The signal that was received, or None."""
        return self.received

    @property
    def every_steps(self) -> int | None:
        return 1 if self.stopping else None

    def on_train_begin(self, training: Run) -> None:
        if training.epoch >= training.epochs:  # only a training that is resumed begins so
            raise ValueError(
                f"argument --resume: {self.checkpoint} was saved after epoch {training.epoch}, so --epochs must be larger, got"
                f" {training.epochs}"
            )

    def on_step_end(self, training: Run) -> None:
        current = training.state.current
        if current.samples < len(current.order):  # else the epoch ends first
            self._stop(training)

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        if self.stopping:
            self._stop(training)
        if time.monotonic() - self.saved > SECONDS:
            self._save(training)

    def _stop(self, training: Run) -> None:
        self._save(training)
        raise StopTraining(f"interrupted by {self.stopping}")

    def _save(self, training: Run) -> None:
        training.memory(self).file = self.checkpoint.name  # which `saved_here` looks for
        if training.group.rank == 0:
            training.model.save(self.checkpoint, state=training.state)
        self.saved = time.monotonic()


class _OfNetwork(StopOnInterrupt):
    """Stops one of several networks; a network that is complete is saved too, since the others may be interrupted."""

    def __init__(self, whole: StopOnInterrupt, checkpoint: Path) -> None:
        super().__init__(checkpoint)
        self.whole = whole

    @property
    def stopping(self) -> str | None:
        return self.whole.received

    def on_train_begin(self, training: Run) -> None:
        """Begin no other network than the first, if training is to stop; a network may be complete when its training is resumed."""
        if self.stopping and self.checkpoint != self.whole.checkpoint:
            raise StopTraining(f"interrupted by {self.stopping}")

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        if training.epoch == training.epochs or training.state.history.stopped:
            self._save(training)
        super().on_epoch_end(training, epoch)


KINDS = StopOnInterrupt.__name__, _OfNetwork.__name__


def saved_here(path: Path) -> bool:
    """Return whether the file is a checkpoint that the command saved under this name; a copy with another name is not."""
    try:
        with reading(path) as file:
            memories = tree.restore(file.header["training"]["callbacks"], file.any_array)
            return any(each.kind in KINDS and vars(each).get("file") == path.name for each in memories)
    except (OSError, ValueError):  # it cannot be read, is damaged, or holds no training state
        return False
