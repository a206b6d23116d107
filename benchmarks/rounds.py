"""Interleaved measurements, and what they come to: medians, and ratios with their spread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.peers.peer import Peer

Times = dict[str, list[float]]
"""By peer, one time for each round."""


@dataclass(frozen=True)
class Spread:
    """The median of some measurements, and the quartiles around it."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Summarize at least one value."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        return cls(*statistics.quantiles(values, n=4, method="inclusive"))

    def __str__(self) -> str:
        return f"{figures(self.median)} ({figures(self.low)}–{figures(self.high)})"


def figures(value: float) -> str:
    """Write a number with three digits, and more where they stand before the point: 0.0413, 2.50, 47100 as 47,100."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:#.3g}"


def epochs(peer: Peer, seconds: float) -> int:
    """Return how many epochs last about so many seconds, by the time of two."""
    begun = time.perf_counter()
    peer.train(2)
    return max(1, round(2 * seconds / (time.perf_counter() - begun)))


def timed(peer: Peer, seconds: float, clock: Callable[[], float] = time.perf_counter) -> Callable[[], float]:
    """Return a measurement of about so many seconds, after a warm-up: it gives microseconds a step, by that clock."""
    peer.train(1)
    count = epochs(peer, seconds)

    def measure() -> float:
        begun = clock()
        peer.train(count)
        return (clock() - begun) / (count * peer.case.steps) * 1e6

    return measure


def interleave(rounds: int, contenders: Mapping[str, Callable[[], float]]) -> Times:
    """Measure everybody once a round. Each round begins one further down the list, so that nobody always follows the same."""
    names = list(contenders)
    times: Times = {name: [] for name in names}
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            times[name].append(contenders[name]())
    return times


def ratio(times: Sequence[float], base: Sequence[float]) -> Spread:
    """Return how many times the base's time it takes, round by round: what slows a whole round down cancels."""
    return Spread.of([time / other for time, other in zip(times, base, strict=True)])
