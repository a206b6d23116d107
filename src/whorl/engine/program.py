"""A program: the operations of a training step in order, with the memory they work on.

It is data: a table of kernels' addresses and arguments, which one compiled loop runs, whatever the network. So a new
architecture needs no compiling.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from whorl._core.types import Array
from whorl.engine.compiling import Kernel
from whorl.engine.stepping import OPERATION

ARRAYS, INTEGERS, NUMBERS = 10, 11, 8
"""Room for the arguments of a kernel."""

LINE, PAGE, OFFSET = 64, 4096, 512
"""Bytes of a cache line and of a page; larger arrays start at different places of a page, as in `whorl._core.memory`."""


@dataclass(frozen=True)
class Operation:
    """A call of a kernel, with the addresses of its arrays, its integers and its numbers; or of a barrier, without a kernel.

    Its numbers are the same in each step, or those of a table (from 1) with a row for each step.
    """

    kernel: Kernel | None
    arrays: tuple[int, ...] = ()
    integers: tuple[int, ...] = ()
    numbers: tuple[float, ...] = ()
    table: int = 0


BARRIER = Operation(None)

Table: TypeAlias = Callable[[Any], Array]
"""Returns the numbers for the coming steps (`whorl.engine.rules.UpcomingSteps`), a row for each."""


@dataclass
class Program:
    """The operations, and the addresses of their memory, which begins at `base`.

    A program is written twice: from 0, to learn how much memory it needs, and then in memory of that size.

    Parameters
    ----------
    base : int
        The address of the memory.
    dtype : dtype
    batch : int
        The largest number of samples of a step.
    workers : int
        Threads.
    end, workspace : int
        Where the arrays end, and the bytes of workspace for each thread, which come after them; known the second time.
    """

    base: int
    dtype: np.dtype[Any]
    batch: int
    workers: int
    end: int = 0
    workspace: int = 0
    operations: list[Operation] = field(default_factory=list)
    constants: list[Array] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    size: int = 0
    large: int = 0

    def room(self, size: int) -> int:
        """Return the address of so many bytes, at a cache line."""
        start = -(-self.size // LINE) * LINE
        if size >= PAGE:
            self.large += 1
            start = -(-self.size // PAGE) * PAGE + self.large * OFFSET % PAGE
        self.size = start + size
        return self.base + start

    def array(self, *shape: int) -> int:
        """Return the address of an array of the network's float type."""
        return self.room(int(np.prod(shape)) * self.dtype.itemsize)

    def batch_array(self, size: int) -> int:
        """Return the address of an array with a row of this size for each sample of a batch."""
        return self.array(self.batch, size)

    def constant(self, values: Array | Sequence[int], dtype: np.dtype[Any] | type = np.int64) -> int:
        """Return the address of values that kernels read: integers, such as the numbers of columns, or numbers of another type."""
        self.constants.append(np.array(values, dtype))
        return address(self.constants[-1])

    def table(self, rows: Table) -> int:
        """Return the number of a new table."""
        self.tables.append(rows)
        return len(self.tables)

    def scratch(self, size: int) -> tuple[int, int]:
        """Return the address of the workspace, with room for so many numbers for each thread, and the numbers of each thread.

        Its contents are lost with the next operation that uses it.
        """
        self.workspace = max(self.workspace, -(-size * self.dtype.itemsize // LINE) * LINE)
        return self.base + self.end, self.workspace // self.dtype.itemsize

    def add(
        self,
        kernel: Kernel,
        arrays: Sequence[int],
        integers: Sequence[int] = (),
        numbers: Sequence[float] = (),
        table: int = 0,
    ) -> None:
        """Add an operation."""
        self.operations.append(Operation(kernel, tuple(arrays), tuple(integers), tuple(numbers), table))

    def barrier(self) -> None:
        """Let the threads wait for each other, and end the run if one has met a wrong index; once is enough."""
        if self.operations and self.operations[-1] is not BARRIER:
            self.operations.append(BARRIER)

    def assembled(self) -> tuple[Array, list[Array]]:
        """Return the table of operations for the compiled loop, and the arrays that it refers to."""
        count = len(self.operations)
        table = np.zeros((count, OPERATION), np.int64)
        arrays, integers = np.zeros((count, ARRAYS), np.int64), np.zeros((count, INTEGERS), np.int64)
        numbers = np.zeros((count, NUMBERS), self.dtype)
        for k, each in enumerate(self.operations):
            if each.kernel is None:
                continue
            for row, values in ((arrays[k], each.arrays), (integers[k], each.integers), (numbers[k], each.numbers)):
                row[: len(values)] = values
            starts = [part[k:].ctypes.data for part in (arrays, integers, numbers)]
            table[k] = [each.kernel.address(self.dtype), *starts, each.table]
        return table, [arrays, integers, numbers, *self.constants]


def address(array: Array) -> int:
    """Return the address of an array's first element."""
    assert array.flags.c_contiguous
    start: int = array.ctypes.data
    return start
