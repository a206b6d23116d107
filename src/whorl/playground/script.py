"""The Python script that does what the page has done: the same data, network, steps and edits, to the same bits."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator

import whorl
from whorl.header import KNOWN
from whorl.playground.configuration import FEATURES, Blobs, Circles, Moons, Points, Spiral, Table, Xor
from whorl.playground.layout import WIDTH, laid_out, quoted
from whorl.playground.problem import LOSSES, OPTIMIZERS, Problem
from whorl.playground.run import Edited

CLASSES = {**KNOWN, **LOSSES, **OPTIMIZERS}
"""The classes that a configuration may name."""


def script(problem: Problem, step: int, edits: Iterable[Edited] = ()) -> str:
    """Return the script that trains the network of a problem for so many steps.

    Parameters
    ----------
    problem : Problem
    step : int
        The number of steps taken.
    edits : iterable of Edited, optional
        The weights that were set by hand; those after a later step are left out.

    Returns
    -------
    str
        Run in a new process, with the file of the table in the current directory, it saves the same weights, to the bit.

    Examples
    --------
    >>> from whorl.playground.configuration import Configuration
    >>> print(script(Problem.read(Configuration()), 100))
    import whorl
    from whorl import Adam, CrossEntropy, Dense, Model, ReLU, Softmax
    <BLANKLINE>
    X, y = whorl.datasets.spiral(100, 3, noise=0.2, rng=0)
    <BLANKLINE>
    model = Model(
        [Dense(16), ReLU(), Dense(16), ReLU(), Dense(3), Softmax()],
        inputs=2,
        rng=0,
    )
    training = model.training(
        X,
        y,
        loss=CrossEntropy(),
        optimizer=Adam(0.01),
        epochs=10000,
        batch_size=32,
        validation=0.2,
        metrics=["accuracy"],
        rng=0,
        fast=False,
    )
    for step in training.steps():
        if step.number == 100:
            break
    model.save("model.npz")
    <BLANKLINE>
    """
    configuration, table = problem.configuration, problem.upload is not None
    plain = table or configuration.features == ("x", "y")
    one_hot = problem.y.ndim == 2
    points, labels = ("X", "y") if plain else ("points", "labels")
    lines = [_data(problem, points, labels)]
    if not plain:
        inputs = ", ".join(FEATURES[name] for name in configuration.features)
        lines.append(f"x, y = points.T\nX = {laid_out(f'np.column_stack([{inputs}])', taken=4)}\n")
    if one_hot:
        lines.append(f"targets = np.eye({len(problem.data.classes)})[{labels}]\n")
    size = "X.shape[1]" if table else len(configuration.features)
    model = f"Model({list(problem.layers)!r}, inputs={size}, rng={configuration.seed})"
    lines.append(f"\nmodel = {laid_out(model, taken=8)}\n")
    if table:
        lines.append("model.preparation = table.preparation\n")
    lines += _training(problem, step, edits, "targets" if one_hot else labels)
    body = "".join(lines)
    return f'{_imports(body)}\n{body}model.save("model.npz")\n'


def _data(problem: Problem, X: str, y: str) -> str:
    """Return the lines that draw or read the samples X and their labels y."""
    data = problem.configuration.data
    match data:
        case Points(points):
            rows = "".join(f"        {row!r},\n" for row in points)
            drawn = f"drawn = np.array(\n    [\n{rows}    ]\n)  # x, y and label\n"
            return f"{drawn}{X}, {y} = drawn[:, :2], drawn[:, 2].astype(int)\n"
        case Table(_, target, use):
            assert problem.upload is not None
            ignore = [name for name in problem.upload.frame if name not in use and name != target] if use else []
            names = "".join(f", {key}={list(value)!r}" for key, value in (("ignore", ignore), ("use", use)) if value)
            call = f"whorl.tables.table({problem.upload.name!r}, {target!r}{names}, task='classification')"
            return f"table = {laid_out(call, taken=8)}\n{X}, {y} = table.X, table.y\n"
        case Spiral(samples, classes, noise):
            arguments = f"{samples}, {classes}, noise={noise!r}"
        case Blobs(samples, classes, spread):
            arguments = f"{samples}, {classes}, spread={spread!r}"
        case Moons(samples, noise) | Xor(samples, noise):
            arguments = f"{samples}, noise={noise!r}"
        case Circles(samples, noise, factor):
            arguments = f"{samples}, noise={noise!r}, factor={factor!r}"
    return f"{X}, {y} = whorl.datasets.{type(data).__name__.lower()}({arguments}, rng={data.seed})\n"


def _training(problem: Problem, step: int, edits: Iterable[Edited], targets: str) -> Iterator[str]:
    """Yield the lines from the first step to the last."""
    by_step: dict[int, list[str]] = defaultdict(list)
    for at, name, index, value in edits:
        if at <= step:
            by_step[at].append(f"weights[{quoted(name)}][{', '.join(map(str, index))}] = {float(value)!r}\n")
    if by_step:
        yield "weights = model.named_parameters()\n"
    yield from by_step.pop(0, [])
    if not step:
        return
    configuration = problem.configuration
    size = "" if problem.optimizer.batch_size is None else f" batch_size={configuration.batch_size},"
    validation = f" validation={configuration.validation!r}," if configuration.validation else ""
    call = (
        f"model.training(X, {targets}, loss={problem.loss!r}, optimizer={problem.optimizer!r},"
        f" epochs={configuration.stop.epochs},{size}{validation}"
        f" metrics=['accuracy'], rng={configuration.seed}, fast={configuration.compiled})"
    )
    yield f"training = {laid_out(call, taken=11)}\nfor step in training.steps():\n"
    by_step.setdefault(step, [])
    for number in sorted(by_step):
        yield f"    if step.number == {number}:\n"
        yield from (f"        {line}" for line in by_step[number])
    yield "        break\n"


def _imports(body: str) -> str:
    """Return the lines that import what a script uses."""
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    places: dict[str, list[str]] = defaultdict(list)
    for name in sorted(used & {"Model", *CLASSES}, key=lambda name: (not name.isupper(), name.lower())):
        module = "whorl" if hasattr(whorl, name) else ".".join(CLASSES[name].__module__.split(".")[:2])
        places[module].append(name)
    lines = [line for name, line in (("np", "import numpy as np"), ("whorl", "import whorl")) if name in used]
    for module, names in sorted(places.items()):
        line = f"from {module} import {', '.join(names)}"
        parts = "".join(f"    {name},\n" for name in names)
        lines.append(line if len(line) <= WIDTH else f"from {module} import (\n{parts})")
    return "\n".join(lines) + "\n"
