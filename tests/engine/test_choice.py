"""Which engine a training uses, and what it says about it."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from whorl import (
    LBFGS,
    SGD,
    Adam,
    CrossEntropy,
    Dense,
    Dropout,
    Embedding,
    Layer,
    Model,
    Parametric,
    Poisson,
    ReLU,
    Softmax,
    Softplus,
)

X = np.zeros((64, 2))
Y = np.arange(64) % 3


class Own(Layer):
    def forward(self, x, p, rng=None):
        return x, lambda dy, g: dy


def history(layers=(), loss=None, optimizer=None, y=Y, **options):
    model = Model([Dense(4), ReLU(), *layers, Dense(3), Softmax()] if loss is None else layers, inputs=2, rng=0)
    options = {"epochs": 1, "rng": 0, **options}
    return model.fit(X, y, loss=loss or CrossEntropy(), optimizer=optimizer or SGD(), **options)


def test_short_trainings_run_on_numpy_and_long_ones_are_compiled(monkeypatch):
    monkeypatch.delenv("WHORL_FAST", raising=False)
    assert history().engine == "NumPy: too short a training for compiled kernels to pay"
    model = Model([Dense(4), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    long = model.training(X, Y, loss=CrossEntropy(), optimizer=SGD(), epochs=50_000, rng=0)
    assert long.engine_name.startswith("compiled by Numba")
    assert long.engine_name.endswith("1 thread")


def test_the_choice_is_by_the_work_alone():
    model = Model([Dense(4), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    options = {"loss": CrossEntropy(), "optimizer": SGD(), "rng": 0, "batch_size": 32}
    names = [model.training(X, Y, epochs=epochs, **options).engine_name[:5] for epochs in (17900, 18100, 17900, 18100)]
    assert names == ["NumPy", "compi", "NumPy", "compi"]  # 2 steps an epoch, of 55.6 µs: two seconds


@pytest.mark.parametrize(("value", "engine"), [("1", "compiled"), ("0", "NumPy: fast=False"), ("", "NumPy: too short")])
def test_the_environment_decides_where_fast_does_not(value, engine, monkeypatch):
    monkeypatch.setenv("WHORL_FAST", value)
    assert history().engine.startswith(engine)
    assert history(fast=False).engine == "NumPy: fast=False"
    assert history(fast=True).engine.startswith("compiled")


def test_the_environment_variable_is_checked(monkeypatch):
    monkeypatch.setenv("WHORL_FAST", "yes")
    with pytest.raises(ValueError, match="the environment variable WHORL_FAST must be 0 or 1, got 'yes'"):
        history()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"layers": [Own()]}, "Own() has no compiled kernel"),
        ({"layers": [Parametric(Softmax())]}, "Parametric(Softmax()) has no compiled kernel"),
        (
            {"layers": [Dense(1), Softplus()], "loss": Poisson(), "y": np.ones((64, 1))},
            "Poisson() has no compiled kernel",
        ),
        ({"optimizer": LBFGS()}, "LBFGS has no compiled kernel"),
        ({"accumulate": 2}, "accumulated gradients are not compiled"),
        (
            {"layers": [Dropout(0.5)], "rng": np.random.Generator(np.random.Philox(0))},
            "dropout is compiled for the generator PCG64 only, not for Philox",
        ),
        (
            {"layers": [Dense(3), Softmax(), ReLU()], "loss": CrossEntropy()},
            "CrossEntropy is compiled only after Softmax()",
        ),
    ],
)
def test_what_has_no_kernels_runs_on_numpy_or_is_refused(given, reason, monkeypatch):
    monkeypatch.setenv("WHORL_FAST", "")
    monkeypatch.setattr("whorl.engine.choice.WORTHWHILE", 0)
    assert history(**given).engine == f"NumPy: {reason}"
    with pytest.raises(ValueError, match="fast=True") as caught:
        history(**given, fast=True)
    assert str(caught.value) == f"fast=True: {reason}; use fast=None or fast=False"


def test_without_numba_trainings_run_on_numpy_and_fast_names_the_extra():
    code = """
        import sys
        sys.modules["numba"] = None
        import numpy as np, whorl
        from whorl.engine import choice
        choice.WORTHWHILE = 0
        model = whorl.Model([whorl.Dense(3), whorl.Softmax()], inputs=2, rng=0)
        given = dict(loss=whorl.CrossEntropy(), optimizer=whorl.SGD(), epochs=1, rng=0)
        print(model.fit(np.zeros((4, 2)), [0, 1, 2, 0], **given).engine)
        for call in (lambda: model.fit(np.zeros((4, 2)), [0, 1, 2, 0], **given, fast=True), lambda: choice.warm_up(model.dtype)):
            try:
                call()
            except ImportError as error:
                print(error)
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    chosen, refused, warm_up = done.stdout.splitlines()
    assert chosen.startswith("NumPy: the extra whorl[fast] is not there: import of numba")
    assert refused.startswith("fast=True needs Numba, which the extra whorl[fast] installs: ")
    assert warm_up.startswith("warming up needs Numba, which the extra whorl[fast] installs: ")


@pytest.mark.parametrize(
    ("sizes", "batch", "expected"), [((2, 64, 3), 32, 1), ((20, 256, 256, 2), 256, 2), ((784, 512, 512, 10), 9, 1)]
)
def test_the_number_of_threads_depends_on_the_sizes(sizes, batch, expected, monkeypatch):
    monkeypatch.setattr("whorl.engine.choice.cores", lambda: 2)
    inputs, *hidden, outputs = sizes
    layers = [layer for size in hidden for layer in (Dense(size), ReLU())]
    model = Model([*layers, Dense(outputs), Softmax()], inputs=inputs, rng=0)
    training = model.training(
        np.zeros((512, inputs)),
        np.arange(512) % 2,
        loss=CrossEntropy(),
        optimizer=Adam(),
        epochs=1,
        batch_size=batch,
        fast=True,
    )
    assert training.engine_name.endswith(f"{expected} thread" + "s" * (expected > 1))


def test_a_table_of_categories_is_not_counted_as_a_product(monkeypatch):
    monkeypatch.setattr("whorl.engine.choice.cores", lambda: 2)
    model = Model([Embedding([5000], 8), Dense(3), Softmax()], inputs=1, rng=0)
    options = {"loss": CrossEntropy(), "optimizer": Adam(), "epochs": 1, "batch_size": 256, "fast": True}
    training = model.training(np.zeros((512, 1)), np.arange(512) % 3, **options)
    assert training.engine_name.endswith(", 1 thread")


def test_importing_and_training_on_numpy_load_no_numba():
    code = """
        import sys, numpy as np, whorl
        model = whorl.Model([whorl.Dense(3), whorl.Softmax()], inputs=2, rng=0)
        model.fit(np.zeros((4, 2)), [0, 1, 2, 0], loss=whorl.CrossEntropy(), optimizer=whorl.SGD(), epochs=1)
        print("numba" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
