"""The matrix product: all shapes and ways to share it, against NumPy."""

import ctypes
import os
import subprocess
import sys

import numpy as np
import pytest

from whorl.engine.compiling import ROWS, RUN, WORKER, WORKERS
from whorl.engine.kernels.products import BY_COLUMNS, BY_DEPTH, BY_ROWS, product
from whorl.engine.native import HEIGHT, REGISTER, VECTORS

MARGIN = 40


def distances(shape, *, transposed):
    """The distances between two elements in a column and in a row, of a matrix of this shape that lies in memory like its transpose."""
    return (1, shape[0]) if transposed else (shape[1], 1)


def multiply(a, b, split, workers, *, transposed=(False, False, False), batch=None):
    """Return A B as the kernel computes it; `batch` is the size (0, 1, 2 for m, n, k) that is given as that of the batch."""
    dtype, (m, k), n = a.dtype, a.shape, b.shape[1]
    address = product.address(dtype)
    run = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)(address)
    parts = workers if split == BY_DEPTH else 1
    whole = np.full(parts * m * n + 2 * MARGIN, 77, dtype)
    c = whole[MARGIN:-MARGIN]
    a, b = (np.ascontiguousarray(x.T if flip else x) for x, flip in zip((a, b), transposed, strict=False))
    columns = VECTORS * REGISTER // dtype.itemsize
    size = (k + HEIGHT) * columns
    panels = np.full(workers * size + MARGIN, np.nan, dtype)  # what is left there from another product must not matter
    p = np.array([each.ctypes.data for each in (a, b, c, panels)])
    sizes = [0 if batch == number else size for number, size in enumerate((m, n, k))]
    shapes = zip(((m, k), (k, n), (m, n)), transposed, strict=True)
    flat = [number for shape, flip in shapes for number in distances(shape, transposed=flip)]
    s = np.array([*sizes, *flat, split, size])
    for worker in range(workers):
        r = np.zeros(RUN, np.int64)
        r[ROWS], r[WORKER], r[WORKERS] = (m, n, k, 0)[3 if batch is None else batch], worker, workers
        run(p.ctypes.data, s.ctypes.data, 0, r.ctypes.data)
    assert (whole[:MARGIN] == 77).all()
    assert (whole[-MARGIN:] == 77).all()
    assert np.isnan(panels[-MARGIN:]).all()
    result = c.reshape(parts, n, m).transpose(0, 2, 1) if transposed[2] else c.reshape(parts, m, n)
    return result.sum(axis=0)


def close(found, a, b):
    """Whether the product is that of A and B but for rounding: k sums of products, each rounded once."""
    bound = (a.shape[1] + 1) * np.finfo(a.dtype).eps * (np.abs(a).astype(float) @ np.abs(b).astype(float))
    return bool((np.abs(found - a.astype(float) @ b.astype(float)) <= bound + 1e-30).all())


def matrices(m, n, k, dtype):
    rng = np.random.default_rng([m, n, k])
    return rng.standard_normal((m, k)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)


SIZES = [1, 2, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 65]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("split", [BY_ROWS, BY_COLUMNS, BY_DEPTH])
@pytest.mark.parametrize("transposed", [(False, False, False), (False, True, True), (True, False, False)])
def test_products_of_all_shapes(dtype, split, transposed):
    rng = np.random.default_rng(0)
    for m in SIZES:
        for n in SIZES:
            k = int(rng.choice([0, *SIZES, 300]))
            a, b = matrices(m, n, k, dtype)
            for workers in 1, 3:
                found = multiply(a, b, split, workers, transposed=transposed)
                assert close(found, a, b), (m, n, k, workers)


@pytest.mark.parametrize("batch", [0, 1, 2])
@pytest.mark.parametrize("split", [BY_ROWS, BY_COLUMNS, BY_DEPTH])
def test_a_size_of_0_stands_for_the_batch(batch, split):
    a, b = matrices(19, 37, 11, np.float32)
    assert close(multiply(a, b, split, 2, batch=batch), a, b)


def test_numbers_that_are_not_finite_stay_in_their_rows_and_columns():
    a, b = matrices(20, 45, 33, np.float32)
    a[3, 5], b[7, 40] = np.nan, np.inf
    found, expected = multiply(a, b, BY_ROWS, 1), a @ b
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_array_equal(np.isinf(found), np.isinf(expected))


def test_the_block_for_processors_without_wide_registers(tmp_path):
    script = "import test_products as t; t.test_products_of_all_shapes(t.np.float32, 1, (False, True, True)); print(t.REGISTER, t.HEIGHT)"
    environment = {**os.environ, "NUMBA_CPU_NAME": "generic", "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        cwd=os.path.dirname(__file__),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["16", "6"]
