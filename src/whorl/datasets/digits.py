"""Handwritten digits of 8×8 pixels: real data that comes with whorl."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from whorl._core.types import Array


def digits() -> tuple[Array, Array]:
    """Return the 1797 handwritten digits of 8×8 pixels that come with whorl.

    They are the test set of "Optical Recognition of Handwritten Digits", by 13 writers. Each value is the number of
    black pixels in a block of 4×4 pixels of the original 32×32.

    Returns
    -------
    X : ndarray of float64, shape (1797, 64)
        Whole numbers from 0 (paper) to 16 (ink), row by row from the top left. Train on ``X / 16``; an image is
        ``X[i].reshape(8, 8)``.
    y : ndarray of int64, shape (1797,)
        The digits 0 to 9, about 180 of each, in the order of publication, which is not sorted.

    Notes
    -----
    scikit-learn's ``load_digits`` gives the same numbers in the same order. The data does not say who wrote which digit,
    so after a random split each writer is on both sides: the accuracy is that for known writers.

    The data is licensed under CC BY 4.0; see ``digits.LICENSE.txt`` in the folder of this file.

    References
    ----------
    Alpaydin, Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
    https://doi.org/10.24432/C50P49.

    Examples
    --------
    >>> X, y = digits()
    >>> X[0].reshape(8, 8).astype(int)
    array([[ 0,  0,  5, 13,  9,  1,  0,  0],
           [ 0,  0, 13, 15, 10, 15,  5,  0],
           [ 0,  3, 15,  2,  0, 11,  8,  0],
           [ 0,  4, 12,  0,  0,  8,  8,  0],
           [ 0,  5,  8,  0,  0,  9,  8,  0],
           [ 0,  4, 11,  0,  1, 12,  7,  0],
           [ 0,  2, 14,  5, 10, 12,  0,  0],
           [ 0,  0,  6, 13, 10,  0,  0,  0]])
    >>> int(y[0])
    0
    """
    with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as archive:
        return archive["X"].astype(np.float64), archive["y"].astype(np.int64)
