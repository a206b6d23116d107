"""What several tests share."""

import numpy as np


def slopes(function, array, h=1e-6):
    """Central differences of a scalar function, by each element of an array that it reads."""
    result = np.empty_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + h
        above = function()
        array[index] = kept - h
        below = function()
        array[index] = kept
        result[index] = (above - below) / (2 * h)
    return result


def error(analytic, numeric):
    """The largest deviation over the largest value, but for what rounding alone does to a difference."""
    deviation = max(np.abs(analytic - numeric).max() - 2e-9, 0)
    return deviation / max(np.abs(analytic).max(), np.abs(numeric).max()) if deviation else 0.0
