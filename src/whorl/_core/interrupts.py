"""Ctrl-C at a time when it does no harm."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # the functions behind the module signal, whose conversions to enums take 10 µs
from threading import get_ident, main_thread
from types import FrameType
from typing import Any


class Uninterrupted:
    """A ``with`` block in which the exception of Ctrl-C waits for the end: in between, a step may be half done.

    The block gets the list of exceptions that wait, so that it can end early. Python handles signals in the main thread only.

    Parameters
    ----------
    strictly : bool, optional
        Whether Ctrl-C also waits if it is pressed again. By default, it then takes effect at once.
    """

    def __init__(self, *, strictly: bool = False) -> None:
        self.strictly, self.pressed = strictly, 0
        self.waiting: list[BaseException] = []
        self.usual: Any = None

    def __enter__(self) -> list[BaseException]:
        usual = signal.getsignal(signal.SIGINT) if get_ident() == main_thread().ident else None
        if callable(usual):
            self.usual = usual
            signal.signal(signal.SIGINT, self._handle)
        return self.waiting

    def __exit__(self, *_: object) -> None:
        if self.usual is not None:
            signal.signal(signal.SIGINT, self.usual)
        if self.waiting and (self.pressed == 1 or self.strictly):
            raise self.waiting[0].with_traceback(None)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.pressed += 1
        try:
            self.usual(number, frame)
        except BaseException as error:
            if self.pressed > 1 and not self.strictly:
                raise
            self.waiting.append(error)
