"""Keras on JAX, through `Model.fit`. The variable KERAS_BACKEND must be set to jax before Keras is imported."""

import keras
import numpy as np

from benchmarks.cases import MOMENTUM, Array, Case
from benchmarks.peers import Peer


class Keras(Peer):
    """A Sequential model, compiled once."""

    def __init__(self, case: Case, X: Array, y: Array) -> None:
        super().__init__(case, X, y)
        keras.utils.set_random_seed(0)
        layers = [keras.Input((case.sizes[0],))]
        for number, units in enumerate(case.sizes[1:-1]):
            l2 = keras.regularizers.L2(case.l2) if case.l2 and not number else None
            layers.append(keras.layers.Dense(units, activation="relu", kernel_regularizer=l2, bias_regularizer=l2))
            layers += [keras.layers.Dropout(case.dropout)] * bool(case.dropout)
        self.model = keras.Sequential([*layers, keras.layers.Dense(case.sizes[-1])])
        optimizer = (
            keras.optimizers.SGD(case.learning_rate, momentum=MOMENTUM)
            if case.optimizer == "sgd"
            else keras.optimizers.Adam(case.learning_rate)
        )
        self.model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        self.start = self.model.get_weights()

    def train(self, epochs: int) -> list[float]:
        self.model.set_weights(self.start)  # the optimizer's state stays: a fresh one would mean to compile again
        history = self.model.fit(self.X, self.y, batch_size=self.case.batch, epochs=epochs, verbose=0)
        losses: list[float] = history.history["loss"]
        return losses

    def predict(self, X: Array) -> Array:
        """Use `predict_on_batch`: `predict` takes many times as long."""
        z = self.model.predict_on_batch(X)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]
