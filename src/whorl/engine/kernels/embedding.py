"""`Embedding`: rows of a table, which the columns of categories select.

Letters: n samples, d columns, `count` of them categories, m numbers for each category.
"""

from __future__ import annotations

import numpy as np

from whorl.engine.compiling import FIRST, LAST, ROWS, WRONG, Integers, Numbers, Pointers, Run, inlined, kernel, share
from whorl.engine.native import pointer

TOLERANCE = 1e-3
"""How far a category may be from a whole number, as in `Embedding`."""


@kernel
def embedding(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Write the other columns, and the rows of w that the categories select; keep the numbers of the rows."""
    x, w, y, d, count, m, tolerance, half = p[0], p[1], p[2], s[0], s[1], s[2], c[0], c[1]
    chosen, others, starts, rows = columns(s)
    wide, passed = d + count * (m - 1), d - count
    for n in range(r[FIRST], r[LAST]):
        for e in range(passed):
            y[n * wide + e] = x[n * d + others[e]]
        for i in range(count):
            value = x[n * d + chosen[i]]
            code, row = np.floor(value + half), starts[i]
            if 0 <= code < starts[i + 1] - row and abs(value - code) <= tolerance:
                row += np.int64(code)
            else:
                r[WRONG] = 1
            rows[n * count + i] = row
            for e in range(m):
                y[n * wide + passed + i * m + e] = w[row * m + e]


@kernel
def embedding_gradients(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Compute the gradients of this thread's rows of the table: sums of dy over all places where they were selected."""
    dy, dw, d, count, m, zero = p[0], p[1], s[0], s[1], s[2], c[2]
    _, _, starts, rows = columns(s)
    wide, passed = d + count * (m - 1), d - count
    first, last = share(r, starts[count])
    for e in range(first * m, last * m):
        dw[e] = zero
    for n in range(r[ROWS]):
        for i in range(count):
            row = rows[n * count + i]
            if first <= row < last:
                for e in range(m):
                    dw[row * m + e] += dy[n * wide + passed + i * m + e]


@kernel
def embedding_inputs(p: Pointers, s: Integers, c: Numbers, r: Run) -> None:
    """Compute ``dx``: dy of the other columns, and 0 for categories."""
    dy, dx, d, count, m, zero = p[0], p[1], s[0], s[1], s[2], c[2]
    chosen, others, _, _ = columns(s)
    wide, passed = d + count * (m - 1), d - count
    for n in range(r[FIRST], r[LAST]):
        for e in range(passed):
            dx[n * d + others[e]] = dy[n * wide + e]
        for i in range(count):
            dx[n * d + chosen[i]] = zero


@inlined
def columns(s: Integers) -> tuple[Integers, Integers, Integers, Integers]:
    """Return the numbers of the columns with categories and of the others, the first row of each of the former, and the rows selected."""
    return pointer(s[3], np.int64), pointer(s[4], np.int64), pointer(s[5], np.int64), pointer(s[6], np.int64)
