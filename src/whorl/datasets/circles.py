"""Two circles: a ring in a ring, which no straight line can tell apart.

Letters: n samples of each class, t the angle.
"""

from __future__ import annotations

import numpy as np

from whorl._core import randomness, validation
from whorl._core.randomness import RNG
from whorl._core.types import Array


def circles(samples: int = 1000, *, noise: float = 0.1, factor: float = 0.5, rng: RNG = None) -> tuple[Array, Array]:
    """Draw two circles about (0, 0): class 0 of radius 1, class 1 within it.

    While t goes evenly once round, ``0 ≤ t < 2π``, each class draws its circle; ε is normal noise, in both coordinates::

        class 0: (cos t, sin t) + noise ε        class 1: factor (cos t, sin t) + noise ε

    Parameters
    ----------
    samples : int, optional
        Points of each class.
    noise : float, optional
        Standard deviation of the noise in each coordinate, at least 0.
    factor : float, optional
        Radius of the inner circle, in [0, 1).
    rng : int, Generator or None, optional

    Returns
    -------
    X : ndarray of float64, shape (2 * samples, 2)
        Class by class.
    y : ndarray of int64, shape (2 * samples,)
        Labels: 0 outside, 1 inside.

    Notes
    -----
    scikit-learn's ``make_circles`` draws the same circles. Its ``n_samples`` counts both classes together, its noise is 0
    and its factor 0.8 unless said, and it shuffles the points; here they come class by class, as in `spiral`.

    Examples
    --------
    >>> X, y = circles(4, noise=0, rng=0)
    >>> X.round(3) + 0.0
    array([[ 1. ,  0. ],
           [ 0. ,  1. ],
           [-1. ,  0. ],
           [ 0. , -1. ],
           [ 0.5,  0. ],
           [ 0. ,  0.5],
           [-0.5,  0. ],
           [ 0. , -0.5]])
    >>> y
    array([0, 0, 0, 0, 1, 1, 1, 1])
    """
    samples = validation.integer("samples", samples)
    noise = validation.number("noise", noise, minimum=0)
    factor = validation.number("factor", factor, minimum=0, below=1)
    generator = randomness.generator(rng)
    t = np.linspace(0, 2 * np.pi, samples, endpoint=False)  # (n,)
    outer = np.column_stack([np.cos(t), np.sin(t)])  # (n, 2)
    X = np.concatenate([outer, factor * outer])
    return X + noise * generator.standard_normal(X.shape), np.repeat(np.arange(2, dtype=np.int64), samples)
