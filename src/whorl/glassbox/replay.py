"""Go on from any state of a training with one argument changed."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from whorl._core.hints import check_names
from whorl._core.validation import instance
from whorl.optimizers import Optimizer
from whorl.training import Training, TrainingState
from whorl.training.options import batch_size, callback_list

CHANGEABLE = (
    "loss",
    "optimizer",
    "epochs",
    "batch_size",
    "accumulate",
    "callbacks",
    "on_divergence",
    "fast",
    "threads",
)
"""Arguments that do not change the samples, their split, or what is recorded."""


def replay(training: Training, state: TrainingState | None = None, **changes: Any) -> Training:
    """Return a training that goes on from a state of another one, with some of its arguments changed.

    It has a copy of the model and of the state; the samples are shared. The other training is as before, so both can go on. Without
    changes, the results are the same to the bit.

    Parameters
    ----------
    training : Training
        From `Model.training`.
    state : TrainingState, optional
        ``training.state.copy()``, taken after some epoch or step. By default, the present one.
    loss, optimizer, epochs, batch_size, accumulate, callbacks, on_divergence, fast, threads : optional
        The arguments to change, as described in `Options`. Another kind of optimizer starts with nothing remembered.

    Returns
    -------
    Training
        Its ``model`` is the copy, and its ``state.history`` begins with the epochs until that state.

    Raises
    ------
    TypeError
        For other arguments: those of the data and metrics cannot be changed.
    ValueError
        If the state does not fit the model.

    Examples
    --------
    >>> import whorl
    >>> from whorl import Adam, CrossEntropy, Dense, Model, ReLU, Softmax
    >>> from whorl.glassbox import replay
    >>> X, y = whorl.datasets.spiral(100, rng=0)
    >>> model = Model([Dense(32), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    >>> training = model.training(X, y, loss=CrossEntropy(), optimizer=Adam(0.05), epochs=20, rng=0)
    >>> states = [training.state.copy() for epoch in training]        # after each epoch
    >>> again = replay(training, states[9], optimizer=Adam(0.005))    # what if the rate had been lower after epoch 10?
    >>> for epoch in again:
    ...     pass
    >>> again.state.history["loss"][:10] == training.state.history["loss"][:10]
    True
    >>> ax = whorl.plot.compare({"0.05": training.state.history, "0.005": again.state.history}, "loss")
    """
    instance("training", training, Training, "model.training(X, y, …)")
    check_names("replay", changes, CHANGEABLE)
    if state is not None:
        instance("state", state, TrainingState, "training.state.copy()")
    shared = {id(data): data for data in (training.train, training.validation)}
    again = copy.deepcopy(training, shared)
    kept = {"state": None, "resume": None, "callbacks": again.callbacks}
    again.options = replace(training.options, **{**kept, **changes})
    again.callbacks = callback_list(again.options.callbacks)
    again.batch_size = batch_size(again.options, len(again.train))
    own = state or training.state
    try:
        again.restore(own)
    except ValueError:
        if "optimizer" not in changes:
            raise
        again.restore(_forgotten(own, again.options.optimizer))  # which is of another kind
    return copy.copy(again)  # which has an engine for these options


def _forgotten(state: TrainingState, optimizer: Optimizer) -> TrainingState:
    """Return the state with an optimizer that remembers nothing."""
    memory, current = optimizer.start(state.parameters), state.current
    if current is not None:
        current = replace(current, before=replace(current.before, optimizer=memory, stepped=None))
    return replace(state, optimizer=memory, stepped=None, current=current)
