"""Functions of time as a chart made of characters, for a terminal or a file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

PARTS = 8
"""Times within a column at which a function is asked, so that no peak and no jump falls between two columns."""


@dataclass(frozen=True)
class Style:
    """The characters to draw with: one for each function, and those of the axes."""

    marks: str
    side: str
    tick: str
    corner: str
    bottom: str
    notch: str


UNICODE = Style(marks="•ox+*#@%", side="│", tick="┤", corner="└", bottom="─", notch="┬")
ASCII = Style(marks="*ox+.#@%", side="|", tick="+", corner="+", bottom="-", notch="+")


def chart(
    functions: Mapping[str, Callable[[float], float]],
    end: float,
    *,
    width: int,
    height: int,
    style: Style = UNICODE,
) -> str:
    """Draw functions over the time from 0 to `end`, on an axis that starts at 0, with a legend under it.

    Where several lie in the same place, their marks take turns.

    Parameters
    ----------
    functions : mapping of str to callable
        By the names for the legend; their values are at least 0.
    end : float
        The last time, above 0.
    width, height : int
        Of the whole, labels included, and of the field alone: at least 40 and 5 characters.
    style : Style, optional
        The characters to draw with.

    Examples
    --------
    >>> print(chart({"half of t": lambda t: t / 2}, 8, width=40, height=5, style=ASCII))
    4 +                                *****
      |                       *********
      |              *********
      |     *********
    0 +*****
      ++--------+--------+--------+--------+
       0        2        4        6        8
    """
    high = max(function(time) for function in functions.values() for time in _times(end)) or 1.0
    labels = _labels(high, height)
    margin = max(map(len, labels.values()))
    columns = width - margin - 2
    field = [[" "] * columns for _ in range(height)]
    for column in range(columns):
        here: dict[int, list[str]] = {}
        for i, function in enumerate(functions.values()):
            for row in _rows(function, end, high, column, columns, height):
                here.setdefault(row, []).append(style.marks[i % len(style.marks)])
        for row, marks in here.items():
            field[row][column] = marks[column % len(marks)]
    lines = []
    for row in reversed(range(height)):
        label, side = labels.get(row, ""), style.tick if row in labels else style.side
        lines.append(f"{label:>{margin}} {side}{''.join(field[row])}".rstrip())
    return "\n".join([*lines, *_bottom(end, columns, margin, style)])


def legend(functions: Mapping[str, Callable[[float], float]], end: float, *, style: Style = UNICODE) -> str:
    """Say which mark is which function, and where each starts, is highest and ends.

    Examples
    --------
    >>> print(legend({"parabola": lambda t: t * (4 - t)}, 4, style=ASCII))
      * parabola: 0 at first, 4 at epoch 2, 0 at last
    """
    lines, times = [], _times(end)
    for i, (name, function) in enumerate(functions.items()):
        values = [function(time) for time in times]
        top = values.index(max(values))
        words = [f"{values[0]:.3g} at first", f"{values[-1]:.3g} at last"]
        if values[top] > max(values[0], values[-1]):
            words.insert(1, f"{values[top]:.3g} at epoch {times[top]:.3g}")
        lines.append(f"  {style.marks[i % len(style.marks)]} {name}: {', '.join(words)}")
    return "\n".join(lines)


def _times(end: float) -> list[float]:
    """Return times to look at, from 0 to the end: a thousand parts of it, and the first thousand whole numbers."""
    return sorted({end * i / 1000 for i in range(1001)} | {float(i) for i in range(min(1000, math.floor(end)) + 1)})


def _rows(
    function: Callable[[float], float], end: float, high: float, column: int, columns: int, height: int
) -> Iterator[int]:
    """Yield the rows of a function's marks in a column: one, or all that it passes where it is steep."""

    def row(part: float) -> int:
        time = end * min(max((column + part) / (columns - 1), 0.0), 1.0)
        return min(round(function(time) / high * (height - 1)), height - 1)

    passed = [row(part / PARTS - 0.5) for part in range(PARTS + 1)]
    low, top = min(passed), max(passed)
    yield from range(low, top + 1) if top - low > 1 else [row(0.0)]


def _labels(high: float, height: int) -> dict[int, str]:
    """Return the labels of the rows: every fourth, and the highest."""
    rows = [*range(0, height - 3, 4), height - 1]
    return {row: f"{high * row / (height - 1):.3g}" for row in rows}


def _bottom(end: float, columns: int, margin: int, style: Style) -> list[str]:
    """Return the axis of time, and its numbers."""
    step = _step(end, columns // 8)
    line, numbers = [style.bottom] * columns, [" "] * columns
    for i in range(math.floor(end / step + 1e-9) + 1):
        place, text = round(i * step / end * (columns - 1)), f"{i * step:g}"
        line[place] = style.notch
        start = min(max(0, place - (len(text) - 1) // 2), columns - len(text))
        numbers[start : start + len(text)] = text
    indent = " " * (margin + 1)
    return [f"{indent}{style.corner}{''.join(line)}", f"{indent} {''.join(numbers)}".rstrip()]


def _step(end: float, most: int) -> float:
    """Return the distance between numbers on the axis of time: 1, 2 or 5 times a power of ten, and not more than `most`."""
    power = 10.0 ** math.floor(math.log10(end / most))
    return next(step for step in (power, 2 * power, 5 * power, 10 * power) if end / step <= most * (1 + 1e-9))
