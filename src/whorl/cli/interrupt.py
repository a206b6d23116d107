"""Ctrl-C: finish the epoch and save what was learned."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from whorl.training import Callback, Epoch, StopTraining
from whorl.training.callbacks import Run


class StopOnInterrupt(Callback):
    """Stops the training after the epoch in which Ctrl-C is pressed; pressed again, it interrupts at once."""

    def __init__(self) -> None:
        self.pressed = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Handle the signal."""
        if self.pressed:
            raise KeyboardInterrupt("nothing was saved")
        self.pressed = True
        print("\nstopping after this epoch; press Ctrl-C again to stop now and save nothing", file=sys.stderr)

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        if self.pressed:
            raise StopTraining("interrupted by Ctrl-C")


@contextmanager
def interruptible() -> Iterator[StopOnInterrupt]:
    """Let the callback that is yielded handle Ctrl-C within this block."""
    callback = StopOnInterrupt()
    before = signal.signal(signal.SIGINT, callback.handle)
    try:
        yield callback
    finally:
        signal.signal(signal.SIGINT, before)
