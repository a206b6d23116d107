"""The lines that training prints."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from whorl._core import validation
from whorl.training.callbacks import Callback
from whorl.training.history import Epoch, History

if TYPE_CHECKING:
    from whorl.training.loop import Training


def line(epoch: int, train: Mapping[str, float], validation: Mapping[str, float] | None, learning_rate: float) -> str:
    """Write the line of one epoch.

    Examples
    --------
    >>> line(0, {"loss": 1.0961, "accuracy": 1 / 3}, {"loss": 1.0972, "accuracy": 0.332}, 0.05)
    'epoch 0 | train acc 0.333 loss 1.096 | val acc 0.332 loss 1.097 | lr 0.05000'
    """
    parts = [f"epoch {epoch}", f"train {_values(train)}"]
    if validation is not None:
        parts.append(f"val {_values(validation)}")
    return " | ".join([*parts, f"lr {learning_rate:.5f}"])


def _values(measured: Mapping[str, float]) -> str:
    """Write the metrics, then the loss; the penalty is in the loss."""
    metrics = [name for name in measured if name not in ("loss", "penalty")]
    short = {"accuracy": "acc"}
    return " ".join(f"{short.get(name, name)} {measured[name]:.3f}" for name in [*metrics, "loss"])


class Progress(Callback):
    """Prints a line for epoch 0 (the untrained network), for every N-th epoch, and for the last.

    A line tells of the network as it stands after so many epochs, dropout off: for each, the training data is measured
    afresh (the `History` has the cheaper means over the epoch's batches). On a terminal a live line runs under them.

    Parameters
    ----------
    every : int, optional
        N, at least 1; by default the lines number about ten.
    stream : file, optional
        Where to print; by default the standard output.
    """

    def __init__(self, every: int | None = None, stream: TextIO | None = None) -> None:
        self.every = None if every is None else validation.integer("every", every)
        self.stream = stream
        self._printed = self._started = self._shown = 0.0

    def on_train_begin(self, training: Training) -> None:
        self._started = time.perf_counter()
        self._print(training)

    def on_epoch_end(self, training: Training, epoch: Epoch) -> None:
        every = self.every or max(1, training.epochs // 10)
        if epoch.number % every == 0 or epoch.number == training.epochs:
            self._print(training)
        elif time.perf_counter() - self._shown > 0.1:
            self._live(training, epoch)

    def on_train_end(self, training: Training, history: History) -> None:
        if self._printed != training.epoch:  # stopped between two lines
            self._print(training)
        if history.stopped is not None:
            self._write(f"stopped after epoch {training.epoch}: {history.stopped}\n")

    def _print(self, training: Training) -> None:
        self._printed = training.epoch
        train, validation = training.measure()
        learning_rate = training.optimizer.rate(training.epoch)
        self._write(line(training.epoch, train, validation, learning_rate) + "\n")

    def _live(self, training: Training, epoch: Epoch) -> None:
        """Show how far training is, on a line that the next one will overwrite."""
        self._shown = time.perf_counter()
        if (self.stream or sys.stdout).isatty():
            left = (self._shown - self._started) / epoch.number * (training.epochs - epoch.number)
            done = round(20 * epoch.number / training.epochs)
            bar = "#" * done + "." * (20 - done)
            self._write(f"[{bar}] {epoch.number}/{training.epochs} loss {epoch['loss']:.3f} {left:.0f} s left")

    def _write(self, text: str) -> None:
        stream = self.stream or sys.stdout
        clear = "\r\x1b[K" if stream.isatty() else ""
        stream.write(clear + text)
        stream.flush()
