"""The threads of NumPy's matrix products."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any


def single_threaded_blas() -> AbstractContextManager[Any]:
    """Return a context in which NumPy's matrix products run in the thread that calls them, if threadpoolctl is installed.

    Where several threads multiply side by side, those of each product would wait for those of the others.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    limits: AbstractContextManager[Any] = threadpool_limits(1, user_api="blas")
    return limits
