"""Building a model from the header of a file and its arrays, whatever the format. Nothing in a file is trusted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from inspect import isabstract
from typing import Any

from whorl import calibration
from whorl._core import validation
from whorl._core.archive import ModelFileError
from whorl._core.description import Description
from whorl._core.notation import parse
from whorl._core.types import Array, Shape
from whorl.header import KNOWN, LONGEST, check_count
from whorl.layers.chain import checked, connect, walk
from whorl.model import Model


def build(
    header: Mapping[str, Any],
    names: Collection[str],
    array: Callable[[str, Shape], Array],
    custom: Mapping[str, type],
) -> Model:
    """Return the model of a file.

    Parameters
    ----------
    header : dict
        As `whorl.header.header` returns it.
    names : collection of str
        Of all arrays in the file.
    array : callable
        Returns the array of a name and a shape; raises ModelFileError if it is missing, or has another shape or type.
    custom : dict from str to type
        More classes that the header may name, from `custom_classes`.

    Raises
    ------
    ModelFileError
        If the header is not that of a model, or the arrays are not its own.
    """
    for name in ("inputs", "dtype", "layers"):
        if name not in header:
            raise ModelFileError(f"its header lacks {name}")
    inputs = validation.shape("inputs", header["inputs"])
    if not isinstance(header["layers"], str):
        raise ModelFileError(f"its layers must be described by text, got {validation.show(header['layers'])}")
    try:
        described = checked("layers", parse(header["layers"], {**KNOWN, **custom}, limit=LONGEST["layers"]))
    except ValueError as error:
        raise ModelFileError(f"{error}; if it has layers of your own, pass their classes as custom=[…]") from None
    check_count(described)
    declared = (item for place in walk(connect(described, inputs)) for item in place.declared.items())
    arrays = {name: array(name, parameter.shape) for name, parameter in declared}  # fails before Model allocates
    if wrong := sorted(set(names) - arrays.keys()):
        raise ModelFileError(f"it holds arrays that its model does not have: {wrong}")
    model = Model(described, inputs=inputs, dtype=header["dtype"])
    for name, view in model.named_arrays().items():
        view[...] = arrays[name]
    model.freeze(*header.get("frozen", ()))
    model.preparation = _preparation(header.get("preparation"))
    model.uncertainty = _uncertainty(header.get("uncertainty"))
    return model


def custom_classes(custom: Iterable[type[Description]]) -> dict[str, type]:
    """Return classes of layers and initializers by their names; raise TypeError for anything else."""
    own = {}
    kind: Any
    if isinstance(custom, type) or not isinstance(custom, Iterable):
        raise TypeError(f"custom must be a list of classes, such as [Wave], got {validation.show(custom)}")
    for kind in custom:
        if not (isinstance(kind, type) and issubclass(kind, Description)) or isabstract(kind):
            raise TypeError(f"custom must hold classes of layers or initializers, got {validation.show(kind)}")
        own[kind.__name__] = kind
    return own


def _preparation(text: Any) -> Any:
    """Return the preparation that the header describes, or None."""
    if text is None:
        return None
    from whorl import tables  # slow to import, and not needed by most models

    preparation = parse(text, tables.KNOWN, limit=LONGEST["preparation"]) if isinstance(text, str) else text
    if not isinstance(preparation, tables.Preparation):
        raise ModelFileError(f"its preparation must be a Preparation, got {validation.show(preparation)}")
    return preparation


def _uncertainty(text: Any) -> Any:
    """Return what the header says about the errors of predictions, or None."""
    found = parse(text, calibration.KNOWN, limit=LONGEST["uncertainty"]) if isinstance(text, str) else text
    if found is not None and not isinstance(found, calibration.Intervals | calibration.Sets):
        raise ModelFileError(f"its uncertainty must be Intervals or Sets, got {validation.show(found)}")
    return found
