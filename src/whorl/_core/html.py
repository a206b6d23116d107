"""Tables and curves as HTML, for notebooks."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 300, 130
"""Size of a chart, in pixels."""
COLORS = "#1f6fb4", "#d9730d"
"""Of training and of validation, which is dashed too."""


def table(
    rows: Sequence[Sequence[str]], right: set[int], bars: Sequence[float] | None = None, caption: str = ""
) -> str:
    """Return rows of cells as a table, the first of them the heading.

    Parameters
    ----------
    rows : sequence of sequence of str
    right : set of int
        The columns that are aligned to the right.
    bars : sequence of float, optional
        For each row after the heading, the length of a bar in a column of its own, from 0 to 1.
    caption : str, optional
        The line below.
    """
    lines = []
    for i, row in enumerate(rows):
        tag = "td" if i else "th"
        cells = [_cell(tag, html.escape(cell), right=j in right) for j, cell in enumerate(row)]
        if bars is not None:
            bar = (
                f'<div style="background:{COLORS[0]};height:0.7em;width:{100 * bars[i - 1]:.1f}px"></div>' if i else ""
            )
            cells.append(_cell(tag, bar, right=False))
        lines.append(f"<tr>{''.join(cells)}</tr>")
    below = f'<caption style="caption-side:bottom;text-align:left">{html.escape(caption)}</caption>' if caption else ""
    return f"<table>{below}<thead>{lines[0]}</thead><tbody>{''.join(lines[1:])}</tbody></table>"


def _cell(tag: str, content: str, *, right: bool) -> str:
    return f'<{tag} style="text-align:{"right" if right else "left"};padding:0 0.5em;white-space:pre-wrap">{content}</{tag}>'


def charts(history: Mapping[str, Sequence[float]], names: Sequence[str]) -> str:
    """Return a chart for each of these values of a history, with that of the validation data if there is one."""
    figures = [_chart(name, [history[each] for each in (name, f"val_{name}") if each in history]) for name in names]
    return f'<div style="display:flex;flex-wrap:wrap;gap:1em">{"".join(figures)}</div>'


def _chart(name: str, curves: Sequence[Sequence[float]]) -> str:
    """Return curves over the epochs as an SVG picture."""
    finite = [value for curve in curves for value in curve if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    span, last = (high - low) or 1.0, max(1, len(curves[0]) - 1)
    lines = []
    for i, curve in enumerate(curves):
        points = " ".join(
            f"{50 + (WIDTH - 60) * x / last:.1f},{HEIGHT - 25 - (HEIGHT - 45) * (value - low) / span:.1f}"
            for x, value in enumerate(curve)
            if math.isfinite(value)
        )
        dash = ' stroke-dasharray="5 3"' if i else ""
        lines.append(f'<polyline fill="none" stroke="{COLORS[i]}" stroke-width="1.5"{dash} points="{points}"/>')
    title = html.escape(name if len(curves) == 1 else f"{name}, and of the validation data (dashed)")
    words = [(50, 12, "start", title), (46, HEIGHT - 22, "end", f"{low:.3g}"), (46, 26, "end", f"{high:.3g}")]
    words += [(50, HEIGHT - 8, "start", "epoch 1"), (WIDTH - 10, HEIGHT - 8, "end", str(len(curves[0])))]
    text = "".join(f'<text x="{x}" y="{y}" text-anchor="{anchor}">{word}</text>' for x, y, anchor, word in words)
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" style="font:11px sans-serif" fill="currentColor">{text}'
        f"{''.join(lines)}</svg>"
    )
