"""A small network and its training options, for several tests."""

import numpy as np

from whorl import (
    SGD,
    CrossEntropy,
    Dense,
    Dropout,
    Model,
    ReLU,
    Softmax,
)


def network(seed=0, dtype=np.float64, dropout=0.0, l2=1e-3):
    layers = [Dense(8, weight_l2=l2), ReLU(), Dropout(dropout), Dense(3), Softmax()]
    return Model(layers, inputs=2, rng=seed, dtype=dtype)


def settings(**changes):
    return {"loss": CrossEntropy(), "optimizer": SGD(0.1, momentum=0.9), "epochs": 3, "rng": 0} | changes
