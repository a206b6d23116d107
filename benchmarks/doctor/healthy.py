"""Trainings in which nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.doctor.trials import Trial, mlp, trial
from whorl.layers import (
    ELU,
    GELU,
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    LayerNorm,
    LeakyReLU,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Standardize,
    Tanh,
)
from whorl.losses import CrossEntropy, Hinge, Huber
from whorl.optimizers import LBFGS, SGD, Adam, AdamW, Averaged, Clipped, Lion, NAdam, Optimizer, RMSprop
from whorl.recipes.edits import stretched
from whorl.schedules import Cosine, InverseTime, OneCycle, WarmUp
from whorl.training import EarlyStopping

POINTS = "spiral", "spiral2", "moons", "circles", "xor", "blobs", "digits", "waves", "friedman"
TABLES = "iris", "wine", "breast_cancer", "diabetes"

SOUND = {
    "spiral": 0.25,
    "spiral2": 0.05,
    "moons": 0.05,
    "circles": 0.05,
    "xor": 0.08,
    "blobs": 0.1,
    "digits": 0.06,
    "waves": 0.05,
    "friedman": 0.2,
    "iris": 0.15,
    "wine": 0.1,
    "breast_cancer": 0.08,
    "diabetes": 0.75,
}
"""The largest error on new samples, 1 − accuracy or 1 − R², of a training that is called sound."""

OPTIMIZERS: list[Optimizer] = [
    Adam(Cosine(0.005, epochs=60)),
    SGD(InverseTime(0.05, decay=0.01), momentum=0.9),
    AdamW(Cosine(0.005, epochs=60), weight_decay=0.01),
    RMSprop(Cosine(0.002, epochs=60)),
    Adam(WarmUp(Cosine(0.005, epochs=55), epochs=5)),
    Clipped(NAdam(Cosine(0.004, epochs=60)), norm=1.0),
    SGD(OneCycle(0.1, epochs=60), momentum=0.9, nesterov=True),
    Averaged(Adam(0.003)),
    Lion(Cosine(0.001, epochs=60)),
]

ACTIVATIONS: list[Layer] = [ReLU(), Tanh(), GELU(), LeakyReLU(), SiLU(), ELU(), Mish()]


def healthy() -> Iterator[Trial]:
    """Yield all sound trainings, alternately for the two halves: those of the second have other seeds, networks and optimizers."""
    for half in (0, 1):
        for each in (*networks(half), *others(half)):
            yield replace(each, half=half, what=f"{each.what} {half + 1}")


def networks(half: int) -> Iterator[Trial]:
    """Yield networks of several forms for each data set."""
    for i, name in enumerate(POINTS):
        for j in range(4):
            number = i + 2 * j + 3 * half
            optimizer = OPTIMIZERS[(4 * i + j + 5 * half) % len(OPTIMIZERS)]
            activation = ACTIVATIONS[number % len(ACTIVATIONS)]
            base = trial(name, (64, 64), activation, seed=100 + number + 5000 * half, optimizer=optimizer, epochs=60)
            if name.startswith("spiral"):
                base = replace(
                    base, epochs=180, optimizer=stretched(optimizer, 60, 180), layers=[Standardize(), *base.layers]
                )
            if j == 1:
                base = replace(base, layers=[Standardize(), *mlp(base.data, (64,), activation, Dropout(0.1))])
            if j == 2:
                base = replace(base, layers=[Standardize(), *mlp(base.data, (48, 48, 48), activation)])
            if j == 3:
                norm: Layer = LayerNorm() if i % 2 else BatchNorm()
                base = replace(base, layers=[Dense(64), norm, ReLU(), *mlp(base.data, (64,), activation)])
            yield replace(
                base,
                what=f"{base.layers[0]}, {type(activation).__name__}, {type(optimizer).__name__} {j}",
                callbacks=keep(name),
            )
    for i, name in enumerate(TABLES):
        for j in range(4):
            optimizer = OPTIMIZERS[(i + j + 4 * half) % len(OPTIMIZERS)]
            base = trial(
                name,
                [(16,), (32,), (16, 16), (8,)][j],
                ACTIVATIONS[j],
                seed=200 + i + j,
                optimizer=optimizer,
                epochs=60,
            )
            yield replace(
                base,
                what=f"{type(ACTIVATIONS[j + 3 * half]).__name__}, {type(optimizer).__name__} {j}",
                callbacks=[EarlyStopping(patience=15)],
            )


def keep(name: str) -> list[EarlyStopping]:
    """Return what a careful user adds where the samples are few for their noise."""
    return [EarlyStopping(patience=20)] if name in ("spiral", "friedman", "digits", "blobs", "xor") else []


def others(half: int) -> Iterator[Trial]:
    """Yield sound trainings of other forms."""
    moons, circles = ("moons", "circles")[:: 1 - 2 * half]
    digits, blobs = ("digits", "blobs")[:: 1 - 2 * half]
    seed = 300 + 5000 * half
    base = trial(moons, (32,), Sigmoid(), seed=seed + 1, optimizer=Adam(Cosine(0.02, epochs=80)), epochs=80)
    yield replace(base, what="sigmoid")
    base = trial(circles, (32, 32), Tanh(), seed=seed + 2)
    yield replace(base, optimizer=LBFGS(), batch_size=len(base.data.X), epochs=40, what="LBFGS")
    base = trial(blobs, (32,), seed=seed + 3)
    yield replace(base, layers=base.layers[:-1], loss=Hinge(), what="hinge", callbacks=keep(blobs))
    base = trial("waves", (64, 64), seed=seed + 4, loss=Huber(), optimizer=Adam(Cosine(0.005, epochs=60)), epochs=60)
    yield replace(base, what="Huber")
    base = trial(digits, (32,), seed=seed + 5, optimizer=Adam(Cosine(0.005, epochs=40)), epochs=40)
    yield replace(base, loss=CrossEntropy(label_smoothing=0.1), what="label smoothing")
    base = trial(moons, (64, 64), seed=seed + 6, optimizer=Adam(Cosine(0.002, epochs=30)), epochs=30)
    yield replace(base, batch_size=8, what="batches of 8")
    base = trial(digits, (), seed=seed + 7, optimizer=Adam(Cosine(0.01, epochs=60)), epochs=60)
    yield replace(base, what="softmax regression")
    base = trial("iris", (), seed=seed + 8, optimizer=SGD(0.1, momentum=0.9), epochs=60)
    yield replace(base, what="softmax regression", callbacks=[EarlyStopping(patience=15)])
    base = trial("xor", (64, 64), seed=seed + 9, optimizer=Adam(Cosine(0.005, epochs=60)), epochs=60)
    yield replace(base, validation=None, what="no validation")
    base = trial("breast_cancer", (16,), seed=seed + 10, optimizer=Adam(Cosine(0.005, epochs=30)), epochs=30)
    yield replace(base, class_weight="balanced", what="class weights", callbacks=[EarlyStopping(patience=10)])
    base = trial("spiral2", (64, 64), seed=seed + 11, optimizer=Adam(Cosine(0.01, epochs=80)), epochs=80)
    layers = [replace(each, weight_l2=1e-5) if isinstance(each, Dense) else each for each in base.layers]
    yield replace(base, layers=layers, what="L2")
    base = trial(moons, (16,), seed=seed + 12, optimizer=Adam(Cosine(0.01, epochs=60)), epochs=60)
    yield replace(
        base,
        layers=[Dense(16), ReLU(), Dense(16), ReLU(), Dense(16), ReLU(), Dense(2), Softmax()],
        what="deep and narrow",
    )
