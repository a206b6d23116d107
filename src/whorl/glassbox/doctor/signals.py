"""The signals that the rules of the doctor read: numbers, measured in one place.

A rule gets all of them. What was not measured is None or empty: a history that was read from a file has curves only. So a rule
can be tested on signals that are written by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from whorl._core.types import Array, Shape
from whorl.layers import Layer
from whorl.losses import Loss
from whorl.optimizers import Optimizer

ALMOST_ALL = 0.97
"""An accuracy or R² from which on the nearest neighbours of the samples cannot be clearly better."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What is trained, and how.

    Parameters
    ----------
    layers : tuple of Layer
    loss : Loss
    optimizer : Optimizer
    batch_size, epochs, parameters : int
    inputs, outputs : tuple of int
        Shapes of one sample and of one prediction.
    weighted : bool
        Whether samples or classes have weights.
    keeps_best : bool
        Whether an `EarlyStopping` restores the best epoch.
    validation : {"none", "random", "given"}
        How the validation data was chosen.
    equal : tuple of int
        Indices of the layers whose units all begin with equal weights.
    """

    layers: tuple[Layer, ...]
    loss: Loss
    optimizer: Optimizer
    batch_size: int = 32
    epochs: int = 100
    parameters: int = 0
    inputs: Shape = (2,)
    outputs: Shape = (3,)
    weighted: bool = False
    keeps_best: bool = False
    validation: str = "none"
    equal: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Facts:
    """What was measured of the data before training, on at most `data.ROWS` rows of it.

    Parameters
    ----------
    rows, val_rows : int
        Number of training and of validation samples.
    mean, deviation : ndarray, shape (F,), or None
        Of each input of the first dense layer, after the layers before it.
    raw_mean, raw_deviation : ndarray, shape (D,)
        Of each feature as it was passed.
    shares : ndarray, shape (k,), or None
        The share of each class in the training data, for labels.
    val_shares : ndarray, shape (k,), or None
        That in the validation data.
    target : ndarray or None
        The numbers to predict, (n, m), for a regression.
    chance : float or None
        The loss of the best constant prediction.
    neighbours : float or None
        The accuracy, or R², of predicting each sample from its 5 nearest neighbours in the training data, if the network
        itself has less than `ALMOST_ALL` at the end.
    alone : ndarray, shape (D,), or None
        The accuracy, or the squared rank correlation, with which each feature alone predicts the target.
    levels : ndarray, shape (D,), or None
        The number of different values of each feature.
    identifiers : tuple of int
        Features that number the rows.
    duplicates : float
        Share of the validation rows that are training rows too.
    shift : ndarray, shape (D,), or None
        The difference of the features' means in the validation data, in standard deviations.
    """

    rows: int = 1000
    val_rows: int = 250
    mean: Array | None = None
    deviation: Array | None = None
    raw_mean: Array = field(default_factory=lambda: np.zeros(2))
    raw_deviation: Array = field(default_factory=lambda: np.ones(2))
    shares: Array | None = None
    val_shares: Array | None = None
    target: Array | None = None
    chance: float | None = None
    neighbours: float | None = None
    alone: Array | None = None
    levels: Array | None = None
    identifiers: tuple[int, ...] = ()
    duplicates: float = 0.0
    shift: Array | None = None


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What was measured in one pass through the model, on a few training samples.

    Parameters
    ----------
    epoch : int
        Number of completed epochs.
    loss, penalty : float
        The loss without dropout, penalty included; and the penalty.
    score : float
        The accuracy, or R², of the predictions.
    weights, gradients, updates : mapping of str to float
        For each matrix of weights: the root mean square of its values, of its gradient, and of the change by one step.
    dead : mapping of str to float
        For each layer with ReLU, by its index: the share of units that are 0 for all samples.
    saturated : mapping of str to float
        For each layer with sigmoid or tanh: the share of outputs within 1 % of the ends of their range.
    noise : float
        The noise scale of the gradient: the batch size at which noise and gradient are equally large.
    """

    epoch: int = 0
    loss: float = 1.0
    penalty: float = 0.0
    score: float = 0.0
    weights: Mapping[str, float] = field(default_factory=dict)
    gradients: Mapping[str, float] = field(default_factory=dict)
    updates: Mapping[str, float] = field(default_factory=dict)
    dead: Mapping[str, float] = field(default_factory=dict)
    saturated: Mapping[str, float] = field(default_factory=dict)
    noise: float = 0.0

    def ratios(self) -> dict[str, float]:
        """Return the update-to-weight ratio of each matrix of weights that is not 0."""
        return {name: self.updates[name] / size for name, size in self.weights.items() if size and name in self.updates}


@dataclass(frozen=True, kw_only=True)
class Signals:
    """All that is known about a training.

    Parameters
    ----------
    setup : Setup or None
    facts : Facts or None
    probes : sequence of Probe
        In the order of the epochs.
    curves : mapping of str to sequence of float
        The history.
    failure : str
        The message of the error that ended the training, or "".
    running : bool
        Whether the training goes on, so that rules about how it ended do not apply.
    """

    setup: Setup | None = None
    facts: Facts | None = None
    probes: Sequence[Probe] = ()
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)
    failure: str = ""
    running: bool = False

    def curve(self, *names: str) -> Array:
        """Return the first of these values that the history has, one number for each epoch; empty if it has none."""
        found: Any = next((self.curves[name] for name in names if name in self.curves), ())
        return np.array([np.nan if each is None else each for each in found], np.float64)

    def unpenalized(self, kind: str = "") -> Array:
        """Return the loss of each epoch without its penalty; that of the validation data for the kind ``"val_"``."""
        loss, penalty = self.curve(f"{kind}loss"), self.curve(f"{kind}penalty")
        return loss - penalty if len(penalty) == len(loss) else loss

    @property
    def scale(self) -> float:
        """The loss of the best constant prediction; if it is not known, the first loss of the history, or 1."""
        chance = None if self.facts is None else self.facts.chance
        first = self.curve("loss")[:1]
        return chance or (float(first[0]) if len(first) and first[0] > 0 else 1.0)
