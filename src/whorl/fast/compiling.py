"""How the twins are compiled, and when they refuse.

Three options make a plain loop as fast as it can be, and leave each rounding as it is in NumPy: ``error_model="numpy"`` lets a
division by zero be an infinity, without which there would be a branch at each division and no SIMD; ``nogil`` lets other threads
work meanwhile; no ``fastmath``, whose liberties gain nothing here, and would lose the NaN that tells of divergence. No loop
starts threads, so that forks, threads and repeated runs need no thought.

Numba compiles a function when it first meets arguments of some types, and keeps the machine code in ``__pycache__``, or where
that is not writable in the user's cache; other processes find it there. Measured (Numba 0.68, seconds of CPU, the network
"spiral"): 1.7 for the first training of all, 0.2 of which loads Numba; 0.45 for the first of a later process. Compiling both
float types at once would double the first; arrays that a compiled function makes itself cost it 0.2 more, and each call 0.5 µs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import numba
from numba.core.errors import NumbaError

Kernel = TypeVar("Kernel", bound=Callable[..., object])


class MisfitError(ValueError):
    """Arrays of shapes that do not go together: a loop would run past an end, where NumPy stretches or raises."""


REFUSALS = (NumbaError, MisfitError, OSError)
"""What a twin raises instead of beginning: it has no code for such arguments, or could not keep it on a full disk."""


def compiled(function: Kernel) -> Kernel:
    """Let Numba make machine code of the function, and keep it on disk where that is possible."""
    kernel: Any = numba.njit(nogil=True, error_model="numpy")(function)
    with suppress(RuntimeError):  # no folder is writable
        kernel.enable_caching()
    twin: Kernel = kernel
    return twin
