"""Callbacks that stop training: when it no longer improves, when a goal is reached, or when time is up."""

from __future__ import annotations

import time
from dataclasses import KW_ONLY
from typing import Literal, get_args

import numpy as np

from whorl._core.description import Description, argument
from whorl._core.monitor import Monitor
from whorl._core.validation import choice, integer, number
from whorl.training.callbacks import Callback, Run, StopTraining
from whorl.training.history import Epoch, History

Ties = Literal["first", "last"]
"""Which of several equally good epochs is the best."""


class EarlyStopping(Callback, Description):
    """Stops training when a value has not improved for some epochs, and restores the best parameters.

    The parameters and statistics of the best epoch are restored in any case: after the last epoch, when any callback stops
    training, and after an error.

    Parameters
    ----------
    monitor : str, optional
        The name of the value to monitor, as in the history; ``"val_loss"`` needs validation data.
    patience : int, optional
        Number of epochs without improvement to allow, at least 0.
    higher_is_better : bool, optional
        By default known for losses and for the metrics that have a name; required for other values.
    threshold : float, optional
        Smallest improvement that counts, as a fraction of the best value; at least 0.
    ties : {"first", "last"}, optional
        Which of several equally good epochs is the best. With "last", an equal value counts as an improvement. This suits an accuracy
        on few samples: it has few values, and a network still learns after it has reached the highest of them.

    Notes
    -----
    `History.best` returns the record of the best epoch. Keras restores the best weights only with
    ``restore_best_weights=True``, and stops one epoch earlier for the same patience.

    References
    ----------
    Prechelt (1998), Early Stopping, But When?, in Neural Networks: Tricks of the Trade.

    Examples
    --------
    >>> from whorl import Adam, CrossEntropy, Dense, Model, ReLU, Softmax, datasets
    >>> X, y = datasets.spiral(50, rng=0)
    >>> model = Model([Dense(64), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    >>> stop = EarlyStopping(patience=3)
    >>> history = model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(0.1), epochs=500, validation=0.2, callbacks=[stop], rng=0)
    >>> history.best("val_loss")["val_loss"] == min(history["val_loss"])
    True
    """

    monitor: str = "val_loss"
    _: KW_ONLY
    patience: int = argument(integer, default=10, minimum=0)
    higher_is_better: bool | None = None
    threshold: float = argument(number, default=0.0, minimum=0)
    ties: Ties = argument(choice, choices=get_args(Ties), default="first")

    def __post_init__(self) -> None:
        super().__post_init__()
        self._monitor()

    def _monitor(self) -> Monitor:
        return Monitor(self.monitor, higher_is_better=self.higher_is_better, threshold=self.threshold)

    def on_train_begin(self, training: Run) -> None:
        self._monitor().check(training.columns())
        memory = training.memory(self)
        if not hasattr(memory, "best"):
            memory.best, memory.epoch, memory.parameters, memory.statistics = None, 0, None, None
        for name in ("last_parameters", "last_statistics"):  # files of earlier versions have none
            vars(memory).setdefault(name, None)
        names = "best", "epoch", "parameters", "statistics", "last_parameters", "last_statistics"
        kinds = float | None, int, *[np.ndarray | None] * 4
        if not all(isinstance(getattr(memory, name, ""), kind) for name, kind in zip(names, kinds, strict=True)):
            memory.parameters = None  # nothing to restore at the end
            raise ValueError("state has data of EarlyStopping that it does not keep in this form")
        model = training.model
        if memory.last_parameters is not None and np.array_equal(model.parameters, memory.parameters):
            model.parameters, model.statistics = memory.last_parameters, memory.last_statistics
        memory.last_parameters, memory.last_statistics = None, None

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        memory, value = training.memory(self), epoch[self.monitor]
        if self._monitor().improved(value, memory.best) or (self.ties == "last" and value == memory.best):
            memory.best, memory.epoch = value, epoch.number
            memory.parameters, memory.statistics = training.model.parameters.copy(), training.model.statistics.copy()
        elif epoch.number - memory.epoch > self.patience:
            best = "" if memory.best is None else f", where it was {memory.best:.4g}"
            raise StopTraining(
                f"{self.monitor} has not improved for {epoch.number - memory.epoch} epochs; the model has its parameters"
                f" of epoch {memory.epoch}{best}"
            )

    def on_train_end(self, training: Run, history: History) -> None:
        memory = training.memory(self)
        if getattr(memory, "parameters", None) is not None:
            early = training.epoch < training.epochs and history.stopped is None
            if early or training.state.current is not None:  # another loop goes on with the last parameters
                memory.last_parameters = training.model.parameters.copy()
                memory.last_statistics = training.model.statistics.copy()
            training.model.parameters, training.model.statistics = memory.parameters, memory.statistics


class StopAt(Callback, Description):
    """Stops training when a value reaches a goal.

    Parameters
    ----------
    monitor : str
        The name of the value to monitor, as in the history, such as ``"val_accuracy"``.
    goal : float
        Training stops when the value is at least as good as this.
    higher_is_better : bool, optional
        By default known for losses and for the metrics that have a name; required for other values.

    Examples
    --------
    >>> from whorl import Adam, CrossEntropy, Dense, Model, ReLU, Softmax, datasets
    >>> X, y = datasets.spiral(50, classes=2, rng=0)
    >>> model = Model([Dense(64), ReLU(), Dense(2), Softmax()], inputs=2, rng=0)
    >>> stop = StopAt("loss", 0.5)
    >>> model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(0.1), epochs=99, callbacks=[stop], rng=0).stopped[:24]
    'loss has reached 0.5: it'
    """

    monitor: str
    goal: float = argument(number)
    _: KW_ONLY
    higher_is_better: bool | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._monitor()

    def _monitor(self) -> Monitor:
        return Monitor(self.monitor, higher_is_better=self.higher_is_better)

    def on_train_begin(self, training: Run) -> None:
        self._monitor().check(training.columns())

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        value = epoch[self.monitor]
        if self._monitor().reached(value, self.goal):
            raise StopTraining(f"{self.monitor} has reached {self.goal:g}: it is {value:.4g}")


class TimeLimit(Callback, Description):
    """Stops training when a time limit has passed.

    The time is checked after every 20 steps, and after each epoch.

    Parameters
    ----------
    seconds : float
        Above 0, from the beginning of the training; if it is resumed, from the beginning of the resumed part.

    Examples
    --------
    >>> from whorl import Adam, CrossEntropy, Dense, Model, Softmax, datasets
    >>> X, y = datasets.spiral(50, classes=2, rng=0)
    >>> model = Model([Dense(2), Softmax()], inputs=2, rng=0)
    >>> model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(0.1), epochs=10**9, callbacks=[TimeLimit(0.01)], rng=0).stopped
    'the time limit of 0.01 s has passed'
    """

    seconds: float = argument(number, above=0)

    @property
    def every_steps(self) -> int | None:
        return 20

    def on_train_begin(self, training: Run) -> None:
        training.memory(self).deadline = time.monotonic() + self.seconds

    def on_step_end(self, training: Run) -> None:
        if time.monotonic() > training.memory(self).deadline:
            raise StopTraining(f"the time limit of {self.seconds:g} s has passed")

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        self.on_step_end(training)
