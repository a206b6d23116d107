"""The formulas of L-BFGS, for all parameters in one vector theta: the two loops that give the direction d, and the step along it."""

from __future__ import annotations

from collections.abc import Mapping

from whorl._core.types import Array
from whorl.glassbox.tracing.notebook import Notebook
from whorl.glassbox.tracing.step import Step
from whorl.optimizers import State

PAGE = "clipping-averaging-lbfgs.md#l-bfgs-the-curvature-from-the-last-steps"


def write_lbfgs(step: Step, notebook: Notebook, gradients: Mapping[str, str], before: State) -> bool:
    """Write the step of all parameters; `gradients` names those that the optimizer takes."""
    notebook.open("update", f"all parameters: {step.optimizer}", PAGE)
    theta = ", ".join(f"reshape({name}, -1)" for name in gradients)
    notebook.add("theta", step.model.parameters, f"join({theta})")
    notebook.apply(
        f"g = join({', '.join(f'reshape({each}, -1)' for each in gradients.values())})", {}, {}, called={"g": "g"}
    )
    _direction(notebook, before)
    along = float(notebook.arrays["d_line"] @ notebook.arrays["g"])
    if not along < 0:
        notebook.apply("d = -g", {"g": "g"}, {}, called={"d": "d_steepest"})
    name = "d_line" if along < 0 else "d_steepest"
    direction: Array = notebook.arrays[name]
    length = float(direction @ direction)
    t = float((step.stepped - step.model.parameters) @ direction) / length if length else 0.0
    notebook.add(
        "theta_new", step.stepped, f"theta + t * {name}", settings={"t": t}, note="t is found by the line search"
    )
    return True


def _direction(notebook: Notebook, before: State) -> None:
    """Write the two loops, unrolled over the pairs that are remembered, the newest first."""
    q, pairs = "g", []
    for i, (s, y) in enumerate(reversed(before.pairs)):
        names = {"q": q}
        for local, values, words in (("s", s, "change of theta"), ("y", y, "change of the gradient")):
            note = f"remembered: the {words}, {i + 1} steps ago" if i else f"remembered: the {words} in the last step"
            names[local] = notebook.add(f"{local}_pair{i}", values, note=note)
        notebook.apply(
            "share = sum(s * q) / sum(s * y)\n r = q - share * y", names, {}, called=_called(i, "share", "r")
        )
        pairs.append(names)
        q = names["r"]
    if pairs:
        names = dict(pairs[0], q=q)
        notebook.apply("h = q * (sum(s * y) / sum(y * y))", names, {}, called={"h": "h_pair"})
        q = "h_pair"
    for i in range(len(pairs) - 1, -1, -1):
        names = dict(pairs[i], q=q)
        notebook.apply("u = q + (share - sum(y * q) / sum(s * y)) * s", names, {}, called=_called(i, "u"))
        q = names["u"]
    notebook.apply("d = -q", {"q": q}, {}, called={"d": "d_line"})


def _called(i: int, *locals_: str) -> dict[str, str]:
    return {local: f"{local}_pair{i}" for local in locals_}
