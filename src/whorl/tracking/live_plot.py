"""A callback that draws the curves of a training while it runs, in a notebook."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY
from typing import TYPE_CHECKING, Any

from whorl._core.description import Description, argument
from whorl._core.hints import similar
from whorl._core.validation import number, show
from whorl.plot import curve, learning_rate
from whorl.plot.style import new_figure
from whorl.training import Callback, Epoch, History
from whorl.training.callbacks import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 3
"""The largest number of curves that are drawn by default."""


def _names(name: str, value: object) -> tuple[str, ...]:
    """Return names as a tuple; raise TypeError for anything else."""
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(each, str) for each in value):
        raise TypeError(f"{name} must be a list of names of values, such as ['loss', 'accuracy'], got {show(value)}")
    return tuple(value)


class LivePlot(Callback, Description):
    """Draws the curves of a training while it runs, below the cell of a notebook: for training, and for validation if there is one.

    The picture is replaced after an epoch, at most once in some seconds, and at the end of training. Drawing takes about 0.2 s. It
    needs the extra ``whorl[plot]``, and Jupyter or another notebook with a kernel of IPython.

    Parameters
    ----------
    names : list of str, optional
        The values of the history to draw, side by side; by default the loss and the first two metrics.
    every : float, optional
        The least time between two pictures in seconds, at least 0.

    Raises
    ------
    ImportError
        Before the first epoch, if matplotlib is not installed.
    RuntimeError
        Before the first epoch, if this is not a notebook: `Progress` prints lines anywhere.
    ValueError
        Before the first epoch, if a name is not in the history.

    Examples
    --------
    In a notebook, ``model.fit(X, y, …, callbacks=[LivePlot()])``.

    >>> LivePlot(["loss", "learning_rate"], every=5)
    LivePlot(('loss', 'learning_rate'), every=5.0)
    """

    main_process_only = True

    names: tuple[str, ...] | None = argument(_names, default=None)
    _: KW_ONLY
    every: float = argument(number, default=2.0, minimum=0)

    def on_train_begin(self, training: Run) -> None:
        columns, memory = training.columns(), training.memory(self)
        for name in self.names or ():
            if name not in columns:
                hint = similar(name, columns)
                raise ValueError(f"names must be in the history, which has {', '.join(columns)}, got {name!r}{hint}")
        new_figure((1, 1))
        cell = f"{os.getpid()} {_notebook().execution_count}"
        if getattr(memory, "cell", None) != cell:  # there, an earlier part of this training has its picture
            memory.cell, memory.display = cell, None
        memory.shown = -math.inf

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        if time.monotonic() >= training.memory(self).shown + self.every:
            self._show(training)

    def on_train_end(self, training: Run, history: History) -> None:
        if history.epochs and hasattr(training.memory(self), "shown"):
            self._show(training)

    def _show(self, training: Run) -> None:
        from IPython.display import display, update_display

        memory, names = training.memory(self), self.names
        if names is None:
            names = ("loss", *(name for name in training.columns() if _is_metric(name)))[:MOST]
        figure = draw(training.state.history, names, f"epoch {training.epoch} of {training.epochs}")
        if memory.display is None:
            memory.display = display(figure, display_id=True).display_id
        else:
            update_display(figure, display_id=memory.display)
        memory.shown = time.monotonic()


def draw(history: Mapping[str, Sequence[float]], names: Sequence[str], title: str) -> Figure:
    """Draw some values of the history side by side."""
    figure = new_figure((1 + 4.5 * len(names), 3.2))
    for name, ax in zip(names, figure.subplots(1, len(names), squeeze=False)[0], strict=True):
        if name == "learning_rate":
            learning_rate(history, ax=ax)
        else:
            curve(history, name, ax=ax)
    figure.suptitle(title, fontsize="medium")
    return figure


def _is_metric(name: str) -> bool:
    return name not in {"loss", "penalty", "learning_rate"} and not name.startswith("val_")


def _notebook() -> Any:
    """Return IPython's shell; raise RuntimeError unless it is that of a notebook."""
    try:
        from IPython import get_ipython
    except ImportError:
        shell = None
    else:
        shell = get_ipython()
    if not hasattr(shell, "kernel"):
        raise RuntimeError(
            "LivePlot draws in a notebook, such as Jupyter, and this is none: Progress() prints lines anywhere"
        )
    return shell
