"""Sums, maxima and log-sum-exp of rows."""

import numpy as np
import pytest
from mpmath import mp, mpf

from whorl.rows import log_sum_exp, row_max, subtract_row_max

FLOATS = (np.float32, np.float64)


def exact(row):
    """Return log-sum-exp and softmax of a row, with 420 digits."""
    exponentials = [mp.exp(mpf(float(score))) for score in row]
    total = sum(exponentials)
    return mp.log(total), [e / total for e in exponentials]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("size", [1e-30, 1e-3, 1.0, 30.0, 300.0, 1e4, 1e37])
@pytest.mark.parametrize("classes", [1, 2, 7, 40])
def test_log_sum_exp_and_its_gradient_are_accurate_for_scores_of_any_size(classes, size, dtype):
    scores = (size * np.random.default_rng(0).standard_normal((5, classes))).astype(dtype)
    below = subtract_row_max(scores)
    log_sum, p = log_sum_exp(below)
    assert log_sum.dtype == p.dtype == dtype
    eps, spacing = float(np.finfo(dtype).eps), float(np.finfo(dtype).smallest_subnormal)
    with mp.workdps(420):
        for row, value, gradient in zip(below, log_sum, p, strict=True):  # the differences are given: they are exact
            exact_value, exact_gradient = exact(row)
            assert abs(mpf(float(value)) - exact_value) <= (classes / 2 + 4) * eps
            for got, wanted in zip(gradient, exact_gradient, strict=True):
                assert abs(mpf(float(got)) - wanted) <= (classes / 2 + 4) * eps * wanted + spacing


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (20, 3), (20, 31), (20, 32), (9, 100)])
def test_the_row_maximum_is_subtracted_from_each_row(shape):
    z = np.random.default_rng(0).standard_normal(shape)
    largest = z.max(axis=1, keepdims=True)
    np.testing.assert_array_equal(row_max(z), largest)
    np.testing.assert_array_equal(subtract_row_max(z), z - largest)


def test_log_sum_exp_leaves_its_scores_unchanged():
    z = subtract_row_max(np.array([[1.0, 2.0, 3.0]]))
    before = z.copy()
    log_sum_exp(z)
    np.testing.assert_array_equal(z, before)
