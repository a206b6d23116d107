"""The distributions of synthetic data: the density of each class, and the integrals of the best classifier.

Letters: k classes, m points, d features; σ the standard deviation of the noise; f_c the density of class c, in the limit of many
samples; p_c = f_c / Σ_j f_j its posterior.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from whorl._core import validation
from whorl._core.randomness import RNG
from whorl._core.types import Array
from whorl.datasets.spiral import spiral_limit, spiral_log_densities
from whorl.datasets.synthetic import blobs

WIDEST = 8.0
"""How many σ from its mean a normal distribution is integrated: less than 1e-14 of it lies beyond."""
PER_DEVIATION = 5
"""Points of a grid for each σ: smooth functions are then integrated to rounding, and those with kinks to about 1e-4."""


@dataclass(frozen=True)
class Mixture(ABC):
    """The distribution of a data set."""

    features = 2

    @property
    @abstractmethod
    def deviation(self) -> float:
        """σ."""

    @abstractmethod
    def log_densities(self, X: Array) -> Array:
        """Return log f_c, up to a constant for each point, (k, m)."""

    @abstractmethod
    def limit(self) -> tuple[float, float]:
        """Return the best accuracy and cross-entropy."""


@dataclass(frozen=True)
class _Noisy(Mixture):
    noise: float = 0.1

    def __post_init__(self) -> None:
        validation.number("noise", self.noise, minimum=0)

    @property
    def deviation(self) -> float:
        return float(self.noise)


@dataclass(frozen=True)
class Spiral(_Noisy):
    """The spiral: on each circle around the centre, a normal distribution wrapped around it, for each arm."""

    noise: float = 0.2
    classes: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        validation.integer("classes", self.classes)

    def log_densities(self, X: Array) -> Array:
        angle = np.arctan2(X[:, 0], X[:, 1]) - 10 * np.hypot(*X.T)
        means = 10.0 * np.arange(self.classes)
        return spiral_log_densities(angle - means[:, None], 2.5 * self.noise)

    def limit(self) -> tuple[float, float]:
        return spiral_limit(self.classes, noise=self.noise) if self.noise else (1.0, 0.0)


@dataclass(frozen=True)
class Moons(_Noisy):
    """The moons: normal distributions around the points of two half circles."""

    def log_densities(self, X: Array) -> Array:
        t, weight = np.polynomial.legendre.leggauss(
            20 + int(4 / self.noise)
        )  # exact also at the ends of the half circles
        t = np.pi / 2 * (t + 1)
        return np.stack([_log_curve(each, t, weight, self.noise) for each in (X, [1, 0.5] - X)])

    def limit(self) -> tuple[float, float]:
        if self.noise < 0.05:  # the moons are 0.5 apart: 10 σ
            return 1.0, 0.0
        reach = WIDEST * self.noise
        x, dx = _grid(-1 - reach, 1 + reach, self.noise)
        y, dy = _grid(-reach, 1 + reach, self.noise)
        X = np.stack(np.meshgrid(x, y), axis=-1).reshape(
            -1, 2
        )  # around class 0; class 1 is the same, turned by half a circle
        logs = self.log_densities(X)
        weight = np.exp(logs[0]) * dx * dy
        return _limit(normalized(logs), (weight / weight.sum())[None])


@dataclass(frozen=True)
class Circles(_Noisy):
    """The circles: normal distributions around their points, so densities depend on the radius only."""

    factor: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        validation.number("factor", self.factor, minimum=0, below=1)

    def log_densities(self, X: Array) -> Array:
        return self.at_radius(np.hypot(*X.T))

    def at_radius(self, r: Array) -> Array:
        """Return log f_c at these distances from the centre: ``−(r − R)² / 2σ² + log ∫ exp(−r R (1 − cos t) / σ²) dt``."""
        found = []
        for radius in (1.0, self.factor):
            z = r * radius / self.noise**2
            u = np.linspace(0, 1, 401)[:, None]  # the integrand is near 0 beyond t = 10 / √z
            t = np.minimum(np.pi, 10 / np.sqrt(np.maximum(z, 1e-12))) * u
            area = np.trapezoid(np.exp(-z * (1 - np.cos(t))), t, axis=0)
            found.append(-0.5 * ((r - radius) / self.noise) ** 2 + np.log(area))
        return np.stack(found)

    def limit(self) -> tuple[float, float]:
        if self.noise < 1e-3 * (1 - self.factor):
            return 1.0, 0.0
        weights, logs = [], []
        for c, radius in enumerate((1.0, self.factor)):
            reach = (WIDEST + 1) * self.noise
            r = np.linspace(max(0.0, radius - reach), radius + reach, 2001)
            log = self.at_radius(r)
            weight = np.exp(log[c]) * r
            weights.append(weight / weight.sum())
            logs.append(log)
        joined = normalized(np.concatenate(logs, axis=1))
        zeros = np.zeros_like(weights[0])
        return _limit(joined, np.stack([np.append(weights[0], zeros), np.append(zeros, weights[1])]))


@dataclass(frozen=True)
class Xor(_Noisy):
    """Exclusive or: products of uniform distributions with normal noise."""

    noise: float = 0.0

    def log_densities(self, X: Array) -> Array:
        same, other = self.quadrants(*X.T)
        densities: Array = np.log(np.maximum(np.stack([same, other]), np.finfo(float).tiny))
        return densities

    def quadrants(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return f_0 and f_1: a number is uniform in (0, 1) plus noise, or in (−1, 0), with the densities u and v."""
        (ux, vx), (uy, vy) = ((self.uniform(each), self.uniform(-each)) for each in (x, y))
        return (ux * uy + vx * vy) / 2, (ux * vy + vx * uy) / 2

    def uniform(self, x: Array) -> Array:
        """Return the density of ``u + σ ε``, with u uniform in (0, 1): ``Φ(x / σ) − Φ((x − 1) / σ)``."""
        low, high = (x - 1) / self.noise, x / self.noise
        flip = low > 0  # Φ(b) − Φ(a) = Φ(−a) − Φ(−b), which keeps its digits above 0
        density: Array = _normal_cdf(np.where(flip, -low, high)) - _normal_cdf(np.where(flip, -high, low))
        return density

    def limit(self) -> tuple[float, float]:
        if not self.noise:
            return 1.0, 0.0
        reach = WIDEST * self.noise
        ends = sorted({0.0, min(reach, 1.0), max(reach, 1 - reach, 0.0), 1 + reach})
        node, weight = np.polynomial.legendre.leggauss(80)
        x = np.concatenate([(b - a) / 2 * (node + 1) + a for a, b in pairwise(ends)])
        w = np.concatenate([(b - a) / 2 * weight for a, b in pairwise(ends)])
        # By symmetry, all quadrants are like that of x, y > 0.
        f = np.stack([each.ravel() for each in self.quadrants(*np.meshgrid(x, x))])
        logs = np.log(np.maximum(f, np.finfo(float).tiny))
        both = 4 * f * np.outer(w, w).ravel()  # (2, m)
        return _limit(normalized(logs), both)


@dataclass(frozen=True)
class Blobs(Mixture):
    """The blobs: normal distributions around centres that a seed draws."""

    classes: int = 3
    features: int = 2
    spread: float = 1.0
    rng: RNG = None

    def __post_init__(self) -> None:
        if self.rng is None:
            raise ValueError("blobs needs the rng that draws the centres, such as rng=0, got None")

    @property
    def deviation(self) -> float:
        return float(self.spread)

    def centres(self) -> Array:
        """Return the centres, (k, d)."""
        return blobs(1, self.classes, features=self.features, spread=0, rng=self.rng)[0]

    def log_densities(self, X: Array) -> Array:
        squares: Array = ((X - self.centres()[:, None]) ** 2).sum(axis=2)
        return -0.5 * squares / self.spread**2

    def limit(self) -> tuple[float, float]:
        centres = self.centres()
        if not validation.number("spread", self.spread, minimum=0) or self.classes == 1:
            return 1.0, 0.0
        # Only the directions in which the centres differ matter: a line for two, a plane for three.
        _, size, axes = np.linalg.svd(centres - centres.mean(axis=0), full_matrices=False)
        places = (centres - centres.mean(axis=0)) @ axes[size > 1e-9 * size.max()].T / self.spread  # (k, at most k − 1)
        if places.shape[1] > 2:
            raise ValueError(
                f"best_possible takes at most three blobs, or two features, got {self.classes} blobs in {self.features} features"
            )
        u, _ = _grid(-WIDEST, WIDEST, 0.01 if places.shape[1] == 1 else 0.25)
        steps = np.stack(np.meshgrid(*[u] * places.shape[1]), axis=-1).reshape(-1, places.shape[1])
        density = np.exp(-0.5 * (steps**2).sum(axis=1))
        accuracy = loss = 0.0
        for c, place in enumerate(places):
            away = place + steps - places[:, None]
            found = _limit(normalized(-0.5 * (away**2).sum(axis=2)), (density / density.sum())[None], first=c)
            accuracy, loss = accuracy + found[0] / self.classes, loss + found[1] / self.classes
        return accuracy, loss


MIXTURES: Mapping[str, type[Mixture]] = {
    "spiral": Spiral,
    "moons": Moons,
    "circles": Circles,
    "xor": Xor,
    "blobs": Blobs,
}
"""The distributions, by the name of the function that draws the points."""


def _limit(logs: Array, weights: Array, *, first: int = 0) -> tuple[float, float]:
    """Return the accuracy and the cross-entropy, for log p (k, m), and f_c dx (c, m) of some classes, the first of them `first`."""
    best = np.exp(logs.max(axis=0))
    inside = weights > 0  # where f_c is 0, log p_c may be −∞
    chosen = np.where(inside, logs[first : first + len(weights)], 0)
    return float((weights * best).sum() / len(weights)), float(-(weights * chosen).sum() / len(weights))


def normalized(logs: Array) -> Array:
    """Return log p_c for log f_c, (k, m)."""
    found: Array = logs - np.logaddexp.reduce(logs, axis=0)
    return found


def _grid(low: float, high: float, deviation: float) -> tuple[Array, float]:
    """Return evenly spaced points, several for each σ, and their distance."""
    points, step = np.linspace(low, high, 2 + int((high - low) / deviation * PER_DEVIATION), retstep=True)
    return points, float(step)


def _log_curve(X: Array, t: Array, weight: Array, deviation: float) -> Array:
    """Return the log of the mean of normal densities around ``(cos t, sin t)``, up to a constant, for points (m, 2)."""
    curve, found = np.stack([np.cos(t), np.sin(t)]), []
    for part in np.array_split(X, 1 + len(X) * len(t) // 1_000_000):  # limits the memory
        squares = ((part[:, :, None] - curve) ** 2).sum(axis=1)  # (m, t)
        nearest = squares.min(axis=1, keepdims=True)
        mean = np.exp((nearest - squares) / (2 * deviation**2)) @ weight
        found.append(np.log(mean) - nearest[:, 0] / (2 * deviation**2))
    return np.concatenate(found)


_erfc = np.frompyfunc(math.erfc, 1, 1)


def _normal_cdf(x: Array) -> Array:
    """Return Φ(x)."""
    found: Array = 0.5 * np.asarray(_erfc(-x / math.sqrt(2)), np.float64)
    return found
