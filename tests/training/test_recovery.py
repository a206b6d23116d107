"""Divergence, interruptions, and data that comes in parts."""

import gc
import subprocess
import sys
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
    Dropout,
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
    with pytest.raises(DivergenceError, match="the statistic variance2 became inf in step 1, in epoch 1"):
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
def test_after_an_interruption_in_the_middle_of_a_step_its_epoch_is_repeated(way):
    X, y = np.arange(10.0)[:, None], np.arange(10) % 3
    seen, undisturbed = [], []
    models = [
        Model([Dropout(0.5), BatchNorm(), Interrupt(passes, log), Dense(3), Softmax()], inputs=1, rng=0)
        for passes, log in (((1, 3, 9), seen), ((), undisturbed))
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
    assert len(undisturbed) == 9
    assert seen[1] == seen[3] == undisturbed[0]  # an epoch has three steps
    assert seen[8] == seen[9 + 2] == undisturbed[5]
    np.testing.assert_array_equal(models[0].parameters, models[1].parameters)
    assert runs[0].state.history["loss"] == runs[1].state.history["loss"]


EACH_LINE = """
import signal, sys
import numpy as np
from whorl import Adam, Averaged, BatchNorm, CrossEntropy, Dense, Dropout, Model, ReLU, Softmax

X = np.random.default_rng(0).standard_normal((30, 3))
y = np.arange(30) % 3
layers = [Dense(6), BatchNorm(), ReLU(), Dropout(0.2), Dense(3), Softmax()]
PARTS = "/training/step.py", "/training/state.py", "/passes.py", "/chain.py", "/optimizers/adam.py", "/stack.py", "/layers/normalization.py"

def prepare():
    given = {"loss": CrossEntropy(), "optimizer": Averaged(Adam(0.01)), "batch_size": 20, "epochs": 2, "rng": 0, "fast": False}
    return Model(layers, inputs=3, rng=0).training(X, y, **given, metrics=["accuracy"])

def result(run):
    return [a.tobytes() for a in run.state.arrays()], dict(run.state.history), run.step, run.state.rng.random()

def press(number):
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        if not frame.f_code.co_filename.endswith(PARTS):
            return None
        if event == "line":
            count += 1
            if count == number:
                sys.settrace(None)
                for _ in range(2):  # the second one does not wait for the end of the step
                    signal.raise_signal(signal.SIGINT)
        return trace

    return trace

reference = prepare()
for _ in reference:
    pass
expected = result(reference)
number = caught = 0
while number == caught:
    number += 1
    run = prepare()
    take = run.engine.take

    def interrupted(steps=None):
        sys.settrace(press(number))
        try:
            return take(steps)
        finally:
            sys.settrace(None)

    run.engine.take = interrupted
    try:
        for _ in run:
            pass
    except KeyboardInterrupt:
        caught += 1
    run.engine.take = take
    for _ in run:
        pass
    assert result(run) == expected, number
print(caught)
"""


def test_an_interruption_at_any_line_of_a_step_changes_nothing():
    done = subprocess.run([sys.executable, "-c", EACH_LINE], check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100
