"""Why a weight changed: its gradient as a sum over samples and over paths, and what the optimizer made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from whorl._core.text import align
from whorl._core.types import Array
from whorl.glassbox.tracing.assembly import arrays_of
from whorl.glassbox.tracing.numerals import number, setting
from whorl.glassbox.tracing.rendering import symbol, text, with_numbers
from whorl.glassbox.tracing.step import Step
from whorl.glassbox.tracing.traced_array import TracedArray
from whorl.layers import chain

SHOWN = 8
"""The most paths that are printed, those with the largest contributions."""
MOST_PARTS, MOST_NUMBERS, FEWEST = 4096, 20_000, 8
"""For a page: the most contributions to one element, and to those of a parameter together; and the fewest elements."""


@dataclass(frozen=True, eq=False)
class Why:
    """Why one element of a parameter changed.

    Its gradient is the sum of `contributions`, one for each sample and each unit on the way from the weight to the loss, and of
    `penalty`. Both are exact, up to rounding: the backward pass of a layer is linear in the gradient that it gets, so the parts of that
    gradient give the parts of the result.

    Attributes
    ----------
    name : str
        The element, such as ``"w1[0, 3]"``.
    before, after : float
        Its value before and after the step.
    contributions : ndarray, shape (n, units)
        The gradient of the loss without penalties, by sample and by path.
    layer : str
        The array whose units the paths lead through, such as ``"z2"``. It is the output of the next layer that has parameters, or of the
        parameter's own layer, if it is the last one.
    penalty : float
        The gradient of the penalties.
    gradient : float
        The whole gradient; 0 if the layer is frozen, though the loss pushes.
    update : tuple of str
        The optimizer's formulas, with the numbers of this element.
    """

    name: str
    before: float
    after: float
    contributions: Array
    layer: str
    penalty: float
    gradient: float
    update: tuple[str, ...]

    @property
    def change(self) -> float:
        """By how much the step changed it."""
        return self.after - self.before

    @property
    def by_sample(self) -> Array:
        """The contribution of each sample to the gradient, (n,)."""
        return np.asarray(self.contributions.sum(axis=1))

    @property
    def by_path(self) -> Array:
        """The contribution of each path to the gradient, (units,)."""
        return np.asarray(self.contributions.sum(axis=0))

    def __repr__(self) -> str:
        """Return a table of the contributions, and the update with its numbers."""
        rows = self.rows()
        lines = [self.heading, "", align(rows, right=set(range(1, len(rows[0])))), ""]
        if self.penalty:
            lines.append(f"gradient of the penalty: {signed(self.penalty)}")
        lines.append(f"gradient: {signed(self.gradient)}" + _words(self.gradient))
        return "\n".join([*lines, *self.update])

    @property
    def heading(self) -> str:
        """By how much it changed, as text."""
        direction = "fell" if self.change < 0 else "rose" if self.change > 0 else "did not change: it stays"
        moved = (
            f" from {self.before:.6g} to {self.after:.6g}, by {signed(self.change)}"
            if self.change
            else f" {self.after:.6g}"
        )
        return f"{self.name} {direction}{moved}"

    def rows(self) -> list[list[str]]:
        """Return the cells of a table of the contributions: a row for each sample, and one for their sum; the first row is the heading."""
        largest = np.sort(np.argsort(-np.abs(self.by_path), kind="stable")[:SHOWN])
        rows = [["gradient of the loss", *(f"through {symbol(self.layer)}[:, {j}]" for j in largest)]]
        left = self.contributions.shape[1] - len(largest)
        rows[0] += [f"{left} others"] * bool(left) + ["sum"]
        for title, parts in [
            *((f"sample {s}", row) for s, row in enumerate(self.contributions)),
            ("sum", self.by_path),
        ]:
            shown = [*parts[largest], *([parts.sum() - parts[largest].sum()] if left else []), parts.sum()]
            rows.append([title, *(signed(value) for value in shown)])
        return rows


def signed(value: float) -> str:
    """Return a number with its sign; 0 without one."""
    return f"{value:+.4g}" if value else "0"


def _words(gradient: float) -> str:
    """Say what the sign of a gradient means."""
    if gradient == 0:
        return ""
    return f": the loss falls if the weight {'falls' if gradient > 0 else 'rises'}"


def update_line(array: TracedArray, arrays: Mapping[str, Array]) -> str:
    """Return the formula of an array, with its numbers: the settings, and ``{w1}`` for an element of the array w1, ``{=w1_new}`` for the result."""
    numbers = {name: setting(value) for name, value in array.settings.items()}
    fitting = [name for name in array.operands if arrays[name].shape in (array.values.shape, ())]
    numbers |= {name: f"{{{name}}}" for name in fitting}
    left, written = symbol(array.name), text(array.formula)
    return f"{left} = {written} = {with_numbers(array.formula, numbers)} = {{={array.name}}}"


def filled(line: str, arrays: Mapping[str, Array], place: tuple[int, ...]) -> str:
    """Return the line of an update with the numbers of one element; a negative operand has parentheses."""

    def written(found: re.Match[str]) -> str:
        values = arrays[found[2]]
        value = number(values[place if values.shape else ()], 6).replace("-", "−")
        return f"({value})" if value.startswith("−") and not found[1] else value

    return re.sub(r"\{(=?)(\w+)\}", written, line)


def reasons_of(
    step: Step, arrays: Mapping[str, Array], outputs: Sequence[str], updates: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Return for each parameter why its elements changed, as JSON can hold it; of many elements, those that changed most."""
    reasons = {}
    for name in step.model.trained:
        layer = through(step, name)
        before, change = arrays[name].ravel(), (arrays[f"{name}_new"] - arrays[name]).ravel()
        parts, units = step.calls[layer].dy.size, change.size
        if parts > MOST_PARTS:
            continue
        shown = min(units, max(FEWEST, MOST_NUMBERS // parts))
        chosen = np.sort(np.argsort(-np.abs(change), kind="stable")[:shown])
        data = arrays[f"d{name}"].ravel()
        gradient = arrays.get(f"g_{name}", arrays[f"d{name}"]).ravel()
        penalty = np.zeros_like(data) if name in frozen(step) else gradient - data
        shape = arrays[name].shape
        reasons[name] = {
            "shape": shape,
            "layer": symbol(outputs[layer]),
            "columns": shape[-1] if shown == units else min(shown, 8),
            "elements": chosen.tolist(),
            "parts": rounded(contributions(step, name, chosen.tolist())),
            **{
                key: rounded(values[chosen])
                for key, values in (
                    ("before", before),
                    ("change", change),
                    ("penalty", penalty),
                    ("gradient", gradient),
                )
            },
            "update": list(updates[name]),
        }
    return reasons


def rounded(values: Array) -> Any:
    """Return numbers with five digits, as nested lists."""
    short = [float(f"{value:.5g}") for value in np.nan_to_num(values).ravel().tolist()]
    return np.array(short).reshape(values.shape).tolist()


def frozen(step: Step) -> set[str]:
    """Return the names of the parameters of frozen layers."""
    places = [step.model.places[i] for i in step.model.frozen]
    return {name for place in chain.walk(places) for name in place.names}


def layer_of(step: Step, name: str) -> int:
    """Return the index of the layer, among those of the model, that a parameter is in."""
    for i, place in enumerate(step.model.places):
        if any(name in each.names for each in chain.walk([place])):
            return i
    raise KeyError(name)


def through(step: Step, name: str) -> int:
    """Return the index of the layer whose output the paths from a parameter lead through."""
    own, trained = layer_of(step, name), set(step.model.trained)
    for i in range(own + 1, len(step.calls)):
        if any(trained & set(each.names) for each in chain.walk([step.model.places[i]])):
            return i
    return own


def contributions(step: Step, name: str, elements: Sequence[int]) -> Array:
    """Return the gradient of the loss by elements of a parameter, by sample and by path.

    Parameters
    ----------
    step : Step
    name : str
        The parameter.
    elements : sequence of int
        Indices of the flat parameter.

    Returns
    -------
    ndarray, shape (n, units, elements)
    """
    first, last = layer_of(step, name), through(step, name)
    dy = step.calls[last].dy
    rows = dy.reshape(len(dy), -1)
    statistics, chosen = step.model.statistics.copy(), list(elements)
    parts = np.zeros((*rows.shape, len(chosen)), dy.dtype)
    for s, unit in np.argwhere(rows != 0):
        part = np.zeros_like(rows)
        part[s, unit] = rows[s, unit]
        dx: Array | None = part.reshape(dy.shape)
        for call in reversed(step.calls[first : last + 1]):
            assert dx is not None
            dx = call.back(dx, call.g)
        gradients = dict(arrays_of(step.model.places[first], step.calls[first].g))
        parts[s, unit] = gradients[name].reshape(-1)[chosen]
    step.model.statistics = statistics  # which the backward pass of batch normalization changes
    return parts
