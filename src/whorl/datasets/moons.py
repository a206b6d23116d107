"""Two moons: half circles that reach into each other, so that no straight line can tell them apart.

Letters: n samples of each class, t the angle.
"""

from __future__ import annotations

import numpy as np

from whorl._core import randomness, validation
from whorl._core.randomness import RNG
from whorl._core.types import Array


def moons(samples: int = 1000, *, noise: float = 0.1, rng: RNG = None) -> tuple[Array, Array]:
    """Draw the two moons: half circles of radius 1, the upper one about (0, 0), the lower one about (1, 1/2).

    While t goes evenly from 0 to π, each class draws its half circle; ε is normal noise, in both coordinates::

        class 0: (cos t, sin t) + noise ε        class 1: (1 − cos t, 1/2 − sin t) + noise ε

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
        Labels 0 and 1.

    Notes
    -----
    scikit-learn's ``make_moons`` draws the same half circles. Its ``n_samples`` counts both classes together, its noise
    is 0 unless said, and it shuffles the points; here they come class by class, as in `spiral`.

    Examples
    --------
    >>> X, y = moons(3, noise=0, rng=0)
    >>> X.round(3) + 0.0
    array([[ 1. ,  0. ],
           [ 0. ,  1. ],
           [-1. ,  0. ],
           [ 0. ,  0.5],
           [ 1. , -0.5],
           [ 2. ,  0.5]])
    >>> y
    array([0, 0, 0, 1, 1, 1])
    """
    samples = validation.integer("samples", samples)
    noise = validation.number("noise", noise, minimum=0)
    generator = randomness.generator(rng)
    t = np.linspace(0, np.pi, samples)  # (n,)
    upper = np.column_stack([np.cos(t), np.sin(t)])  # (n, 2)
    X = np.concatenate([upper, [1, 0.5] - upper])
    return X + noise * generator.standard_normal(X.shape), np.repeat(np.arange(2, dtype=np.int64), samples)
