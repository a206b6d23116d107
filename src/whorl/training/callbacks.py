"""Callbacks: your own code, called while a model trains; and `fit`, which calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from whorl._core import validation
from whorl.training.history import Epoch, History

if TYPE_CHECKING:
    from whorl.training.loop import Training


class StopTraining(Exception):
    """Raise it in a callback to end the training; the other callbacks still hear of the epoch. `History.stopped` says why."""


class Callback:
    """Base of all callbacks: overwrite what you need.

    Examples
    --------
    >>> from whorl import CrossEntropy, Dense, Model, SGD, Softmax, StopTraining, datasets
    >>> class StopAt(Callback):
    ...     def on_epoch_end(self, training, epoch):
    ...         if epoch["loss"] < 1.09:
    ...             raise StopTraining("the loss is below 1.09")
    >>> X, y = datasets.spiral(50, rng=0)
    >>> model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    >>> model.fit(X, y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=99, callbacks=[StopAt()], rng=0).stopped
    'the loss is below 1.09'
    """

    def on_train_begin(self, training: Training) -> None:
        """Be called once, before the first epoch."""

    def on_epoch_end(self, training: Training, epoch: Epoch) -> None:
        """Be called after each epoch."""

    def on_train_end(self, training: Training, history: History) -> None:
        """Be called once, at the end, also when training was stopped, or broken off by an error."""


def fit(training: Training, callbacks: list[Callback]) -> History:
    """Drive a training run to its end, calling the callbacks in order, and return its history."""
    history = History()

    def tell(what: Callable[[Callback], None]) -> None:
        for callback in callbacks:
            try:
                what(callback)
            except StopTraining as reason:
                history.stopped = str(reason) if history.stopped is None else history.stopped

    tell(lambda callback: callback.on_train_begin(training))
    try:
        if history.stopped is None:
            for epoch in training:
                history.append(epoch)
                tell(partial(_epoch_end, training, epoch))
                if history.stopped is not None:
                    break
    finally:
        tell(lambda callback: callback.on_train_end(training, history))
    return history


def _epoch_end(training: Training, epoch: Epoch, callback: Callback) -> None:
    callback.on_epoch_end(training, epoch)


def checked(callbacks: object) -> list[Callback]:
    """Return the callbacks as a list; raise unless each is one."""
    if isinstance(callbacks, Callback) or not isinstance(callbacks, Iterable):
        raise TypeError(f"callbacks must be a list of callbacks, got {validation.show(callbacks)}")
    chosen = list(callbacks)
    for i, callback in enumerate(chosen):
        validation.instance(f"callbacks[{i}]", callback, Callback, "Progress()")
    return chosen
