"""A callback that saves the model while it trains."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from whorl._core import validation
from whorl._core.monitor import Best, check_watched
from whorl.training.callbacks import Callback
from whorl.training.history import Epoch

if TYPE_CHECKING:
    from whorl.training.loop import Training


class Checkpoint(Callback):
    """Saves the model after every N-th epoch, or each time that a value is better than ever before.

    Each file is whole or not there: it is written beside and then renamed, as `Model.save` does.

    Parameters
    ----------
    path : str or path
        Where to; ``{epoch}`` in it becomes the number of the epoch, so that each has a file of its own.
    watch : str, optional
        A value of the history: only an epoch in which it is better than ever before is saved.
    every : int, optional
        N, at least 1.
    higher_is_better : bool, optional
        Must be said of anything but a loss.

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

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        watch: str | None = None,
        every: int = 1,
        higher_is_better: bool | None = None,
    ) -> None:
        self.path = os.fspath(path)
        self.every = validation.integer("every", every)
        self._new = None if watch is None else partial(Best, watch, higher_is_better=higher_is_better)
        self._best = self._new() if self._new else None

    def on_train_begin(self, training: Training) -> None:
        if self._new:
            self._best = self._new()
            check_watched(self._best.watch, training.columns())

    def on_epoch_end(self, training: Training, epoch: Epoch) -> None:
        better = self._best is None or self._best.improved(epoch.values)
        if better and epoch.number % self.every == 0:
            training.model.save(self.path.replace("{epoch}", str(epoch.number)))
