"""A callback that prints the progress of training."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TextIO

from whorl._core.description import Description, argument
from whorl._core.validation import integer
from whorl.training.callbacks import Callback, Run
from whorl.training.history import Epoch, History


def line(epoch: int, train: Mapping[str, float], validation: Mapping[str, float] | None, learning_rate: float) -> str:
    """Return the line to print for an epoch.

    Examples
    --------
    >>> line(0, {"loss": 1.0961, "accuracy": 1 / 3}, {"loss": 1.0972, "accuracy": 0.332}, 0.05)
    'epoch 0 | train acc 0.333 loss 1.096 | val acc 0.332 loss 1.097 | lr 0.05000'
    """
    parts = [f"epoch {epoch}", f"train {_values(train)}"]
    if validation is not None:
        parts.append(f"val {_values(validation)}")
    return " | ".join([*parts, f"lr {learning_rate:{'.5f' if learning_rate < 1000 else 'g'}}"])


def _values(measured: Mapping[str, float]) -> str:
    """Return the metrics, then the loss, as text; the penalty is part of the loss."""
    metrics = [name for name in measured if name not in ("loss", "penalty")]
    short = {"accuracy": "acc"}
    return " ".join(f"{short.get(name, name)} {measured[name]:.3f}" for name in [*metrics, "loss"])


class Progress(Callback, Description):
    """Prints a line for epoch 0 (the untrained network), for every N-th epoch and for the last epoch.

    For each line, the model is evaluated on the training and the validation data, with dropout off. (`History` has the means
    over the batches of each epoch instead, which cost nothing extra.) On a terminal, a progress bar follows the last line.

    Parameters
    ----------
    every : int, optional
        N, at least 1; by default about ten lines are printed.
    stream : file, optional
        The file to print to; by default the standard output.
    """

    main_process_only = True

    every: int | None = argument(integer, default=None)
    stream: TextIO | None = None

    def on_train_begin(self, training: Run) -> None:
        memory = training.memory(self)
        memory.started, memory.shown, memory.first = time.perf_counter(), 0.0, training.epoch
        self._print(training)

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        every = self.every or max(1, training.epochs // 10)
        stopped = training.state.history.stopped is not None  # at the end, other parameters may be restored
        if epoch.number % every == 0 or epoch.number == training.epochs or stopped:
            self._print(training)
        elif time.perf_counter() - training.memory(self).shown > 0.1:
            self._live(training, epoch)

    def on_train_end(self, training: Run, history: History) -> None:
        if getattr(training.memory(self), "printed", None) != training.epoch:  # stopped early
            self._print(training)
        if history.stopped is not None:
            within = f" and {training.step} steps in all" if training.state.current else ""
            self._write(f"stopped after epoch {training.epoch}{within}: {history.stopped}\n")

    def _print(self, training: Run) -> None:
        training.memory(self).printed = training.epoch
        train, validation = training.measure()
        self._write(line(training.epoch, train, validation, training.learning_rate()) + "\n")

    def _live(self, training: Run, epoch: Epoch) -> None:
        """Show a progress bar, on a line that the next one overwrites."""
        memory = training.memory(self)
        memory.shown = time.perf_counter()
        if (self.stream or sys.stdout).isatty():
            pace = (memory.shown - memory.started) / (epoch.number - memory.first)
            done = round(20 * epoch.number / training.epochs)
            bar = "#" * done + "." * (20 - done)
            left = pace * (training.epochs - epoch.number)
            self._write(f"[{bar}] {epoch.number}/{training.epochs} loss {epoch['loss']:.3f} {left:.0f} s left")

    def _write(self, text: str) -> None:
        stream = self.stream or sys.stdout
        clear = "\r\x1b[K" if stream.isatty() else ""
        stream.write(clear + text)
        stream.flush()
