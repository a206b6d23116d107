"""Train the reference networks with whorl and with every other library that is installed, in one interleaved run.

Writes `docs/benchmarks.md` and a picture of it.
"""

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.cases import CASES, Case
from benchmarks.page import table, write
from benchmarks.peers import PEERS, Entry
from benchmarks.processes import ROOT
from benchmarks.rounds import Spread, Times, figures, interleave, ratio
from benchmarks.worker import PeerError, worker

PAGE = ROOT / "docs" / "benchmarks.md"
OPTIONS = {"networks": list(CASES), "peers": list(PEERS), "sessions": 3, "rounds": 5, "seconds": 0.3}

Results = dict[str, Times]
"""By network, the times of each peer: microseconds a step, one for each round."""


def run(arguments: argparse.Namespace) -> None:
    """Measure, and write the page."""
    chosen = [entry for entry in PEERS.values() if entry.name in {"whorl", *arguments.peers}]
    notes = {entry.title: missing for entry in chosen if (missing := entry.missing())}
    names = [entry.name for entry in chosen if entry.title not in notes]
    results: Results = {network: {name: [] for name in names} for network in arguments.networks}
    for number in range(arguments.sessions):
        with ExitStack() as stack:
            workers = {name: stack.enter_context(worker(name)) for name in names}
            for network in arguments.networks:
                print(f"session {number + 1} of {arguments.sessions}: {network}", flush=True)
                times, failed = measure(CASES[network], workers, arguments.rounds, arguments.seconds)
                for name, values in times.items():
                    results[network][name] += values
                notes |= {f"{PEERS[name].title} on {network}": reason for name, reason in failed.items()}
    results = {network: finished(times) for network, times in results.items()}
    picture = find_spec("matplotlib") is not None
    if picture:
        draw(results, Path(arguments.output, "benchmarks.png"))
    else:
        notes["the picture"] = "matplotlib is not installed"
    write(PAGE, arguments, *parts(results, notes, picture=picture))


def measure(
    case: Case, workers: Mapping[str, Callable[..., Any]], rounds: int, seconds: float
) -> tuple[Times, dict[str, str]]:
    """Measure a case; return the times, which are NaN from the round in which a peer failed, and why it did."""
    failed: dict[str, str] = {}

    def attempt(name: str, *request: object) -> float:
        """Return a peer's answer, or NaN once it has failed; if whorl fails, end the run: the ratios need it."""
        if name not in failed:
            try:
                return workers[name](*request)  # type: ignore[no-any-return]
            except PeerError as error:
                if name == "whorl":
                    raise SystemExit(f"whorl itself failed: {error}") from None
                failed[name] = str(error)
        return math.nan

    for name in workers:
        attempt(name, "prepare", case, seconds)
    return interleave(rounds, {name: partial(attempt, name, "measure") for name in workers}), failed


def finished(times: Times) -> Times:
    """Return the times of the peers that finished every session."""
    return {name: values for name, values in times.items() if not any(map(math.isnan, values))}


def present(results: Results, role: str | None = None) -> list[Entry]:
    """Return the peers, all or those of a role, that have a time for any of the networks, in order."""
    measured = set().union(*results.values())
    return [entry for entry in PEERS.values() if entry.name in measured and role in {None, entry.role}]


def by_network(results: Results, entries: Sequence[Entry], cell: Callable[[list[float], Times], str]) -> str:
    """Return a table with a row for each peer, and a column for each network.

    A cell has what `cell` makes of the peer's times and those of all peers on the network, or a dash if one is missing.
    """

    def text(entry: Entry, times: Times) -> str:
        try:
            return cell(times[entry.name], times)
        except KeyError:
            return "—"

    rows = [[entry.title, *(text(entry, times) for times in results.values())] for entry in entries]
    return table(["", *results], rows)


def multiples(results: Results, base: Entry) -> str:
    """Return the table of the ratios to `base`."""
    others = [entry for entry in present(results) if entry is not base]
    return by_network(results, others, lambda own, times: str(ratio(own, times[base.name])))


def verdict(results: Results, base: Entry) -> str:
    """Say in words where a peer is faster than `base`, and where the quartiles leave it open."""
    faster, open_ = [], []
    for network, times in results.items():
        for entry in present(results, "peer"):
            if not {entry.name, base.name} <= set(times):
                continue
            spread = ratio(times[entry.name], times[base.name])
            if spread.high < 1:
                faster.append(
                    f"- **{entry.title}** is faster on {network}: it takes {figures(spread.median)} times as long."
                )
            elif spread.low < 1:
                open_.append(f"- {entry.title} on {network} is too close to call: {spread} times as long.")
    if not faster + open_:
        return f"No peer was faster than {base.title} on any network measured here."
    return "\n".join([f"Compared with {base.title}:", "", *faster, *open_])


def parts(results: Results, notes: Mapping[str, str], *, picture: bool) -> list[str]:
    """Return the measured part of the page; the notes say what was not measured, and why."""
    entries, bases = present(results), present(results, "whorl")
    lines = ["![Time of a training step, as a multiple of whorl's](benchmarks.png)"] * picture
    lines += ["## Where another library is faster", *(verdict(results, base) for base in bases)]
    for base in bases:
        title = f"## Time as a multiple of that of {base.title}: median and quartiles over the rounds"
        lines += [title, multiples(results, base)]
    medians = by_network(results, entries, lambda own, _: figures(Spread.of(own).median))
    lines += ["## Microseconds a training step: medians", medians]
    if any("matmul" in times for times in results.values()):
        shares = by_network(results, bases, lambda own, times: f"{1 - ratio(times['matmul'], own).median:.0%}")
        lines += ["## Share of a step outside the matrix products", shares]
    networks = [[name, str(CASES[name])] for name in results]
    lines += ["## The networks", table(["", "layers and training"], networks)]
    missing = [f"- {what}: {reason}" for what, reason in notes.items()]
    return lines + ["Not measured:", "\n".join(missing)] * bool(missing)


def draw(results: Results, path: Path) -> None:
    """Draw a panel for each network: bars of the ratios on a logarithmic scale, starting at 1, which is the fastest whorl."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

    colors = {"whorl": "tab:green", "reference": "tab:gray"}
    base = present(results, "whorl")[-1]
    entries = [entry for entry in present(results) if entry is not base]
    rows = -(-len(results) // 2)
    figure = Figure(figsize=(12, 0.6 + rows * (1.1 + 0.28 * len(entries))), layout="constrained")
    for axes, (network, times) in zip(figure.subplots(rows, 2, squeeze=False).flat, results.items(), strict=False):
        shown = [entry for entry in entries if entry.name in times]
        spreads = [ratio(times[entry.name], times[base.name]) for entry in shown]
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
        f"Time of a training step, as a multiple of that of {base.title} (less is faster; orange: faster than {base.title})"
    )
    figure.savefig(path, dpi=110)
