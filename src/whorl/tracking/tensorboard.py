"""A callback that shows training in TensorBoard."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import KW_ONLY
from typing import Any

import numpy as np

from whorl._core.description import Description, argument
from whorl._core.types import Array
from whorl._core.validation import integer, path
from whorl.passes import loss_pass
from whorl.tracking import event_files, places
from whorl.tracking.settings import settings
from whorl.training import Callback, Epoch
from whorl.training.callbacks import Run

SAMPLES = 1000
"""The largest number of samples that gradients are computed from, for their histograms."""


class TensorBoard(Callback, Description):
    """Writes event files, which TensorBoard shows during and after training: ``tensorboard --logdir runs``.

    The values of each epoch are in the subdirectories ``train`` and ``validation``, under the same names, so that TensorBoard draws
    both into one chart; the learning rate is in ``train``. The directory itself has a text with the layers, and the
    hyperparameters, by which TensorBoard sorts and compares trainings. It needs the extra ``whorl[tensorboard]``.

    A training that is resumed, or returns to an earlier epoch, continues its charts: TensorBoard shows each epoch of the history
    once. The files of another training stay as they are, and nothing is added to them.

    Parameters
    ----------
    directory : str or path
        Where to write: the subdirectories must not exist yet; missing directories are made. ``{run}`` in it is replaced by the number
        of the training: 1, 2, …, the first one that is free.
    histograms : int, optional
        N, at least 1: after every N-th epoch, write histograms of each array of parameters, and of its gradient: that of the
        loss of at most 1,000 training samples, evenly spaced, with dropout off. By default, there are none.

    Raises
    ------
    ImportError
        Before the first epoch, if tensorboard is not installed.
    FileExistsError
        Before the first epoch, if the directory holds another training.
    OSError
        If the files cannot be written; training ends.

    Notes
    -----
    The numbers in event files are float32. A step is an epoch, from 1; in Keras the first is 0, and names begin with ``epoch_``.

    Examples
    --------
    >>> import os, tempfile
    >>> from whorl import Adam, CrossEntropy, Dense, Model, Softmax, datasets
    >>> X, y = datasets.spiral(50, rng=0)
    >>> model, folder = Model([Dense(3), Softmax()], inputs=2, rng=0), tempfile.mkdtemp()
    >>> board = TensorBoard(os.path.join(folder, "{run}"), histograms=5)
    >>> for rate in (0.01, 0.1):
    ...     _ = model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(rate), epochs=5, validation=0.2, callbacks=[board], rng=0)
    >>> sorted(os.listdir(folder)), sorted(os.listdir(os.path.join(folder, "1")))[1:]
    (['1', '2'], ['train', 'validation'])
    """

    main_process_only = True

    directory: str = argument(path)
    _: KW_ONLY
    histograms: int | None = argument(integer, default=None)

    @property
    def _train(self) -> str:
        """The directory that a training makes to claim its number."""
        return os.path.join(self.directory, "train")

    def check_new(self) -> None:
        """Raise FileExistsError if the files of a new training are there already, or ImportError without tensorboard."""
        event_files.check_installed()
        places.check_new(self._train)

    def on_train_begin(self, training: Run) -> None:
        event_files.check_installed()
        place = places.recall(training, self, self.directory)
        if place.run is None:
            self.check_new()
        elif not os.path.isdir(train := places.numbered(self._train, place.run)):  # it is written anew from the history
            place.files, place.count = {}, 0
        elif place.count and not event_files.exists(train, place.files["train"]):
            places.refuse(self.directory)

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        place = places.recall(training, self, self.directory)
        if place.run is None:
            place.run, place.files = places.claim(self._train, os.mkdir), {}
        directory = places.numbered(self.directory, place.run)
        for name, events in self._events(training, place.count).items():
            if events:
                place.files[name] = event_files.append(os.path.join(directory, name), place.files.get(name), events)
        place.count = len(training.state.history.epochs)

    def _events(self, training: Run, count: int) -> dict[str, list[Any]]:
        """Return what to write into each directory, if so many epochs are there."""
        train, validation = [], []
        for each in training.state.history.epochs[count:]:
            measured = {name[4:]: value for name, value in each.values.items() if name.startswith("val_")}
            others = {name: value for name, value in each.values.items() if not name.startswith("val_")}
            train.append(event_files.scalars(each.number, others))
            if measured:
                validation.append(event_files.scalars(each.number, measured))
        if self.histograms and training.epoch % self.histograms == 0:
            train.append(event_files.histograms(training.epoch, _arrays(training)))
        about: list[Any] = []
        if not count:
            known = settings(training)
            text = {"model": f"```\n{training.model.summary()}\n```", "settings": _table(known)}
            about = [event_files.texts(text), event_files.hyperparameters(known)]
        return {"": about, "train": train, "validation": validation}


def _table(values: Mapping[str, Any]) -> str:
    """Return names and values as a table in Markdown."""
    return "\n".join(
        ["| setting | value |", "|---|---|", *(f"| {name} | `{value}` |" for name, value in values.items())]
    )


def _arrays(training: Run) -> dict[str, Array]:
    """Return the parameters and their gradients by name; the model keeps the gradients that it has."""
    model, count = training.model, len(training.train)
    kept = model.gradients.copy()
    x, target, weight = training.train.batch(np.linspace(0, count - 1, min(count, SAMPLES)).astype(int))
    loss_pass(model, x, target, training.options.loss, weight).backward()
    arrays = {f"parameters/{name}": values for name, values in model.named_parameters().items()}
    arrays |= {f"gradients/{name}": values.copy() for name, values in model.named_gradients().items()}
    model.gradients = kept
    return arrays
