"""The public names as users write them: mypy and pyright check this file, both in strict mode, and the tests run it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import numpy.typing as npt

import whorl
from whorl import (
    SGD,
    Adam,
    Callback,
    Cosine,
    CrossEntropy,
    Dense,
    Dropout,
    EarlyStopping,
    Epoch,
    History,
    Layer,
    Model,
    ReLU,
    Softmax,
    Training,
    TrainingState,
)
from whorl.glassbox import GradientCheck
from whorl.training import Run

Array = npt.NDArray[Any]


class Wave(Layer):
    """A layer of one's own."""

    factor: float
    shift: float = 0.0

    def forward(self, x: Array, p: Any, rng: Any = None) -> tuple[Array, Any]:
        def backward(dy: Array, g: Any) -> Array:
            return dy * self.factor * np.cos(x + self.shift)

        return self.factor * np.sin(x + self.shift), backward


class Count(Callback):
    """A callback of one's own."""

    def __init__(self) -> None:
        self.epochs: list[Epoch] = []

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        self.epochs.append(epoch)
        if epoch["loss"] < 0.0:
            raise whorl.StopTraining("a loss is never negative")


def test_a_model_is_trained_measured_and_saved(tmp_path: Path) -> None:
    X, y = whorl.datasets.spiral(samples=20, classes=3, rng=0)
    layers = [Dense(8, weight_l2=1e-5), ReLU(), Dropout(0.05), Wave(2.0, shift=0.1), Dense(3), Softmax()]
    model, count = Model(layers, inputs=2, rng=1), Count()
    history = model.fit(
        X,
        y,
        loss=CrossEntropy(),
        optimizer=Adam(Cosine(0.01, epochs=2)),
        epochs=2,
        batch_size=16,
        validation=0.2,
        metrics=["accuracy"],
        callbacks=[EarlyStopping(patience=3), count],
        rng=2,
    )
    assert_type(history, History)
    assert_type(history["val_loss"], list[float])
    assert_type(model.evaluate(X, y, loss=CrossEntropy(), metrics=["accuracy"]), dict[str, float])
    assert_type(model.predict(X), Array)
    assert_type(model.named_parameters()["w1"], Array)
    assert_type(model.parameters, Array)
    assert_type(model.layers, tuple[Layer, ...])
    assert_type(Dense(64).units, int)
    assert len(count.epochs) == 2

    model.save(tmp_path / "model.npz")
    loaded = whorl.load(tmp_path / "model.npz", custom=[Wave])
    assert_type(loaded, Model)
    assert loaded.layers == model.layers
    step: whorl.Trace = whorl.trace(model, X, y, loss=CrossEntropy(), optimizer=SGD(0.1))
    by_sample: Array = step.why("w1", (0, 0)).by_sample
    words: tuple[str, list[str]] = step["z1"].formula, step["z1"].operands
    assert by_sample.shape == (len(X),)
    assert words[0]
    errors = whorl.check_gradients(model, X, y, loss=CrossEntropy())
    assert_type(errors, GradientCheck)
    assert max(errors.values()) < 1e-6


def test_a_loop_of_ones_own() -> None:
    X, y = whorl.datasets.spiral(samples=10, rng=0)
    model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    training = model.training(X, y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=2, rng=0)
    assert_type(training, Training)
    assert_type(iter(training), Iterator[Epoch])
    assert_type(training.state, TrainingState)
    assert_type(training.batch_size, int)
    saved = training.state.copy()
    losses = [epoch["loss"] for epoch in training]
    assert_type(losses, list[float])
    training.restore(saved)
    assert [epoch["loss"] for epoch in training] == losses


def test_recipes_and_many_networks() -> None:
    X, y = whorl.datasets.spiral(samples=10, rng=0)
    recipe = whorl.recipes.classification().replace(epochs=1)
    best, history = recipe.fit(X, y, rng=0)
    assert_type(best, Model)
    assert_type(history, History)
    models = [Model([Dense(3), Softmax()], inputs=2, rng=seed) for seed in range(2)]
    histories = whorl.fit_many([(each, (X, y)) for each in models], loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1)
    assert_type(histories, list[History])
