"""JAX: the step jitted and called from Python, and the whole epoch as one `lax.scan`."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.cases import MOMENTUM, Array, Case
from benchmarks.peers import Peer

Tree = Any


def scores(parameters: Tree, x: Any, dropout: float = 0.0, key: Any = None) -> Any:
    """Return the logits, (n, classes); with a key, hidden units are dropped."""
    for w, b in parameters[:-1]:
        x = jax.nn.relu(x @ w + b)
        if dropout and key is not None:
            key, own = jax.random.split(key)
            x = jnp.where(jax.random.bernoulli(own, 1 - dropout, x.shape), x / (1 - dropout), 0)
    w, b = parameters[-1]
    return x @ w + b


class Step(Peer):
    """One call a step."""

    def __init__(self, case: Case, X: Array, y: Array) -> None:
        super().__init__(case, X, y)
        self.inputs, self.labels = jnp.asarray(X), jnp.asarray(y)
        self.parameters = self.initial()
        self.jitted = jax.jit(self.step, donate_argnums=0)
        self.forward = jax.jit(lambda parameters, x: jax.nn.softmax(scores(parameters, x)))

    def initial(self) -> Tree:
        """Return the initial weights and biases."""
        rng, sizes = np.random.default_rng(0), self.case.sizes
        return [
            (jnp.asarray((2 / i) ** 0.5 * rng.standard_normal((i, j), np.float32)), jnp.zeros(j))
            for i, j in itertools.pairwise(sizes)
        ]

    def state(self) -> Tree:
        """Return everything that a step changes: parameters, their two moments, the number of the step, and the key."""
        parameters = self.initial()
        m, v = (jax.tree.map(jnp.zeros_like, parameters) for _ in range(2))
        return parameters, m, v, jnp.zeros(()), jax.random.key(0, impl="rbg")  # the fast one

    def loss(self, parameters: Tree, x: Any, y: Any, key: Any) -> Any:
        """Return the mean cross-entropy of a batch, with the penalty on the first layer."""
        z = jax.nn.log_softmax(scores(parameters, x, self.case.dropout, key))
        value = -jnp.mean(jnp.take_along_axis(z, y[:, None], axis=1))
        if self.case.l2:
            value += self.case.l2 * sum(jnp.sum(p * p) for p in parameters[0])
        return value

    def step(self, state: Tree, x: Any, y: Any, rows: Any) -> Any:
        """Return the state after the step on these rows, and the loss."""
        parameters, m, v, t, key = state
        key, own = jax.random.split(key)
        loss, g = jax.value_and_grad(self.loss)(parameters, x[rows], y[rows], own)
        lr, t = self.case.learning_rate, t + 1
        if self.case.optimizer == "sgd":
            m = jax.tree.map(lambda m, g: MOMENTUM * m + g, m, g)
            parameters = jax.tree.map(lambda p, m: p - lr * m, parameters, m)
        else:
            m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
            v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
            c1, c2 = 1 - 0.9**t, 1 - 0.999**t
            parameters = jax.tree.map(lambda p, m, v: p - lr * m / c1 / (jnp.sqrt(v / c2) + 1e-8), parameters, m, v)
        return (parameters, m, v, t, key), loss

    def train(self, epochs: int) -> list[float]:
        case, rng, state, losses = self.case, np.random.default_rng(0), self.state(), []
        for _ in range(epochs):
            order = rng.permutation(case.rows).astype(np.int32).reshape(case.steps, case.batch)
            total = []
            for rows in order:
                state, loss = self.jitted(state, self.inputs, self.labels, rows)
                total.append(loss)
            losses.append(float(jnp.mean(jnp.stack(total))))
        self.parameters = jax.block_until_ready(state)[0]
        return losses

    def predict(self, X: Array) -> Array:
        return np.asarray(self.forward(self.parameters, X))


class Scan(Step):
    """One call an epoch: the shuffle and all steps in one compiled program."""

    def __init__(self, case: Case, X: Array, y: Array) -> None:
        super().__init__(case, X, y)
        self.jitted = jax.jit(self.epoch, donate_argnums=0)

    def epoch(self, state: Tree, x: Any, y: Any) -> Any:
        """Return the state after an epoch, and its mean loss."""
        *rest, key = state
        key, own = jax.random.split(key)
        order = jax.random.permutation(own, self.case.rows).reshape(self.case.steps, self.case.batch)
        state, losses = jax.lax.scan(lambda state, rows: self.step(state, x, y, rows), (*rest, key), order)
        return state, jnp.mean(losses)

    def train(self, epochs: int) -> list[float]:
        state, losses = self.state(), []
        for _ in range(epochs):
            state, loss = self.jitted(state, self.inputs, self.labels)
            losses.append(loss)
        self.parameters = jax.block_until_ready(state)[0]
        return [float(loss) for loss in losses]
