"""Synthetic data: moons, circles, exclusive or, and blobs.

Letters: n samples of each class, k classes, d features.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from whorl._core import randomness, validation
from whorl._core.randomness import RNG
from whorl._core.types import Array


def moons(samples: int = 1000, *, noise: float = 0.1, rng: RNG = None) -> tuple[Array, Array]:
    """Draw two half circles of radius 1: the upper one around (0, 0), the lower one around (1, 1/2).

    With t evenly spaced from 0 to π, and ε standard normal in both coordinates::

        class 0: (cos t, sin t) + noise ε        class 1: (1 − cos t, 1/2 − sin t) + noise ε

    Parameters
    ----------
    samples : int, optional
        The number of points of each class.
    noise : float, optional
        The standard deviation of the noise in each coordinate, at least 0.
    rng : int, Generator or None, optional

    Returns
    -------
    X : ndarray of float64, shape (2 * samples, 2)
        In the order of the classes.
    y : ndarray of int64, shape (2 * samples,)
        The labels, 0 and 1.

    Notes
    -----
    scikit-learn's ``make_moons`` counts both classes together in ``n_samples``, has no noise by default, and shuffles.

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
    t = np.linspace(0, np.pi, validation.integer("samples", samples))  # (n,)
    upper = np.column_stack([np.cos(t), np.sin(t)])  # (n, 2)
    return _noisy([upper, [1, 0.5] - upper], "noise", noise, randomness.generator(rng))


def circles(samples: int = 1000, *, noise: float = 0.1, factor: float = 0.5, rng: RNG = None) -> tuple[Array, Array]:
    """Draw two circles around (0, 0): class 0 of radius 1, class 1 inside it.

    With t evenly spaced in [0, 2π), and ε standard normal in both coordinates::

        class 0: (cos t, sin t) + noise ε        class 1: factor (cos t, sin t) + noise ε

    The other arguments and the arrays are as in `moons`.

    Parameters
    ----------
    factor : float, optional
        The radius of the inner circle, in [0, 1).

    Notes
    -----
    scikit-learn's ``make_circles`` counts both classes together in ``n_samples``, has no noise and a factor of 0.8 by
    default, and shuffles.

    Examples
    --------
    >>> X, y = circles(4, noise=0)
    >>> np.hypot(*X.T)  # the distance from (0, 0)
    array([1. , 1. , 1. , 1. , 0.5, 0.5, 0.5, 0.5])
    """
    factor = validation.number("factor", factor, minimum=0, below=1)
    t = np.linspace(0, 2 * np.pi, validation.integer("samples", samples), endpoint=False)  # (n,)
    outer = np.column_stack([np.cos(t), np.sin(t)])  # (n, 2)
    return _noisy([outer, factor * outer], "noise", noise, randomness.generator(rng))


def xor(samples: int = 1000, *, noise: float = 0.0, rng: RNG = None) -> tuple[Array, Array]:
    """Draw points in the square [−1, 1]²; the label tells whether the signs of the coordinates differ.

    With u uniform in (0, 1]², a random sign s, and ε standard normal in both coordinates::

        class 0: s (u₁, u₂) + noise ε        class 1: s (u₁, −u₂) + noise ε

    Each class is uniform in two quadrants; noise then moves some points into a neighbouring quadrant, without changing
    their labels. The arguments and the arrays are as in `moons`.

    References
    ----------
    Minsky, Papert (1969), Perceptrons: no single layer computes exclusive or. Rumelhart, Hinton, Williams (1986),
    Learning Internal Representations by Error Propagation: backpropagation through a hidden layer learns it.

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
    generator = randomness.generator(rng)
    X = 1 - generator.random((2 * samples, 2))  # u: never 0, which has no sign
    X *= generator.choice([-1.0, 1.0], (2 * samples, 1))  # s
    return _noisy([X[:samples], X[samples:] * [1, -1]], "noise", noise, generator)


def blobs(
    samples: int = 1000, classes: int = 3, *, features: int = 2, spread: float = 1.0, rng: RNG = None
) -> tuple[Array, Array]:
    """Draw normally distributed clouds around random centres.

    With u uniform in [0, 1) and ε standard normal in each of the d features, for class c::

        centre_c = 20 u_c − 10        x = centre_c + spread ε

    The arrays are as in `moons`, X of shape (samples * classes, features).

    Parameters
    ----------
    samples : int, optional
        The number of points of each class.
    classes : int, optional
        The number of clouds.
    features : int, optional
        The number of features, d.
    spread : float, optional
        The standard deviation of a cloud in each feature, at least 0.
    rng : int, Generator or None, optional
        Another seed gives other centres: to test on new points of the same clouds, draw more points and split them.

    Notes
    -----
    scikit-learn's ``make_blobs`` calls the spread ``cluster_std``, counts all classes together in ``n_samples``, and
    shuffles.

    Examples
    --------
    >>> X, y = blobs(2, classes=2, spread=0, rng=0)
    >>> X.round(3)
    array([[ 2.739, -4.604],
           [ 2.739, -4.604],
           [-9.181, -9.669],
           [-9.181, -9.669]])
    """
    samples = validation.integer("samples", samples)
    shape = validation.integer("classes", classes), validation.integer("features", features)
    generator = randomness.generator(rng)
    centres = 20 * generator.random(shape) - 10  # (k, d)
    return _noisy([np.tile(centre, (samples, 1)) for centre in centres], "spread", spread, generator)


def _noisy(points: Sequence[Array], name: str, noise: float, generator: np.random.Generator) -> tuple[Array, Array]:
    """Return the points of each class, with normal noise added, and their labels."""
    X = np.concatenate(points)
    y = np.repeat(np.arange(len(points), dtype=np.int64), len(points[0]))
    return X + validation.number(name, noise, minimum=0) * generator.standard_normal(X.shape), y
