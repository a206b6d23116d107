"""The threads of NumPy's matrix products."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock


class _Limit:
    """The limit of one thread for the process, which lasts while it is wanted anywhere."""

    def __init__(self) -> None:
        self._lock, self._wanted, self._limits = Lock(), 0, ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            self._wanted += 1
            if self._wanted == 1:
                try:
                    from threadpoolctl import threadpool_limits
                except ImportError:
                    return
                self._limits.enter_context(threadpool_limits(1, user_api="blas"))

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._wanted -= 1
            if not self._wanted:
                self._limits.close()


_limit = _Limit()


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Let NumPy's matrix products run in the thread that calls them, if threadpoolctl is installed.

    Where several threads multiply side by side, those of each product would wait for those of the others. The limit is one of the whole
    process: it ends with the last of such blocks.
    """
    with _limit:
        yield
