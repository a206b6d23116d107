"""The arguments of training, declared once for all methods that take them."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Concatenate, ParamSpec, TypeVar

from whorl._core.hints import check_names
from whorl._core.randomness import RNG
from whorl._core.types import Array
from whorl._core.validation import choice, instance, integer, path, show, truth
from whorl.losses import Loss, as_loss
from whorl.metrics import Metric
from whorl.optimizers import Optimizer
from whorl.training.callbacks import Callback
from whorl.training.state import TrainingState

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, eq=False, kw_only=True)
class Options:
    """The arguments of `Model.fit`, `Model.training` and `Model.partial_fit`, besides the samples X and the labels y.

    Parameters
    ----------
    loss : Loss or callable
        What to minimize, such as ``CrossEntropy()``; or a function of (predictions, targets) that returns the mean loss and its
        derivative with respect to the predictions (`whorl.losses.function`).
    optimizer : Optimizer
        The optimizer, such as ``SGD(0.05, momentum=0.9)`` or ``Adam(Cosine(0.01, epochs=50))``.
    epochs : int
        Number of passes over the samples, at least 0; with a `state`, the total number to reach.
    batch_size : int, optional
        Samples per batch: by default 32, or all samples for `LBFGS`. The last batch of an epoch may be shorter; the loss of
        the epoch is the mean over the samples.
    accumulate : int, optional
        Batches per step. Their gradients are averaged as if they were one batch, with the memory of one.
    validation : float, tuple or ndarray, optional
        The fraction of the samples, in (0, 1), to set aside at random; or ``(X_val, y_val)`` or ``(X_val, y_val,
        sample_weight_val)``; or the indices of the samples to set aside, as in cross-validation: an array of int.
    stratify : bool, optional
        Whether to set aside the same fraction of each class, to within one sample.
    metrics : iterable of str or callable, optional
        ``"accuracy"`` or another name in `whorl.metrics.METRICS`, or functions of (labels, predictions).
    callbacks : iterable of Callback, optional
        Called before the first epoch, after each epoch, and at the end, in order.
    sample_weight : array_like, shape (n,), optional
        Weight of each sample in the loss, at least 0. Only their ratios matter.
    class_weight : mapping of int to float, or "balanced", optional
        Weights of the classes in the training loss (1 for classes not named); ``"balanced"`` gives all classes the same
        total weight.
    rng : int, Generator or None, optional
        Draws the split, the order of the samples and the dropout masks. None uses fresh entropy.
    state : TrainingState, optional
        The state to continue from, returned by earlier training, or a copy of it. By default, a new one. Pass the same `rng`
        again if `validation` is a fraction, so that the split is the same; the state has the generator for the rest.
    resume : str or path, optional
        A file written by a `Checkpoint`, to continue from, also in the middle of an epoch. With the same arguments and data, the
        result is bit-identical to that of an uninterrupted run. If `validation` is a fraction, pass the same `rng` as before.
    on_divergence : {"raise", "stop", "skip"}, optional
        What to do when an output of a layer, the loss, a gradient or a parameter becomes infinite or NaN. "raise" returns to the
        start of the epoch and raises DivergenceError; "stop" ends training with everything as before that step, and says so in
        `History.stopped`; "skip" leaves that step out, and says so in `History.skipped`. The message names the step, the layer
        and the likely cause. To find them, the steps of the epoch are repeated; changes that you have made to the model between
        them are lost. A validation loss that is not finite is an error with "skip", too.
    fast : bool, optional
        Whether to use compiled kernels, which need the extra ``whorl[fast]``. By default, the environment variable
        ``WHORL_FAST`` decides, 1 or 0; without it, they are used where they are installed, support every part of the training,
        and save more time than loading them takes. `History.engine` says which engine was used, and why.
    threads : int, optional
        Threads that share each compiled step; by default as many as pay, at most one for each core.
    distributed : bool, optional
        Whether the processes that mpiexec has started train together, each with a share of every batch; needs the extra
        ``whorl[mpi]``. Each runs the same script with the same arguments and data. The result is that of one process, up to
        rounding. See ``docs/cluster.md``.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid.
    """

    loss: Loss
    optimizer: Optimizer
    epochs: int
    batch_size: int | None = None
    accumulate: int = 1
    validation: float | tuple[Any, ...] | Array | None = None
    stratify: bool = False
    metrics: Iterable[str | Metric] = ()
    callbacks: Iterable[Callback] = ()
    sample_weight: Any = None
    class_weight: Mapping[int, float] | str | None = None
    rng: RNG = None
    state: TrainingState | None = None
    resume: str | os.PathLike[str] | None = None
    on_divergence: str = "raise"
    fast: bool | None = None
    threads: int | None = None
    distributed: bool = False

    def __post_init__(self) -> None:
        instance("optimizer", self.optimizer, Optimizer, "SGD(0.1)")
        checked: dict[str, Any] = {
            "loss": as_loss(self.loss),
            "epochs": integer("epochs", self.epochs, minimum=0),
            "accumulate": integer("accumulate", self.accumulate),
            "stratify": truth("stratify", self.stratify),
            "distributed": truth("distributed", self.distributed),
            "on_divergence": choice("on_divergence", self.on_divergence, ("raise", "stop", "skip")),
        }
        if self.batch_size is not None:
            checked["batch_size"] = integer("batch_size", self.batch_size)
        if self.fast is not None:
            checked["fast"] = truth("fast", self.fast)
        if self.threads is not None:
            checked["threads"] = integer("threads", self.threads)
        if self.state is not None:
            instance("state", self.state, TrainingState, "the result of partial_fit")
        if self.resume is not None:
            checked["resume"] = path("resume", self.resume)
            if self.state is not None:
                raise ValueError("resume and state both say where to continue; give one of them")
            if self.rng is None and isinstance(self.validation, float):
                raise ValueError(
                    "resume with a fraction as validation needs the rng of the first run, to split in the same way"
                )
        for name, value in checked.items():
            object.__setattr__(self, name, value)


def options(method: str, arguments: Mapping[str, Any]) -> Options:
    """Return the options passed to a method; raise TypeError for missing or unknown ones."""
    known = {each.name: each for each in fields(Options)}
    check_names(method, arguments, known)
    missing = [name for name, each in known.items() if each.default is MISSING and name not in arguments]
    if missing:
        raise TypeError(f"{method} needs {', '.join(missing)}: see whorl.Options for the arguments of training")
    return Options(**arguments)


def takes_options(
    _: Callable[P, Options], /
) -> Callable[[Callable[..., R]], Callable[Concatenate[Any, Any, Any, P], R]]:
    """Give a method the fields of `Options` as keyword arguments, for editors, type checkers and ``help``."""

    def show_signature(method: Callable[..., R]) -> Callable[Concatenate[Any, Any, Any, P], R]:
        own = [each for each in inspect.signature(method).parameters.values() if each.kind is not each.VAR_KEYWORD]
        shown = inspect.signature(Options).parameters.values()
        method.__signature__ = inspect.Signature([*own, *shown])  # type: ignore[attr-defined]  # functions accept it
        return method

    return show_signature


def callback_list(callbacks: object) -> tuple[Callback, ...]:
    """Return the callbacks as a tuple, those that are `last` at its end; raise TypeError for anything else."""
    if isinstance(callbacks, Callback | str) or not isinstance(callbacks, Iterable):
        raise TypeError(f"callbacks must be a list of callbacks, got {show(callbacks)}")
    checked = [instance(f"callbacks[{i}]", each, Callback, "Progress()") for i, each in enumerate(callbacks)]
    return tuple(sorted(checked, key=lambda each: each.last))


def batch_size(options: Options, count: int) -> int:
    """Return the samples of a batch, of `count` samples in all; raise ValueError if the optimizer takes all and fewer are asked for."""
    asked, usual = options.batch_size, options.optimizer.batch_size
    if asked is None:
        return usual or count
    if usual is None and asked * options.accumulate < count:
        name = type(options.optimizer).__name__
        raise ValueError(
            f"batch_size must be None or at least {count} for {name}, which takes all samples, got {asked}"
        )
    return asked
