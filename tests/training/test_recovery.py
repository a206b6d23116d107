"""Divergence, interruptions, and data that comes in parts."""

import gc
import weakref

import numpy as np
import pytest

from whorl import (
    SGD,
    Adam,
    Averaged,
    BatchNorm,
    CrossEntropy,
    Dense,
    DivergenceError,
    InverseTime,
    Layer,
    Model,
    ReLU,
    Softmax,
)


@pytest.mark.parametrize("optimizer", [SGD(0.1, momentum=0.9), Averaged(Adam(0.05)), Averaged(SGD(0.1))], ids=repr)
def test_divergence_restores_the_state_before_the_epoch(optimizer, spiral_data):
    X, y = spiral_data
    huge = X.copy()
    huge[[7, 57, 97]] = 1e300  # one of each class, so that the loss cannot be finite
    settings = {"loss": CrossEntropy(), "optimizer": optimizer, "rng": 0}
    one, two = (Model([Dense(8), ReLU(), Dense(3), Softmax()], inputs=2, rng=0, dtype=np.float64) for _ in range(2))
    state = one.partial_fit(X, y, **settings)
    before = one.parameters.copy()
    with pytest.raises(DivergenceError, match="the model and the training state are as before that epoch"):
        one.partial_fit(huge, y, state=state, **settings)
    np.testing.assert_array_equal(one.parameters, before)
    state = one.partial_fit(X, y, state=state, **settings)  # the failed epoch has no effect

    expected = two.partial_fit(X, y, **settings)
    expected = two.partial_fit(X, y, state=expected, **settings)
    np.testing.assert_array_equal(one.parameters, two.parameters)
    assert state.history["loss"] == expected.history["loss"]


def test_infinite_statistics_are_divergence():
    class Huge(Layer):
        """Large outputs whose variance is infinite in float32."""

        def forward(self, x, p, rng=None):
            return x * np.float32(1e30), lambda dy, g: dy

    class Hide(Layer):
        def forward(self, x, p, rng=None):
            return np.zeros_like(x), lambda dy, g: np.zeros_like(dy)

    model = Model([Dense(4), Huge(), BatchNorm(), Hide(), Dense(3), Softmax()], inputs=2, rng=0)
    X, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 3
    before = model.statistics.copy()
    with pytest.raises(
        DivergenceError, match="parameters, statistics or optimizer state became infinite or NaN in epoch 1"
    ):
        model.fit(X, y, loss=CrossEntropy(), optimizer=SGD(0.01), epochs=1, rng=0)
    np.testing.assert_array_equal(model.statistics, before)


# partial_fit


def test_partial_fit_continues_from_a_model_changed_in_between(spiral_data):
    X, y = spiral_data
    settings = {"loss": CrossEntropy(), "rng": 0}
    model = Model([Dense(16), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    state = model.partial_fit(X, y, optimizer=Averaged(SGD(0.1), decay=0.9), **settings)
    model.fit(X, y, optimizer=Adam(0.02), epochs=5, **settings)
    learned = model.parameters.copy()
    state = model.partial_fit(X, y, optimizer=Averaged(SGD(0.0), decay=0.9), state=state, **settings)
    np.testing.assert_array_equal(model.parameters, learned)
    assert (state.epoch, len(state.history.epochs)) == (2, 2)


def test_calls_of_partial_fit_equal_epochs_of_fit(spiral_data):
    X, y = spiral_data
    settings = {"loss": CrossEntropy(), "optimizer": Averaged(SGD(InverseTime(0.1, decay=0.5), momentum=0.9)), "rng": 0}
    one, two = (Model([Dense(8), ReLU(), Dense(3), Softmax()], inputs=2, rng=0) for _ in range(2))
    history = one.fit(X, y, epochs=3, **settings)
    state = None
    for _ in range(3):
        state = two.partial_fit(X, y, state=state, **settings)
    np.testing.assert_array_equal(one.parameters, two.parameters)
    assert state.history["learning_rate"] == history["learning_rate"]


def test_a_state_does_not_keep_the_data_alive():
    class Data(np.ndarray):
        """An array that supports weak references."""

    X = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32).view(Data)
    gone = weakref.ref(X)
    model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    state = model.partial_fit(X, np.arange(40) % 3, loss=CrossEntropy(), optimizer=SGD(0.1), rng=0)
    del X
    gc.collect()
    assert gone() is None
    assert state.epoch == 1


# Interruptions


class Interrupt(Layer):
    """Raises KeyboardInterrupt in the given passes of training."""

    passes: tuple[int, ...]
    seen: list

    __hash__ = None

    def forward(self, x, p, rng=None):
        if rng is not None:
            self.seen.append(x.ravel().tolist())
            if len(self.seen) in self.passes:
                raise KeyboardInterrupt
        return x, lambda dy, g: dy


@pytest.mark.parametrize("way", [iter, lambda run: run.steps()], ids=["epochs", "steps"])
def test_an_interrupted_step_is_repeated(way):
    X, y = np.arange(10.0)[:, None], np.arange(10) % 3
    seen, undisturbed = [], []
    models = [
        Model([Interrupt(passes, log), Dense(3), Softmax()], inputs=1, rng=0)
        for passes, log in (((1, 3, 8), seen), ((), undisturbed))
    ]
    runs = [
        model.training(X, y, loss=CrossEntropy(), optimizer=SGD(0.1, momentum=0.9), epochs=3, batch_size=4, rng=0)
        for model in models
    ]
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            list(way(runs[0]))
    list(way(runs[0]))
    list(runs[1])
    assert [batch for i, batch in enumerate(seen, start=1) if i not in (1, 3, 8)] == undisturbed
    np.testing.assert_array_equal(models[0].parameters, models[1].parameters)
    assert runs[0].state.history["loss"] == runs[1].state.history["loss"]
