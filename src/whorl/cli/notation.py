"""Layers, optimizers and schedules as one writes them: ``dense(64) relu dropout(0.1)``, ``adamw(weight_decay=0.05)``."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import isabstract
from types import ModuleType

from whorl import initializers, layers, optimizers
from whorl.cli.expressions import SCHEDULES, Call, by_name, parse, read
from whorl.initializers import Initializer
from whorl.layers import Layer
from whorl.optimizers import Optimizer
from whorl.schedules import Schedule


def concrete(module: ModuleType, base: type) -> dict[str, type]:
    """Return what a module has of a kind, by the names it is written with, in the order of the alphabet."""
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, base)]
    return dict(sorted(by_name(*(kind for kind in kinds if not isabstract(kind))).items()))


LAYERS = concrete(layers, Layer)
"""The layers that can be written."""

INITIALIZERS = concrete(initializers, Initializer)
"""What may stand in a layer as its initializer."""

OPTIMIZERS = concrete(optimizers, Optimizer)
"""The optimizers that can be written."""


def stack(text: str) -> list[Layer]:
    """Return the layers of a text: calls or names, one after the other, with blanks or commas between them.

    Examples
    --------
    >>> stack("dense(64, weight_l2=1e-4) relu dropout(0.1)")
    [Dense(64, weight_l2=0.0001), ReLU(), Dropout(0.1)]
    """
    found = [parse(piece, {**LAYERS, **INITIALIZERS}) for piece in _pieces(text)]
    for layer in found:
        if not isinstance(layer, Layer):
            raise ValueError(f"must hold layers, got {layer!r}; there are {', '.join(LAYERS)}")  # noqa: TRY004
    return found


def schedule(text: str) -> Schedule:
    """Return the schedule of a text.

    Examples
    --------
    >>> schedule("cosine(0.1, epochs=45)")
    Cosine(0.1, epochs=45.0)
    """
    made: Schedule = parse(text, SCHEDULES)
    return made


def optimizer(text: str, schedule: Schedule) -> Optimizer:
    """Return the optimizer of a text; the schedule is its learning rate, unless the text has one.

    Examples
    --------
    >>> optimizer("clipped(adamw(weight_decay=0.05), norm=1)", schedule("cosine(0.1, epochs=9)"))
    Clipped(AdamW(Cosine(0.1, epochs=9.0), weight_decay=0.05), norm=1.0)
    """
    call = _read_optimizer(text)
    _innermost(call).arguments.setdefault("learning_rate", schedule)
    made: Optimizer = call.make()
    return made


def has_rate(text: str) -> bool:
    """Tell whether an optimizer's text says what the learning rate is.

    Examples
    --------
    >>> has_rate("clipped(adam(0.01), norm=1)"), has_rate("clipped(adam, norm=1)")
    (True, False)
    """
    return "learning_rate" in _innermost(_read_optimizer(text)).arguments


def _read_optimizer(text: str) -> Call:
    call = read(text, {**OPTIMIZERS, **SCHEDULES})
    if not isinstance(call.make(), Optimizer):
        raise ValueError(f"must be an optimizer, got {text!r}; there are {', '.join(OPTIMIZERS)}")  # noqa: TRY004
    return call


def _innermost(call: Call) -> Call:
    """Return the optimizer within its wrappers: it is the one with a learning rate."""
    while isinstance(inner := call.arguments.get("optimizer"), Call):
        call = inner
    return call


def _pieces(text: str) -> Iterator[str]:
    """Cut a text at the blanks and commas that no bracket holds."""
    depth, piece = 0, ""
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if depth <= 0 and (character.isspace() or character == ","):
            if piece:
                yield piece
            piece = ""
        else:
            piece += character
    if piece:
        yield piece
