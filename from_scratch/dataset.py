"""The spiral data set: arms of points that no straight line can tell apart."""

import numpy as np


def spiral(samples, classes, rng, noise=0.2):
    """Draw `samples` points for each class: x of shape (samples * classes, 2), and the labels y.

    One arm per class. Along an arm the radius r grows from 0 to 1 while the angle t turns; the noise
    in the angle blurs the arms into one another.
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
    """Shuffle, then set a fraction aside: what the network never trains on tells what it learned."""
    order = rng.permutation(len(x))
    cut = len(x) - round(validation * len(x))
    train, val = order[:cut], order[cut:]
    return x[train], y[train], x[val], y[val]
