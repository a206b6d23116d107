"""The result of a check of gradients: errors by name, which print as a table by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from whorl._core.text import Table, align
from whorl.glassbox.finite_differences import Deviation

TOLERANCE = 1e-5
"""Errors below this are those of finite differences. A right gradient usually stays below 1e-6, a wrong one exceeds 1e-3."""


class GradientCheck(dict[str, float]):
    """The relative error of each array: a dictionary, which prints as a table by layer.

    Attributes
    ----------
    deviations : dict of str to Deviation
        For each array the element with the largest deviation: its ``index``, ``analytic`` and ``numeric``.
    problems : tuple of str
        What is wrong, and in which layer, in words.
    passed : bool
        Whether all errors are below 1e-5, and there are no problems.
    worst : str
        The name of the array with the largest error.
    """

    def __init__(
        self,
        deviations: Mapping[str, Deviation],
        problems: Sequence[str] = (),
        layers: Sequence[tuple[str, Sequence[str]]] = (),
        shapes: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__((name, each.error) for name, each in deviations.items())
        self.deviations: dict[str, Deviation] = dict(deviations)
        self.problems: tuple[str, ...] = tuple(problems)
        self._layers, self._shapes = layers, shapes or {}

    @property
    def passed(self) -> bool:
        """Whether all errors are below 1e-5, and there are no problems."""
        return not self.problems and all(error < TOLERANCE for error in self.values())

    @property
    def worst(self) -> str:
        """The name of the array with the largest error."""
        return max(self, key=self.__getitem__)

    def __repr__(self) -> str:
        return str(self.table())

    def table(self) -> Table:
        """Return the table, with the problems and the verdict below it."""
        rows = [["layer", "array", "error", "at", "backpropagation", "differences"]]
        for layer, names in self._layers:
            rows += [[layer if not i else "", *self._cells(name)] for i, name in enumerate(names)] or [
                [layer, *[""] * 5]
            ]
        wrong = sum(error >= TOLERANCE for error in self.values())
        if self.passed:
            verdict = "all gradients are right"
        elif wrong:
            verdict = f"{wrong} of {len(self)} gradients are wrong: their errors are {TOLERANCE:g} or more"
        else:
            verdict = "the gradients are right, but there are other problems"
        return Table("\n".join([align(rows, {2, 4, 5}), verdict, *self.problems]))

    def _cells(self, name: str) -> list[str]:
        found = self.deviations[name]
        array = f"{name} {self._shapes.get(name, '')}".rstrip()
        if not found.index:
            return [array, f"{found.error:.1e}", "", "", ""]
        at = str(list(found.index))
        return [array, f"{found.error:.1e}", at, f"{found.analytic:.6g}", f"{found.numeric:.6g}"]
