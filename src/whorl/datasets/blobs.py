"""Blobs: round clouds of points, one for each class; the easiest data set, and one of any number of features.

Letters: n samples of each class, k classes, d features.
"""

from __future__ import annotations

import numpy as np

from whorl._core import randomness, validation
from whorl._core.randomness import RNG
from whorl._core.types import Array


def blobs(
    samples: int = 1000, classes: int = 3, *, features: int = 2, spread: float = 1.0, rng: RNG = None
) -> tuple[Array, Array]:
    """Draw round normal clouds about centres that are themselves drawn.

    With u uniform in [0, 1) and ε normal, in each of the d features, for class c::

        centre_c = 20 u_c − 10        x = centre_c + spread ε

    Parameters
    ----------
    samples : int, optional
        Points of each class.
    classes : int, optional
        Clouds.
    features : int, optional
        Features of a point, d.
    spread : float, optional
        Standard deviation of a cloud in each feature, at least 0.
    rng : int, Generator or None, optional
        Another seed gives other centres too: to test on fresh points of the same clouds, draw more and keep some back.

    Returns
    -------
    X : ndarray of float64, shape (samples * classes, features)
        Class by class.
    y : ndarray of int64, shape (samples * classes,)
        Labels from 0.

    Notes
    -----
    scikit-learn's ``make_blobs`` draws the same distribution, and calls the spread ``cluster_std``. Its ``n_samples``
    counts all the classes together, and it shuffles the points; here they come class by class, as in `spiral`.

    Examples
    --------
    >>> X, y = blobs(2, classes=3, spread=0, rng=0)
    >>> X.round(3)
    array([[ 2.739, -4.604],
           [ 2.739, -4.604],
           [-9.181, -9.669],
           [-9.181, -9.669],
           [ 6.265,  8.255],
           [ 6.265,  8.255]])
    >>> y
    array([0, 0, 1, 1, 2, 2])
    """
    samples = validation.integer("samples", samples)
    classes = validation.integer("classes", classes)
    features = validation.integer("features", features)
    spread = validation.number("spread", spread, minimum=0)
    generator = randomness.generator(rng)
    y = np.repeat(np.arange(classes, dtype=np.int64), samples)  # (n k,)
    centres = 20 * generator.random((classes, features)) - 10  # (k, d)
    return centres[y] + spread * generator.standard_normal((len(y), features)), y
