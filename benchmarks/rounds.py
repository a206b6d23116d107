"""Interleaved measurements and their summary: medians, and ratios with quartiles."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from benchmarks.peers import Peer

Times = dict[str, list[float]]
"""By name, one time for each round."""


@dataclass(frozen=True)
class Spread:
    """The median of some measurements, and the quartiles around it."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Summarize at least one value."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        return cls(*statistics.quantiles(values, n=4, method="inclusive"))

    def __str__(self) -> str:
        return f"{figures(self.median)} ({figures(self.low)}–{figures(self.high)})"


def figures(value: float) -> str:
    """Format a number with three significant digits, and all digits before the point: 0.0413, 2.50, 47,100."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:#.3g}"


def timed(peer: Peer, seconds: float, clock: Callable[[], float] = time.perf_counter) -> Callable[[], float]:
    """Warm up, and return a measurement of about so many seconds, which returns microseconds a step by that clock.

    Raises
    ------
    ValueError
        While warming up or measuring, if the loss does not fall: a peer that does not learn is not timed.
    """
    check_learning(peer, peer.train(3), 3)
    begun = time.perf_counter()
    peer.train(2)
    epochs = max(1, round(2 * seconds / (time.perf_counter() - begun)))

    def measure() -> float:
        begun = clock()
        losses = peer.train(epochs)
        elapsed = clock() - begun
        check_learning(peer, losses, epochs)
        return elapsed / (epochs * peer.case.steps) * 1e6

    return measure


def check_learning(peer: Peer, losses: list[float], epochs: int) -> None:
    """Raise ValueError unless there is a loss for each epoch, and the last is below the first."""
    if len(losses) != epochs:
        raise ValueError(f"asked for {epochs} epochs, got {len(losses)} losses")
    if peer.learns and epochs > 1 and not losses[-1] < losses[0]:
        raise ValueError(f"the loss must fall, but went from {losses[0]:.4f} to {losses[-1]:.4f}")


def interleave(rounds: int, contenders: Mapping[str, Callable[[], float]]) -> Times:
    """Measure each contender once a round. Each round begins with the next one, so that the order changes."""
    names = list(contenders)
    times: Times = {name: [] for name in names}
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            times[name].append(contenders[name]())
    return times


def ratio(times: Sequence[float], base: Sequence[float]) -> Spread:
    """Return the ratios of two series of times, taken round by round: what slows a whole round down cancels out."""
    return Spread.of([time / other for time, other in zip(times, base, strict=True)])
