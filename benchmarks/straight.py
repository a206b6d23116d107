"""Training in straight-line NumPy: the reference for the speed of whorl's `fit`.

This is code for a single kind of network, in which nothing is general: dense layers with ReLU and dropout between them,
softmax with cross-entropy at the end, momentum or Adam on one flat vector. It trains what `benchmarks.cases` describes as
`fit` does, including the loss of each epoch, and checks nothing.

Letters: n samples in the batch, i inputs of a layer, j outputs, k classes, p parameters, g gradients, lr learning rate.
"""

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.cases import MOMENTUM, Array, Case

BLOCK = 65_536
"""Parameters that Adam works on at a time: their arrays stay in the cache through all of its passes."""


def layers(vector: Array, sizes: Sequence[int]) -> list[tuple[Array, Array]]:
    """Return the weights (i, j) and the biases (j,) of each layer, as views of the flat vector."""
    views, start = [], 0
    for i, j in itertools.pairwise(sizes):
        middle, stop = start + i * j, start + i * j + j
        views.append((vector[start:middle].reshape(i, j), vector[middle:stop]))
        start = stop
    return views


def initial(case: Case, rng: np.random.Generator, dtype: type[np.floating] = np.float32) -> Array:
    """Return a flat vector of initial parameters: He's normal weights, and biases of 0."""
    vector = np.zeros(sum((i + 1) * j for i, j in itertools.pairwise(case.sizes)), dtype)
    for w, _ in layers(vector, case.sizes):
        w[:] = math.sqrt(2 / len(w)) * rng.standard_normal(w.shape)
    return vector


def train(case: Case, X: Array, y: Array, p: Array, epochs: int, rng: np.random.Generator) -> list[float]:
    """Train the parameters `p` in place, and return the mean loss of each epoch, including the penalty."""
    g = np.empty_like(p)
    forth, back = layers(p, case.sizes), layers(g, case.sizes)
    penalised = (case.sizes[0] + 1) * case.sizes[1]  # the first layer comes first
    first_p, first_g = p[:penalised], g[:penalised]
    step = {"sgd": sgd, "adam": adam}[case.optimizer](p, g, case.learning_rate)
    losses = []
    for _ in range(epochs):
        order, total = rng.permutation(len(X)), 0.0
        for start in range(0, len(X), case.batch):
            rows = order[start : start + case.batch]
            loss = backpropagate(X.take(rows, axis=0), y.take(rows), forth, back, case.dropout, rng)
            if case.l2:
                pull = case.l2 * first_p
                loss += float(pull @ first_p)
                pull *= 2
                first_g += pull
            step()
            total += len(rows) * loss
        losses.append(total / len(X))
    return losses


def backpropagate(
    x: Array,
    labels: Array,
    forth: list[tuple[Array, Array]],
    back: list[tuple[Array, Array]],
    dropout: float,
    rng: np.random.Generator,
) -> float:
    """Fill the gradients `back` for one batch, and return its mean cross-entropy."""
    n, inputs = len(x), [x]
    threshold = round(dropout * 65_536)
    scale = 65_536 / (65_536 - threshold)
    for w, b in forth[:-1]:
        h = inputs[-1] @ w  # (n, j)
        h += b
        np.maximum(h, 0, out=h)
        if dropout:
            h *= kept(h.shape, threshold, rng)
            h *= scale
        inputs.append(h)

    w, b = forth[-1]
    z = inputs[-1] @ w  # (n, k)
    z += b
    z -= z.max(axis=1, keepdims=True)
    rows = np.arange(n)
    aim = z[rows, labels]  # (n,)
    np.exp(z, out=z)
    total = z.sum(axis=1, keepdims=True)  # (n, 1)
    loss = float(np.log(total).sum() - aim.sum()) / n

    dy = z  # becomes (softmax - onehot) / n
    dy /= total
    dy[rows, labels] -= 1
    dy /= n
    ones = np.ones(n, dy.dtype)
    for (w, _), (dw, db), h in zip(forth[::-1], back[::-1], inputs[::-1], strict=True):
        np.matmul(h.T, dy, out=dw)
        np.matmul(ones, dy, out=db)
        if h is not x:
            dy = dy @ w.T  # (n, i)
            dy *= h > 0  # neither ReLU nor dropout silenced it
            if dropout:
                dy *= scale
    return loss


def kept(shape: tuple[int, ...], threshold: int, rng: np.random.Generator) -> Array:
    """Return a dropout mask: false with probability threshold / 65536. Each raw 64-bit word gives four draws."""
    words = rng.bit_generator.random_raw(-(-math.prod(shape) // 4))
    return words.view(np.uint16)[: math.prod(shape)].reshape(shape) >= threshold


def sgd(parameters: Array, gradients: Array, lr: float) -> Callable[[], None]:
    """Return the step of momentum: v ← μ v + g, p ← p − lr v."""
    p, g, v = parameters, gradients, np.zeros_like(parameters)

    def step() -> None:
        nonlocal p, v
        v *= MOMENTUM
        v += g
        p -= lr * v

    return step


def adam(parameters: Array, gradients: Array, lr: float) -> Callable[[], None]:
    """Return the step of Adam; m and v lack their factors 1 − β, which `size` and `floor` include."""
    beta1, beta2, epsilon, t = 0.9, 0.999, 1e-8, 0
    m, v, scratch = np.zeros_like(parameters), np.zeros_like(parameters), np.empty_like(parameters[:BLOCK])
    vectors = (parameters, gradients, m, v)
    blocks = [[vector[i : i + BLOCK] for vector in vectors] for i in range(0, len(parameters), BLOCK)]

    def step() -> None:
        nonlocal t
        t += 1
        c = math.sqrt((1 - beta2) / (1 - beta2**t))
        size, floor = lr * (1 - beta1) / (1 - beta1**t) / c, epsilon / c
        for p, g, m, v in blocks:
            s = scratch[: len(p)]
            m *= beta1
            m += g
            v *= beta2
            np.multiply(g, g, out=s)
            v += s
            np.sqrt(v, out=s)
            s += floor
            np.divide(m, s, out=s)
            s *= size
            p -= s

    return step
