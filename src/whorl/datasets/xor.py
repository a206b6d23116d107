"""Exclusive or: the four quarters of a square, the oldest problem that a network without a hidden layer cannot solve.

Letters: n samples of each class, u two numbers in (0, 1], s a sign.
"""

from __future__ import annotations

import numpy as np

from whorl._core import randomness, validation
from whorl._core.randomness import RNG
from whorl._core.types import Array


def xor(samples: int = 1000, *, noise: float = 0.0, rng: RNG = None) -> tuple[Array, Array]:
    """Draw points of the square from −1 to 1; the label says whether the signs of the coordinates differ.

    With u uniform in (0, 1]², a sign s that is −1 or 1 as often, and normal noise ε in both coordinates::

        class 0: s (u₁, u₂) + noise ε        class 1: s (u₁, −u₂) + noise ε

    So each class fills its two quarters evenly; the noise then carries some points over to a neighbour.

    Parameters
    ----------
    samples : int, optional
        Points of each class.
    noise : float, optional
        Standard deviation of the noise in each coordinate, at least 0.
    rng : int, Generator or None, optional

    Returns
    -------
    X : ndarray of float64, shape (2 * samples, 2)
        Class by class.
    y : ndarray of int64, shape (2 * samples,)
        Labels: 1 where one coordinate is positive and the other is not, before the noise.

    Notes
    -----
    scikit-learn has no such function.

    References
    ----------
    Minsky, Papert (1969), Perceptrons: no single layer computes exclusive or. Rumelhart, Hinton, Williams (1986), Learning
    Internal Representations by Error Propagation: backpropagation through a hidden layer learns it.

    Examples
    --------
    >>> X, y = xor(2, rng=2)
    >>> X.round(3)
    array([[ 0.738,  0.702],
           [-0.186, -0.908],
           [-0.4  ,  0.271],
           [ 0.812, -0.945]])
    >>> y
    array([0, 0, 1, 1])
    """
    samples = validation.integer("samples", samples)
    noise = validation.number("noise", noise, minimum=0)
    generator = randomness.generator(rng)
    y = np.repeat(np.arange(2, dtype=np.int64), samples)  # (2n,)
    X = 1 - generator.random((len(y), 2))  # u: never 0, which has no sign
    X *= generator.choice([-1.0, 1.0], (len(y), 1))  # s
    X[y == 1, 1] *= -1
    return X + noise * generator.standard_normal(X.shape), y
