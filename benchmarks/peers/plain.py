"""The references: straight-line NumPy, and the matrix products alone, which no implementation can avoid."""

import itertools

import numpy as np

from benchmarks import straight
from benchmarks.cases import Array, Case
from benchmarks.peers import Peer


class Straight(Peer):
    """Training in straight-line NumPy."""

    def __init__(self, case: Case, X: Array, y: Array) -> None:
        super().__init__(case, X, y)
        self.parameters = straight.initial(case, np.random.default_rng(0))

    def train(self, epochs: int) -> list[float]:
        rng = np.random.default_rng(0)
        self.parameters = straight.initial(self.case, rng)
        return straight.train(self.case, self.X, self.y, self.parameters, epochs, rng)

    def predict(self, X: Array) -> Array:
        """Return the value of the bare expression of NumPy."""
        *hidden, (w, b) = straight.layers(self.parameters, self.case.sizes)
        for w_hidden, b_hidden in hidden:
            X = np.maximum(X @ w_hidden + b_hidden, 0)
        e = np.exp(X @ w + b)
        return e / e.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]


class Products(Peer):
    """The matrix products of the steps and nothing else: forward, dW, and dX except for the first layer."""

    learns = False

    def __init__(self, case: Case, X: Array, y: Array) -> None:
        super().__init__(case, X, y)
        rng, n = np.random.default_rng(0), case.batch
        signals = [rng.standard_normal((n, size), np.float32) for size in case.sizes]
        self.products: list[tuple[Array, Array, Array]] = []  # the factors, and where their product goes
        for x, dy in itertools.pairwise(signals):
            w = rng.standard_normal((x.shape[1], dy.shape[1]), np.float32)
            self.products.append((x, w, np.empty_like(dy)))
            self.products.append((x.T, dy, np.empty_like(w)))
            if x is not signals[0]:
                self.products.append((dy, w.T, np.empty_like(x)))

    def train(self, epochs: int) -> list[float]:
        for _ in range(epochs * self.case.steps):
            for a, b, product in self.products:
                np.matmul(a, b, out=product)
        return [0.0] * epochs
