"""Activation functions and their derivatives against 420 digits, over the whole range of both float types.

The bounds are those of the docstrings, in units of eps. Each adds up half an eps for every rounding, and one to two for an
exponential or logarithm, as NumPy's may be off by.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import numpy as np
import pytest
from mpmath import mp, mpf

from whorl import ELU, GELU, SELU, Adam, Dense, Mish, Model, Poisson, Sigmoid, SiLU, Softplus, Tanh
from whorl.functions import elu, gelu, mish, sigmoid, sigmoid_slope, silu, softplus, tanh_slope
from whorl.parameters import Views

CONSTANTS = {"alpha": SELU.ALPHA, "scale": SELU.SCALE}
FLOATS = (np.float32, np.float64)


class Curve(NamedTuple):
    function: Callable
    exact: Callable
    derivative: bool = False
    bound: float = 4.0
    zero: float | None = None  # of the derivative: the error there is relative to 1
    exponent: Callable = lambda x: 0  # what the exponential is taken of, where it is rounded itself


def exact_sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def exact_softplus(x):
    return mp.log(1 + mp.exp(x)) if x < 0 else x + mp.log(1 + mp.exp(-x))


def exact_mish(x):
    return x * mp.tanh(exact_softplus(x))


def gelu_argument(x):
    return mp.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3)


def exact_gelu(x):
    return x * (1 + mp.tanh(gelu_argument(x))) / 2


def exact_elu(x, alpha=1.0, scale=1.0):
    return scale * x if x > 0 else mpf(scale) * alpha * mp.expm1(x)


def value(pair):
    return lambda x: pair(x)[0]


def slope(pair):
    return lambda x: pair(x)[1]()


def gelu_exponent(x):
    return float(abs(2 * gelu_argument(x))) if -22 < x < 10 else 0.0


CURVES = {
    "sigmoid": Curve(sigmoid, exact_sigmoid),
    "softplus": Curve(softplus, exact_softplus),
    "tanh": Curve(np.tanh, mp.tanh),
    "gelu": Curve(value(gelu), exact_gelu, bound=5, exponent=gelu_exponent),
    "silu": Curve(value(silu), lambda x: x * exact_sigmoid(x), bound=5),
    "mish": Curve(value(mish), exact_mish, bound=10),
    "elu": Curve(value(elu), exact_elu),
    "selu": Curve(value(partial(elu, **CONSTANTS)), partial(exact_elu, **CONSTANTS)),
    "sigmoid'": Curve(sigmoid_slope, exact_sigmoid, derivative=True, bound=6),
    "softplus'": Curve(sigmoid, exact_softplus, derivative=True),
    "tanh'": Curve(tanh_slope, mp.tanh, derivative=True, bound=8),
    "gelu'": Curve(slope(gelu), exact_gelu, derivative=True, bound=10, zero=-0.7525, exponent=gelu_exponent),
    "silu'": Curve(slope(silu), lambda x: x * exact_sigmoid(x), derivative=True, bound=10, zero=-1.2785),
    "mish'": Curve(slope(mish), exact_mish, derivative=True, bound=20, zero=-1.1924),
    "elu'": Curve(slope(elu), exact_elu, derivative=True),
    "selu'": Curve(slope(partial(elu, **CONSTANTS)), partial(exact_elu, **CONSTANTS), derivative=True),
}


@cache
def arguments(dtype):
    """Return numbers over the whole range: from the smallest to the largest of each sign, and closer where curves bend."""
    limits = np.finfo(dtype)
    end = 110 if dtype is np.float32 else 760  # beyond, e^−x is 0
    powers = np.logspace(np.log10(float(limits.smallest_subnormal)), np.log10(float(limits.max)) - 1e-3, 40)
    sizes = np.concatenate([powers, np.linspace(0.05, 8, 50), np.linspace(8.1, end, 30), [0, limits.tiny, limits.max]])
    return np.unique(np.concatenate([-sizes, sizes]).astype(dtype))


def exact_value(curve, x):
    if not curve.derivative:
        return curve.exact(x)
    h = max(abs(x), mpf(1)) * mpf(10) ** -40  # on the side away from 0, where ELU has a corner
    low, high = (x, x + h) if x > 0 else (x - h, x)
    return (curve.exact(high) - curve.exact(low)) / (high - low)


def errors(curve, x, values):
    """Return by how many times its bound each value is wrong."""
    eps, spacing = float(np.finfo(x.dtype).eps), float(np.finfo(x.dtype).smallest_subnormal)
    with mp.workdps(420):
        for at, value in zip(map(float, x), map(float, values), strict=True):
            exact = exact_value(curve, mpf(at))
            size = max(abs(exact), mpf(curve.zero is not None and abs(at - curve.zero) < 1))
            bound = (curve.bound + 3 * curve.exponent(mpf(at))) * eps
            factor = 4 + min(8 * abs(at), 8000)  # x times an exponential below the smallest normal number
            yield float(abs(mpf(value) - exact) / (bound * size + factor * spacing))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", CURVES)
def test_a_function_is_accurate_over_the_whole_range(name, dtype):
    curve = CURVES[name]
    x = arguments(dtype)
    x = x[np.abs(x) <= np.finfo(dtype).max / (1.06 if "selu" in name else 1)]  # 1.05 x would overflow
    values = curve.function(x)
    assert values.dtype == dtype
    assert np.isfinite(values).all()
    wrong = max(zip(errors(curve, x, values), x, values, strict=True))
    assert wrong[0] <= 1, f"{name} of {wrong[1]!r} is {wrong[2]!r}: {wrong[0]:.3g} times the bound"


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("layer", [ELU(), GELU(), SELU(), Mish(), Sigmoid(), SiLU(), Softplus(), Tanh()], ids=str)
def test_a_layer_and_its_gradient_are_these_functions(layer, dtype):
    name = type(layer).__name__.lower()
    x = arguments(dtype)
    x = x[np.abs(x) < np.finfo(dtype).max / 1.06]  # 1.05 x would overflow
    y, backward = layer.forward(x, Views())
    np.testing.assert_array_equal(y, CURVES[name].function(x))
    np.testing.assert_array_equal(backward(np.ones_like(x), Views()), CURVES[f"{name}'"].function(x))


def test_poisson_after_softplus_learns_from_a_rate_of_nearly_zero():
    model = Model([Dense(1), Softplus()], inputs=1, rng=0)
    model.named_parameters()["b1"][:] = -25  # where a sigmoid of (1 + tanh(x/2))/2 is 0 in float32
    counts = np.random.default_rng(0).poisson(2.0, size=(200, 1)).astype(float)
    history = model.fit(np.zeros((200, 1)), counts, loss=Poisson(), optimizer=Adam(0.1), epochs=60, rng=0)
    mean = counts.mean()
    assert history["loss"][0] > 20
    assert history["loss"][-1] == pytest.approx(mean - mean * np.log(mean), abs=0.01)  # that of the best constant rate


@pytest.mark.parametrize("name", CURVES)
def test_a_function_keeps_its_argument_and_its_shape(name):
    x = np.linspace(-3, 3, 12).reshape(3, 2, 2)
    before = x.copy()
    values = CURVES[name].function(x)
    np.testing.assert_array_equal(x, before)
    assert values.shape == x.shape
    assert not np.shares_memory(values, x)


@pytest.mark.parametrize("name", CURVES)
def test_a_function_of_nan_is_nan(name):
    assert np.isnan(CURVES[name].function(np.array([np.nan]))).all()


@pytest.mark.parametrize("pair", [elu, gelu, mish, silu])
def test_a_slope_is_the_same_each_time_and_unaffected_by_other_calls(pair):
    y, slope = pair(np.random.default_rng(0).standard_normal(50))
    first, kept = slope(), y.copy()
    pair(np.full(50, 2.0))[1]()
    np.testing.assert_array_equal(slope(), first)
    np.testing.assert_array_equal(y, kept)
