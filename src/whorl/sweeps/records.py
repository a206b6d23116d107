"""The records of a sweep: one for each trial, and what they say about the settings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from whorl._core.types import Array
from whorl.model import Model

PARTS = 4
"""Parts of equal size into which trials are divided by a setting, to see how much it matters."""
ENOUGH = 3 * PARTS
"""With fewer trials, nothing is said of that."""


@dataclass(frozen=True)
class Trial:
    """A trial of a sweep: a network that was trained with some settings.

    Parameters
    ----------
    number : int
        Its number in the study, from 0.
    state : {"complete", "pruned", "diverged", "discarded", "running"}
        Pruned trials were stopped because others did better after as many epochs. Discarded ones do not count: they were
        interrupted, or other processes took theirs for dead.
    settings : dict of str to float
        The values of the settings that the sweep changes.
    value : float, optional
        The validation loss: of a complete trial, that of the network as it would be kept; of a pruned one, the last.
    scores : dict of str to float
        What was measured at the end: ``"val_accuracy"`` or ``"val_r2"``, ``"epochs"``, ``"seconds"``.
    model : Model, optional
        The trained network, if the trial was the best one when it ended, in this process.
    """

    number: int
    state: str
    settings: dict[str, float]
    value: float | None = None
    scores: dict[str, float] = field(default_factory=dict)
    model: Model | None = field(default=None, compare=False, repr=False)


def best(trials: Sequence[Trial]) -> Trial | None:
    """Return the complete trial with the least value, the first of several; None if no trial is complete."""
    complete = [trial for trial in trials if trial.state == "complete"]
    return min(complete, key=lambda trial: trial.value or 0.0, default=None)


def row(trial: Trial) -> dict[str, object]:
    """Return a trial as a row of a table, by name; settings come last."""
    loss = {} if trial.value is None else {"val_loss": trial.value}
    return {"trial": trial.number, "state": trial.state, **loss, **trial.scores, **trial.settings}


def importance(trials: Sequence[Trial]) -> dict[str, float]:
    """Return how much the result depends on each setting, taken alone: from 0 to 1, in decreasing order; empty for few trials.

    The trials are divided into four parts of equal size by the value of the setting. The importance is the share of the variance of
    the ranks of the trials that is between the parts, less what random parts would have. Trials that were pruned or have diverged
    share the last rank.

    Notes
    -----
    This is the first-order term of an analysis of variance. It does not see settings that matter only in combination, and trials are
    not spread evenly, because a sweep tries good settings more often. Optuna's own evaluators, such as fANOVA, take both into account.

    Examples
    --------
    >>> trials = [Trial(k, "complete", {"a": k, "b": k % 3}, value=(k - 10.0) ** 2) for k in range(24)]
    >>> {name: round(share, 1) for name, share in importance(trials).items()}
    {'a': 0.8, 'b': 0.0}
    """
    ended = [trial for trial in trials if trial.state in ("complete", "pruned", "diverged") and trial.settings]
    if len(ended) < ENOUGH or not any(trial.state == "complete" for trial in ended):
        return {}
    values = np.array([trial.value if trial.state == "complete" else math.inf for trial in ended])
    ranks = np.unique(values, return_inverse=True)[1].astype(float)
    shares = {name: _share(ranks, np.array([trial.settings[name] for trial in ended])) for name in ended[0].settings}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _share(ranks: Array, values: Array) -> float:
    """Return the share of the variance of the ranks between parts of the trials with similar values (adjusted eta squared)."""
    total = float(((ranks - ranks.mean()) ** 2).sum())
    groups = np.unique(values, return_inverse=True)[1]
    if groups.max() >= PARTS:
        groups = np.argsort(np.argsort(values, kind="stable")) * PARTS // len(values)
    parts = [ranks[groups == k] for k in range(groups.max() + 1)]
    within = sum(float(((part - part.mean()) ** 2).sum()) for part in parts)
    if not total or len(parts) < 2:
        return 0.0
    n, k = len(ranks), len(parts)
    return max(0.0, 1 - within / (n - k) / (total / (n - 1)))


def settings_text(settings: Mapping[str, float]) -> str:
    """Return settings as text.

    Examples
    --------
    >>> settings_text({"learning_rate": 0.01, "units": 64})
    'learning_rate 0.01, units 64'
    """
    return ", ".join(f"{name} {value:.4g}" for name, value in settings.items())
