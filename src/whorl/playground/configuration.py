"""What a page trains: data, network and options, as the page sends them. msgspec checks types and limits when it decodes JSON.

Layers, loss and optimizer are text in whorl's notation, such as ``"Dense(8)"`` or ``"Adam(0.01)"``: what `repr` returns.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Text = Annotated[str, Meta(min_length=1, max_length=200)]
Seed = Annotated[int, Meta(ge=0, lt=2**32)]
Noise = Annotated[float, Meta(ge=0, le=2)]
Count = Annotated[int, Meta(ge=10, le=5000)]
Classes = Annotated[int, Meta(ge=2, le=10)]
Coordinate = Annotated[float, Meta(ge=-100, le=100)]


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag=str.lower):
    """Base of all kinds of data. The name of the class, in lower case, is their ``"kind"`` in JSON."""


class Spiral(Kind, frozen=True):
    """Points of `whorl.datasets.spiral`: arms of a spiral; `samples` is the number of points per class."""

    samples: Count = 100
    classes: Classes = 3
    noise: Noise = 0.2
    seed: Seed = 0


class Moons(Kind, frozen=True):
    """Points of `whorl.datasets.moons`, per class."""

    samples: Count = 100
    noise: Noise = 0.1
    seed: Seed = 0


class Circles(Kind, frozen=True):
    """Points of `whorl.datasets.circles`, per class."""

    samples: Count = 100
    noise: Noise = 0.1
    factor: Annotated[float, Meta(ge=0, lt=1)] = 0.5
    seed: Seed = 0


class Xor(Kind, frozen=True):
    """Points of `whorl.datasets.xor`, per class."""

    samples: Count = 100
    noise: Noise = 0.0
    seed: Seed = 0


class Blobs(Kind, frozen=True):
    """Points of `whorl.datasets.blobs`, per class."""

    samples: Count = 100
    classes: Classes = 3
    spread: Annotated[float, Meta(ge=0, le=10)] = 1.0
    seed: Seed = 0


class Points(Kind, frozen=True):
    """Points drawn by hand: x, y and the label of each; there are as many classes as the largest label says."""

    points: Annotated[
        tuple[tuple[Coordinate, Coordinate, Annotated[int, Meta(ge=0, le=9)]], ...],
        Meta(min_length=4, max_length=5000),
    ]


class Table(Kind, frozen=True):
    """A CSV file that was uploaded, by its digest, and the column to predict."""

    digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    target: Text
    use: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    """The columns to predict from; all others if there are none."""
    axes: tuple[Annotated[int, Meta(ge=0, le=499)], Annotated[int, Meta(ge=0, le=499)]] = (0, 1)
    """The features that are drawn; the others are at their median."""


Data = Spiral | Moons | Circles | Xor | Blobs | Points | Table

FEATURES = {
    "x": "x",
    "y": "y",
    "x²": "x**2",
    "y²": "y**2",
    "xy": "x * y",
    "sin x": "np.sin(x)",
    "sin y": "np.sin(y)",
    "radius": "np.hypot(x, y)",
    "angle": "np.arctan2(y, x)",
}
"""The inputs that a network can have for points in the plane, and how a script computes them from the columns x and y."""


class Stop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When to stop: after so many epochs; or as soon as the accuracy or the loss, of the validation data if there are any, is as good as this."""

    epochs: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000
    accuracy: Annotated[float, Meta(gt=0, le=1)] | None = None
    loss: Annotated[float, Meta(ge=0, le=1e6)] | None = None


class Configuration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that determines a training, to the bit."""

    data: Data = Spiral()
    validation: Annotated[float, Meta(ge=0, le=0.9)] = 0.2
    features: Annotated[tuple[str, ...], Meta(min_length=1, max_length=9)] = ("x", "y")
    """Names of `FEATURES`, for points in the plane."""
    layers: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=24)] = (
        "Dense(16)",
        "ReLU()",
        "Dense(16)",
        "ReLU()",
        "Dense(3)",
        "Softmax()",
    )
    loss: Text = "CrossEntropy()"
    optimizer: Text = "Adam(0.01)"
    batch_size: Annotated[int, Meta(ge=1, le=5000)] = 32
    seed: Seed = 0
    """Of the initial weights, and of the training."""
    compiled: bool = False
    """Whether compiled kernels take the steps, if Numba is installed."""
    stop: Stop = Stop()
