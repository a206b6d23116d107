"""A callback that saves the model during training."""

from __future__ import annotations

import os
from dataclasses import KW_ONLY

from whorl._core.description import Description, argument
from whorl._core.monitor import Monitor
from whorl._core.validation import integer, show
from whorl.training.callbacks import Callback, Run
from whorl.training.history import Epoch


def _path(name: str, value: object) -> str:
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name} must be a path, got {show(value)}")
    return os.fspath(value)


class Checkpoint(Callback, Description):
    """Saves the model after every N-th epoch, or only after those in which a value improves.

    Files are written as by `Model.save`, so they are always complete.

    Parameters
    ----------
    path : str or path
        The file to write. ``{epoch}`` in it is replaced by the number of the epoch, for one file per epoch.
    monitor : str, optional
        The name of a value of the history: an N-th epoch is saved only if it is better than in the earlier ones.
    every : int, optional
        N, at least 1.
    higher_is_better : bool, optional
        Required unless monitoring a loss.

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
    """

    path: str = argument(_path)
    _: KW_ONLY
    monitor: str | None = None
    every: int = argument(integer, default=1)
    higher_is_better: bool | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._monitor()

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
        training.model.save(self.path.replace("{epoch}", str(epoch.number)))
