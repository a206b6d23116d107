"""The processes that mpiexec has started: sums over all of them, also if some are lost.

All that processes tell each other is a sum of vectors, `Processes.together`: gradients add up, and what only one process knows is a
vector of zeros in the others. With Open MPI's fault tolerance (``mpiexec --with-ft ulfm``), the call fails in the survivors if a
process is lost. Then some may have the sum already, and others not. But none can be further than the next sum, since each needs
the vectors of all. So the survivors compare how many sums they have: if any of them has this one, it sends it to the others;
otherwise all compute it again, with what was the part of the lost process shared among them. So nothing is lost.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import mpi4py
import numpy as np

from whorl._core.types import Array

OURS = "mpi4py.MPI" not in sys.modules
"""Whether MPI is started here, not by the program; then it is ended here, too."""

if OURS:
    mpi4py.rc.finalize = False
from mpi4py import MPI  # noqa: E402

SETTING = "OMPI_MCA_mpi_ft_enable"  # set by ``mpiexec --with-ft ulfm``
TOLERANT = os.environ.get(SETTING, "0").lower() in ("1", "true", "t", "yes", "enabled")
"""Whether the processes have been started with Open MPI's fault tolerance."""

LOST: set[int] = {MPI.ERR_PROC_FAILED, MPI.ERR_PROC_FAILED_PENDING, MPI.ERR_REVOKED}
"""The errors of MPI that say that a process is lost, or that another process has noticed it."""


PIECE = 2**18
"""Numbers that are added up at once: they fit into a processor's cache, and so does what MPI copies."""

GRACE = 3.0
"""Seconds that a process waits at the end of the program, after an error, for the others to end too."""


class Processes:
    """The processes of an MPI program.

    Attributes
    ----------
    comm : MPI.Comm
        Those that are left.
    slots : int
        How many processes there were at the start of the program.
    number : int
        The number of this process at the start of the program.
    numbers : list of int
        Those of all that are left, by their rank.
    done : int
        How many sums this process has.
    waited : float
        Seconds spent in communication.
    failed : bool
        Whether a training could not begin or ended with an error in this process, so that the others may be waiting for it.
    on_loss : callable or None
        Called after processes were lost, with the numbers that those had at the start.
    """

    number: int
    numbers: list[int]

    def __init__(self) -> None:
        self.comm: Any = MPI.COMM_WORLD
        self.slots: int = self.size
        self.number, self.numbers = self.rank, list(range(self.size))
        self.done: int = 0
        self.waited: float = 0.0
        self.on_loss: Callable[[list[int]], None] | None = None
        self.failed = False
        self._buffers: dict[np.dtype[Any], Array] = {}
        self._current = self._sum = np.zeros(0)  # of the call in progress, and of the last one that is complete
        atexit.register(self._leave)

    @property
    def rank(self) -> int:
        """The number of this process among those that are left."""
        return int(self.comm.rank)

    @property
    def size(self) -> int:
        """How many processes are left."""
        return int(self.comm.size)

    def together(self, size: int, dtype: Any, fill: Callable[[Array], None]) -> Array:
        """Return the sum of vectors over all processes.

        Parameters
        ----------
        size : int
        dtype : dtype
        fill : callable
            Writes the vector of this process. It may call `add`. If a process is lost, it is called again: `rank` and `size`
            are then others.

        Returns
        -------
        ndarray, shape (size,)
            Valid until the next call but one.
        """
        while True:
            self._current = vector = self._buffer(size, np.dtype(dtype))
            try:
                fill(vector)
                self.add(vector)
            except MPI.Exception as error:
                _check_lost(error)
                before = self.done
                self._recover()
                if self.done > before:  # another process had the sum
                    return vector
            else:
                self.done, self._sum = self.done + 1, vector
                return vector

    def add(self, vector: Array, part: float = 1.0) -> None:
        """Replace a vector by its sum over all processes, to each of which it counts for a part."""
        for begin in range(0, len(vector), PIECE):
            piece = vector[begin : begin + PIECE]
            if part != 1:
                piece *= part
            begun = time.perf_counter()
            self.comm.Allreduce(MPI.IN_PLACE, piece)
            self.waited += time.perf_counter() - begun

    def _buffer(self, size: int, dtype: np.dtype[Any]) -> Array:
        """Return a vector, of two in turn: the previous sum must remain until this one is complete."""
        pair = self._buffers.get(dtype)
        if pair is None or pair.shape[1] < size:
            pair = self._buffers[dtype] = np.zeros((2, size), dtype)
        vector: Array = pair[self.done % 2, :size]
        return vector

    def close(self) -> None:
        """Wait until all processes have all sums, since one that has left cannot send any."""
        while True:
            reached = True
            try:
                self.comm.Barrier()
            except MPI.Exception as error:
                _check_lost(error)
                reached = False
            if self._agree(reached):
                return
            self._recover(agreed=True)

    def _agree(self, reached: bool) -> bool:  # noqa: FBT001
        """Return whether all processes have reached the end and none was lost: the same answer in all, whatever fails."""
        try:
            return bool(self.comm.Agree(int(reached)))
        except NotImplementedError:  # this MPI has no fault tolerance
            return reached
        except MPI.Exception as error:  # nor has this one, if it says anything else than that a process is lost
            return reached and error.Get_error_class() not in LOST

    def _recover(self, *, agreed: bool = False) -> None:
        """Go on with the processes that are left, and bring all of them to the same number of sums."""
        before = self.numbers
        while True:
            try:
                self.comm.Revoke()  # so that all notice
                if not agreed:
                    self._agree(reached=False)  # for those in `close`
                self.comm = self.comm.Shrink()
                self._catch_up()
                break
            except MPI.Exception as error:  # one more is lost
                _check_lost(error)
                agreed = False
        lost = sorted(set(before) - set(self.numbers))
        if self.on_loss and lost:
            self.on_loss(lost)

    def _catch_up(self) -> None:
        """Send the last sum to the processes that do not have it."""
        table = np.zeros((self.size, 2), np.int64)
        table[self.rank] = self.number, self.done
        self.comm.Allreduce(MPI.IN_PLACE, table)
        done = table[:, 1]
        if done.min() < done.max():
            self._sum = self._current if self.done < done.max() else self._sum
            self.comm.Bcast(self._sum, root=int(done.argmax()))
            self.done = int(done.max())
        self.numbers = table[:, 0].tolist()

    def _leave(self) -> None:
        """End MPI at the end of the program.

        To finalize it, Open MPI waits for all processes, and forever if one was lost before or is lost meanwhile. With its
        fault tolerance, processes may end without.
        """
        if self.failed:
            self._abort_unless_all_end()
        lost = self.size < self.slots
        if OURS and not (TOLERANT or lost):
            MPI.Finalize()
        if lost and not OURS:  # mpi4py would finalize it
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(hasattr(sys, "last_value"))  # after an error, 1

    def _abort_unless_all_end(self) -> None:
        """After an error in this process only, end the others, which would wait for it forever."""
        reached, begun = self.comm.Ibarrier(), time.monotonic()
        while not reached.Test():  # until all end, with the same error
            if time.monotonic() - begun > GRACE:
                MPI.COMM_WORLD.Abort(1)
            time.sleep(0.01)


def _check_lost(error: MPI.Exception) -> None:
    """Raise the error again, unless it says that a process is lost."""
    if error.Get_error_class() not in LOST:
        raise error


@cache
def world() -> Processes:
    """Return the processes that mpiexec has started, those that are left for all trainings of this program."""
    return Processes()
