"""Callbacks that write a line for each epoch to a text file."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

from whorl._core.description import Description, argument
from whorl._core.files import csv_text, json_lines, replacing
from whorl._core.validation import path
from whorl.tracking import places
from whorl.training import Callback, Epoch
from whorl.training.callbacks import Run


class LineLogger(Callback, Description):
    """Base of the callbacks that write a line for each epoch: a subclass says what the lines are.

    The training state remembers how many epochs are in the file, and how many bytes they take. So a training that returns to an
    earlier epoch replaces the lines of those after it, and one whose file is gone writes it anew from its history.
    """

    main_process_only = True

    path: str = argument(path)

    def heading(self, columns: Sequence[str]) -> str:
        """Return the first line of the file."""
        raise NotImplementedError

    def lines(self, epochs: Sequence[Epoch], columns: Sequence[str]) -> str:
        """Return the lines of these epochs."""
        raise NotImplementedError

    def check_new(self) -> None:
        """Raise FileExistsError if the file of a new training is there already."""
        places.check_new(self.path)

    def on_train_begin(self, training: Run) -> None:
        place = places.recall(training, self, self.path)
        if place.run is None:
            self.check_new()
        elif place.count:
            self._has_lines(place, training.state.history.epochs[place.count - 1])

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        place, epochs = places.recall(training, self, self.path), training.state.history.epochs
        if place.run is None:
            place.run, place.columns = places.claim(self.path, lambda own: open(own, "xb").close()), []
        new, file = epochs[place.count :], places.numbered(self.path, place.run)
        known = all(each.row().keys() <= set(place.columns) for each in new)
        if place.count and known and self._has_lines(place, epochs[place.count - 1]):
            with open(file, "r+b") as opened:
                opened.seek(place.size)
                opened.write(self.lines(new, place.columns).encode())
                opened.truncate()
                place.size = opened.tell()
        else:
            columns = list(dict.fromkeys(name for each in epochs for name in each.row()))
            content = (self.heading(columns) + self.lines(epochs, columns)).encode()
            with replacing(file) as opened:
                opened.write(content)
            place.columns, place.size = columns, len(content)
        place.count = len(epochs)

    def _has_lines(self, place: SimpleNamespace, last: Epoch) -> bool:
        """Whether the file has the lines up to this epoch; raise FileExistsError if they are of another training."""
        expected = self.lines([last], place.columns).encode()
        try:
            with open(places.numbered(self.path, place.run), "rb") as file:
                file.seek(max(0, place.size - len(expected)))
                found = file.read(len(expected))
        except FileNotFoundError:
            return False
        if len(found) == len(expected) and found != expected:
            places.refuse(self.path)
        return found == expected


class CSVLogger(LineLogger):
    """Writes a line for each epoch to a CSV file: the values of the history, with the number of the epoch and its seconds.

    Each line is written as soon as its epoch ends, so that ``tail -f`` shows the training. One that is resumed, or returns to an
    earlier epoch, continues its file: each epoch of the history is in it once. The file of another training is never overwritten.

    Parameters
    ----------
    path : str or path
        The file to write, which must not exist yet; missing directories are made. ``{run}`` in it is replaced by the number of the
        training: 1, 2, …, the first one whose file does not exist.

    Raises
    ------
    FileExistsError
        Before the first epoch, if the file is there, and is not of this training; at its end, if another one has made it meanwhile.
    OSError
        If it cannot be written; training ends.

    Notes
    -----
    The callback of this name in Keras overwrites the file, or adds to it with ``append=True``.

    Examples
    --------
    >>> import os, tempfile
    >>> from whorl import Adam, CrossEntropy, Dense, Model, Softmax, datasets
    >>> X, y = datasets.spiral(50, rng=0)
    >>> model, folder = Model([Dense(3), Softmax()], inputs=2, rng=0), tempfile.mkdtemp()
    >>> log = CSVLogger(os.path.join(folder, "log-{run}.csv"))
    >>> history = model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(), epochs=2, callbacks=[log], rng=0)
    >>> with open(os.path.join(folder, "log-1.csv")) as file:
    ...     print(file.readline(), end="")
    epoch,seconds,loss,penalty,learning_rate
    """

    def heading(self, columns: Sequence[str]) -> str:
        return csv_text(columns, [dict(zip(columns, columns, strict=True))])

    def lines(self, epochs: Sequence[Epoch], columns: Sequence[str]) -> str:
        return csv_text(columns, [each.row() for each in epochs])


class JSONLinesLogger(LineLogger):
    """Writes a line of JSON for each epoch: the values of the history, with the number of the epoch and its seconds.

    JSON has neither infinity nor NaN: they are written as null. Otherwise it is as `CSVLogger`.

    Parameters
    ----------
    path : str or path
        The file to write, as for `CSVLogger`.

    Raises
    ------
    FileExistsError, OSError
        As for `CSVLogger`.

    Examples
    --------
    >>> import json, os, tempfile
    >>> from whorl import Adam, CrossEntropy, Dense, Model, Softmax, datasets
    >>> X, y = datasets.spiral(50, rng=0)
    >>> model, path = Model([Dense(3), Softmax()], inputs=2, rng=0), os.path.join(tempfile.mkdtemp(), "log.jsonl")
    >>> log = JSONLinesLogger(path)
    >>> history = model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(), epochs=2, callbacks=[log], rng=0)
    >>> with open(path) as file:
    ...     [json.loads(line)["loss"] for line in file] == history["loss"]
    True
    """

    def heading(self, columns: Sequence[str]) -> str:
        return ""

    def lines(self, epochs: Sequence[Epoch], columns: Sequence[str]) -> str:
        return json_lines([each.row() for each in epochs])
