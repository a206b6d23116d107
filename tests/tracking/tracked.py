"""A small training, for the tests of trackers."""

import numpy as np

import whorl
from whorl import Adam, CrossEntropy, Dense, Dropout, Model, ReLU, Softmax

X, Y = whorl.datasets.spiral(20, classes=3, rng=0)


def network(seed=0):
    return Model([Dense(8, weight_l2=1e-3), ReLU(), Dropout(0.1), Dense(3), Softmax()], inputs=2, rng=seed)


def settings(*callbacks, **changes):
    given = {
        "loss": CrossEntropy(),
        "optimizer": Adam(0.02),
        "epochs": 6,
        "batch_size": 16,
        "validation": 0.25,
        "rng": 0,
    }
    return given | {"metrics": ["accuracy"], "callbacks": callbacks, "fast": False} | changes


def fit(*callbacks, model=None, **changes):
    return (model or network()).fit(X, Y, **settings(*callbacks, **changes))


def training(*callbacks, **changes):
    return network().training(X, Y, **settings(*callbacks, **changes))


def undefined(target, prediction):
    """A metric that is NaN."""
    return np.nan


class Fail(whorl.Callback):
    """Ends training with an error after an epoch."""

    def __init__(self, number, error=ZeroDivisionError):
        self.number, self.error = number, error

    def on_epoch_end(self, training, epoch):
        if epoch.number == self.number:
            raise self.error
