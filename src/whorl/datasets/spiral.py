"""The spiral: arms of points wound into one another, which no straight line can tell apart.

Letters: n samples of each class, k classes, r radius, t the angle over 2.5.
"""

from __future__ import annotations

import numpy as np

from whorl import checks, randomness
from whorl.randomness import RNG
from whorl.types import Array


def spiral(samples: int = 1000, classes: int = 3, *, noise: float = 0.2, rng: RNG = None) -> tuple[Array, Array]:
    """Draw the spiral data set, as in the book Neural Networks from Scratch in Python (NNFS).

    Along the arm of class c the radius r grows evenly from 0 to 1 while t goes from 4c to 4(c + 1), plus normal noise; a
    point is ``(r sin 2.5t, r cos 2.5t)``.

    Parameters
    ----------
    samples : int, optional
        Points of each class.
    classes : int, optional
        Arms.
    noise : float, optional
        Standard deviation of the noise in t, at least 0.
    rng : int, Generator, RandomState or None, optional
        A legacy ``numpy.random.RandomState(0)`` gives the very numbers of the package nnfs after seed 0.

    Returns
    -------
    X : ndarray of float64, shape (samples * classes, 2)
        Class by class, in the disc of radius 1.
    y : ndarray of int64, shape (samples * classes,)
        Labels from 0.

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
    samples = checks.integer("samples", samples)
    classes = checks.integer("classes", classes)
    noise = checks.number("noise", noise, minimum=0)
    generator = rng if isinstance(rng, np.random.RandomState) else randomness.generator(rng)
    r = np.linspace(0, 1, samples)  # (n,)
    arms = []
    for c in range(classes):
        t = np.linspace(4 * c, 4 * (c + 1), samples) + noise * generator.standard_normal(samples)
        arms.append(np.column_stack([r * np.sin(2.5 * t), r * np.cos(2.5 * t)]))  # (n, 2)
    return np.concatenate(arms), np.repeat(np.arange(classes, dtype=np.int64), samples)


def spiral_limit(classes: int = 3, *, noise: float = 0.2) -> tuple[float, float]:
    """Return the best accuracy and the least cross-entropy that any classifier can have on fresh points.

    At radius r, class c has the angle ``2.5t = 10c + 10r + 2.5 noise ε``. Turn each point back by 10r: at every radius the
    classes are then the same normal distributions on the circle, of means 10c and standard deviation 2.5 noise, and nothing
    but the turned angle φ tells them apart. With their densities f_c::

        accuracy = 1/k ∫ max_c f_c(φ) dφ        cross-entropy = −1/k Σ_c ∫ f_c(φ) log (f_c(φ) / Σ_j f_j(φ)) dφ

    Parameters
    ----------
    classes, noise
        As in `spiral`; the noise above 0.

    Examples
    --------
    >>> [round(value, 4) for value in spiral_limit(3)]
    [0.9098, 0.2132]
    """
    classes = checks.integer("classes", classes)
    deviation = 2.5 * checks.number("noise", noise, above=0)
    phi = np.linspace(0, 2 * np.pi, 4096, endpoint=False)
    reach = 1 + int(deviation)  # whole turns of the circle that matter: 6 standard deviations and more
    turns = 2 * np.pi * np.arange(-reach - 1, reach + 2)
    means = 10 * np.arange(classes) % (2 * np.pi)
    distance = phi[:, None, None] - means[:, None] - turns  # (φ, k, turns)
    f = np.exp(-0.5 * (distance / deviation) ** 2).sum(axis=2) / (deviation * np.sqrt(2 * np.pi))  # (φ, k)
    width = 2 * np.pi / len(phi)
    share = f / f.sum(axis=1, keepdims=True)
    surprise = -np.log(np.maximum(share, np.finfo(float).tiny))
    return float(f.max(axis=1).sum() * width / classes), float((f * surprise).sum() * width / classes)
