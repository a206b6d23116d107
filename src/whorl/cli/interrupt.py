"""Ctrl-C, the gentle way: finish the epoch, keep what was learned, and say so."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from whorl.training import Callback, Epoch, StopTraining, Training


class StopOnInterrupt(Callback):
    """Stops the training after the epoch in which Ctrl-C was pressed; pressed again, it interrupts at once."""

    def __init__(self) -> None:
        self.pressed = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Take the signal."""
        if self.pressed:
            raise KeyboardInterrupt("nothing was saved")
        self.pressed = True
        print("\nstopping after this epoch; press Ctrl-C again to stop now and save nothing", file=sys.stderr)

    def on_epoch_end(self, training: Training, epoch: Epoch) -> None:
        if self.pressed:
            raise StopTraining("interrupted by Ctrl-C")


@contextmanager
def interruptible() -> Iterator[StopOnInterrupt]:
    """Within this block Ctrl-C goes to the callback it yields."""
    callback = StopOnInterrupt()
    before = signal.signal(signal.SIGINT, callback.handle)
    try:
        yield callback
    finally:
        signal.signal(signal.SIGINT, before)
