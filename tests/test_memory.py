"""Memory that a step frees is kept for the next one; long-lived vectors are aligned."""

import pickle
import platform
import tracemalloc

import numpy as np
import pytest

from whorl import SGD, Adagrad, Adam, Dense, Lion, Model, NAdam, RMSprop
from whorl._core import memory
from whorl._core.memory import MemoryPool, aligned_zeros, keep_freed_memory
from whorl._core.validation import SMALL, all_finite, numeric


def faults_of_a_step():
    """Return the page faults of allocating the arrays of a step for the second time."""
    import resource  # which Windows lacks

    def step():
        arrays = [np.ones((128, 512), np.float32) for _ in range(8)]  # 256 KiB each
        del arrays

    step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        step()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 10


@pytest.mark.posix
def test_a_step_reuses_freed_memory():
    keep_freed_memory()
    assert faults_of_a_step() < 64 or platform.libc_ver()[0] != "glibc"  # of 512 pages


def test_aligned_zeros_are_writable_zeros():
    vector = aligned_zeros(5, np.float64, 2)
    assert vector.dtype == np.float64
    assert vector.tolist() == [0.0] * 5
    vector += 1
    assert vector.tolist() == [1.0] * 5
    assert aligned_zeros(0, np.float32, 0).shape == (0,)


@pytest.mark.parametrize("rows", [0, 3, 2**17, 2**17 + 1])  # 4 MiB and more are on large pages, where there are any
def test_memory_of_a_pool_is_used_again(rows):
    pool = MemoryPool()
    first, second = pool.empty((rows, 8), np.float32), pool.empty((rows, 8), np.float32)
    first[...], second[...] = 1, 2
    assert (first.shape, first.dtype) == ((rows, 8), np.float32)
    assert first.sum() == 8 * rows
    places, view = {first.ctypes.data, second.ctypes.data}, second[:1]
    del first, second
    assert len(pool.unused) == 1  # the view is in use
    del view
    again = [pool.empty((rows, 8), np.float32) for _ in range(3)]
    assert places < {each.ctypes.data for each in again}
    assert len({each.ctypes.data for each in again}) == 3


def test_memory_of_a_pool_that_is_too_small_is_replaced():
    pool = MemoryPool()
    pool.empty((10,), np.uint8)
    larger = pool.empty((5000,), np.float64)
    larger[...] = 1
    assert pool.unused == []
    del larger
    assert pool.empty((10,), np.uint8).tolist() == [*np.ones(2).tobytes()[:10]]
    assert pickle.loads(pickle.dumps(pool)).unused == []


def test_a_pool_keeps_little(monkeypatch):
    monkeypatch.setattr(memory, "KEPT", 20_000)
    pool = MemoryPool()
    arrays = [pool.empty((size,), np.uint8) for size in (30_000, 9_000, 9_000, 9_000)]
    arrays.clear()
    assert [len(each) for each in pool.unused] == [9_000] * 2


@pytest.mark.parametrize(
    "optimizer", [SGD(momentum=0.9), Adam(), NAdam(), RMSprop(), Adagrad(), Lion()], ids=lambda one: type(one).__name__
)
def test_the_vectors_of_a_step_start_at_cache_lines_at_different_places_of_their_pages(optimizer):
    models = [Model([Dense(100)], inputs=400) for _ in range(4)]  # all created before any is trained
    for model in models:
        state = optimizer.start(model.parameters)
        optimizer.step(model.parameters, model.gradients, state, 0.1)
        remembered = [
            vector
            for value in vars(state).values()
            for vector in (value if isinstance(value, tuple) else [value])
            if isinstance(vector, np.ndarray)
        ]
        places = [vector.ctypes.data % 4096 for vector in (model.parameters, model.gradients, *remembered)]
        assert len(remembered) >= 1
        assert all(place % 64 == 0 for place in places)
        assert len(set(places)) == len(places)


def test_a_conversion_allocates_only_its_result():
    columns = np.asfortranarray(np.ones((2000, 200)))  # the layout of data frames
    numeric("X", columns[:1])  # imports what it needs
    tracemalloc.start()
    converted = numeric("X", columns, np.dtype(np.float32))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert converted.flags.c_contiguous
    assert most < 1.1 * converted.nbytes


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 5, SMALL, SMALL + 1, 3 * SMALL])
def test_one_number_that_is_not_finite_is_found_wherever_it_is(size, dtype):
    values = np.full(size, np.finfo(dtype).max / 2, dtype)  # whose sum is infinite
    assert all_finite(values)
    for wrong in (np.nan, np.inf, -np.inf):
        for place in (0, size // 2, size - 1):
            spoilt = values.copy()
            spoilt[place] = wrong
            assert not all_finite(spoilt)
    values[0], values[-1] = -np.inf, np.inf
    assert not all_finite(values)
