"""The doctor in trainings: what it measures, that it changes nothing, and how it reports."""

import math

import numpy as np
import pytest
from catalogue import LAYERS as LAYERS_OF_ALL_KINDS
from catalogue import OPTIMIZERS

import whorl
from whorl import (
    LBFGS,
    SGD,
    Adam,
    Averaged,
    BatchNorm,
    Checkpoint,
    Clipped,
    CrossEntropy,
    Dense,
    DivergenceError,
    Doctor,
    Dropout,
    Embedding,
    Flatten,
    Huber,
    MeanSquaredError,
    Model,
    Poisson,
    Quantile,
    ReLU,
    Sigmoid,
    Softmax,
    Softplus,
    Standardize,
    Tanh,
)
from whorl.glassbox.doctor import data, probing
from whorl.initializers import Full
from whorl.losses import BinaryCrossEntropy

X, Y = whorl.datasets.moons(100, rng=0)
LAYERS = [Standardize(), Dense(16), BatchNorm(), Tanh(), Dropout(0.2), Dense(16), ReLU(), Dense(2), Softmax()]


def training(layers=LAYERS, X=X, y=Y, loss=None, **options):
    model = Model(layers, inputs=X.shape[1:], rng=0)
    given = {"optimizer": Adam(0.01), "epochs": 6, "rng": 0, "validation": 0.2, "fast": False}
    return model, lambda **more: model.fit(X, y, loss=loss or CrossEntropy(), **(given | options | more))


@pytest.mark.parametrize("fast", [False, True])
def test_training_gives_the_same_bits_as_without_it(fast):
    plain, fit = training(LAYERS)
    history = fit(fast=fast)
    watched, fit = training(LAYERS)
    doctor = Doctor(every=1, quiet=True)
    assert dict(fit(fast=fast, callbacks=[doctor])) == dict(history)
    np.testing.assert_array_equal(watched.parameters, plain.parameters)
    np.testing.assert_array_equal(watched.statistics, plain.statistics)


def test_a_resumed_training_has_the_same_findings(tmp_path):
    layers = [Dense(16), ReLU(), Dense(2), ReLU(), Softmax()]
    whole, first, second = (Doctor(every=3, quiet=True) for _ in range(3))
    training(layers)[1](callbacks=[whole])
    training(layers)[1](epochs=3, callbacks=[first, Checkpoint(tmp_path / "c.npz")])
    training(layers)[1](resume=tmp_path / "c.npz", callbacks=[second])
    assert second.findings == whole.findings != first.findings
    assert second.findings[0].kind == "activation before the output"


def test_the_probe_measures_what_it_says():
    model = Model([Dense(4), ReLU(), Dense(2), Softmax()], inputs=2, rng=0)
    named = model.named_parameters()
    named["w1"][:, 0], named["b1"][0] = 0, -1  # a dead unit of four
    run = model.training(X, Y, loss=CrossEntropy(), optimizer=SGD(0.5), epochs=1, rng=0)
    found = probing.probe(run, len(X))
    loss, gradients = model.loss_and_gradients(X, Y, loss=CrossEntropy())
    assert found.loss == pytest.approx(loss, rel=1e-5)
    assert found.score == pytest.approx((model.predict_classes(X) == Y).mean())
    assert found.dead == {"1": 0.25}
    for name in ("w1", "w2"):
        size = float(np.sqrt(np.mean(gradients[name] ** 2)))
        assert found.gradients[name] == pytest.approx(size, rel=1e-4)
        assert found.updates[name] == pytest.approx(0.5 * size, rel=1e-3)


def test_the_probe_leaves_the_model_as_it_was():
    layers = [Standardize(), Dense(4), BatchNorm(), ReLU(), Dense(2), Softmax()]
    model = Model(layers, inputs=2, rng=0)
    run = model.training(X, Y, loss=CrossEntropy(), optimizer=Adam(0.1), epochs=3, rng=0)

    def numbers():
        vectors = model.parameters, model.statistics, model.gradients
        return [each.tobytes() for each in (*vectors, *run.state.arrays())], run.state.rng.bit_generator.state

    for _ in range(2):  # before the first step, and after an epoch
        model.gradients = np.arange(model.gradients.size)
        before = numbers()
        assert probing.probe(run, 50).updates
        assert numbers() == before
        next(iter(run))


def test_the_noise_scale_is_that_of_known_noise():
    rng, sigma, size = np.random.default_rng(0), 3.0, 2048
    g = np.full(2000, 0.1)  # |G|² = 20, tr Σ = 2000 · 9: a scale of 900
    a, b = (g + sigma / math.sqrt(size) * rng.standard_normal(2000) for _ in range(2))
    assert probing.noise(a, b, size) == pytest.approx(900, rel=0.1)
    assert probing.noise(g, -g, size) == math.inf


def test_facts_of_data_that_is_known():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 100)
    x = np.column_stack([rng.standard_normal(200), y + 0.01 * rng.standard_normal(200), np.arange(200)])
    assert data.identifiers(x) == (2,)
    assert data.identifiers(np.column_stack([x[:, 0], rng.integers(50, size=200)])) == ()
    alone = data.alone(x, y, classes=True)
    assert alone[1] == 1
    assert alone[0] < 0.4
    assert data.alone(x, x[:, 2] ** 3, classes=False)[2] == pytest.approx(1)
    assert data.neighbours(x, y, classes=True) > 0.95
    assert data.neighbours(rng.standard_normal((300, 3)), rng.integers(2, size=300), classes=True) == pytest.approx(
        0.5, abs=0.1
    )
    assert data.chance(CrossEntropy(), y, y, 2) == pytest.approx(math.log(2))
    assert data.chance(MeanSquaredError(), np.array([[1.0], [3.0]]), None, 2) == 1


def test_large_numbers_are_whole_and_no_identifiers():
    x = (1e15 * np.random.default_rng(0).standard_normal((200, 3))).astype(np.float32)
    assert data.identifiers(x.astype(float), exact=2.0**23) == ()
    model = Model([Standardize(), Dense(2), Softmax()], inputs=3, rng=0)
    run = model.training(x, np.arange(200) % 2, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, rng=0)
    assert data.examine(run).identifiers == ()


X5 = np.random.default_rng(0).standard_normal((60, 5))
CLASSES, NUMBERS = np.arange(60) % 3, X5[:, :1] ** 2


def compared(layers, loss, optimizer, y, X=X5):
    """Train with and without the doctor, and compare the bits."""
    found, weight = [], None if loss is squared else 1 + np.arange(60) % 2  # functions take no weights
    for callbacks in ([], [Doctor(quiet=True, every=1)]):
        model = Model(layers, inputs=5, rng=0)
        model.freeze(0)
        options = {"validation": 0.2, "sample_weight": weight, "rng": 0, "epochs": 3, "fast": False}
        model.fit(X, y, loss=loss, optimizer=optimizer, callbacks=callbacks, **options)
        found.append(model.parameters)
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, Averaged(Clipped(LBFGS(), norm=1.0), decay=0.9)], ids=repr)
def test_any_optimizer_takes_the_same_steps(optimizer):
    compared([Dense(6), ReLU(), Dropout(0.2), Dense(3), Softmax()], CrossEntropy(), optimizer, CLASSES)


@pytest.mark.parametrize("layer", LAYERS_OF_ALL_KINDS, ids=repr)
def test_any_layer_gives_the_same_bits(layer):
    X = np.abs(X5).astype(int) % 2 if isinstance(layer, Embedding) else X5
    compared([layer, Flatten(), Dense(3), Softmax()], CrossEntropy(), Adam(0.01), CLASSES, X)


def squared(prediction, target):
    return float(np.mean((prediction - target) ** 2)), 2 * (prediction - target) / prediction.size


@pytest.mark.parametrize(
    ("loss", "end", "y"),
    [
        (BinaryCrossEntropy(), [Sigmoid()], (NUMBERS > 0.5).astype(float)),
        (Poisson(), [Softplus()], np.rint(NUMBERS)),
        (Quantile(0.3), [], NUMBERS),
        (Huber(), [], np.zeros((60, 1))),
        (squared, [], NUMBERS),
    ],
    ids=["binary", "counts", "quantile", "constant", "function"],
)
def test_any_loss_gives_the_same_bits(loss, end, y):
    compared([Dense(6), ReLU(), Dense(1), *end], loss, Adam(0.01), y)


def first(doctor):
    return doctor.findings[0].kind if doctor.findings else None


PLANTED = {
    "unscaled inputs": {"layers": LAYERS[1:2] + LAYERS[5:], "X": 1000 * X, "optimizer": Adam(0.001)},
    "equal initial weights": {"layers": [Dense(8, initializer=Full(0.1)), Tanh(), Dense(2), Softmax()]},
    "unscaled target": {"layers": [Dense(8), ReLU(), Dense(1)], "y": 1000 * X[:, 0] ** 2, "loss": MeanSquaredError()},
    "Softmax of one unit": {"layers": [Dense(1), Softmax()], "loss": BinaryCrossEntropy()},
    "validation from another distribution": {"validation": np.arange(100, 200), "X": X[np.argsort(Y)], "y": np.sort(Y)},
    "duplicates across the split": {"validation": (X[::3], Y[::3])},
}


@pytest.mark.parametrize("kind", PLANTED)
def test_planted_mistakes_are_found_first(kind):
    doctor = Doctor(quiet=True)
    training(**PLANTED[kind])[1](callbacks=[doctor])
    assert first(doctor) == kind


def test_errors_carry_the_first_finding():
    doctor = Doctor(quiet=True)
    _, fit = training([Dense(8), ReLU(), Dense(2), Softmax()], X=1e4 * X, optimizer=SGD(1.0))
    with pytest.raises(DivergenceError) as caught:
        fit(callbacks=[doctor])
    assert caught.value.__notes__ == [f"whorl's doctor: {doctor.findings[0]}"]
    assert first(doctor) == "unscaled inputs"
    assert "learning rate too high" in [each.kind for each in doctor.findings]
    with pytest.raises(ValueError, match=r"end the model with Softmax\(\)") as caught:
        training([Dense(2)])[1](callbacks=[doctor])
    assert "no probabilities for the loss" in caught.value.__notes__[0]


def test_an_error_that_was_there_before_is_none_of_this_training():
    doctor = Doctor(quiet=True)
    earlier = DivergenceError("an earlier one")
    try:
        raise earlier
    except DivergenceError:
        training(epochs=30)[1](callbacks=[doctor])
    assert not hasattr(earlier, "__notes__")
    assert "learning rate too high" not in [each.kind for each in doctor.findings]


def test_it_prints_what_it_finds_and_is_silent_if_all_is_well(capsys):
    training([Standardize(), Dense(16), ReLU(), Dense(16), ReLU(), Dense(2), Softmax()], epochs=40)[1](
        callbacks=[Doctor()]
    )
    assert not capsys.readouterr().out
    training([Dense(2), ReLU(), Softmax()])[1](callbacks=[Doctor()])
    assert "1. activation before the output" in capsys.readouterr().out
