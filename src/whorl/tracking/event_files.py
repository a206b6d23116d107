"""Event files of TensorBoard: what they hold, and how to add to them. All formats are those of the package tensorboard."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from whorl._core.types import Array

VERSION = "brain.Event:2"
"""The version of the format, which the first event of a file holds."""


def check_installed() -> None:
    """Raise ImportError if tensorboard is not installed."""
    try:
        import tensorboard  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "whorl.tracking.TensorBoard needs tensorboard, which the extra whorl[tensorboard] installs"
        ) from error


def scalars(step: int, values: Mapping[str, float]) -> Any:
    """Return an event with a number for each name, in the form that every reader of such files knows."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    return _event(step, lambda name, value: Summary(value=[Summary.Value(tag=name, simple_value=value)]), values)


def histograms(step: int, values: Mapping[str, Array]) -> Any:
    """Return an event with a histogram of the finite numbers of an array for each name."""
    from tensorboard.plugins.histogram.summary_v2 import histogram_pb

    return _event(step, histogram_pb, {name: array[np.isfinite(array)] for name, array in values.items()})


def texts(values: Mapping[str, str]) -> Any:
    """Return an event with a text, in Markdown, for each name."""
    from tensorboard.plugins.text.summary_v2 import text_pb

    return _event(0, text_pb, values)


def hyperparameters(values: Mapping[str, Any]) -> Any:
    """Return an event with the numbers and texts of which TensorBoard makes its table of trainings."""
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb

    return _event(0, lambda _, settings: hparams_pb(settings), {"": values})


def _event(step: int, summary: Callable[[str, Any], Any], values: Mapping[str, Any]) -> Any:
    from tensorboard.compat.proto.event_pb2 import Event

    event = Event(step=step, wall_time=time.time())
    for name, value in values.items():
        event.summary.MergeFrom(summary(name, value))
    return event


def append(directory: str, file: list[int] | None, events: list[Any]) -> list[int]:
    """Write events to the end of a file; return its number and its size, to be passed the next time.

    If the file has another size than that, training has returned to an earlier epoch, or was killed while it wrote. What is
    there stays, and the events go to a new file. It begins with an event that tells TensorBoard to show nothing of the older
    files from that step on.
    """
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog
    from tensorboard.summary.writer.record_writer import RecordWriter

    path = "" if file is None else _path(directory, file[0])
    if file is None or not os.path.exists(path) or os.path.getsize(path) != file[1]:
        os.makedirs(directory, exist_ok=True)
        path = _path(directory, number := time.time_ns())
        start = SessionLog(status=SessionLog.START)
        begin = {"wall_time": time.time(), "step": events[0].step}
        events = [Event(file_version=VERSION, wall_time=begin["wall_time"]), Event(session_log=start, **begin), *events]
    else:
        number = file[0]
    with open(path, "ab") as opened:
        writer = RecordWriter(opened)
        for event in events:
            writer.write(event.SerializeToString())
        return [number, opened.tell()]


def exists(directory: str, file: list[int]) -> bool:
    """Whether a directory has an event file, given its number and size."""
    return os.path.exists(_path(directory, file[0]))


def _path(directory: str, number: int) -> str:
    """Return the path of an event file. TensorBoard reads those of a directory in the order of their names."""
    return os.path.join(directory, f"events.out.tfevents.{number // 10**9:010d}.{number % 10**9:09d}.whorl")
