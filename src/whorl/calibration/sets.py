"""Prediction sets: the classes that contain the right one, with a given probability."""

from __future__ import annotations

from typing import Any

import numpy as np

from whorl._core.description import Description, argument
from whorl._core.types import Array
from whorl._core.validation import integer, labels, numeric, same_length
from whorl.calibration import ranks


class Sets(Description):
    """Conformal prediction sets: all classes whose probability is above a limit, which held-out samples determine.

    For n held-out samples with the scores s = 1 − p_y, of the probabilities p of the right classes, the set of a new sample is::

        {c : 1 − p_c ≤ s_r} and the most probable class,    r = ⌈(n + 1) · coverage⌉

    with s_r the r-th smallest score. If held-out and new samples are exchangeable, the right class is in the set with a probability of
    at least the coverage. Of all such sets these are the smallest on average, if the probabilities are right. Made by `learn`; a model
    keeps it as `Model.uncertainty`.

    Parameters
    ----------
    scores : sequence of float
        The scores in ascending order; of more than 400, those at 400 equally spaced ranks. A rank between those is replaced by the
        next one above.
    count : int
        n.

    References
    ----------
    Sadinle, Lei, Wasserman (2019), Least Ambiguous Set-Valued Classifiers With Bounded Error Levels, arXiv:1609.00451, where sets
    may be empty.

    Examples
    --------
    >>> p = np.column_stack([np.arange(0.1, 1.0, 0.1), np.arange(0.9, 0.05, -0.1)])     # 9 samples, all of class 0
    >>> learned = Sets.learn(np.zeros(9, int), p)
    >>> learned.sets([[0.25, 0.75], [0.1, 0.9]], coverage=0.8)                          # the limit of p is 0.2
    array([[ True,  True],
           [False,  True]])
    """

    scores: tuple[float, ...] = argument(ranks.ascending)
    count: int = argument(integer)

    def __post_init__(self) -> None:
        super().__post_init__()
        ranks.check_kept("scores", self.scores, self.count)

    @property
    def samples(self) -> int:
        """The number of held-out samples."""
        return self.count

    @classmethod
    def learn(cls, y: Any, p: Any) -> Sets:
        """Return the sets for a model that predicts held-out samples so.

        Parameters
        ----------
        y : array_like, shape (n,), (n, k) or (n, 1)
            The right classes of samples that were not used to train the model, from 0 to k − 1 or one-hot; 0 and 1, if p is (n, 1).
        p : array_like, shape (n, k) or (n, 1)
            Probabilities of the classes; or that of class 1.
        """
        probabilities = _probabilities(p)
        if np.shape(p)[1:] == np.shape(y)[1:] == (1,):
            y = np.asarray(y)[:, 0]
        target = labels(y, probabilities.shape[1])
        same_length("y", len(target), "p", len(probabilities))
        scores = 1 - probabilities[np.arange(len(target)), target]
        return cls(ranks.kept(scores), len(scores))

    def sets(self, p: Any, coverage: float) -> Array:
        """Return the classes in the set of each new sample.

        Parameters
        ----------
        p : array_like, shape (n, k) or (n, 1)
            As for `learn`.
        coverage : float
            The probability with which the right class is to be in the set; above 0 and below 1.

        Returns
        -------
        ndarray of bool, shape (n, k)
            Whether each class is in the set; k is 2 if p is (n, 1).

        Raises
        ------
        ValueError
            If there were too few held-out samples for this coverage: it needs ``1 / (1 − coverage) − 1``.
        """
        c = ranks.check_coverage(coverage, [self.count], tails=1)
        probabilities = _probabilities(p)
        inside: Array = 1 - probabilities <= ranks.at_least(c, self.scores, self.count)
        inside[np.arange(len(inside)), probabilities.argmax(axis=1)] = True
        return inside


def _probabilities(p: Any) -> Array:
    """Return probabilities (n, k), k at least 2, in float64."""
    found = numeric("p", p, np.dtype(np.float64))
    if found.ndim != 2 or found.shape[1] == 0 or len(found) == 0:
        raise ValueError(f"p must have shape (n, k) or (n, 1), with at least one sample, got {found.shape}")
    if found.min() < 0 or found.max() > 1 + 1e-5:  # above 1 by rounding
        raise ValueError(f"p must hold probabilities, from 0 to 1, got numbers from {found.min():g} to {found.max():g}")
    return np.hstack([1 - found, found]) if found.shape[1] == 1 else found
