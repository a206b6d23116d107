"""The arrays of a step as they are written down: each with a name, its numbers, and the formula that they come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.glassbox.tracing import formula as language
from whorl.glassbox.tracing.rules import lines
from whorl.glassbox.tracing.traced_array import Section, TracedArray


class Notebook:
    """Arrays by name, in sections.

    Parameters
    ----------
    reserved : iterable of str
        Names that arrays added later have.
    dtype : numpy.dtype
        The float type of the model.
    """

    def __init__(self, reserved: Any, dtype: np.dtype[Any]) -> None:
        self.reserved: set[str] = set(reserved)
        self.dtype = dtype
        self.traced: dict[str, TracedArray] = {}
        self.arrays: dict[str, Array] = {}
        self.sections: list[Section] = []

    def open(self, stage: str, title: str, page: str = "") -> Section:
        """Begin a section."""
        self.sections.append(Section(stage, title, page))
        return self.sections[-1]

    def unique(self, name: str) -> str:
        """Return the name, with a number if it is taken."""
        taken = self.reserved | set(self.traced)
        found, number = name, 2
        while found in taken:
            found, number = f"{name}_{number}", number + 1
        return found

    def add(
        self, name: str, values: Any, formula: str = "", note: str = "", settings: Mapping[str, Any] | None = None
    ) -> str:
        """Add an array to the last section; return its name."""
        array = np.array(values, self.dtype if np.asarray(values).dtype.kind in "fb" else None)
        array.flags.writeable = False
        self.traced[name] = TracedArray(name, array, formula, settings or {}, note)
        self.arrays[name] = array
        self.sections[-1].names.append(name)
        return name

    def include(self, name: str) -> None:
        """Show an array that is there already in the last section too."""
        if name not in self.sections[-1].names:
            self.sections[-1].names.append(name)

    def apply(
        self,
        rule: str,
        names: dict[str, str],
        settings: Mapping[str, Any],
        *,
        number: str = "",
        called: Mapping[str, str] | None = None,
        known: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an array for each formula.

        Parameters
        ----------
        rule : str
            Lines ``name = formula``.
        names : dict of str to str
            The names in the notebook of what the formulas name; the results are added to it.
        settings : mapping of str to object
            The numbers in the formulas.
        number : str
            What is appended to the names of results, such as that of the layer.
        called : mapping of str to str, optional
            Names of results.
        known : mapping of str to array, optional
            Results that the library has computed; the others are evaluated.
        """
        for local, text in lines(rule):
            used = {name: settings[name] for name in language.names(text) if name not in names and name in settings}
            renamed = language.rename(text, names)
            name = (called or {}).get(local) or self.unique(f"{local}{number}")
            values = (known or {}).get(local)
            if values is None:
                values = language.evaluate(renamed, {**self.arrays, **used})
            names[local] = self.add(name, values, renamed, settings=used)


def number_of(name: str) -> str:
    """Return the number at the end of the name of a parameter."""
    return re.sub(r"^.*?(\d*)$", r"\1", name)
