"""The spiral: interleaving arms of points, which no straight line can separate.

Letters: n samples of each class, k classes, r radius, t the angle over 2.5.
"""

from __future__ import annotations

import numpy as np

from whorl._core import randomness, validation
from whorl._core.randomness import RNG
from whorl._core.types import Array


def spiral(samples: int = 1000, classes: int = 3, *, noise: float = 0.2, rng: RNG = None) -> tuple[Array, Array]:
    """Draw the spiral data set of the book Neural Networks from Scratch in Python (NNFS).

    Along the arm of class c, r is evenly spaced from 0 to 1, and t from 4c to 4(c + 1) with normal noise added; a point
    is ``(r sin 2.5t, r cos 2.5t)``.

    Parameters
    ----------
    samples : int, optional
        The number of points of each class.
    classes : int, optional
        The number of arms.
    noise : float, optional
        The standard deviation of the noise in t, at least 0.
    rng : int, Generator, RandomState or None, optional
        A legacy ``numpy.random.RandomState(0)`` gives the same numbers as the package nnfs after seed 0.

    Returns
    -------
    X : ndarray of float64, shape (samples * classes, 2)
        In the order of the classes, in the disc of radius 1.
    y : ndarray of int64, shape (samples * classes,)
        The labels, from 0.

    References
    ----------
    Kinsley, Kukieła (2020), Neural Networks from Scratch in Python; the data set is from Stanford's course CS231n.

    Examples
    --------
    >>> X, y = spiral(3, classes=2, noise=0, rng=0)
    >>> X.round(3) + 0.0
    array([[ 0.   ,  0.   ],
           [-0.479,  0.142],
           [-0.544, -0.839],
           [ 0.   ,  0.   ],
           [ 0.325, -0.38 ],
           [ 0.913,  0.408]])
    >>> y
    array([0, 0, 0, 1, 1, 1])
    """
    samples = validation.integer("samples", samples)
    classes = validation.integer("classes", classes)
    noise = validation.number("noise", noise, minimum=0)
    generator = rng if isinstance(rng, np.random.RandomState) else randomness.generator(rng)
    r = np.linspace(0, 1, samples)  # (n,)
    arms = []
    for c in range(classes):
        t = np.linspace(4 * c, 4 * (c + 1), samples) + noise * generator.standard_normal(samples)
        arms.append(np.column_stack([r * np.sin(2.5 * t), r * np.cos(2.5 * t)]))  # (n, 2)
    return np.concatenate(arms), np.repeat(np.arange(classes, dtype=np.int64), samples)


def spiral_limit(classes: int = 3, *, noise: float = 0.2) -> tuple[float, float]:
    """Return the best possible accuracy and cross-entropy of a classifier on new data.

    At radius r, the angle of class c is ``2.5t = 10c + 10r + 2.5 noise ε``. Rotate each point back by 10r: at every radius,
    the rotated angle φ of class c then has the same normal distribution wrapped around the circle, of mean 10c and standard
    deviation s = 2.5 noise. With its density f_c, and p_c = f_c / Σ_j f_j::

        accuracy = 1/k ∫ max_c f_c(φ) dφ = 1/k Σ_c ∫ f_c(φ) max_j p_j(φ) dφ
        cross-entropy = −1/k Σ_c ∫ f_c(φ) log p_c(φ) dφ

    The integrals are computed over ``φ = 10c + s u``, u from −9 to 9, where f_c is the normal density of u.

    Parameters
    ----------
    classes, noise
        As in `spiral`; the noise must be above 0.

    Examples
    --------
    >>> [round(value, 4) for value in spiral_limit(3)]
    [0.9098, 0.2132]
    """
    classes = validation.integer("classes", classes)
    deviation = 2.5 * validation.number("noise", noise, above=0)
    if deviation > 8:  # the distribution on the circle is uniform to machine precision
        return 1 / classes, float(np.log(classes))
    u, width = np.linspace(-9, 9, 10_001, retstep=True)
    density = np.exp(-0.5 * u**2) / np.sqrt(2 * np.pi) * width
    means = 10.0 * np.arange(classes)
    accuracy = loss = 0.0
    for c in range(classes):
        logs = spiral_log_densities((means[c] - means)[:, None] + deviation * u, deviation)  # (k, u)
        logs -= np.logaddexp.reduce(logs, axis=0)  # log p
        accuracy += float(density @ np.exp(logs.max(axis=0))) / classes
        loss -= float(density @ logs[c]) / classes
    return accuracy, loss


def spiral_log_densities(distance: Array, deviation: float) -> Array:
    """Return log f, up to a constant, at these distances from the mean, for the normal distribution wrapped around the circle."""
    reach = 2 + int(9 * deviation / np.pi)  # turns of the circle that contribute
    turns = 2 * np.pi * np.arange(-reach, reach + 1)
    turns = turns.reshape(-1, *[1] * distance.ndim)
    distance = (distance + np.pi) % (2 * np.pi) - np.pi
    logs: Array = np.logaddexp.reduce(-0.5 * ((distance + turns) / deviation) ** 2, axis=0)
    return logs
