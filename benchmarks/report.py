"""The page about speed: tables in Markdown, the verdict in words, and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.cases import CASES
from benchmarks.peers import ENTRIES, Entry
from benchmarks.rounds import Spread, Times, figures, ratio

Results = dict[str, Times]
"""By network, the times of each peer: microseconds a step, one for each round."""

NOTES = """\
- Everybody trains the same layers on the same float32 samples, with the same batches, optimizer, L2 and dropout, shuffled before
  each epoch, and keeps the mean loss of each epoch. Whole runs of several epochs are timed and divided by their steps; compiling and
  a warm-up of three epochs come before, untimed, and whoever's loss does not fall is left out.
- whorl is `Model.fit` with its history, checks of the data included. So are Keras and scikit-learn; PyTorch and JAX are
  loops as their documentation writes them, with fused optimizers, donated buffers, and JAX's fast random numbers.
- scikit-learn has no dropout: on networks that drop, it does less work than the others.
- Each peer lives in a process of its own, and rests while another runs. A round measures each once, and each round begins with
  another. A ratio is taken within a round, so what slows a whole round down cancels. Each sitting starts the processes anew,
  since where its memory lies makes one process faster than the next.
- Where the machine is a virtual one, its host may move a core to another cache within seconds. Two threads that share a product
  then wait longer for each other, and the same step takes up to twice as long; the quartiles show how much of that there was.
- What lies outside the matrix products is 1 less their part of the step. Alone, they run over and over on the same few arrays; in
  a step their arguments come from farther away, so what lies outside is really somewhat less than the table says.
- The straight-line page (`benchmarks/straight.py`) is NumPy without a library around it, the matrix products are what no
  implementation on the same BLAS gets around: neither can be used in whorl's stead."""

AGAIN = """\
To measure it yourself, on a machine that does nothing else: `pip install --editable . --group benchmarks`, then `{}`.
"""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def present(results: Results) -> list[Entry]:
    """Return who has a time for any of the networks, in order."""
    return [entry for entry in ENTRIES.values() if any(entry.name in times for times in results.values())]


def cell(times: Times, name: str, base: str | None = None) -> str:
    """Return a median time, or the ratio to the base with its quartiles; a dash for who was not measured."""
    if name not in times:
        return "—"
    return str(ratio(times[name], times[base])) if base else figures(Spread.of(times[name]).median)


def verdict(results: Results, base: str) -> str:
    """Say in words where a peer is faster than `base`, where it is a tie, and that is all."""
    wins, ties = [], []
    for network, times in results.items():
        for entry in present(results):
            if entry.role != "peer" or not {entry.name, base} <= set(times):
                continue
            spread = ratio(times[entry.name], times[base])
            if spread.high < 1:
                wins.append(f"- **{entry.title}** wins on {network}: it takes {figures(spread.median)} times as long.")
            elif spread.low < 1:
                ties.append(f"- {entry.title} on {network} is too close to call: {spread} times as long.")
    title = ENTRIES[base].title
    if not wins + ties:
        return f"No peer was faster than {title} on any network measured here."
    return "\n".join([f"Against {title}:", "", *wins, *ties])


def outside(results: Results, bases: Sequence[str]) -> list[str]:
    """Return the part of the page that says how much of a step is not matrix products, if those were measured."""
    networks = [network for network, times in results.items() if "matmul" in times]
    if not networks:
        return []
    rows = [[ENTRIES[base].title, *(share(results[network], base) for network in networks)] for base in bases]
    return ["## Of a step, outside the matrix products", table(["", *networks], rows)]


def share(times: Times, base: str) -> str:
    """Return what part of the base's time is not matrix products."""
    return f"{1 - ratio(times['matmul'], times[base]).median:.0%}" if base in times else "—"


def page(results: Results, notes: Sequence[str], command: str, *, picture: bool) -> str:
    """Return the whole page."""
    entries, networks = present(results), list(results)
    times = [[entry.title, *(cell(results[n], entry.name) for n in networks)] for entry in entries]
    bases = [entry.name for entry in entries if entry.role == "whorl"]
    compared = [
        part
        for base in bases
        for part in (
            f"## Times as long as {ENTRIES[base].title}: median, and quartiles over the rounds",
            table(
                ["", *networks],
                [[e.title, *(cell(results[n], e.name, base) for n in networks)] for e in entries if e.name != base],
            ),
        )
    ]
    parts = [
        "# How fast whorl trains, beside others",
        f"Written by `{command}`; do not edit. {machine.described()}",
        *["![Time of a training step, as a multiple of whorl's](benchmarks.png)"] * picture,
        "## Where a peer wins",
        *(verdict(results, base) for base in bases),
        *compared,
        "## Microseconds a training step: medians",
        table(["", *networks], times),
        *outside(results, bases),
        "## The networks",
        table(["", "layers and training"], [[name, str(CASES[name])] for name in networks]),
        "## What was measured, and how",
        NOTES,
        *(["Not measured:", "\n".join(f"- {note}" for note in notes)] if notes else []),
        AGAIN.format(command),
    ]
    return "\n\n".join(parts)


def draw(results: Results, path: Path) -> None:
    """Draw a panel for each network: bars of the ratios on a logarithmic scale, from 1, which is whorl."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

    colors = {"whorl": "tab:green", "yardstick": "tab:gray"}
    entries = [entry for entry in present(results) if entry.name != "whorl"]
    rows = -(-len(results) // 2)
    figure = Figure(figsize=(12, 0.6 + rows * (1.1 + 0.28 * len(entries))), layout="constrained")
    for axes, (network, times) in zip(figure.subplots(rows, 2, squeeze=False).flat, results.items(), strict=False):
        shown = [entry for entry in entries if entry.name in times]
        spreads = [ratio(times[entry.name], times["whorl"]) for entry in shown]
        faster = ["tab:orange" if spread.median < 1 else "tab:blue" for spread in spreads]
        bars = axes.barh(
            [entry.title for entry in shown],
            [spread.median - 1 for spread in spreads],
            left=1,
            color=[colors.get(entry.role, other) for entry, other in zip(shown, faster, strict=True)],
            xerr=[[s.median - s.low for s in spreads], [s.high - s.median for s in spreads]],
        )
        axes.bar_label(bars, [f" {figures(spread.median)}" for spread in spreads])
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlim(min(0.3, *(s.low for s in spreads)) / 1.8, max(3.0, *(s.high for s in spreads)) * 1.8)
        axes.axvline(1, color="black")
        axes.invert_yaxis()
        axes.set_title(f"{network}: {'-'.join(map(str, CASES[network].sizes))}, batches of {CASES[network].batch}")
    for axes in figure.axes[len(results) :]:
        axes.remove()
    figure.suptitle(
        "Time of a training step, as a multiple of whorl's on NumPy alone (less is faster; orange: a peer wins)"
    )
    figure.savefig(path, dpi=110)


def write(directory: Path, results: Results, notes: Sequence[str], command: str) -> list[Path]:
    """Write the page, and the picture if matplotlib is installed; return the paths of what was written."""
    paths = [directory / "benchmarks.md"]
    directory.mkdir(parents=True, exist_ok=True)
    try:
        draw(results, directory / "benchmarks.png")
        paths.append(directory / "benchmarks.png")
    except ImportError:
        notes = [*notes, "the picture: matplotlib is not installed"]
    paths[0].write_text(page(results, notes, command, picture=len(paths) > 1), encoding="utf-8")
    return paths
