"""The recipes: settings that are good without tuning, for samples of your own and for each data set of whorl.

``python -m benchmarks spiral``, ``images`` and ``tables`` measure what they reach.
"""

from __future__ import annotations

import math

from whorl._core.hints import similar
from whorl.initializers import Normal
from whorl.layers import (
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    Mish,
    NTKDense,
    Parametric,
    PeriodicEmbedding,
    ReLU,
    Scale,
)
from whorl.losses import CrossEntropy, MeanSquaredError
from whorl.optimizers import SGD, Adam, AdamW
from whorl.recipes.data import Blobs, Circles, Data, Digits, FashionMnist, Images, Mnist, Moons, Spiral, TableFile, Xor
from whorl.recipes.recipe import Recipe
from whorl.schedules import Cosine, InverseTime, LogCosine


def classification() -> Recipe:
    """Return a recipe for rows of features, and the class of each: a hundred samples suffice, many thousands take longer.

    Examples
    --------
    >>> classification().settings()["optimizer"]
    'AdamW(Cosine(0.005, epochs=100.0))'
    """
    return _SAMPLES.replace(loss=CrossEntropy())


def regression() -> Recipe:
    """Return a recipe for rows of features, and a number to predict for each.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).uniform(0, 3, size=(2000, 2))
    >>> model, history = regression().replace(epochs=10).fit(X, 100 * X[:, 0] + 20 * X[:, 1] ** 2, rng=0)
    >>> history["val_r2"][-1] > 0.9
    True
    """
    return _SAMPLES.replace(loss=MeanSquaredError())


def _hidden(*sizes: int, dropout: float = 0.0) -> tuple[Layer, ...]:
    """Return hidden layers with ReLU, and dropout."""
    after = [ReLU(), Dropout(dropout)] if dropout else [ReLU()]
    return tuple(layer for units in sizes for layer in (Dense(units), *after))


def _small(data: Data) -> Recipe:
    """Return the recipe for small data sets that are easy to learn."""
    return Recipe(
        _hidden(64, 64),
        loss=CrossEntropy(),
        optimizer=Adam(Cosine(0.01, epochs=50)),
        epochs=50,
        batch_size=32,
        data=data,
    )


def _images(data: Images) -> Recipe:
    """Return the recipe for images; pixels have one scale already, 0 to 1."""
    return Recipe(
        _hidden(512, 512, dropout=0.2),
        scaling="none",
        loss=CrossEntropy(),
        optimizer=Adam(Cosine(0.001, epochs=15)),
        epochs=15,
        batch_size=128,
        validation=1 / 12,
        data=data,
    )


def _block(units: int, dropout: float) -> list[Layer]:
    """Return a hidden layer of the network for tables."""
    return [NTKDense(units), Parametric(Mish(), multiple=0.1), Dropout(dropout)]


_TABLE = Recipe(
    [PeriodicEmbedding(scale=1.0, multiple=0.1), Scale(multiple=6.0), *3 * _block(128, dropout=0.1)],
    output_layer=NTKDense(1),
    scaling="ranks",
    optimizer=AdamW(LogCosine(0.1, epochs=256), beta2=0.95, weight_decay=0.002),
    epochs=256,
    batch_size=256,
    max_steps=2500,
    members=32,
    folds=8,
    scales=(0.6, 0.2, 2.0, 0.05),
    dropouts=(0.1, 0.1, 0.1, 0.3),
    keep="best",
    calibrate=True,
    clip=True,
    data=TableFile(),
)
"""For tables: docs/tables.md explains each part, and what it is worth."""

_SAMPLES = Recipe(
    _hidden(128, 128, dropout=0.1),
    optimizer=AdamW(Cosine(0.005, epochs=100)),
    epochs=100,
    batch_size=32,
    validation=0.1,
)
"""For samples of any kind."""

# He's initialization keeps the signal's mean square if that of the inputs is 1; the spiral's coordinates have 1/6, so the
# weights of the first layer are √6 times larger.
_SPIRAL_START = Normal(round(math.sqrt(6), 3))

_SPIRAL = Recipe(
    [Dense(512, weight_l2=2e-6, bias_l2=2e-6, initializer=_SPIRAL_START), ReLU(), Dropout(0.05)],
    output_layer=Dense(3, weight_l2=2e-6, bias_l2=2e-6, initializer=Normal(0.01)),
    scaling="none",
    loss=CrossEntropy(),
    optimizer=SGD(InverseTime(0.05, decay=2.5e-4), momentum=0.8),
    epochs=200,
    batch_size=32,
    data=Spiral(),
)
"""By the book: one hidden layer, dropout and L2, and SGD with momentum and a falling learning rate."""

_SPIRAL_BEST = _SPIRAL.replace(
    samples=2000,
    layers=[Dense(64, weight_l2=1e-5, initializer=_SPIRAL_START), ReLU(), Dense(64, weight_l2=1e-5), ReLU()],
    output_layer=Dense(3, weight_l2=1e-5, initializer=Normal(0.01)),
    optimizer=Adam(InverseTime(0.01, decay=0.1)),
    batch_size=128,
)
"""Almost as good as the noise allows."""

_MNIST_BEST = _images(Mnist()).replace(
    layers=[Dropout(0.2), *_hidden(1024, 1024, dropout=0.5)],
    epochs=60,
    batch_size=256,
    validation=1 / 60,
)

_FASHION_BEST = _images(FashionMnist()).replace(
    layers=[Dropout(0.1), *2 * (Dense(1024), BatchNorm(), ReLU(), Dropout(0.4))],
    optimizer=Adam(Cosine(0.002, epochs=60)),
    epochs=60,
    batch_size=256,
    validation=1 / 30,
)

RECIPES: dict[str, dict[str, Recipe]] = {
    "spiral": {"classic": _SPIRAL, "best": _SPIRAL_BEST},
    "moons": {"classic": _small(Moons())},
    "circles": {"classic": _small(Circles())},
    "xor": {"classic": _small(Xor(noise=0.0))},
    "blobs": {"classic": _small(Blobs())},
    "digits": {
        "classic": _small(Digits()).replace(
            layers=_hidden(128, 128, dropout=0.2), optimizer=Adam(Cosine(0.003, epochs=50))
        )
    },
    "mnist": {"classic": _images(Mnist()), "best": _MNIST_BEST},
    "fashion-mnist": {"classic": _images(FashionMnist()), "best": _FASHION_BEST},
    "table": {
        "default": _TABLE,
        "fast": _TABLE.replace(members=1, max_steps=1000),
        "best": _TABLE.replace(
            members=80, max_steps=4000, scales=(*_TABLE.scales, 0.05), dropouts=(*_TABLE.dropouts, 0.5)
        ),
    },
}
"""The recipes of each data set, by the names of their presets; the first is the default."""


def find(data: str, preset: str | None = None) -> Recipe:
    """Return a data set's recipe by name; by default its first.

    Raises
    ------
    ValueError
        If there is no such data set, or it has no such preset.

    Examples
    --------
    >>> find("spiral", "best").epochs
    200
    """
    if data not in RECIPES:
        raise ValueError(f"there is no data set {data!r}{similar(data, RECIPES)}; there are {', '.join(RECIPES)}")
    presets = RECIPES[data]
    preset = next(iter(presets)) if preset is None else preset
    if preset not in presets:
        raise ValueError(f"{data} has no preset {preset!r}{similar(preset, presets)}; it has {', '.join(presets)}")
    return presets[preset]
