"""When the compiled twins are at work; and that nothing depends on it but the time."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import whorl
from whorl import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Averaged,
    BatchNorm,
    Clipped,
    CrossEntropy,
    Dense,
    Dropout,
    Lion,
    Model,
    NAdam,
    ReLU,
    Residual,
    RMSprop,
    Softmax,
)
from whorl.fast import Switch, kernels, load

OPTIMIZERS = [
    SGD(0.1),
    SGD(0.05, momentum=0.9),
    SGD(0.05, momentum=0.9, nesterov=True),
    Adam(0.01),
    AdamW(0.01),
    NAdam(0.01),
    RMSprop(0.01, momentum=0.5),
    Adagrad(0.1),
    Lion(0.001, weight_decay=0.1),
    Averaged(Clipped(Adam(0.01), norm=0.1)),
]


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    monkeypatch.delenv("WHORL_FAST", raising=False)


@pytest.fixture
def spy(monkeypatch):
    """Lists the threads in which the twin of `relu` is called."""
    threads, twin = [], kernels.relu

    def watched(x):
        threads.append(threading.get_ident())
        return twin(x)

    monkeypatch.setattr(kernels, "relu", watched)
    return threads


def network(dtype=np.float32):
    inner = Residual([Dense(16), ReLU(), BatchNorm()])
    layers = [Dense(16, weight_l2=1e-3), ReLU(), Dropout(0.2), inner, Dense(3), Softmax()]
    return Model(layers, inputs=2, rng=0, dtype=dtype)


def train(data, *, fast, optimizer=None, dtype=np.float32, epochs=3, **changes):
    """The bits of the parameters and of the history, after training."""
    model = network(dtype)
    history = model.fit(
        *data,
        loss=CrossEntropy(label_smoothing=0.1),
        optimizer=optimizer or Adam(0.01),
        epochs=epochs,
        batch_size=32,
        validation=0.25,
        metrics=["accuracy"],
        rng=1,
        fast=fast,
        **changes,
    )
    return model.parameters.tobytes(), history["loss"], history["val_loss"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_training_comes_to_the_same_bits(optimizer, dtype, spiral_data):
    assert train(spiral_data, fast=True, optimizer=optimizer, dtype=dtype) == train(
        spiral_data, fast=False, optimizer=optimizer, dtype=dtype
    )


def test_training_with_weights_comes_to_the_same_bits(spiral_data):
    weights = {"sample_weight": np.linspace(1, 2, 120), "class_weight": {0: 2.0}, "accumulate": 2}
    assert train(spiral_data, fast=True, **weights) == train(spiral_data, fast=False, **weights)


def test_gradients_are_right_with_the_twins(spiral_data):
    X, y = spiral_data
    for layers in ([Dense(8), ReLU(), Dense(3), Softmax()], [Dense(8), BatchNorm(), ReLU(), Dense(3)]):
        loss = CrossEntropy() if isinstance(layers[-1], Softmax) else whorl.Hinge()
        with Switch(fast=True):
            errors = whorl.check_gradients(Model(layers, inputs=2, rng=0), X[::10], y[::10], loss=loss)
        assert max(errors.values()) < 1e-6


@pytest.mark.parametrize(
    ("fast", "variable", "used"),
    [
        (True, None, True),
        (False, None, False),
        (True, "0", True),
        (False, "1", False),
        (None, "1", True),
        (None, "0", False),
        (None, "", True),  # since the twins are loaded in this process
        (None, None, True),
    ],
)
def test_argument_and_environment(fast, variable, used, spy, spiral_data, monkeypatch):
    if variable is not None:
        monkeypatch.setenv("WHORL_FAST", variable)
    train(spiral_data, fast=fast, epochs=1)
    assert bool(spy) is used


def test_partial_fit_takes_the_argument(spy, spiral_data):
    model = network()
    given = {"loss": CrossEntropy(), "optimizer": Adam(), "rng": 0}
    model.partial_fit(*spiral_data, **given, fast=False)
    assert not spy
    model.partial_fit(*spiral_data, **given, fast=True)
    assert spy


def test_an_environment_variable_that_says_nothing_is_refused(monkeypatch, spiral_data):
    monkeypatch.setenv("WHORL_FAST", "yes")
    with pytest.raises(ValueError, match="WHORL_FAST must be 0 or 1, got 'yes'"):
        train(spiral_data, fast=None)


def test_between_the_steps_numpy_runs(spy, spiral_data):
    model = network()
    run = model.training(*spiral_data, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, rng=0, fast=True)
    next(run.steps())
    count = len(spy)
    assert count
    model.predict(spiral_data[0])
    assert len(spy) == count


def test_an_error_in_a_step_switches_off_too(spy):
    class Wrong(whorl.Layer):
        def forward(self, x, training):
            raise ZeroDivisionError

    model = Model([ReLU(), Wrong(), Dense(2)], inputs=2, rng=0)
    with pytest.raises(ZeroDivisionError):
        model.fit([[0, 0]], [[0, 0]], loss=whorl.MeanSquaredError(), optimizer=SGD(0.1), epochs=1, fast=True)
    assert len(spy) == 1
    ReLU().forward(np.ones((1, 2)), None)
    assert len(spy) == 1


def test_divergence_is_seen(spiral_data):
    with pytest.raises(whorl.DivergenceError):
        train((spiral_data[0] * 1e30, spiral_data[1]), fast=True, optimizer=SGD(1e30), epochs=20)


def test_two_threads_with_different_settings(spy, spiral_data):
    together = threading.Barrier(2)

    def one(fast):
        together.wait()
        return threading.get_ident(), train(spiral_data, fast=fast, epochs=20)

    with ThreadPoolExecutor(2) as pool:
        (with_twins, first), (_, second) = pool.map(one, [True, False])
    assert first == second
    assert set(spy) == {with_twins}


def test_four_threads_at_once(spiral_data):
    expected = train(spiral_data, fast=False, epochs=10)
    together = threading.Barrier(4)

    def one(_):
        together.wait()
        return train(spiral_data, fast=True, epochs=10)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(4))) == [expected] * 4


def fresh(code, **environment):
    """What a fresh process prints."""
    variables = {name: value for name, value in os.environ.items() if name != "WHORL_FAST"} | environment
    return subprocess.run(
        [sys.executable, "-c", START + code], capture_output=True, text=True, check=True, env=variables
    ).stdout


START = """
import os, sys, warnings, numpy as np, whorl, whorl.fast
from whorl import Adam, CrossEntropy, Dense, Dropout, Model, ReLU, Softmax
X, y = whorl.datasets.spiral(20, rng=0)
def train(fast):
    model = Model([Dense(8), ReLU(), Dropout(0.2), Dense(3), Softmax()], inputs=2, rng=0)
    model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(), epochs=2, rng=0, fast=fast)
    return model.parameters.tobytes()
"""


def test_training_goes_on_after_a_fork():
    code = """
before = train(True)
warnings.simplefilter("ignore", DeprecationWarning)
child = os.fork()
if not child:
    os._exit(train(True) != before)
print(os.waitpid(child, 0)[1], train(True) == before)
"""
    assert fresh(code, OPENBLAS_NUM_THREADS="1").split() == ["0", "True"]


def test_a_short_run_does_not_load_numba():
    code = """
train(None)
print("numba" in sys.modules)
whorl.fast.PATIENCE = 0.0
train(None)
print("numba" in sys.modules)
"""
    assert fresh(code).split() == ["False", "True"]


def test_the_run_that_goes_on_from_another_counts_from_its_beginning(monkeypatch):
    earlier, later = Switch(fast=None), Switch(fast=None)
    monkeypatch.setattr(whorl.fast.time, "perf_counter", lambda: 10.0)
    monkeypatch.delitem(sys.modules, "whorl.fast.kernels")
    with earlier:
        assert earlier._wanted is None
    later.resume(earlier)
    monkeypatch.setattr(whorl.fast.time, "perf_counter", lambda: 10.0 + whorl.fast.PATIENCE)
    with later:
        assert later._wanted is True


@pytest.fixture
def no_numba(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    for name in ("compiling", "kernels", "updates"):
        monkeypatch.delitem(sys.modules, f"whorl.fast.{name}")
    monkeypatch.delattr(whorl.fast, "kernels")
    monkeypatch.setattr(whorl.fast, "PATIENCE", 0.0)


def test_without_numba(no_numba, spiral_data):
    with pytest.raises(ImportError, match=r"fast=True needs Numba, which is an extra: pip install 'whorl\[fast\]'"):
        train(spiral_data, fast=True)
    assert train(spiral_data, fast=None) == train(spiral_data, fast=False)


def test_a_numba_that_cannot_be_loaded(no_numba, spiral_data, monkeypatch):
    monkeypatch.setattr(whorl.fast, "find_spec", lambda name: True)
    with pytest.warns(RuntimeWarning, match="Numba is installed but cannot be loaded, so training goes on without it"):
        got = train(spiral_data, fast=None)
    assert got == train(spiral_data, fast=False)


def test_load_returns_the_twins():
    assert load() is kernels
