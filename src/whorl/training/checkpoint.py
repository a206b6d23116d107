"""A callback that saves the model during training."""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import ClassVar

from whorl._core.description import Description, argument
from whorl._core.monitor import Monitor
from whorl._core.validation import all_finite, integer, path, truth
from whorl.training.callbacks import Callback, Run
from whorl.training.history import Epoch, History


class Checkpoint(Callback, Description):
    """Saves the model and the training state after every N-th epoch, or only after those in which a value improves.

    It also saves a training that ends early, by Ctrl-C for example, in the middle of an epoch too; but not if `monitor` is given,
    or ``{epoch}`` in `path`.

    `whorl.load` reads the model from the file; ``fit(resume=path)`` continues the training, to the bit as if it had never been
    interrupted. Files are written as by `Model.save`, so they are always complete: the old one stays until the new one is on
    the disk. Wherever it stands in the list, a `Checkpoint` is called after the other callbacks, whose data it saves.

    Parameters
    ----------
    path : str or path
        The file to write. ``{epoch}`` in it is replaced by the number of completed epochs, for one file per epoch.
    monitor : str, optional
        The name of a value of the history: an N-th epoch is saved only if it is better than in the earlier ones.
    every : int, optional
        N, at least 1.
    steps : int, optional
        Save after so many training steps too, in the middle of an epoch. It cannot be combined with `monitor`.
    higher_is_better : bool, optional
        By default known for losses and for the metrics that have a name; required for other values.
    state : bool, optional
        Whether to save the training state too. It is as large as the model, two or three times with an optimizer such as Adam,
        and as large again in the middle of an epoch, to be able to return to its start.

    Examples
    --------
    >>> import os, tempfile
    >>> from whorl import Adam, CrossEntropy, Dense, Model, Softmax, datasets
    >>> X, y = datasets.spiral(50, rng=0)
    >>> model, directory = Model([Dense(3), Softmax()], inputs=2, rng=0), tempfile.mkdtemp()
    >>> save = Checkpoint(os.path.join(directory, "{epoch}.npz"), every=2)
    >>> _ = model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(), epochs=5, callbacks=[save], rng=0)
    >>> sorted(os.listdir(directory))
    ['2.npz', '4.npz']

    Continue after epoch 4:

    >>> other = Model([Dense(3), Softmax()], inputs=2)
    >>> again = os.path.join(directory, "4.npz")
    >>> _ = other.fit(X, y, loss=CrossEntropy(), optimizer=Adam(), epochs=5, resume=again)
    >>> bool((other.parameters == model.parameters).all())
    True
    """

    last: ClassVar[bool] = True
    main_process_only: ClassVar[bool] = True

    path: str = argument(path)
    _: KW_ONLY
    monitor: str | None = None
    every: int = argument(integer, default=1)
    steps: int | None = argument(integer, default=None)
    higher_is_better: bool | None = None
    state: bool = argument(truth, default=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._monitor()
        if self.steps is not None and self.monitor is not None:
            raise ValueError("steps and monitor cannot be combined: values are known at the end of an epoch")

    @property
    def every_steps(self) -> int | None:
        return self.steps

    def _monitor(self) -> Monitor | None:
        return None if self.monitor is None else Monitor(self.monitor, higher_is_better=self.higher_is_better)

    def on_train_begin(self, training: Run) -> None:
        monitor = self._monitor()
        if monitor:
            monitor.check(training.columns())

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        if epoch.number % self.every:
            return
        monitor, memory = self._monitor(), training.memory(self)
        if monitor:
            value, best = epoch[monitor.monitor], getattr(memory, "best", None)
            if not monitor.improved(value, best):
                return
            memory.best = value
        self._save(training)

    def on_step_end(self, training: Run) -> None:
        if all(map(all_finite, training.state.arrays())):  # if not, the end of the epoch says so
            self._save(training)

    def on_train_end(self, training: Run, history: History) -> None:
        early = training.epoch < training.epochs and all(map(all_finite, training.state.arrays()))
        new = training.step > getattr(training.memory(self), "step", 0)
        if early and new and self.monitor is None and "{epoch}" not in self.path:
            self._save(training)

    def _save(self, training: Run) -> None:
        training.memory(self).step = training.step
        path = self.path.replace("{epoch}", str(training.epoch))
        training.model.save(path, state=training.state if self.state else None)
