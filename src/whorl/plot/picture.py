"""Figures and axes that notebooks show."""

import io

from matplotlib.axes import Axes
from matplotlib.figure import Figure


class Picture(Figure):
    """A figure of matplotlib that a notebook shows when it is the value of a cell, also without pyplot."""

    def _repr_png_(self) -> bytes:
        return _png(self)


class PictureAxes(Axes):
    """Axes of matplotlib whose figure a notebook shows when they are the value of a cell, also without pyplot."""

    def _repr_png_(self) -> bytes:
        return _png(self.figure.figure)  # the whole figure, and not only a part of it


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    return file.getvalue()
