"""One training on many processes, by MPI: an extra (``whorl[mpi]``).

Nothing else here is loaded before a training with ``distributed=True``. Read `processes` first, which adds up numbers over all
processes and survives the loss of some, then `group`, which uses it in training. How to start it: ``docs/cluster.md``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from whorl.training import Group

if TYPE_CHECKING:
    from whorl.distributed.processes import Processes

NEEDED = "training in several processes needs mpi4py, which the extra whorl[mpi] installs"

SIZES = "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"
"""Environment variables with the number of processes, set by mpiexec: of Open MPI, of MPICH and its relatives; and by Slurm's srun."""


def launched() -> bool:
    """Return whether mpiexec has started this process, and others with it."""
    known = SIZES if "PMIX_RANK" in os.environ else SIZES[:2]  # srun starts any program, but this is for MPI
    sizes = [os.environ[name] for name in known if name in os.environ]
    return sizes[:1] not in ([], ["1"]) and started().size > 1


def started() -> Processes:
    """Return the processes that mpiexec has started.

    Raises
    ------
    ImportError
        If mpi4py is not installed, or finds no MPI.
    """
    try:
        from whorl.distributed.processes import world
    except (ImportError, RuntimeError) as error:  # RuntimeError: mpi4py is there, but no MPI library
        raise ImportError(f"{NEEDED}: {error}") from error
    return world()


def process_group() -> Group:
    """Return the processes that mpiexec has started, for one training.

    Raises
    ------
    ImportError
        If mpi4py is not installed, or finds no MPI.
    """
    known = started()
    from whorl.distributed.group import ProcessGroup

    return ProcessGroup(known)


__all__ = ["launched", "process_group", "started"]
