"""Callbacks that end a training: when it no longer gains, or when it is good enough."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from whorl._core import validation
from whorl._core.monitor import Best, check_watched
from whorl._core.types import Array
from whorl.training.callbacks import Callback, StopTraining
from whorl.training.history import Epoch, History

if TYPE_CHECKING:
    from whorl.training.loop import Training


class EarlyStopping(Callback):
    """Ends the training when a value has not become better for some epochs, and always gives the model its best parameters.

    They are restored at the end however training ended: at its last epoch, by this callback or another, or by an error.

    Parameters
    ----------
    watch : str, optional
        The value to watch, by its name in the history; ``"val_loss"`` needs validation data.
    patience : int, optional
        How many epochs in a row without a better value are endured, at least 0.
    higher_is_better : bool, optional
        Must be said of anything but a loss.
    threshold : float, optional
        By how much, as a share of the best value, a value must beat it to count as better; at least 0.

    Attributes
    ----------
    best_epoch : int or None
        The number of the best epoch.
    best : float or None
        Its value.

    Notes
    -----
    Keras restores the best weights only if asked to, and then not if all epochs ran.

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
    >>> history["val_loss"][stop.best_epoch - 1] == min(history["val_loss"]) == stop.best
    True
    """

    def __init__(
        self,
        watch: str = "val_loss",
        *,
        patience: int = 10,
        higher_is_better: bool | None = None,
        threshold: float = 0.0,
    ) -> None:
        self.patience = validation.integer("patience", patience, minimum=0)
        self._new = partial(Best, watch, higher_is_better=higher_is_better, threshold=threshold)
        self._best = self._new()
        self.best_epoch: int | None = None
        self._kept: tuple[Array, Array] | None = None

    @property
    def best(self) -> float | None:
        """The best value so far."""
        return self._best.value

    def on_train_begin(self, training: Training) -> None:
        check_watched(self._best.watch, training.columns())
        self._best, self.best_epoch, self._kept = self._new(), None, None

    def on_epoch_end(self, training: Training, epoch: Epoch) -> None:
        if self._best.improved(epoch.values):
            self.best_epoch = epoch.number
            self._kept = training.model.parameters.copy(), training.model.statistics.copy()
        elif epoch.number - (self.best_epoch or 0) > self.patience:
            raise StopTraining(
                f"{self._best.watch} has not become better for {epoch.number - (self.best_epoch or 0)} epochs; the model has"
                f" its parameters of epoch {self.best_epoch}, where it was {self.best:.4g}"
            )

    def on_train_end(self, training: Training, history: History) -> None:
        if self._kept is not None:
            training.model.parameters, training.model.statistics = self._kept


class StopAt(Callback):
    """Ends the training when a value is reached.

    Parameters
    ----------
    watch : str
        The value to watch, by its name in the history, such as ``"val_accuracy"``.
    goal : float
        What it must reach: from above if it is a loss, else as `higher_is_better` says.
    higher_is_better : bool, optional
        Must be said of anything but a loss.

    Examples
    --------
    >>> from whorl import Adam, CrossEntropy, Dense, Model, ReLU, Softmax, datasets
    >>> X, y = datasets.spiral(50, classes=2, rng=0)
    >>> model = Model([Dense(64), ReLU(), Dense(2), Softmax()], inputs=2, rng=0)
    >>> stop = StopAt("loss", 0.5)
    >>> model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(0.1), epochs=99, callbacks=[stop], rng=0).stopped[:24]
    'loss has reached 0.5: it'
    """

    def __init__(self, watch: str, goal: float, *, higher_is_better: bool | None = None) -> None:
        best = Best(watch, higher_is_better=higher_is_better)
        self.watch, self.higher_is_better = best.watch, best.higher_is_better
        self.goal = validation.number("goal", goal)

    def on_train_begin(self, training: Training) -> None:
        check_watched(self.watch, training.columns())

    def on_epoch_end(self, training: Training, epoch: Epoch) -> None:
        value = epoch[self.watch]
        if value >= self.goal if self.higher_is_better else value <= self.goal:
            raise StopTraining(f"{self.watch} has reached {self.goal:g}: it is {value:.4g}")
