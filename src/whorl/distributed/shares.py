"""Which samples of a batch each process takes, and sums over the batch for layers such as `BatchNorm`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from whorl._core.types import Array
from whorl.parameters import Batch

if TYPE_CHECKING:
    from whorl.distributed.processes import Processes


class Share(NamedTuple):
    """The rows of a batch that one process takes: those from `begin` up to `stop`, of `rows` in all.

    A batch with fewer rows than there are processes is computed by each of them in full. Then only the result of the first counts.

    Examples
    --------
    >>> [Share.of(7, rank, 3)[:2] for rank in range(3)]
    [(0, 2), (2, 4), (4, 7)]
    >>> [Share.of(2, rank, 3) for rank in range(3)]
    [Share(begin=0, stop=2, rows=2, counts=True), Share(begin=0, stop=2, rows=2, counts=False), Share(begin=0, stop=2, rows=2, counts=False)]
    """

    begin: int
    stop: int
    rows: int
    counts: bool = True

    @classmethod
    def of(cls, rows: int, rank: int, size: int) -> Share:
        """Return the share of one of `size` processes."""
        if rows < size:
            return cls(0, rows, rows, rank == 0)
        return cls(rows * rank // size, rows * (rank + 1) // size, rows)

    @property
    def parted(self) -> bool:
        """Whether this is not the whole batch."""
        return self.stop - self.begin < self.rows

    @property
    def part(self) -> float:
        """The part of the batch for which this process counts: the parts of all processes add up to 1."""
        return (self.stop - self.begin) / self.rows if self.counts else 0.0


class SharedBatch(Batch):
    """A batch of which each process has a share.

    Parameters
    ----------
    share : Share
    processes : Processes
    """

    share: Share
    processes: Processes

    def __init__(self, share: Share, processes: Processes) -> None:
        self.share, self.processes = share, processes

    def size(self, x: Array) -> int:
        """Return the number of samples in the batch."""
        return self.share.rows

    def mean(self, total: Array, size: int) -> Array:
        """Return the mean over the batch, given the sum over the rows of this process."""
        total = np.array(total)
        self.processes.add(total)
        total /= size
        return total

    def mean_gradient(self, total: Array, size: int) -> Array:
        """Return the mean over the batch of derivatives of the loss.

        Those of each process are of the mean loss of its own rows. So each sum counts for as many rows.
        """
        own = self.share.stop - self.share.begin
        return self.mean(total * own, size) / own
