"""Validate the parameters of the estimators, in `fit`: scikit-learn's conventions leave ``__init__`` no checks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from whorl import losses
from whorl._core import notation
from whorl._core.types import Array
from whorl._core.validation import choice, instance, integer, number, numeric, show, truth
from whorl.layers import Dropout
from whorl.losses import Loss
from whorl.recipes import RECIPES, Recipe, classification, find
from whorl.recipes.ensemble import divisible

WHOLE = 64
"""So few samples are learned all at once, without dropout, in float64."""

ALL_LOSSES = notation.concrete(losses, Loss)
"""The losses by name, which may be given as text."""


def validate(estimator: Any) -> None:
    """Raise TypeError or ValueError for a parameter that neither the recipe nor `whorl.Options` checks by this name."""
    for name in ("standardize", "early_stopping", "warm_start"):
        value = getattr(estimator, name)
        truth(name, bool(value) if isinstance(value, np.bool_) else value)
    choice("preset", estimator.preset, tuple(RECIPES["table"]))
    number("validation_fraction", estimator.validation_fraction, above=0, below=1)
    integer("patience", estimator.patience, minimum=0)
    if not isinstance(estimator.verbose, int | np.bool_ | np.integer):
        raise TypeError(f"verbose must be True or False, got {show(estimator.verbose)}")


def seed(random_state: Any) -> int:
    """Draw a seed from scikit-learn's ``random_state``."""
    try:
        return int(check_random_state(random_state).randint(2**31 - 1))
    except ValueError:
        raise ValueError(
            f"random_state must be a whole number from 0 to 2**32 - 1, a RandomState or None, got {show(random_state)}"
        ) from None


def several(estimator: Any, count: int) -> bool:
    """Return whether `fit` trains the networks of a preset for tables, rather than one network, on so many samples."""
    one = estimator.layers is not None or estimator.early_stopping or estimator.warm_start
    return not one and divisible(find("table", estimator.preset), count)


def recipe(estimator: Any, count: int, *, several: bool = False) -> Recipe:
    """Return the recipe for several networks, or for one, with the parameters that were given, for `count` samples."""
    given = {name: getattr(estimator, name) for name in ("layers", "optimizer", "epochs", "batch_size")}
    basis = find("table", estimator.preset) if several else classification()
    if estimator.epochs is not None:
        basis = basis.replace(max_steps=None)  # which would limit the epochs
    found = basis.replace(**{name: each for name, each in given.items() if each is not None})
    whole = found.optimizer.batch_size is None or (not several and count <= WHOLE)  # LBFGS takes all samples at a time
    return found.replace(batch_size=count) if whole and estimator.batch_size is None else found


def hidden_layers(estimator: Any, found: Recipe, count: int) -> list[Any]:
    """Return the hidden layers of one network; by default, without dropout for few samples."""
    whole = estimator.layers is None and count <= WHOLE
    return [each for each in found.layers if not (whole and isinstance(each, Dropout))]


def loss(given: Any, usual: Loss, kinds: tuple[type[Loss], ...], what: str) -> Loss:
    """Return the loss that was given, as an object or as text, or the usual one.

    The losses of whorl must be of these kinds, which suit the targets; so it is their name that an error mentions, not y.
    """
    if given is None:
        return usual
    try:
        found = notation.parse_one(given, ALL_LOSSES, Loss) if isinstance(given, str) else given
    except ValueError as error:
        raise ValueError(f"loss: {error}") from None
    instance("loss", found, Loss, repr(usual))
    if type(found) in ALL_LOSSES.values() and not isinstance(found, kinds):
        names = ", ".join(kind.__name__ for kind in kinds)
        raise ValueError(f"loss must be one of {names} for {what}, got {found!r}")
    checked: Loss = found
    return checked


def sample_weight(values: Any, count: int) -> Array | None:
    """Return the weights of the samples (count,), at least 0 and not all 0, if there are any."""
    if values is None:
        return None
    weight = numeric("sample_weight", values, np.dtype(np.float64))
    if weight.shape != (count,):
        raise ValueError(f"sample_weight must have shape ({count},), one for each sample, got {weight.shape}")
    if weight.min() < 0 or not weight.any():
        raise ValueError("sample_weight must be at least 0, and above 0 for at least one sample (non-zero number)")
    return weight


@contextmanager
def unchanged_on_failure(estimator: BaseEstimator) -> Iterator[None]:
    """Give an estimator its attributes back if fitting it fails, or is interrupted."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
