"""What the command shows on a terminal: with rich where that is installed (the extra ``whorl[rich]``), else as plain text."""

from __future__ import annotations

import importlib.util
import io
import shutil
import sys
import time
from collections.abc import Mapping

from whorl._core.text import align
from whorl.training import Callback, Epoch, History, Progress
from whorl.training.callbacks import Run


def has_rich() -> bool:
    """Return whether to use rich: it is installed, and the output goes to a terminal."""
    return sys.stdout.isatty() and importlib.util.find_spec("rich") is not None


def accuracy(measured: Mapping[str, float]) -> str:
    """Return the accuracy and the loss as text."""
    return f"acc {measured['accuracy']:.4f} loss {measured['loss']:.4f}"


def best_possible(limit: tuple[float, float]) -> str:
    """Return the best accuracy and the least loss that are possible as text."""
    return f"best possible accuracy on new data: {limit[0]:.3f} (loss {limit[1]:.3f})"


def scores(held_out: Mapping[str, float]) -> str:
    """Return the scores of predictions as text."""
    short = {"accuracy": "acc", "calibration_error": "calibration error"}
    return " ".join(f"{short.get(name, name)} {value:.4g}" for name, value in held_out.items())


def show_table(rows: list[list[str]], right: set[int]) -> None:
    """Print rows of cells, the first of them the heading; the columns numbered in `right` are aligned to the right.

    On a terminal, the table is as wide as that at most.
    """
    if not has_rich():
        print(align(rows, right, shutil.get_terminal_size().columns if sys.stdout.isatty() else None))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for i, heading in enumerate(rows[0]):
        digits = max(len(row[i]) for row in rows[1:]) if i in right else None  # a number that is cut says nothing
        table.add_column(Text(heading), justify="right" if i in right else "left", min_width=digits)
    for row in rows[1:]:
        table.add_row(*map(Text, row))
    Console().print(table)


def progress(every: int | None) -> list[Callback]:
    """Return the callbacks that show the progress of a training, with a line for every N-th epoch, or about ten."""
    if not has_rich():
        return [Progress(every), Steps()] if sys.stdout.isatty() else [Progress(every)]
    from rich.file_proxy import FileProxy

    bar = Bar()
    above = FileProxy(bar.console, io.StringIO())  # not a terminal: `Progress` shall draw no bar of its own
    return [bar, Progress(every, stream=above)]  # type: ignore[arg-type]  # it has all that Progress uses of a stream


class Steps(Callback):
    """A sign of life within a long epoch, each second: how many samples of it are done, and how long the rest takes.

    It is on a line that the next one overwrites.
    """

    main_process_only = True

    def __init__(self) -> None:
        self.shown = self.begun = time.monotonic()

    @property
    def every_steps(self) -> int | None:
        return 1 if time.monotonic() - self.shown > 1 else None

    def on_train_begin(self, training: Run) -> None:
        self.on_epoch_end(training)

    def on_epoch_end(self, training: Run, epoch: Epoch | None = None) -> None:
        self.shown = self.begun = time.monotonic()

    def on_step_end(self, training: Run) -> None:
        self.shown = time.monotonic()
        self.show(training, within(training, self.shown - self.begun))

    def show(self, training: Run, text: str) -> None:
        """Show the text, cut to the width of the terminal."""
        width = shutil.get_terminal_size().columns
        sys.stdout.write(f"\r\x1b[K{text[: width - 1]}")
        sys.stdout.flush()


def within(training: Run, seconds: float) -> str:
    """Return how far an epoch is that began so many seconds ago."""
    current = training.state.current
    done, count = current.samples, len(current.order)
    rate, loss = done / max(seconds, 1e-9), current.loss / max(1, done - current.skipped)
    return (
        f"epoch {training.epoch + 1}: {done:,} of {count:,} samples, loss {loss:.3f}, {rate:,.0f} samples/s,"
        f" {(count - done) / max(rate, 1e-9):.0f} s left in this epoch"
    )


class Bar(Steps):
    """A progress bar of rich, below the lines that are written to its console."""

    def __init__(self) -> None:
        super().__init__()
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress(transient=True)
        self.console = self._bar.console

    def on_train_begin(self, training: Run) -> None:
        super().on_train_begin(training)
        self._task = self._bar.add_task("epoch 0", total=training.epochs)
        self._bar.start()

    def on_epoch_end(self, training: Run, epoch: Epoch | None = None) -> None:
        super().on_epoch_end(training)
        if epoch is not None:
            text = f"epoch {epoch.number} of {training.epochs}, loss {epoch['loss']:.3f}"
            self._bar.update(self._task, completed=epoch.number, description=text)

    def show(self, training: Run, text: str) -> None:
        self._bar.update(self._task, description=text)

    def on_train_end(self, training: Run, history: History) -> None:
        self._bar.stop()
