"""One training on many processes, by MPI: an extra (``whorl[mpi]``).

Nothing else here is loaded before a training with ``distributed=True``. Read `processes` first, which adds up numbers over all
processes and survives the loss of some, then `group`, which uses it in training. How to start it: ``docs/cluster.md``.
"""

from __future__ import annotations

from whorl.training import Group

NEEDED = "distributed=True needs mpi4py, which the extra whorl[mpi] installs"


def group() -> Group:
    """Return the processes that mpiexec has started, for one training.

    Raises
    ------
    ImportError
        If mpi4py is not installed, or finds no MPI.
    """
    try:
        from whorl.distributed.group import ProcessGroup
    except (ImportError, RuntimeError) as error:  # RuntimeError: mpi4py is there, but no MPI library
        raise ImportError(f"{NEEDED}: {error}") from error
    return ProcessGroup()


__all__ = ["group"]
