"""whorl, by `Model.fit` and the history it returns."""

from typing import ClassVar

from benchmarks.cases import MOMENTUM, Array, Case
from benchmarks.peers import Peer
from whorl import SGD, Adam, CrossEntropy, Dense, Dropout, Layer, Model, ReLU, Softmax


def network(case: Case) -> Model:
    """Return the model of a case, untrained."""
    layers: list[Layer] = []
    for number, units in enumerate(case.sizes[1:-1]):
        l2 = 0.0 if number else case.l2
        layers += [Dense(units, weight_l2=l2, bias_l2=l2), ReLU()]
        layers += [Dropout(case.dropout)] * bool(case.dropout)
    return Model([*layers, Dense(case.sizes[-1]), Softmax()], inputs=case.sizes[0], rng=0)


def optimizer(case: Case) -> SGD | Adam:
    """Return the optimizer of a case."""
    return SGD(case.learning_rate, momentum=MOMENTUM) if case.optimizer == "sgd" else Adam(case.learning_rate)


class Whorl(Peer):
    """whorl on NumPy alone."""

    fast: ClassVar[bool] = False

    def __init__(self, case: Case, X: Array, y: Array) -> None:
        super().__init__(case, X, y)
        self.model = network(case)
        self.start = self.model.parameters.copy()

    def train(self, epochs: int) -> list[float]:
        case = self.case
        self.model.parameters = self.start
        history = self.model.fit(
            self.X,
            self.y,
            loss=CrossEntropy(),
            optimizer=optimizer(case),
            epochs=epochs,
            batch_size=case.batch,
            rng=0,
            fast=self.fast,
        )
        return history["loss"]

    def predict(self, X: Array) -> Array:
        return self.model.predict(X)


class Fast(Whorl):
    """whorl with compiled kernels."""

    fast: ClassVar[bool] = True
