"""A model as one Python file that needs NumPy alone, not whorl."""

from __future__ import annotations

import base64
import inspect
import os
import textwrap
from collections.abc import Callable, Mapping, Sequence

import numpy as np

import whorl
from whorl._core.files import replacing
from whorl._core.types import Array, Shape
from whorl.formats import standalone
from whorl.formats.graph import Graph, Operation, Value
from whorl.formats.lowering import lower
from whorl.formats.writing import check_target
from whorl.model import Model
from whorl.tables import Category, Date, Number, Preparation

SYMBOLS: Mapping[str, str] = {
    "add": "{} + {}",
    "subtract": "{} - {}",
    "multiply": "{} * {}",
    "divide": "{} / {}",
    "maximum": "np.maximum({}, {})",
    "minimum": "np.minimum({}, {})",
    "affine": "{} @ {} + {}",
    "tanh": "np.tanh({})",
    "cos": "np.cos({})",
    "sqrt": "np.sqrt({})",
}
"""How operations are written that are no functions of `standalone`."""


def save_python(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model as one Python file with a function `predict`, which needs NumPy alone. A file that was there stays if that fails.

    The file holds the weights, and the layers as lines of NumPy, to be read and changed. As a program it reads rows of numbers, separated
    by commas, from the standard input, and prints the predictions. A model that has learned a table is written with its preparation:
    `predict` takes columns then, as a dict of lists or a data frame, and as a program the file reads CSV with a line of names. Dates must
    be text with the year first, or datetime64.

    Parameters
    ----------
    model : Model
    path : str or path
        Ending in ``.py``.

    Raises
    ------
    TypeError
        If a layer is of a class of your own.
    ValueError
        If the path has another ending.
    OSError
        If the file cannot be written.

    Notes
    -----
    Predictions differ from those of `Model.predict` by rounding errors at most, since some factors are multiplied before they are stored.

    Examples
    --------
    >>> import os, runpy, tempfile
    >>> from whorl import Dense, Model, ReLU
    >>> path = os.path.join(tempfile.mkdtemp(), "model.py")
    >>> model = Model([Dense(8), ReLU(), Dense(1)], inputs=2, rng=0)
    >>> save_python(model, path)
    >>> predict = runpy.run_path(path)["predict"]
    >>> bool(abs(predict([[0.1, 0.2]]) - model.predict([[0.1, 0.2]])).max() < 1e-6)
    True
    """
    name = check_target(model, path, ".py")
    text = python_text(model, name)
    with replacing(path) as file:
        file.write(text.encode())


def python_text(model: Model, name: str) -> str:
    """Return the text of the Python file of this name."""
    graph = lower(model)
    arrays: dict[str, Array] = {}
    body = _body(graph, arrays)
    table = _table(model.preparation) if model.preparation else ""
    sources = [_source(standalone.FUNCTIONS[each]) for each in _functions("\n".join([*body, table]))]
    parts = [
        _heading(model, name, "\n".join(sources)),
        _predict(model, body),
        *([table] if table else []),
        *([_predict_classes(model)] if model.classes else []),
        *sources,
        _weights(arrays, model.dtype),
        _PROGRAM_OF_TABLE if table else _PROGRAM,
    ]
    return "\n\n".join(part.rstrip() + "\n" for part in parts)


def _heading(model: Model, name: str, sources: str) -> str:
    """Return the beginning of the file, with the imports that the sources of its functions need."""
    given = "{...}" if model.preparation else "[[...]]"
    layers = textwrap.indent("\n".join(map(repr, model.layers)), "    ")
    imports = [
        *["import math"] * ("math." in sources),
        *["from collections.abc import Sequence"] * ("Sequence" in sources),
    ]
    imports += ["from typing import Any"] * ("Any" in sources)
    return f'''"""Predictions of a neural network, with NumPy alone. Written by whorl {whorl.__version__}.

    import {name}
    {name}.predict({given})

The layers of the network, for inputs of shape {model.inputs}:

{layers}
"""

from __future__ import annotations

{chr(10).join(["import base64", *imports])}

import numpy as np

Array = np.ndarray
'''


def _predict(model: Model, body: Sequence[str]) -> str:
    lines = textwrap.indent("\n".join(body), "    ")
    if model.preparation is None:
        return f'''def predict(x):
    """Return the predictions {_shape(model.outputs)} for samples x {_shape(model.inputs)}."""
    x = np.asarray(x, np.{model.dtype})
    if x.shape[1:] != {model.inputs} or not np.isfinite(x).all():
        raise ValueError(f"x must be finite, of shape {_shape(model.inputs)}, got shape {{x.shape}}")
{lines}
'''
    return f'''def predict(columns):
    """Return the predictions {_shape(model.outputs)} for the columns of a table: a dict of lists, or a data frame."""
    x = features(columns).astype(np.{model.dtype})
{lines}
'''


def _shape(shape: Shape) -> str:
    """Write the shape of n samples."""
    return f"({', '.join(['n', *map(str, shape)])})"


def _body(graph: Graph, arrays: dict[str, Array]) -> list[str]:
    """Return the lines that compute the output from x, and collect the arrays that they name."""
    lines, starts = [], {section.start: section.layer for section in graph.sections}
    names = {0: "x"}
    for i, operation in enumerate(graph.operations):
        if i in starts:
            lines.append(f"# {starts[i]}")
        names[operation.result.number] = f"v{operation.result.number}"
        lines.append(f"v{operation.result.number} = {_expression(operation, names, arrays)}")
    return [*lines, f"return {names[graph.output.number]}"]


def _expression(operation: Operation, names: Mapping[int, str], arrays: dict[str, Array]) -> str:
    """Return the right-hand side of a line."""
    operands = [
        names[each.number] if isinstance(each, Value) else _constant(each, arrays) for each in operation.operands
    ]
    kind, settings, shape = operation.kind, operation.settings, operation.result.shape
    if kind in SYMBOLS:
        return SYMBOLS[kind].format(*operands)
    if kind == "columns":
        return f"{operands[0]}[:, {settings['chosen']}]"
    if kind == "concatenate":
        return f"np.concatenate([{', '.join(operands)}], axis=-1)"
    if kind == "reshape":
        return f"{operands[0]}.reshape({', '.join(map(str, ('len(x)', *shape)))})"
    return f"{kind}({', '.join([*operands, *map(repr, settings.values())])})"


def _constant(array: Array, arrays: dict[str, Array]) -> str:
    """Return how a constant is written: a number, or the name of an array."""
    if array.size == 1:
        return repr(float(array.reshape(())))
    name = f"c{len(arrays) + 1}"
    arrays[name] = array
    return name


def _weights(arrays: Mapping[str, Array], dtype: np.dtype[np.floating]) -> str:
    """Return the lines that hold the arrays."""
    data = b"".join(array.astype(dtype.newbyteorder("<")).tobytes() for array in arrays.values())
    text = base64.b64encode(data).decode()
    lines = [
        'DATA = np.frombuffer(base64.b64decode("""',
        *(text[i : i + 120] for i in range(0, len(text), 120)),
        f'"""), "<f{dtype.itemsize}")',
        "",
    ]
    start = 0
    for name, array in arrays.items():
        lines.append(f"{name} = DATA[{start}:{start + array.size}].reshape{array.shape}".replace(",)", ")"))
        start += array.size
    return "\n".join(lines if arrays else [])


def _table(preparation: Preparation) -> str:
    """Return the function that turns the columns of a table into features."""
    lines = []
    for column in preparation.columns:
        given = f"columns[{column.name!r}]"
        if isinstance(column, Number):
            call = f"number_features({given}, {column.fill!r}, {column.offset!r}, {column.missing})"
        elif isinstance(column, Category):
            call = f"category_features({given}, {list(column.categories)}, {column.other}, {column.missing})"
        elif isinstance(column, Date):
            call = f"date_features({given}, {column.reference!r}, {list(column.cycles)}, {column.missing})"
        lines.append(f"        {call},")
    return "\n".join(
        [
            "def features(columns):",
            f'    """Return the inputs of the network (n, {len(preparation.feature_names)})."""',
            "    return np.hstack([",
            *lines,
            "    ])",
        ]
    )


def _predict_classes(model: Model) -> str:
    threshold = "(p[:, 0] >= 0.5).astype(int)" if model.outputs == (1,) else "p.argmax(axis=1)"
    return f'''CLASSES = {list(model.classes)}


def predict_classes(columns):
    """Return the name of the most probable class of each row."""
    p = predict(columns)
    return [CLASSES[k] for k in {threshold}]
'''


def _functions(text: str) -> list[str]:
    """Return the names of the functions that the text calls, and of those that these call."""
    used = []
    for name in reversed(list(standalone.FUNCTIONS)):
        if f"{name}(" in text:
            used.append(name)
            text += inspect.getsource(standalone.FUNCTIONS[name]).partition("\n")[2]
    return used[::-1]


def _source(function: Callable[..., object]) -> str:
    """Return the source of a function, without remarks for checkers."""
    lines = inspect.getsource(function).splitlines()
    return "\n".join(line.partition("  # type: ignore")[0].partition("  # noqa")[0] for line in lines)


_PROGRAM = """if __name__ == "__main__":
    import sys

    np.savetxt(sys.stdout, predict(np.loadtxt(sys.stdin, delimiter=",", ndmin=2)), delimiter=",", fmt="%.9g")
"""

_PROGRAM_OF_TABLE = """if __name__ == "__main__":
    import csv
    import sys

    rows = list(csv.DictReader(sys.stdin))
    np.savetxt(sys.stdout, predict({name: [row[name] for row in rows] for name in rows[0]}), delimiter=",", fmt="%.9g")
"""
