"""A figure that notebooks show."""

import io

from matplotlib.figure import Figure


class Picture(Figure):
    """A figure of matplotlib that a notebook shows when it is the value of a cell, also without pyplot."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=100)
        return file.getvalue()
