"""What the command shows on a terminal: with rich where that is installed (the extra ``whorl[rich]``), else as plain text."""

from __future__ import annotations

import importlib.util
import io
import sys
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


def show_table(rows: list[list[str]], right: set[int]) -> None:
    """Print rows of cells, the first of them the heading; the columns numbered in `right` are aligned to the right."""
    if not has_rich():
        print(align(rows, right))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for i, heading in enumerate(rows[0]):
        table.add_column(Text(heading), justify="right" if i in right else "left")
    for row in rows[1:]:
        table.add_row(*map(Text, row))
    Console().print(table)


def progress(every: int | None) -> list[Callback]:
    """Return the callbacks that show the progress of a training, with a line for every N-th epoch, or about ten."""
    if not has_rich():
        return [Progress(every)]
    from rich.file_proxy import FileProxy

    bar = Bar()
    above = FileProxy(bar.console, io.StringIO())  # not a terminal: `Progress` shall draw no bar of its own
    return [bar, Progress(every, stream=above)]  # type: ignore[arg-type]  # it has all that Progress uses of a stream


class Bar(Callback):
    """A progress bar of rich, below the lines that are written to its console."""

    def __init__(self) -> None:
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress(transient=True)
        self.console = self._bar.console

    def on_train_begin(self, training: Run) -> None:
        self._task = self._bar.add_task("epoch 0", total=training.epochs)
        self._bar.start()

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        text = f"epoch {epoch.number} of {training.epochs}, loss {epoch['loss']:.3f}"
        self._bar.update(self._task, completed=epoch.number, description=text)

    def on_train_end(self, training: Run, history: History) -> None:
        self._bar.stop()
