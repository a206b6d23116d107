"""The sines and cosines of the compiled kernels."""

import numba
import numpy as np
import pytest

from whorl.engine.compiling import FLAGS
from whorl.engine.numerics import cos, sin


@numba.njit(error_model="numpy", fastmath=FLAGS)
def waves(x, c, s):
    for e in range(x.size):
        c[e], s[e] = cos(x[e]), sin(x[e])


def computed(x):
    c, s = np.empty_like(x), np.empty_like(x)
    waves(x, c, s)
    return c, s


@pytest.mark.parametrize(("dtype", "exact", "most"), [(np.float32, np.float64, 1e4), (np.float64, np.longdouble, 1e6)])
def test_sines_and_cosines_are_accurate_to_one_eps(dtype, exact, most):
    rng = np.random.default_rng(0)
    near = np.arange(-2000, 2000) * (np.pi / 4)  # where a sine or a cosine is 0, or the quadrant changes
    parts = [rng.uniform(-size, size, 100_000) for size in (1e-3, 1.0, 10.0, 100.0, most)]
    x = np.concatenate([*parts, near, np.nextafter(near, 9e9), np.nextafter(near, -9e9), [0.0, most, -most]]).astype(
        dtype
    )
    c, s = computed(x)
    eps, exactly = np.finfo(dtype).eps, x.astype(exact)
    for values, truth in ((c, np.cos(exactly)), (s, np.sin(exactly))):
        error = np.abs(values - truth)
        assert error.max() < eps
        assert (error / np.maximum(np.abs(truth), 1e-3)).max() < 2 * eps


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_other_angle_gives_something_between_minus_1_and_1_or_nan(dtype):
    x = np.exp(np.linspace(0, np.log(np.finfo(dtype).max) * 0.999, 5000)).astype(dtype)
    for values in computed(np.concatenate([x, -x])):
        assert np.abs(values).max() <= 1
    for values in computed(np.array([np.inf, -np.inf, np.nan] * 8, dtype)):
        assert np.isnan(values).all()
    tiny = np.array([0, np.finfo(dtype).smallest_subnormal, np.finfo(dtype).tiny, 1e-10], dtype)
    np.testing.assert_array_equal(computed(tiny)[1], tiny)
