"""A trace as a page of HTML: formulas as MathML, arrays as heat maps, and links from each array to its operands."""

from __future__ import annotations

import html
import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, metadata
from importlib.resources import files
from typing import Any

import whorl
from whorl._core.types import Array
from whorl.glassbox.tracing import heat_maps, rendering, text
from whorl.glassbox.tracing.numerals import number, setting, table
from whorl.glassbox.tracing.traced_array import Section, TracedArray

MOST_VALUES = 4096
"""The most numbers of an array that the page holds, beside its picture."""

INTRODUCTIONS = {
    "forward": "Each layer takes the array above it and computes the next one.",
    "loss": "One number says how far the predictions are from the labels. Training makes it smaller.",
    "backward": "dw is ∂L/∂w: how much the loss grows if w grows by a little. The chain rule gives it layer by layer, from the last"
    " to the first: each layer gets the gradient by its output, and passes on the gradient by its input.",
    "update": "The optimizer moves each parameter against its gradient. A prime, as in w′, marks the value after the step.",
}


@lru_cache(maxsize=1)
def theory_url() -> str:
    """Return the address of docs/theory, where the formulas are derived: that of the project, if it is installed."""
    try:
        urls = metadata("whorl").get_all("Project-URL") or []
    except PackageNotFoundError:
        urls = []
    homes = [url.partition(", ")[2] for url in urls if url.startswith("Homepage, ")]
    return f"{homes[0]}/blob/main/docs/theory/" if homes else "docs/theory/"


def page(
    sections: Sequence[Section],
    traced: Mapping[str, TracedArray],
    heading: Mapping[str, str],
    path: Sequence[tuple[str, str]],
    reasons: Mapping[str, Any],
) -> str:
    """Return the page.

    Parameters
    ----------
    sections : sequence of Section
    traced : mapping of str to TracedArray
    heading : mapping of str to str
        What the step is about: terms and their descriptions.
    path : sequence of tuple of str
        The names of the arrays from the input to the loss, for the overview, each with the layer that computes it.
    reasons : mapping of str to object
        For each parameter, why its elements changed, as `reasons_of` returns it.
    """
    used_in: dict[str, list[str]] = defaultdict(list)
    for array in traced.values():
        for name in array.operands:
            used_in[name].append(array.name)
    body, stage, shown = [], "", set[str]()
    for section in sections:
        if section.stage != stage:
            body.append("</section>" if stage else "")
            stage, title = section.stage, text.STAGES[section.stage]
            head, _, rest = title.partition(": ")
            body.append(
                f'<section aria-labelledby="{stage}"><h2 id="{stage}">{head} <small>{rest}</small></h2>'
                f"<p>{INTRODUCTIONS[stage]}</p>"
            )
        body.append(_article(section, traced, used_in, shown))
    body.append("</section>")
    values = {
        name: {"shape": array.values.shape, "values": [_short(value) for value in array.values.ravel().tolist()]}
        for name, array in traced.items()
        if array.values.size <= MOST_VALUES
    }
    data = json.dumps({"arrays": values, "why": reasons}, separators=(",", ":"), allow_nan=False).replace(
        "<", "\\u003c"
    )
    folder = files("whorl.glassbox.tracing")
    return _TEMPLATE.format(
        css=folder.joinpath("page.css").read_text("utf-8"),
        js=folder.joinpath("page.js").read_text("utf-8"),
        data=data,
        terms="".join(f"<dt>{html.escape(key)}</dt><dd>{value}</dd>" for key, value in heading.items()),
        overview="".join(f"<li>{f'<span>{html.escape(by)}</span>' * bool(by)}{_link(name)}</li>" for name, by in path),
        body="\n".join(body),
        version=whorl.__version__,
    )


def framed(document: str) -> str:
    """Return a page in a frame of its own, for a notebook."""
    return f'<iframe title="One training step" style="width:100%;height:45em;border:0" srcdoc="{html.escape(document)}"></iframe>'


def _short(value: float) -> float | int | None:
    """Return a number with five digits; None for what JSON has no number for."""
    short = float(f"{value:.5g}")
    if not math.isfinite(short):
        return None
    return int(short) if short == int(short) and abs(short) < 1e5 else short


def inline(name: str) -> str:
    """Return the name of an array as MathML within a line."""
    return f"<math><mrow>{rendering.math_symbol(name)}</mrow></math>"


def _article(
    section: Section, traced: Mapping[str, TracedArray], used_in: Mapping[str, list[str]], shown: set[str]
) -> str:
    """Return the arrays of a section; one that has been shown before is a link."""
    link = ""
    if section.page:
        link = f' <a class="theory" href="{theory_url()}{section.page}">derivation</a>'
    figures = []
    for name in section.names:
        figures.append(_again(name) if name in shown else _figure(traced[name], used_in[name]))
        shown.add(name)
    title = html.escape(section.title)
    return f'<article><h3><code>{title}</code>{link}</h3><div class="arrays">{"".join(figures)}</div></article>'


def _again(name: str) -> str:
    return f'<p class="again">{_link(name)} <span>is above</span></p>'


def _link(name: str) -> str:
    return f'<a href="#a-{name}" aria-label="{html.escape(rendering.symbol(name))}">{inline(name)}</a>'


def _figure(array: TracedArray, users: Sequence[str]) -> str:
    """Return an array with its formula, shape, numbers, and links."""
    given = ", ".join(f"{inline(key)} = {html.escape(setting(value))}" for key, value in array.settings.items())
    notes = [f"<p>{html.escape(array.note)}</p>"] if array.note else []
    notes += [f"<p>with {given}</p>"] if given else []
    links = []
    if array.operands:
        links.append(f"from {', '.join(map(_link, array.operands))}")
    if users:
        links.append(f"used in {', '.join(map(_link, dict.fromkeys(users)))}")
    label = html.escape(f"{array.heading}, shape {array.values.shape}", quote=True)
    shape = " × ".join(map(str, array.values.shape)) or "one number"
    return (
        f'<figure id="a-{array.name}" tabindex="0" role="group" aria-label="{label}" data-operands="{" ".join(array.operands)}"'
        f' data-users="{" ".join(users)}"><figcaption><div class="formula">{rendering.mathml(array.name, array.formula)}</div>'
        f'<span class="shape">{shape}</span></figcaption>{_numbers(array.name, array.values)}{"".join(notes)}'
        f'<p class="links">{"; ".join(links)}</p></figure>'
    )


def _numbers(name: str, values: Array) -> str:
    """Return the numbers of an array, coloured: written out, or as a picture with some of them below."""
    if values.ndim == 0:
        return f'<p class="scalar">{number(values, 6)}</p>'
    if not values.any() and values.size > 1:
        return '<p class="scalar">all 0</p>'
    if heat_maps.is_small(values):
        return heat_maps.table(values, table(values))
    return (
        f"{heat_maps.picture(name, values)}<details><summary>numbers</summary>"
        f"{heat_maps.table(values, table(values))}</details>"
    )


_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="whorl {version}">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>One training step</title>
<style>
{css}</style>
</head>
<body>
<header>
<h1>One training step</h1>
<dl>{terms}</dl>
<nav aria-label="From the input to the loss"><ol class="overview">{overview}</ol></nav>
<p class="jumps"><a href="#forward">forward</a> <a href="#loss">loss</a> <a href="#backward">backward</a>
<a href="#update">update</a> <a href="#reasons">why a weight changed</a></p>
<p class="legend"><span class="n5">negative</span><span class="n2"></span><span class="p0">0</span><span class="p2"></span><span
class="p5">positive</span> relative to the largest number of each array. Point at an array, or move to it with the Tab key: a thick border
marks what it is computed from, a dashed one what is computed from it. Side by side, <math><mi>x</mi><mspace width="0.25em"/><mi>w</mi></math>
is a product of matrices; a dot multiplies element by element; [x &gt; 0] is 1 where it holds, else 0.</p>
</header>
<main>
{body}
<section aria-labelledby="reasons"><h2 id="reasons">Why a weight changed <small>which samples and which paths pushed it</small></h2>
<div id="why"><noscript>This part needs JavaScript.</noscript></div>
</section>
</main>
<footer>whorl {version}</footer>
<aside id="dock" aria-label="The array pointed at, and what it is computed from" hidden></aside>
<script type="application/json" id="data">{data}</script>
<script>
{js}</script>
</body>
</html>
"""
