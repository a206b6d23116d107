"""The messages from the page to the server, one class each: JSON over a web socket. msgspec checks types and limits.

The answers are in `docs/playground.md`: a JSON object with ``"type"``, or for a frame and an exported file binary data with a JSON header.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from whorl.playground.configuration import Configuration, Text

Step = Annotated[int, Meta(ge=0, le=2**53)]
Index = Annotated[tuple[Annotated[int, Meta(ge=0, le=100_000)], ...], Meta(min_length=1, max_length=2)]


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag=str.lower):
    """Base of all messages. The name of the class, in lower case, is their ``"type"`` in JSON."""


class Configure(Request, frozen=True):
    """Start a training with this configuration, before its first step. Answer: ``configured``."""

    configuration: Configuration


class Play(Request, frozen=True):
    """Train on, at most so many epochs per second; 0 for as fast as possible."""

    speed: Annotated[float, Meta(ge=0, le=1e6)] = 0


class Pause(Request, frozen=True):
    """Stop training, to go on later."""


class Advance(Request, frozen=True):
    """Take one batch, or the rest of the epoch."""

    unit: Literal["batch", "epoch"] = "epoch"


class Back(Request, frozen=True):
    """Return to the state after an earlier step, exactly; 0 is before the first."""

    step: Step


class Edit(Request, frozen=True):
    """Set one weight or bias, such as ``"w1"`` at ``[0, 3]``."""

    name: Text
    index: Index
    value: Annotated[float, Meta(ge=-1e6, le=1e6)]


class Look(Request, frozen=True):
    """Ask for one frame: sent at once if something has changed since the last one, else as soon as it does.

    A page that draws slowly, or is hidden, asks less often, and so never holds up training.
    """

    grid: Annotated[int, Meta(ge=8, le=120)] = 50
    """Points of the decision surface on each side."""
    units: Annotated[tuple[Annotated[int, Meta(ge=0, le=100)], ...], Meta(max_length=48)] = ()
    """The layers, by index, the surfaces of whose units are wanted."""
    spread: bool = False
    """Whether the distributions of activations, gradients and updates are wanted."""


class Explain(Request, frozen=True):
    """Explain a value in the next training step, on one or a few training samples. Answer: ``explained``.

    `array` and `index` are the name of a trace's array and a place in it: ``"w1"`` at ``[0, 3]``; or a unit, ``"layers[2]"`` at ``[5]``.
    """

    array: Text
    index: Index
    samples: Annotated[tuple[Annotated[int, Meta(ge=0, le=100_000)], ...], Meta(min_length=1, max_length=8)] = (0,)


class Backpropagate(Request, frozen=True):
    """Ask for every step of backpropagation for one training sample, in order. Answer: ``backpropagation``."""

    sample: Annotated[int, Meta(ge=0, le=100_000)] = 0


class Upload(Request, frozen=True):
    """Send a CSV file. Answer: ``uploaded``, with its digest and columns. It is kept in memory, for this page only."""

    name: Text
    text: Annotated[str, Meta(min_length=1, max_length=4_000_000)]


class Export(Request, frozen=True):
    """Ask for a file. Answer: binary data, or ``failed``."""

    what: Literal["script", "npz", "onnx", "gif", "csv"]


Message = Configure | Play | Pause | Advance | Back | Edit | Look | Explain | Backpropagate | Upload | Export


def tag(message: Message) -> str:
    """Return the name of a message, its ``"type"``.

    Examples
    --------
    >>> tag(Pause())
    'pause'
    """
    return str(type(message).__struct_config__.tag)
