"""An array of a training step with its formula, and the sections that the arrays are shown in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from whorl._core.types import Array
from whorl.glassbox.tracing import formula as language
from whorl.glassbox.tracing import rendering
from whorl.glassbox.tracing.numerals import number, setting, table

WIDTH = 98
"""The width of a line of text, at the end of which the shape stands."""


@dataclass(frozen=True, eq=False, repr=False)
class TracedArray:
    """An array of a training step.

    Attributes
    ----------
    name : str
    values : ndarray
    formula : str
        The formula that gives the values, in the names of other arrays and of `settings`; empty if there is none.
    settings : mapping of str to object
        Numbers in the formula, such as the learning rate ``eta``.
    note : str
        Where the values come from, if there is no formula, such as "computed by Sine.forward"; or what the array is.
    """

    name: str
    values: Array
    formula: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    @property
    def operands(self) -> list[str]:
        """The names of the arrays in the formula."""
        return [name for name in language.names(self.formula) if name not in self.settings] if self.formula else []

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the values."""
        return self.values.shape

    @property
    def heading(self) -> str:
        """The name and the formula, or where the values come from, and the numbers in the formula, as text."""
        name = rendering.symbol(self.name)
        if not self.formula:
            return f"{name}  {self.note}"
        given = [f"{rendering.symbol(key)} = {setting(value)}" for key, value in self.settings.items()]
        note = f"  ({self.note})" if self.note else ""
        return f"{name} = {rendering.text(self.formula)}{note}" + (f"   with {', '.join(given)}" if given else "")

    def __repr__(self) -> str:
        """Return the heading, the shape, and the numbers below, of which the middle is left out if there are too many."""
        if self.values.ndim == 0:
            return f"{self.heading}  =  {number(self.values)}"
        cells = table(self.values)
        widths = [max(len(row[j]) for row in cells) for j in range(len(cells[0]))]
        lines = ["  ".join(cell.rjust(size) for cell, size in zip(row, widths, strict=True)) for row in cells]
        title = f"{self.heading:{WIDTH - len(str(self.shape)) - 2}}  {self.shape}"
        return "\n".join([title, *(f"    {line}" for line in lines)])


@dataclass(eq=False)
class Section:
    """The arrays of one layer, of the loss, or of one parameter, in the order in which they are computed.

    Attributes
    ----------
    stage : str
        ``"forward"``, ``"loss"``, ``"backward"`` or ``"update"``.
    title : str
        The layer, the loss or the parameter.
    page : str
        The file in docs/theory, and the section in it, with the derivation of the formulas; may be empty.
    names : list of str
        The arrays.
    """

    stage: str
    title: str
    page: str = ""
    names: list[str] = field(default_factory=list)
