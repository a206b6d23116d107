"""Matrix products, the work of `Dense` layers, at nearly the peak speed of the processor.

A product C = A B is computed block by block, a few rows times a few vectors wide. The sums of a block stay in the processor's
registers while it runs along a row of A and down a column of B, so each number that is read serves many multiplications
(Goto and van de Geijn 2008, Anatomy of High-Performance Matrix Multiplication; without the blocks for each cache, which
matrices of this size do not need). Before, the columns of B that belong to a block are copied to a panel, where they lie one after
the other. A can have any distance between its rows and columns, so it can be a transposed matrix too.

Letters: n samples, i inputs, j outputs. w is (i, j), by rows, like all arrays here.
"""

from __future__ import annotations

from whorl.engine.compiling import ROWS, WORKER, Integers, Numbers, Pointers, Run, inlined, kernel, share
from whorl.engine.native import HEIGHT, columns, copy_columns, multiply_block, shift

STRIP = 16
"""Numbers that are copied from a row at once when a matrix is transposed: those of a cache line."""

BY_ROWS, BY_COLUMNS, BY_DEPTH = range(3)
"""How the threads share a product."""


@inlined
def multiply(
    m: int,
    n: int,
    k: int,
    a: Pointers,
    a_down: int,
    a_along: int,
    b: Pointers,
    b_down: int,
    b_along: int,
    c: Pointers,
    c_down: int,
    c_along: int,
    panel: Pointers,
) -> None:
    """C (m, n) = A (m, k) B (k, n). Of each matrix, the distances between two elements in a column, and in a row."""
    wide = columns(c)
    block = shift(panel, k * wide)
    for j in range(0, n, wide):
        width = min(wide, n - j)
        fill(panel, shift(b, j * b_along), b_down, b_along, k, width)
        for start in range(0, m, HEIGHT):
            i = min(start, m - HEIGHT)  # the last block overlaps the one before
            if i < 0:  # there are not enough rows for a block: all of its rows are one and the same
                for i in range(m):
                    multiply_block(k, shift(a, i * a_down), 0, a_along, panel, block, wide)
                    spread(block, shift(c, i * c_down + j * c_along), c_down, c_along, 1, width)
                continue
            row, to = shift(a, i * a_down), shift(c, i * c_down + j * c_along)
            if width == wide and c_along == 1:
                multiply_block(k, row, a_down, a_along, panel, to, c_down)
            else:
                multiply_block(k, row, a_down, a_along, panel, block, wide)
                spread(block, to, c_down, c_along, HEIGHT, width)


@inlined
def fill(panel: Pointers, b: Pointers, down: int, along: int, k: int, width: int) -> None:
    """Copy `width` columns of B to the panel, by rows."""
    wide = columns(panel)
    if along == 1 and width == wide:
        for p in range(k):
            copy_columns(shift(panel, p * wide), shift(b, p * down))
    else:
        for start in range(0, k, STRIP):
            for e in range(width):
                for p in range(start, min(start + STRIP, k)):
                    panel[p * wide + e] = b[p * down + e * along]


@inlined
def spread(block: Pointers, c: Pointers, down: int, along: int, height: int, width: int) -> None:
    """Copy a part of a block to C."""
    wide = columns(block)
    for e in range(width):
        for i in range(height):
            c[i * down + e * along] = block[i * wide + e]


@kernel
def product(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """C (m, n) = A (m, k) B (k, n): this thread's rows or columns of C, or its part of the sum, in memory of its own.

    One of m, n and k is 0, and stands for the samples of the batch.
    """
    a, b, to, panel, split = p[0], p[1], p[2], shift(p[3], r[WORKER] * s[10]), s[9]
    m, n, k = batch(s[0], r), batch(s[1], r), batch(s[2], r)
    first, last = share(r, m if split == BY_ROWS else n if split == BY_COLUMNS else k)
    if split == BY_ROWS:
        m, a, to = last - first, shift(a, first * s[3]), shift(to, first * s[7])
    elif split == BY_COLUMNS:
        n, b, to = last - first, shift(b, first * s[6]), shift(to, first * s[8])
    else:
        k, a, b, to = last - first, shift(a, first * s[4]), shift(b, first * s[5]), shift(to, r[WORKER] * m * n)
    multiply(m, n, k, a, s[3], s[4], b, s[5], s[6], to, s[7], s[8], panel)


@inlined
def batch(count: int, r: Run) -> int:
    """Return a size, or that of the batch for 0."""
    return count if count > 0 else r[ROWS]
