"""Callbacks: what to do between epochs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any, Protocol

from whorl.training.history import Epoch, History


class StopTraining(Exception):
    """Raise it in a callback to end the training; the other callbacks still hear of the epoch. `History.stopped` says why."""


class Run(Protocol):
    """What callbacks see of a `Training`."""

    @property
    def model(self) -> Any:
        """The model."""

    @property
    def epochs(self) -> int:
        """The number of epochs that were asked for."""

    @property
    def epoch(self) -> int:
        """The number of epochs that are done."""

    def columns(self) -> list[str]:
        """Return the names of the values that each epoch has."""

    def measure(self) -> tuple[dict[str, float], dict[str, float] | None]:
        """Return loss, penalty and metrics of the model as it is, on the training and the validation data."""

    def learning_rate(self) -> float:
        """Return the learning rate at this time."""

    def memory(self, callback: Callback) -> SimpleNamespace:
        """Return what a callback remembers: a namespace of its own in the training state."""


class Callback:
    """Base of all callbacks: override what you need.

    The callbacks of whorl are immutable descriptions, and keep what they remember in the training state: ``training.memory(self)``
    is a namespace for it, empty at first. It is copied and restored with the state.

    Examples
    --------
    >>> from whorl import CrossEntropy, Dense, Model, SGD, Softmax, StopTraining, datasets
    >>> class StopBelow(Callback):
    ...     def on_epoch_end(self, training, epoch):
    ...         if epoch["loss"] < 1.09:
    ...             raise StopTraining("the loss is below 1.09")
    >>> X, y = datasets.spiral(50, rng=0)
    >>> model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    >>> model.fit(X, y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=99, callbacks=[StopBelow()], rng=0).stopped
    'the loss is below 1.09'
    """

    def on_train_begin(self, training: Run) -> None:
        """Called before the first epoch, and again where training goes on after a pause."""

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        """Called after each epoch."""

    def on_train_end(self, training: Run, history: History) -> None:
        """Called once, at the end, also when training was stopped or ended by an error."""


@contextmanager
def listening(callbacks: Sequence[Callback], training: Run, history: History) -> Iterator[None]:
    """Call ``on_train_begin`` of the callbacks, and at the end ``on_train_end`` of each that has begun, whatever happens.

    Leaving the loop is not the end: training may go on later.
    """
    begun: list[Callback] = []
    try:
        for callback in callbacks:
            begun.append(callback)
            stopping(history, callback.on_train_begin, training)
        yield
    except GeneratorExit:  # the loop was left
        begun.clear()
        raise
    finally:
        with ExitStack() as ends:  # calls all of them, even if one raises
            for callback in reversed(begun):
                ends.callback(stopping, history, callback.on_train_end, training, history)


def stopping(history: History, call: Callable[..., None], *arguments: Any) -> None:
    """Call a callback; where it raises StopTraining, note the reason in the history, the first one to be given."""
    try:
        call(*arguments)
    except StopTraining as reason:
        history.stopped = str(reason) if history.stopped is None else history.stopped
