"""What to do when training meets infinity or NaN: find the step and the layer, then raise an error, stop, or skip the step.

Such numbers spread. Once they are in the parameters, in what the optimizer keeps, or in the sum of the losses, they stay. So it is
enough to look at that sum after each step, or after the few that compiled code takes together, and at the rest at the end of
the epoch. If it is not finite, the steps of the epoch are repeated with a check after each one. The step that fails is then
examined, layer by layer.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator

import numpy as np

from whorl._core.types import Array
from whorl._core.validation import all_finite
from whorl.passes import is_fused, loss_pass
from whorl.training.callbacks import stepped
from whorl.training.step import NumPySteps, Run

LARGE = 100
"""Inputs or targets above this are said to be the likely cause."""


class DivergenceError(ArithmeticError):
    """The loss, the gradients or the parameters became infinite or NaN. The model and the training state are as before that epoch."""


def repeat(training: Run, *, last: int | None = None) -> tuple[float, float]:
    """Repeat the steps of this epoch with a check after each one, to its end or to step number `last`.

    Where one fails, do what `Options.on_divergence` says. Returns the loss and the penalty of the last step.
    """
    state, outcome = training.state, (math.nan, math.nan)
    current = training.begin_epoch()
    heard = state.step - (not math.isfinite(current.loss))  # the last step that callbacks were called for
    training.rewind(current.before, current.rng_before)
    while training.begin_epoch().samples < len(training.train) and state.step != last:
        before = state.step
        if last is None and training.ending():
            break
        outcome = careful_step(training)
        if state.step == before:  # it fails, and ends training
            break
        if state.step > heard and state.history.stopped is None:
            stepped(training.callbacks, training, state.history)
    return outcome


def careful_step(training: Run) -> tuple[float, float]:
    """Take a step and return its loss and penalty; if it fails, undo it, and do what `Options.on_divergence` says."""
    state, kept = training.state, training.begin_epoch().copy()
    before, rng = state.snapshot(), state.rng.bit_generator.state
    with np.errstate(over="ignore", invalid="ignore"):
        outcome = training.engine.take(1)
    if sound(training):
        return outcome
    training.rewind(before, rng, kept.copy())  # which the examination changes
    what, advice = examine(training)
    training.rewind(before, rng, kept)
    where = f"{what} in step {state.step + 1}, in epoch {state.epoch + 1}: {advice}"
    action = training.options.on_divergence
    if action == "stop":
        state.history.stopped = f"{where} (the model and the training state are as before that step)"
    elif action == "skip":
        skipped = sum(map(len, kept.batches(training.batch_size, training.options.accumulate)))
        kept.samples += skipped
        kept.skipped += skipped
        state.step += 1
        if where not in state.history.skipped:  # or it was undone, and is repeated
            state.history.skipped.append(where)
    if action == "raise" or kept.skipped == len(training.train):
        undo_epoch(training)
        raise DivergenceError(f"{where} (the model and the training state are as before that epoch)")
    return math.nan, math.nan


def fail_validation(training: Run, loss: float) -> None:
    """Undo an epoch whose validation loss is not finite; raise DivergenceError, or stop training if that is asked for."""
    state = training.state
    message = (
        f"the validation loss became {loss} in epoch {state.epoch + 1}: lower the learning rate, or scale the inputs to about 1"
        " (the model and the training state are as before that epoch)"
    )
    undo_epoch(training)
    if training.options.on_divergence != "stop":
        raise DivergenceError(message)
    state.history.stopped = message


def undo_epoch(training: Run) -> None:
    """Return to the start of the current epoch; the steps that it has skipped are not in the history any more."""
    state, current = training.state, training.begin_epoch()
    state.history.skipped = [each for each in state.history.skipped if f", in epoch {state.epoch + 1}: " not in each]
    training.rewind(current.before, current.rng_before)


def sound(training: Run) -> bool:
    """Whether the losses of this epoch, the parameters, the statistics and what the optimizer keeps are finite."""
    return math.isfinite(training.begin_epoch().loss) and all(map(all_finite, training.state.arrays()))


def examine(training: Run) -> tuple[str, str]:
    """Take the next step on NumPy, part by part; return what becomes infinite or NaN first, and how to avoid it."""
    model, rate = training.model, training.learning_rate()
    batches = training.begin_epoch().batches(training.batch_size, training.options.accumulate)
    x, target, _ = training.train.batch(np.concatenate(batches))
    with np.errstate(all="ignore"):
        found = next(_failures(training, batches), None)
        if found is None:
            NumPySteps(training).take()
            arrays = model.named_arrays()
            name = next((name for name, view in arrays.items() if not all_finite(view)), "the optimizer's memory")
            found = f"the update made {name} infinite or NaN"
    large = float(np.abs(x).max())
    if large > LARGE and not model.layers[0].needs_data(model.p[0], again=True):
        return found, f"scale the inputs, which are as large as {large:.3g}, to about 1, for example with Standardize()"
    if target.dtype.kind == "f" and (large := float(np.abs(target).max())) > LARGE:
        return found, f"scale the targets, which are as large as {large:.3g}, to about 1"
    return found, f"lower the learning rate, {rate:.3g}, or clip the gradients with Clipped"


def _failures(training: Run, batches: list[Array]) -> Iterator[str]:
    """Yield the parts of a step that are infinite or NaN: outputs of layers, the loss, gradients, statistics."""
    model, loss, rng = training.model, training.options.loss, copy.deepcopy(training.state.rng)
    layers = model.layers[:-1] if is_fused(model, loss) else model.layers
    for rows in batches:
        x, target, weight = training.train.batch(rows)
        drawn, y = copy.deepcopy(rng), x
        for i, (layer, p) in enumerate(zip(layers, model.p, strict=False)):
            y, _ = layer.forward(y, p, None if p.frozen else drawn)
            if not all_finite(y):
                yield f"the output of layers[{i}], {layer!r}, became {_first(y)}"
        done = loss_pass(model, x, target, loss, weight, rng)
        if not math.isfinite(done.loss):
            yield f"the {'loss' if math.isfinite(done.penalty) else 'penalty'} became {done.loss}"
        done.backward()
        for name, values in reversed(model.named_gradients().items()):  # the order of the backward pass
            if not all_finite(values):
                yield f"the gradient of {name} became {_first(values)}"
        for name, values in model.named_statistics().items():
            if not all_finite(values):
                yield f"the statistic {name} became {_first(values)}"


def _first(values: Array) -> float:
    """Return the first of these values that is not finite."""
    return float(values[~np.isfinite(values)][0])
