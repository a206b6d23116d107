"""``whorl explain FILE --model model.npz``: what a saved network of a table relies on."""

from __future__ import annotations

from pathlib import Path

from whorl._core.files import replacing
from whorl._core.randomness import generator
from whorl._core.types import Array
from whorl.cli.source import loss_of
from whorl.glassbox import Importance, partial_dependence, permutation_importance
from whorl.model import Model
from whorl.plot import importance
from whorl.plot import partial_dependence as draw_dependence
from whorl.plot.style import new_figure
from whorl.tables import Table

DRAWN = 4
"""The number of columns whose partial dependence is drawn."""
ROWS = 1000
"""The most rows that are used, drawn at random from a longer file: more would take long and change little."""
DRAWN_ROWS = 200
"""The most rows for the partial dependence, which takes a prediction of all of them for each value."""


def show(model: Model, table: Table, *, seed: int, plot: Path | None) -> None:
    """Print the importance of each column on the rows of a table, and draw it with the partial dependence of the first ones."""
    rng = generator(seed)
    rows = rng.permutation(len(table))[:ROWS]
    metric = None if table.task == "classification" else "rmse"  # in the unit of the target
    found = permutation_importance(model, table.X[rows], table.y[rows], loss=loss_of(model), metric=metric, rng=rng)
    if len(rows) < len(table):
        print(f"{len(rows):,} of {len(table):,} rows, drawn at random")
    print(found)
    if plot is not None:
        _draw(model, table.X[rows[:DRAWN_ROWS]], found, plot)


def _draw(model: Model, X: Array, found: Importance, path: Path) -> None:
    """Draw the importance of the columns, and beside it the partial dependence of the most important ones."""
    figure = new_figure((12, 6.5))
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.5], squeeze=False)[0]
    importance(found, ax=left.add_subplot())
    columns = found.columns[:DRAWN]
    places = right.subplots(-(-len(columns) // 2), min(2, len(columns)), squeeze=False)
    for ax in places.flat[len(columns) :]:
        ax.axis("off")
    for ax, column in zip(places.flat, columns, strict=False):
        draw_dependence(partial_dependence(model, X, column), ax=ax)
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=110)
    print(f"saved {path}")
