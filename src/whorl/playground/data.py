"""The data of a configuration: points in the plane or the rows of a table, and the inputs that a network gets of them.

Letters: n samples, d inputs of the network, k classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from whorl import datasets
from whorl._core.types import Array
from whorl.playground import configuration as kinds
from whorl.playground.configuration import Configuration
from whorl.playground.limits import CLASSES, COLUMNS, ROWS, ConfigurationError, at
from whorl.playground.tables import Upload
from whorl.tables import Preparation, table

Bounds = tuple[float, float, float, float]

COMPUTED: Mapping[str, Callable[[Array, Array], Array]] = {
    "x": lambda x, _: x,
    "y": lambda _, y: y,
    "x²": lambda x, _: x**2,
    "y²": lambda _, y: y**2,
    "xy": lambda x, y: x * y,
    "sin x": lambda x, _: np.sin(x),
    "sin y": lambda _, y: np.sin(y),
    "radius": np.hypot,
    "angle": lambda x, y: np.arctan2(y, x),
}
"""How the inputs that `configuration.FEATURES` names are computed."""

MARGIN = 0.1
"""What is drawn around the points, as a fraction of the range of their coordinates."""


@dataclass(frozen=True, eq=False)
class Data:
    """Samples, their labels, and where they are drawn.

    Parameters
    ----------
    X : ndarray, shape (n, d)
        The inputs of the network.
    labels : ndarray of int, shape (n,)
    inputs, classes : tuple of str
        The names of the inputs and of the classes.
    points : ndarray, shape (n, 2)
        Where the samples are drawn.
    bounds : tuple of float
        The part of the plane that is drawn: x from, to, y from, to.
    axes : tuple of int or None
        The inputs that are the coordinates, if the samples are the rows of a table; else the inputs are `features` of the coordinates.
    features : tuple of str
    best_possible : tuple of float or None
        The accuracy and the cross-entropy of the best classifier on new data.
    preparation : Preparation or None
        How the columns of a table became the inputs.
    """

    X: Array
    labels: Array
    inputs: tuple[str, ...]
    classes: tuple[str, ...]
    points: Array
    bounds: Bounds
    axes: tuple[int, int] | None = None
    features: tuple[str, ...] = ()
    best_possible: tuple[float, float] | None = None
    preparation: Preparation | None = None

    def plane(self, grid: int) -> Array:
        """Return the inputs (grid · grid, d) at the points of a grid over the bounds, row by row, the smallest y first."""
        x0, x1, y0, y1 = self.bounds
        x, y = (each.ravel() for each in np.meshgrid(np.linspace(x0, x1, grid), np.linspace(y0, y1, grid)))
        if self.axes is None:
            return computed(x, y, self.features)
        X = np.tile(np.median(self.X, axis=0), (grid * grid, 1))
        X[:, self.axes[0]], X[:, self.axes[1]] = x, y
        return X


def draw(configuration: Configuration, upload: Upload | None = None) -> Data:
    """Return the data of a configuration; a table is read from the upload."""
    described = configuration.data
    if isinstance(described, kinds.Table):
        assert upload is not None
        with at("$.data"):
            return _of_table(described, upload)
    for i, name in enumerate(configuration.features):
        if name not in COMPUTED or name in configuration.features[:i]:
            problem = "is there twice" if name in COMPUTED else f"is not one of {', '.join(COMPUTED)}"
            raise ConfigurationError(f"the input {name!r} {problem}", f"$.features[{i}]")
    with at("$.data"):
        points, labels = _points(described)
    if len(points) > ROWS:
        raise ConfigurationError(f"there can be at most {ROWS:,} points in all, got {len(points):,}", "$.data.samples")
    bounds = _bounds(points if not isinstance(described, kinds.Points) else np.vstack([points, [[-1, -1], [1, 1]]]))
    return Data(
        computed(points[:, 0], points[:, 1], configuration.features),
        labels,
        configuration.features,
        tuple(map(str, range(int(labels.max()) + 1))),
        points,
        bounds,
        features=configuration.features,
        best_possible=_best_possible(described),
    )


def computed(x: Array, y: Array, features: tuple[str, ...]) -> Array:
    """Return the inputs of these names at points (x, y), in columns."""
    return np.column_stack([COMPUTED[name](x, y) for name in features])


def _points(described: kinds.Data) -> tuple[Array, Array]:
    match described:
        case kinds.Spiral(samples, classes, noise, seed):
            return datasets.spiral(samples, classes, noise=noise, rng=seed)
        case kinds.Moons(samples, noise, seed):
            return datasets.moons(samples, noise=noise, rng=seed)
        case kinds.Circles(samples, noise, factor, seed):
            return datasets.circles(samples, noise=noise, factor=factor, rng=seed)
        case kinds.Xor(samples, noise, seed):
            return datasets.xor(samples, noise=noise, rng=seed)
        case kinds.Blobs(samples, classes, spread, seed):
            return datasets.blobs(samples, classes, spread=spread, rng=seed)
        case kinds.Points(points):
            labels = np.array([label for _, _, label in points])
            if labels.max() == 0:
                raise ConfigurationError("there must be points of at least two classes", "$.data.points")
            return np.array([(x, y) for x, y, _ in points]), labels
    raise AssertionError(described)


def _best_possible(described: kinds.Data) -> tuple[float, float] | None:
    match described:
        case kinds.Spiral(_, classes, noise, _):
            return _limit("spiral", classes=classes, noise=noise)
        case kinds.Moons(_, noise, _):
            return _limit("moons", noise=noise)
        case kinds.Circles(_, noise, factor, _):
            return _limit("circles", noise=noise, factor=factor)
        case kinds.Xor(_, noise, _):
            return _limit("xor", noise=noise)
        case kinds.Blobs(_, classes, spread, seed):
            return _limit("blobs", classes=classes, spread=spread, rng=seed)
    return None


@cache
def _limit(name: str, **settings: float) -> tuple[float, float]:
    """Return the best possible results, which may take a second to compute."""
    return datasets.best_possible(name, **settings)


def _of_table(described: kinds.Table, upload: Upload) -> Data:
    frame, target, use = upload.frame, described.target, described.use
    frame.require([target], "target must be a column")
    frame.require(use, "use must name columns")
    counted = len(frame.counts(target))
    if counted > CLASSES:
        raise ConfigurationError(
            f"there can be at most {CLASSES} classes, but {target!r} has {counted:,} different values", "$.data.target"
        )
    ignore = [name for name in frame if name not in use and name != target] if use else []
    preparation = Preparation.learn(frame, target, ignore=ignore, use=use)
    if len(preparation.feature_names) > COLUMNS:
        raise ConfigurationError(
            f"the columns become {len(preparation.feature_names):,} inputs; there can be at most {COLUMNS}",
            "$.data.use",
        )
    rows = table(frame, target, ignore=ignore, use=use, task="classification")
    names = rows.preparation.feature_names
    if max(described.axes) >= len(names):
        raise ConfigurationError(f"an axis must be below {len(names)}, the number of inputs", "$.data.axes")
    points = rows.X[:, described.axes]
    return Data(
        rows.X,
        rows.y,
        names,
        rows.classes,
        points,
        _bounds(points),
        described.axes,
        preparation=rows.preparation,
    )


def _bounds(points: Array) -> Bounds:
    """Return the part of the plane to draw."""
    (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    x, y = MARGIN * (x1 - x0) or 1.0, MARGIN * (y1 - y0) or 1.0
    return x0 - x, x1 + x, y0 - y, y1 + y
