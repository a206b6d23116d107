"""Reading models that `Model.save` wrote."""

from __future__ import annotations

import os
from collections.abc import Iterable
from inspect import isabstract
from typing import Any

from whorl import calibration
from whorl._core import archive, validation
from whorl._core.archive import ModelFileError
from whorl._core.description import Description
from whorl._core.notation import parse
from whorl.header import KNOWN, LONGEST, check_count
from whorl.layers.chain import checked, connect, walk
from whorl.model import Model
from whorl.training.saving import PREFIX


def load(path: str | os.PathLike[str], *, custom: Iterable[type[Description]] = ()) -> Model:
    """Load a model from a file that `Model.save` wrote. Its predictions are bit-identical.

    Files from untrusted sources are safe to load: no code in a file is ever run.

    Parameters
    ----------
    path : str or path
    custom : iterable of type, optional
        Your own layer and initializer classes that the file may name.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ModelFileError
        If the file is not a model, is damaged, or has the format of another version of whorl.

    Examples
    --------
    >>> import os, tempfile
    >>> from whorl import Dense, Model
    >>> path = os.path.join(tempfile.mkdtemp(), "model.npz")
    >>> model = Model([Dense(3)], inputs=2, rng=0)
    >>> model.save(path)
    >>> bool((load(path).parameters == model.parameters).all())
    True
    """
    own = _custom(custom)
    with archive.reading(path) as file:
        header = file.header
        for name in ("inputs", "dtype", "layers"):
            if name not in header:
                raise ModelFileError(f"its header lacks {name}")
        inputs = validation.shape("inputs", header["inputs"])
        if not isinstance(header["layers"], str):
            raise ModelFileError(f"its layers must be described by text, got {validation.show(header['layers'])}")
        try:
            described = checked("layers", parse(header["layers"], {**KNOWN, **own}, limit=LONGEST["layers"]))
        except ValueError as error:
            raise ModelFileError(f"{error}; if it has layers of your own, pass their classes as custom=[…]") from None
        check_count(described)
        declared = (item for place in walk(connect(described, inputs)) for item in place.declared.items())
        arrays = {
            name: file.array(name, parameter.shape) for name, parameter in declared
        }  # fails before Model allocates
        unexpected = file.names - arrays.keys() - {"whorl"}
        if wrong := sorted(name for name in unexpected if not name.startswith(PREFIX)):
            raise ModelFileError(f"it holds arrays that its model does not have: {wrong}")
        model = Model(described, inputs=inputs, dtype=header["dtype"])
        for name, view in model.named_arrays().items():
            view[...] = arrays[name]
        model.freeze(*header.get("frozen", ()))
        model.preparation = _preparation(header.get("preparation"))
        model.uncertainty = _uncertainty(header.get("uncertainty"))
    return model


def _custom(custom: Iterable[type[Description]]) -> dict[str, type]:
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
