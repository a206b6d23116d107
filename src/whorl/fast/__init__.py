"""The extra ``whorl[fast]``: the same bits, sooner.

A few short functions take most of the time that the matrix products leave: an optimizer's update, a dropout mask. Each is
written in NumPy where it belongs, and marked `accelerated`: it has a twin of the same name and arguments in
`whorl.fast.kernels`, one loop that Numba makes machine code of. While a training run takes a step, calls go to the twins, if
the run has switched them on (`Switch`); else, and everywhere else, the NumPy lines run.

A twin does the same operations in the same order, so not one bit of any result depends on it. That is why it may be switched
on whenever it pays: a run begins in NumPy, and goes over to the twins once it has lasted for two seconds.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable
from contextvars import ContextVar, Token
from functools import wraps
from importlib.util import find_spec
from types import ModuleType
from typing import TypeVar, TypeVarTuple

from whorl._core import validation

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")

PATIENCE = 2.0
"""Seconds a run lasts before it loads Numba unasked: on small networks, which take a quarter longer without it, that is when
they have lost about what loading costs. So a run that ends before has lost little, and one that goes on will win it back."""

_kernels: ContextVar[ModuleType | None] = ContextVar("whorl.fast.kernels", default=None)  # each thread has its own


def accelerated(plain: Callable[[*Arguments], Result]) -> Callable[[*Arguments], Result]:
    """Mark a function of NumPy as having a compiled twin of the same name in `whorl.fast.kernels`.

    While a `Switch` is on, calls go to the twin. Outside one it costs a tenth of a microsecond to know that.
    """
    name = plain.__name__

    @wraps(plain)
    def either(*arguments: *Arguments) -> Result:
        kernels = _kernels.get()
        if kernels is None:
            return plain(*arguments)
        try:
            result: Result = getattr(kernels, name)(*arguments)
        except kernels.REFUSALS:  # before anything was changed
            return plain(*arguments)
        return result

    return either


class Switch:
    """Whether a training run uses the compiled twins: a ``with`` block around its steps.

    Parameters
    ----------
    fast : bool or None
        True: from the first step on. False: never. None: as the environment variable ``WHORL_FAST`` says, 1 or 0, and
        without one from the moment when Numba is loaded already, or the run has lasted for two seconds and Numba is installed.

    Raises
    ------
    TypeError
        If `fast` is none of these.
    ValueError
        If ``WHORL_FAST`` is neither 0 nor 1.
    ImportError
        If Numba is asked for, and is not there.
    """

    def __init__(self, *, fast: bool | None) -> None:
        if fast is not None and not isinstance(fast, bool):
            raise TypeError(f"fast must be True, False or None, got {validation.show(fast)}")
        self._wanted = _environment() if fast is None else fast
        self._kernels = load() if self._wanted else None
        self._begun = 0.0
        self._outer: Token[ModuleType | None]

    @property
    def undecided(self) -> bool:
        """Whether the run may still go over to the twins."""
        return self._wanted is None

    def __enter__(self) -> None:
        self._outer = _kernels.set(self._kernels)
        if self.undecided:
            self.consider()

    def __exit__(self, *error: object) -> None:
        _kernels.reset(self._outer)

    def resume(self, earlier: Switch) -> None:
        """Count from the beginning of an earlier run, which this one goes on from."""
        self._begun = earlier._begun

    def consider(self) -> None:
        """Settle the question, if it is time."""
        now = time.perf_counter()
        self._begun = self._begun or now
        if now - self._begun < PATIENCE and "whorl.fast.kernels" not in sys.modules:
            return
        if find_spec("numba"):
            try:
                self._kernels = load()
            except Exception as error:  # noqa: BLE001  # whatever ails it, nobody asked for it
                warnings.warn(
                    f"Numba is installed but cannot be loaded, so training goes on without it: {error}",
                    RuntimeWarning,
                    stacklevel=5,  # whoever drives the run
                )
        self._wanted = self._kernels is not None
        _kernels.set(self._kernels)


def load() -> ModuleType:
    """Return the compiled twins; the first call in a process loads Numba, which takes half a second."""
    try:
        from whorl.fast import kernels
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        raise ImportError("fast=True needs Numba, which is an extra: pip install 'whorl[fast]'") from error
    return kernels


def _environment() -> bool | None:
    value = os.environ.get("WHORL_FAST", "")
    if value not in ("", "0", "1"):
        raise ValueError(f"the environment variable WHORL_FAST must be 0 or 1, got {value!r}")
    return bool(int(value)) if value else None
