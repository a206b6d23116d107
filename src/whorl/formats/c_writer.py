"""A model as one file of C99 that needs no library but the standard one."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Sequence
from math import prod

import numpy as np

import whorl
from whorl._core.files import replacing
from whorl._core.types import Array
from whorl.formats.c_functions import FUNCTIONS
from whorl.formats.c_statements import length, literal, statement
from whorl.formats.graph import Graph, Value
from whorl.formats.lowering import lower
from whorl.formats.writing import check_target
from whorl.model import Model


def save_c(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model as one file of C99, without dependencies. A file that was there stays if that fails.

    The file ``model.c`` has the function ``int model_predict(const float *x, float *y)``, for one sample; a model of float64 has
    ``double`` in place of ``float``. It allocates nothing, may be called from several threads, and returns 0, or 1 if a column of
    categories, for `Embedding`, does not hold one. Compiled with ``-DMODEL_MAIN``, it is a program that reads rows of numbers from the
    standard input, and prints the predictions.

    For a model that has learned a table, the inputs are the features of its preparation, which the file lists.

    Parameters
    ----------
    model : Model
    path : str or path
        Ending in ``.c``; the name before it begins the names of the functions.

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
    Predictions differ from those of `Model.predict` by rounding errors.

    Examples
    --------
    >>> import os, tempfile
    >>> from whorl import Dense, Model, ReLU
    >>> path = os.path.join(tempfile.mkdtemp(), "model.c")
    >>> save_c(Model([Dense(8), ReLU(), Dense(1)], inputs=2, rng=0), path)
    >>> with open(path) as file:
    ...     "int model_predict(const float *x, float *y)" in file.read()
    True
    """
    name = check_target(model, path, ".c")
    text = c_text(model, name)
    with replacing(path) as file:
        file.write(text.encode())


def c_text(model: Model, name: str) -> str:
    """Return the text of the C file of this name."""
    graph, real = lower(model), "double" if model.dtype == np.float64 else "float"
    prefix = re.sub(r"\W", "_", name, flags=re.ASCII)
    prefix = prefix if prefix[:1].isalpha() else f"model_{prefix}"
    arrays: dict[str, Array] = {}
    body = _body(graph, arrays)
    signature = f"int {prefix}_predict(const {real} *x, {real} *y)"
    sizes = f"enum {{ INPUTS = {prod(model.inputs)}, OUTPUTS = {prod(model.outputs)} }};"
    parts = [
        _heading(model, prefix),
        f"#include <tgmath.h>\n\ntypedef {real} real;\n{sizes}\n",
        f"{signature};\n",
        *(FUNCTIONS[each] for each in _functions(body)),
        *(_array(name, array, model.dtype) for name, array in arrays.items()),
        f"{signature}\n{{\n{textwrap.indent(chr(10).join(body), '    ')}\n}}\n",
        _PROGRAM.replace("NAME", prefix.upper()).replace("PREFIX", prefix),
    ]
    return "\n".join(parts)


def _heading(model: Model, prefix: str) -> str:
    """Return the comment at the beginning."""
    lines = [
        f"Predictions of a neural network. Written by whorl {whorl.__version__}.",
        "",
        f"To compile it:    cc -std=c99 -O2 -c {prefix}.c",
        f"As a program:     cc -std=c99 -O2 -D{prefix.upper()}_MAIN {prefix}.c -o {prefix} -lm",
        "",
        f"The layers of the network, for inputs of shape {model.inputs}:",
        "",
        *(f"    {layer}" for layer in model.layers),
    ]
    if model.preparation:
        lines += [
            "",
            "Its inputs:",
            "",
            *(f"    {i}  {each}" for i, each in enumerate(model.preparation.feature_names)),
        ]
    if model.classes:
        lines += ["", "Its outputs:", "", *(f"    {k}  {each}" for k, each in enumerate(model.classes))]
    text = "\n".join(lines).replace("*/", "* /").replace("/*", "/ *").replace("\\", "/").replace("??", "? ?")
    return f"/*\n{text}\n*/\n"


def _body(graph: Graph, arrays: dict[str, Array]) -> list[str]:
    """Return the lines of the function that predicts, and collect the arrays that they name."""
    places, sizes = _places(graph)
    lines = [f"real {name}[{size}];" for name, size in sizes.items()]
    starts = {section.start: section.layer for section in graph.sections}
    for i, operation in enumerate(graph.operations):
        if i in starts:
            lines.append(f"/* {starts[i]} */")
        lines.append(statement(operation, places, arrays))
    if graph.output.number == 0:
        lines.append(f"copy({length(graph.output)}, x, y);")
    return [*lines, "return 0;"]


def _places(graph: Graph) -> tuple[dict[int, str], dict[str, int]]:
    """Return the name of the buffer of each value, and the sizes of the buffers, which are used again once a value is no longer needed."""
    last = {
        value.number: i
        for i, each in enumerate(graph.operations)
        for value in each.operands
        if isinstance(value, Value)
    }
    places, sizes, free = {0: "x"}, dict[str, int](), list[str]()
    for i, operation in enumerate(graph.operations):
        number = operation.result.number
        if number == graph.output.number:
            places[number] = "y"
        else:
            name = free.pop() if free else f"v{len(sizes) + 1}"
            places[number] = name
            sizes[name] = max(sizes.get(name, 0), length(operation.result))
        ended = {each.number for each in operation.operands if isinstance(each, Value) and last[each.number] == i}
        free += sorted(places[each] for each in ended if each)
    return places, sizes


def _array(name: str, array: Array, dtype: np.dtype[np.floating]) -> str:
    """Return the definition of an array."""
    suffix = "f" if dtype == np.float32 else ""
    rows = [array.ravel()[i : i + 8] for i in range(0, array.size, 8)]
    lines = ["".join(f"{literal(each)}{suffix}, " for each in row).rstrip() for row in rows]
    return "\n".join([f"static const real {name}[{array.size}] = {{", *lines, "};", ""])


def _functions(body: Sequence[str]) -> list[str]:
    """Return the names of the functions that the lines call, and of those that these call, each after those it calls."""
    text, used = "\n".join(body), []
    for name in reversed(list(FUNCTIONS)):
        if re.search(rf"\b{name}\(", text):
            used.append(name)
            text += FUNCTIONS[name].partition("\n")[2]
    return used[::-1]


_PROGRAM = """\
#ifdef NAME_MAIN
#include <stdio.h>

int main(void)
{
    real x[INPUTS], y[OUTPUTS];
    for (int i = 0;;) {
        double number;
        int found = scanf("%lf", &number);
        if (found != 1) return found == EOF && i == 0 ? 0 : 1;
        x[i++] = (real)number;
        int next = getchar();
        if (next != ',' && next != EOF) ungetc(next, stdin);
        if (i < INPUTS) continue;
        if (PREFIX_predict(x, y)) return 1;
        for (int k = 0; k < OUTPUTS; k++) printf("%.17g%c", (double)y[k], k + 1 < OUTPUTS ? ',' : '\\n');
        i = 0;
    }
}
#endif
"""
