"""Each compiled twin against its NumPy lines: the same bits, element by element."""

import importlib
import pkgutil
from types import FunctionType

import numpy as np
import pytest

import whorl
from whorl.fast import accelerated, compiling, kernels, updates


def marked():
    """All functions marked `accelerated`, by name."""
    code = accelerated(len).__code__
    for room in ("layers", "losses", "optimizers"):
        package = importlib.import_module(f"whorl.{room}")
        for found in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"whorl.{room}.{found.name}")
            for name, value in vars(module).items():
                if isinstance(value, FunctionType) and value.__code__ is code:
                    yield name, value


DOORS = dict(marked())
PLAIN = {name: door.__wrapped__ for name, door in DOORS.items()}


def vectors(count):
    """`count` vectors of n normal numbers, the last one positive, as sums of squares are."""

    def make(rng, n, dtype):
        *others, last = rng.normal(size=(count, n)).astype(dtype)
        return *others, last * last

    return make


def plane(rng, n, dtype):
    return (rng.normal(size=(n // 3, 3)).astype(dtype),)


def probabilities(rng, n, dtype):
    p = rng.random((max(n // 3, 1), 3)).astype(dtype)
    return p, np.arange(0, p.size, 3) + rng.integers(0, 3, len(p))


def raw(rng, n, dtype):
    return (rng.integers(0, 65536, (n // 3, 3)).astype(np.uint16),)


# The arrays that each takes, then the numbers, those of the float type as functions of it.
CASES = {
    "descend": [(vectors(2), 0.01)],
    "momentum": [(vectors(3), 0.9, 0.01)],
    "nesterov": [(vectors(3), 0.9, 0.01)],
    "adam": [(vectors(4), 0.9, 0.999, 0.01, 1e-8)],
    "nadam": [(vectors(4), 0.9, 0.999, 0.3, 1e-8, 0.01, 0.02)],
    "rmsprop": [(vectors(3), 0.99, 0.9, 1e-8, 0.01)],  # its velocity is added below
    "adagrad": [(vectors(3), 1e-10, 0.01)],
    "lion": [(vectors(3), 0.9, 0.99, 0.999, 1e-3)],
    "approach": [(vectors(2), 0.1)],
    "add_bias": [(lambda rng, n, dtype: (*plane(rng, n, dtype), *vectors(1)(rng, 3, dtype)),)],
    "relu": [(plane,)],
    "relu_back": [(lambda rng, n, dtype: (*plane(rng, n, dtype), *plane(rng, n, dtype)),)],
    "keep": [(raw, 6554, lambda dtype: dtype(65536 / 58982)), (raw, 0, lambda dtype: dtype(1))],
    "below_top": [(plane,)],
    "cross_entropy_back": [(probabilities, 0.01, 0.0), (probabilities, 0.009, 0.001)],
}


def arguments(name, case, n, dtype):
    make, *numbers = case
    arrays = make(np.random.default_rng(n), n, dtype)
    if name == "rmsprop":
        arrays = *arrays, np.zeros_like(arrays[0])
    return [*arrays, *(number(dtype) if callable(number) else number for number in numbers)]


def outcome(function, given):
    """What a function returns, and what it leaves in its arguments, after two calls."""
    given = [value.copy() if isinstance(value, np.ndarray) else value for value in given]
    function(*given)
    result = function(*given)
    return [value for value in (*given, result) if isinstance(value, np.ndarray)]


def check_same_bits(twin, plain, given):
    with np.errstate(all="ignore"):
        expected, got = outcome(plain, given), outcome(twin, given)
    assert len(expected) == len(got)
    for one, other in zip(expected, got, strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(np.signbit(one[~np.isnan(one)]), np.signbit(other[~np.isnan(other)]))


every_case = pytest.mark.parametrize(
    ("name", "case"),
    [pytest.param(name, case, id=f"{name}-{i}") for name, cases in CASES.items() for i, case in enumerate(cases)],
)
both_types = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def test_every_marked_function_has_a_twin_and_a_case():
    assert set(PLAIN) == set(CASES)
    assert all(callable(getattr(kernels, name)) for name in PLAIN)


@pytest.mark.parametrize("n", [3, 4, 33, 1001, 65536 + 7])
@both_types
@every_case
def test_a_twin_gives_the_same_bits(name, case, dtype, n):
    check_same_bits(getattr(kernels, name), PLAIN[name], arguments(name, case, n, dtype))


@both_types
@every_case
def test_what_is_not_finite_is_the_same_too(name, case, dtype):
    given = arguments(name, case, 600, dtype)
    strange = np.array([np.nan, np.inf, -np.inf, 0, -0.0, np.finfo(dtype).max, np.finfo(dtype).tiny / 8], dtype)
    for i, array in enumerate(given):
        if isinstance(array, np.ndarray) and array.dtype.kind == "f":
            flat = array.reshape(-1)
            flat[i :: 2 + i] = np.resize(strange, flat[i :: 2 + i].shape)
    check_same_bits(getattr(kernels, name), PLAIN[name], given)


@both_types
@every_case
def test_the_loops_as_python_runs_them(name, case, dtype, monkeypatch):
    # The same lines without Numba: what it compiles is what is written there.
    for module in (kernels, updates):
        for inner, value in list(vars(module).items()):
            if hasattr(value, "py_func"):
                monkeypatch.setattr(module, inner, value.py_func)
    check_same_bits(getattr(kernels, name), PLAIN[name], arguments(name, case, 33, dtype))


@pytest.mark.parametrize("shape", [(0, 3), (12,), (2, 3, 4), (1, 2, 3, 2)])
def test_layers_twins_take_any_number_of_dimensions(shape, rng):
    x, y = rng.normal(size=shape), rng.normal(size=shape)
    check_same_bits(kernels.relu, PLAIN["relu"], [x])
    check_same_bits(kernels.relu_back, PLAIN["relu_back"], [x, y])


def test_arrays_that_do_not_lie_in_one_row_are_taken_too(rng):
    x = rng.normal(size=(6, 8))
    y = rng.normal(size=(8, 12))[:, ::2].T
    np.testing.assert_array_equal(kernels.relu(y), np.maximum(y, 0))
    np.testing.assert_array_equal(kernels.relu_back(y.copy(order="F"), x), y * (x > 0))
    np.testing.assert_array_equal(kernels.below_top(y), y - y.max(axis=1, keepdims=True))
    z = y.copy(order="F")
    kernels.add_bias(z, x[0])
    np.testing.assert_array_equal(z, y + x[0])


@pytest.mark.parametrize("k", [1, 128, 129])
def test_scores_of_many_classes(k, rng):
    check_same_bits(kernels.below_top, PLAIN["below_top"], [rng.normal(size=(5, k))])


def test_masks_are_those_of_the_same_generator():
    from whorl.layers.dropout import dropout_mask

    masks = []
    for fast in (False, True):
        with whorl.fast.Switch(fast=fast):
            masks.append(dropout_mask((33, 7), 0.3, np.dtype(np.float32), np.random.default_rng(5)))
    assert masks[0].dtype == masks[1].dtype == np.float32
    np.testing.assert_array_equal(masks[0], masks[1])


def test_what_numba_has_no_code_for_goes_through_numpy(rng):
    x = rng.normal(size=(4, 3)).astype(np.longdouble)
    with pytest.raises(kernels.REFUSALS):
        kernels.relu(x)
    with whorl.fast.Switch(fast=True):
        y, backward = whorl.ReLU().forward(x, None)
        np.testing.assert_array_equal(backward(np.ones_like(x)), x > 0)
    np.testing.assert_array_equal(y, np.maximum(x, 0))


@pytest.mark.parametrize("bad", [(1, (5,)), (3, (7,)), (0, (1,)), (0, (3, 2))])
@pytest.mark.parametrize("name", [name for name in CASES if name in vars(updates)])
def test_updates_refuse_vectors_that_do_not_go_together(name, bad):
    given = arguments(name, CASES[name][0], 6, np.float64)
    place, shape = bad
    place = min(place, sum(isinstance(value, np.ndarray) for value in given) - 1)
    given[place] = np.ones(shape)
    before = [value.copy() if isinstance(value, np.ndarray) else value for value in given]
    with pytest.raises(kernels.REFUSALS):
        getattr(kernels, name)(*given)
    for one, other in zip(given, before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_updates_refuse_tables():
    tables = [np.ones((2, 3)) for _ in range(4)]
    with pytest.raises(compiling.MisfitError):
        kernels.adam(*tables, 0.9, 0.999, 0.1, 1e-8)
    with whorl.fast.Switch(fast=True):
        DOORS["adam"](*tables, 0.9, 0.999, 0.1, 1e-8)
    np.testing.assert_array_equal(tables[0], tables[0][0, 0])  # through NumPy, all elements alike
    assert tables[0][0, 0] < 1


def test_layers_twins_refuse_shapes_that_do_not_go_together():
    for name, given in [
        ("relu_back", (np.ones((2, 3)), np.ones((3, 2)))),
        ("add_bias", (np.ones((2, 3)), np.ones(1))),
        ("add_bias", (np.ones((2, 3)), np.ones((2, 3)))),
        ("cross_entropy_back", (np.ones((2, 3)), np.array([0]), 0.5, 0.0)),
    ]:
        with pytest.raises(kernels.REFUSALS):
            getattr(kernels, name)(*given)


def test_a_wrong_gradient_gets_numpys_error():
    with whorl.fast.Switch(fast=True):
        _, backward = whorl.ReLU().forward(np.ones((4, 3)), None)
        with pytest.raises(ValueError, match="could not be broadcast together"):
            backward(np.ones((4, 2)))


def double(x):
    for i in range(x.size):
        x[i] *= 2


def test_no_folder_to_keep_machine_code_in(monkeypatch):
    from numba.core.dispatcher import Dispatcher

    def nowhere(self):
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr(Dispatcher, "enable_caching", nowhere)
    x = np.array([1.0, 2.0])
    compiling.compiled(double)(x)
    assert x.tolist() == [2, 4]


def test_a_full_disk_costs_one_call(monkeypatch):
    kernel = compiling.compiled(double)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kernel._cache, "save_overload", full)
    monkeypatch.setattr(kernel._cache, "load_overload", lambda *_: None)
    monkeypatch.setattr(kernels, "double", kernel, raising=False)
    x = np.array([1.0, 2.0])
    with whorl.fast.Switch(fast=True):
        accelerated(double)(x)  # in NumPy's stead, Python
        assert x.tolist() == [2, 4]
        accelerated(double)(x)
    assert x.tolist() == [4, 8]
    assert len(kernel.signatures) == 1
