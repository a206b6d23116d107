"""Callbacks: objects with methods that are called during training."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Never, Protocol

from whorl._core.hints import did_you_mean
from whorl.training.history import Epoch, History


class StopTraining(Exception):
    """Raised by a callback to stop training, after the other callbacks of the epoch or step. `History.stopped` is its message."""


class Run(Protocol):
    """The part of `Training` that callbacks use."""

    @property
    def model(self) -> Any:
        """The model."""

    @property
    def options(self) -> Any:
        """The arguments of training, `Options`."""

    @property
    def callbacks(self) -> Any:
        """The callbacks, a tuple."""

    @property
    def batch_size(self) -> int:
        """Samples per batch."""

    @property
    def epochs(self) -> int:
        """The number of epochs requested."""

    @property
    def epoch(self) -> int:
        """The number of completed epochs."""

    @property
    def step(self) -> int:
        """The number of completed steps."""

    @property
    def state(self) -> Any:
        """The training state."""

    @property
    def train(self) -> Any:
        """The training data, `x`, `target` and `weight`."""

    @property
    def validation(self) -> Any:
        """The validation data, or None."""

    @property
    def group(self) -> Any:
        """The processes that train together; ``group.rank`` is the number of this one, from 0."""

    def columns(self) -> list[str]:
        """Return the names of the values recorded for each epoch."""

    def measure(self) -> tuple[dict[str, float], dict[str, float] | None]:
        """Return loss, penalty and metrics of the current model, on the training and on the validation data."""

    def learning_rate(self) -> float:
        """Return the current learning rate."""

    def memory(self, callback: Callback) -> SimpleNamespace:
        """Return the namespace in the training state where a callback keeps its data."""


class Callback:
    """Base of all callbacks: override the methods that you need.

    ``training.memory(self)`` is a namespace where a callback can keep data during training; it is empty at first, and part
    of the training state, with which it is copied and restored. whorl's callbacks keep all their data there.

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

    last: ClassVar[bool] = False
    """Whether the callback is called after all others, because it saves what they keep."""

    main_process_only: ClassVar[bool] = False
    """With ``fit(…, distributed=True)``: whether only the first process calls it, because it prints or writes files.

    The other callbacks are called in every process, and must do the same in all.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        known = [name for name in vars(Callback) if name.startswith("on_")]
        for name, method in vars(cls).items():
            if name.startswith("on_") and name not in known:
                hint = did_you_mean(name, known)
                raise TypeError(f"{cls.__name__}.{name} would never be called{hint}; there are {', '.join(known)}")
            if name in known and inspect.isfunction(method):
                _check_arguments(cls.__name__, method)

    if not TYPE_CHECKING:  # which reports unknown names itself

        def __getattr__(self, name: str) -> Never:
            hint = "; the model is training.model, of the argument training" if name == "model" else ""
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

    @property
    def every_steps(self) -> int | None:
        """The number of steps between calls of `on_step_end`; None for no calls. By default 1, if there is such a method."""
        return None if type(self).on_step_end is Callback.on_step_end else 1

    @property
    def every_epochs(self) -> int | None:
        """The number of epochs between calls of `on_epoch_end`; None for no calls. By default 1, if there is such a method.

        The compiled engine takes the epochs in between together if they are short and nothing else is measured after each.
        """
        return None if type(self).on_epoch_end is Callback.on_epoch_end else 1

    def on_train_begin(self, training: Run) -> None:
        """Called before the first epoch, and again when training continues after a pause."""

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        """Called after every `every_epochs` epochs."""

    def on_step_end(self, training: Run) -> None:
        """Called after every `every_steps` steps."""

    def on_train_end(self, training: Run, history: History) -> None:
        """Called at the end of training, also if it was stopped or ended by an error."""


def _check_arguments(owner: str, method: Callable[..., Any]) -> None:
    """Raise TypeError if a method of a callback cannot be called as whorl does, or is meant for Keras, which passes `logs`."""
    expected, own = (inspect.signature(each) for each in (getattr(Callback, method.__name__), method))
    try:
        own.bind(*expected.parameters)
        fits = "logs" not in own.parameters
    except TypeError:
        fits = False
    if not fits:
        raise TypeError(
            f"{owner}.{method.__name__} must take ({', '.join(expected.parameters)}), got {own}; the model is training.model,"
            " the number of an epoch epoch.number, and its loss epoch['loss']"
        )


@contextmanager
def listening(callbacks: Sequence[Callback], training: Run, history: History) -> Iterator[None]:
    """Call ``on_train_begin`` of the callbacks, and at the end ``on_train_end`` of those that have begun, even after an error.

    Leaving the loop, by ``break`` for example, is only a pause: ``on_train_end`` is not called.
    """
    begun: list[Callback] = []
    try:
        for callback in callbacks:
            begun.append(callback)
            if called(callback, training):
                stopping(history, callback.on_train_begin, training)
        yield
    except GeneratorExit:  # the loop was left
        begun.clear()
        raise
    finally:
        with ExitStack() as ends:  # calls all of them, even if one raises
            for callback in reversed(begun):
                if called(callback, training):
                    ends.callback(stopping, history, callback.on_train_end, training, history)


def remembered(memories: list[SimpleNamespace], callbacks: Sequence[Callback], callback: Callback) -> SimpleNamespace:
    """Return the memory of one of these callbacks, after matching the memories with them."""
    kinds = [type(each).__name__ for each in callbacks]
    if [memory.kind for memory in memories] != kinds:  # none yet, or there are other callbacks now
        memories[:] = _matched(memories, kinds)
    for own, memory in zip(callbacks, memories, strict=True):
        if own is callback:
            return memory
    raise ValueError(
        f"memory keeps the data of the callbacks of this training, got {callback!r}, which is none of them"
    )


def _matched(memories: Sequence[SimpleNamespace], kinds: Sequence[str]) -> list[SimpleNamespace]:
    """Return a memory for each kind of callback: the first one of that kind which is not taken, or a new one."""
    left = list(memories)
    found = []
    for kind in kinds:
        own = next((memory for memory in left if memory.kind == kind), None) or SimpleNamespace(kind=kind)
        left = [memory for memory in left if memory is not own]
        found.append(own)
    return found


def called(callback: Callback, training: Run) -> bool:
    """Return whether this process calls a callback."""
    return training.group.rank == 0 or not callback.main_process_only


def wait(intervals: Iterable[int | None], done: int) -> int | None:
    """Return how many steps, or epochs, remain until the first of these intervals ends, after `done` of them; None if there is no interval."""
    return min((each - done % each for each in intervals if each), default=None)


def stepped(callbacks: Sequence[Callback], training: Run, history: History) -> None:
    """Call ``on_step_end`` of the callbacks whose turn it is."""
    for each in callbacks:
        if each.every_steps and training.step % each.every_steps == 0 and called(each, training):
            stopping(history, each.on_step_end, training)


def epoch_ended(callbacks: Sequence[Callback], training: Run, history: History, epoch: Epoch) -> None:
    """Call ``on_epoch_end`` of the callbacks whose turn it is."""
    for each in callbacks:
        if each.every_epochs and epoch.number % each.every_epochs == 0 and called(each, training):
            stopping(history, each.on_epoch_end, training, epoch)


def stopping(history: History, call: Callable[..., None], *arguments: Any) -> None:
    """Call a callback; if it raises StopTraining, record the reason in the history, unless there is one already."""
    try:
        call(*arguments)
    except StopTraining as reason:
        history.stopped = str(reason) if history.stopped is None else history.stopped
