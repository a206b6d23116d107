"""`Model`: a network that can be trained and saved."""

from __future__ import annotations

import os
from typing import Any

from whorl._core import archive
from whorl._core.calls import explain_calls
from whorl.distributed import process_group
from whorl.engine import choose
from whorl.header import header
from whorl.network import Network
from whorl.training import SINGLE, History, Options, Training, TrainingState, options, saving, takes_options

FOREIGN = {
    ".onnx",
    ".h5",
    ".hdf5",
    ".keras",
    ".pt",
    ".pth",
    ".pkl",
    ".pickle",
    ".joblib",
    ".safetensors",
    ".json",
    ".toml",
    ".csv",
    ".png",
    ".py",
    ".c",
}
"""Extensions of other formats, which a model file does not get."""

FUNCTIONS = {".c": "save_c", ".onnx": "save_onnx", ".py": "save_python", ".safetensors": "save_safetensors"}
WRITERS = {
    **{ending: f"whorl.formats.{name}(model, path)" for ending, name in FUNCTIONS.items()},
    **dict.fromkeys((".h5", ".keras"), "whorl.formats.to_keras(model).save(path)"),
    **dict.fromkeys((".pt", ".pth"), "torch.save(whorl.formats.to_torch(model).state_dict(), path)"),
}
"""What writes files of these formats."""


def _training(model: Model, X: Any, y: Any, options: Options) -> Training:
    """Return a training run in this process, or in all that mpiexec has started."""
    return Training(model, X, y, options, choose, process_group() if options.distributed else SINGLE)


@explain_calls
class Model(Network):
    """A feed-forward neural network: a sequence of layers, with their parameters.

    Parameters
    ----------
    layers : sequence of Layer
        The layers, in order. They are immutable, so several models can share them.
    inputs : int or tuple of int
        Shape of one sample; an int n means (n,).
    rng : int, Generator or None, optional
        Source of the initial parameters. None uses fresh entropy.
    dtype : dtype_like, optional
        float32 or float64: the type of the parameters and of all computation.

    Attributes
    ----------
    layers : tuple of Layer
    inputs, outputs : tuple of int
        Shapes of one sample and of one prediction.
    dtype : dtype
    frozen : frozenset of int
        Indices of the layers that training does not change; see `freeze`.
    preparation : Preparation or None
        Converts the columns of a table to inputs, for a model of a table; saved with the model.
    uncertainty : Intervals, Sets or None
        What held-out samples say about the errors of predictions, see `whorl.calibrate`; saved with the model. Training resets it to None.
    parameters, gradients : ndarray, shape (P,)
        All parameters in one vector, and the gradients computed last in another. Assigned values are copied into them.
    statistics : ndarray, shape (S,)
        Values computed from data and not trained by gradients, such as the running means of `BatchNorm`.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, or a layer does not fit the one before it.

    Examples
    --------
    >>> from whorl import Dense, ReLU, Softmax
    >>> model = Model([Dense(64), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    >>> model.predict([[0.1, 0.2]]).shape
    (1, 3)
    >>> {name: view.shape for name, view in model.named_parameters().items()}
    {'w1': (2, 64), 'b1': (64,), 'w2': (64, 3), 'b2': (3,)}
    """

    @takes_options(Options)
    def fit(self, X: Any, y: Any, **arguments: Any) -> History:
        """Train the model, and return the history.

        Parameters
        ----------
        X : array_like, shape (n, *inputs)
            The samples; finite. X and y are not copied if they have the right type: do not modify them during training. Arrays in
            files, which may be larger than memory, are read in parts; see `Stored`.
        y : array_like, shape (n,) or (n, k)
            Labels or targets, in the form that the loss expects.
        loss, optimizer, epochs, batch_size, accumulate, validation, stratify, metrics, callbacks, sample_weight, class_weight, \
rng, state, resume, on_divergence, fast, threads, distributed
            As described in `Options`.

        Returns
        -------
        History
            ``history["loss"]``, ``["accuracy"]``, ``["val_loss"]``, ``["learning_rate"]`` …: one float per epoch.

        Raises
        ------
        TypeError, ValueError
            If an argument is invalid; the model is unchanged.
        DivergenceError
            If the loss, a gradient or a parameter becomes infinite or NaN.

        Examples
        --------
        >>> from whorl import Adam, CrossEntropy, Dense, ReLU, Softmax, datasets
        >>> X, y = datasets.spiral(100, classes=2, rng=0)
        >>> model = Model([Dense(64), ReLU(), Dense(64), ReLU(), Dense(2), Softmax()], inputs=2, rng=0)
        >>> history = model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(0.01), epochs=50, metrics=["accuracy"], rng=0)
        >>> history["accuracy"][-1] > 0.95
        True
        """
        training = _training(self, X, y, options("fit", arguments))
        for _ in training.blocks():
            pass
        return training.state.history

    @takes_options(Options)
    def training(self, X: Any, y: Any, **arguments: Any) -> Training:
        """Return a training run to iterate over: `fit`, with the loop under your control.

        Parameters
        ----------
        X, y, loss, optimizer, epochs, …
            As for `fit`.

        Returns
        -------
        Training
            Iterating over it trains the model and yields an `Epoch` record after each epoch; over its ``steps()``, a `Step`
            record after each step. You can stop at any time, and continue later.

        Examples
        --------
        >>> from whorl import CrossEntropy, Dense, SGD, Softmax, datasets
        >>> X, y = datasets.spiral(50, rng=0)
        >>> model = Model([Dense(3), Softmax()], inputs=2, rng=0)
        >>> for epoch in model.training(X, y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=2, rng=0):
        ...     print(epoch.number, round(epoch["loss"], 2))
        1 1.16
        2 1.16
        """
        return _training(self, X, y, options("training", arguments))

    def partial_fit(self, X: Any, y: Any, *, state: TrainingState | None = None, **arguments: Any) -> TrainingState:
        """Train for one epoch on part of the data, and return the training state to pass to the next call.

        Parameters
        ----------
        X, y, loss, optimizer, …
            As for `fit`, except `epochs` and `resume`.
        state : TrainingState, optional
            The state returned by the previous call: optimizer state and time in epochs continue. By default, a new one.

        Returns
        -------
        TrainingState
            Its `history` has one record per call.

        Examples
        --------
        >>> from whorl import CrossEntropy, Dense, SGD, Softmax, datasets
        >>> X, y = datasets.spiral(50, rng=0)
        >>> model, state = Model([Dense(3), Softmax()], inputs=2, rng=0), None
        >>> for k in range(3):
        ...     state = model.partial_fit(X[k::3], y[k::3], loss=CrossEntropy(), optimizer=SGD(0.1), state=state, rng=0)
        >>> len(state.history["loss"])
        3
        """
        for name in ("epochs", "resume"):
            if name in arguments:
                raise TypeError(f"partial_fit trains for one epoch: it has no argument {name}, got {arguments[name]}")
        if arguments.get("on_divergence") == "stop":
            raise ValueError(
                "partial_fit cannot stop within an epoch: on_divergence must be 'raise' or 'skip', got 'stop'"
            )
        epochs = 1 if state is None else state.epoch + 1
        training = _training(self, X, y, options("partial_fit", {**arguments, "epochs": epochs, "state": state}))
        for _ in training:
            pass
        return training.state

    def save(self, path: str | os.PathLike[str], *, state: TrainingState | None = None) -> None:
        """Save the model to a NumPy ``.npz`` file, for `whorl.load`.

        The file holds the arrays by name, which ``numpy.load`` can read too, a header that describes the layers, and a
        checksum. It is written under a temporary name and then renamed: if that fails, the file that was there stays.

        Parameters
        ----------
        path : str or path
            Used as given; the usual extension is ``.npz``. Those of other formats, such as ``.onnx`` and ``.h5``, are refused.
        state : TrainingState, optional
            The training state, to save it too, for ``fit(resume=path)``. `Checkpoint` does this.
        """
        ending = os.path.splitext(os.fspath(path))[1].lower()
        if ending in FOREIGN:
            hint = f"; {WRITERS[ending]} writes such a file" if ending in WRITERS else ""
            raise ValueError(
                f"path must not end in {ending}, which is another format: the file would be .npz, got {os.fspath(path)!r}{hint}"
            )
        training, arrays = saving.write(state)
        archive.save(path, header(self) | training, self.named_arrays(), arrays)
