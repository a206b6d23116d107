"""The spiral data set: classes that no straight line can separate."""

import numpy as np


def spiral(samples, classes, rng, noise=0.2):
    """Draw `samples` points per class. Return the points, shape (samples * classes, 2), and their labels.

    Each class is one arm of the spiral. Along an arm the radius r grows from 0 to 1 and the angle grows with
    it. Normal noise is added to the angle, so neighbouring arms overlap.
    """
    x = np.zeros((samples * classes, 2))
    y = np.zeros(samples * classes, dtype=int)
    for c in range(classes):
        rows = slice(samples * c, samples * (c + 1))
        r = np.linspace(0, 1, samples)
        t = np.linspace(4 * c, 4 * (c + 1), samples) + noise * rng.standard_normal(samples)
        x[rows] = np.column_stack([r * np.sin(2.5 * t), r * np.cos(2.5 * t)])
        y[rows] = c
    return x, y


def split(x, y, rng, validation=0.2):
    """Shuffle the samples and set a fraction aside for validation."""
    order = rng.permutation(len(x))
    cut = len(x) - round(validation * len(x))
    train, val = order[:cut], order[cut:]
    return x[train], y[train], x[val], y[val]
