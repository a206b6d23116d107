"""Ctrl-C: finish the epoch and save what was learned."""

import signal
import sys
from types import FrameType
from typing import Self

from whorl.training import Callback, Epoch, StopTraining
from whorl.training.callbacks import Run


class StopOnInterrupt(Callback):
    """Stops the training after the epoch in which Ctrl-C is pressed; pressed again, it interrupts at once.

    It handles Ctrl-C within a ``with`` block.
    """

    def __init__(self) -> None:
        self.pressed = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.pressed:
            raise KeyboardInterrupt("nothing was saved")
        self.pressed = True
        print("\nstopping after this epoch; press Ctrl-C again to stop now and save nothing", file=sys.stderr)

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        if self.pressed:
            raise StopTraining("interrupted by Ctrl-C")
