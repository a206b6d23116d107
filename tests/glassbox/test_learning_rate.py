"""The learning-rate range test."""

import copy

import numpy as np
import pytest

import whorl
from whorl import (
    LBFGS,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Averaged,
    BatchNorm,
    Clipped,
    Cosine,
    CrossEntropy,
    Dense,
    Dropout,
    Lion,
    MeanSquaredError,
    Model,
    NAdam,
    ReLU,
    RMSprop,
    Softmax,
    find_learning_rate,
)

X, Y = whorl.datasets.moons(100, noise=0.2, rng=0)
LINE = np.linspace(-1, 1, 200)[:, None]


def network():
    return Model([Dense(16), ReLU(), BatchNorm(), Dropout(0.1), Dense(2), Softmax()], inputs=2, rng=0)


def search(model=None, optimizer=None, **more):
    optimizer = Adam() if optimizer is None else optimizer
    return find_learning_rate(model or network(), X, Y, loss=CrossEntropy(), optimizer=optimizer, **{"rng": 0, **more})


def test_neither_the_model_nor_the_generator_changes():
    model, rng = network(), np.random.default_rng(3)
    model.gradients[:] = 7.0
    before, state = copy.deepcopy(vars(model)), copy.deepcopy(rng.bit_generator.state)
    gradients = model.gradients.copy()
    first, second = search(model, rng=rng), search(model, rng=rng)
    for name in ("_parameters", "_statistics"):
        np.testing.assert_array_equal(getattr(model, name), before[name])
    np.testing.assert_array_equal(model.gradients, gradients)
    assert rng.bit_generator.state == state
    np.testing.assert_array_equal(first.losses, second.losses)
    assert first.suggestion == second.suggestion
    with pytest.raises(ValueError, match="read-only"):
        first.losses[0] = 1.0


def test_the_first_steps_are_those_of_training_with_these_rates():
    found = search(lowest=1e-3, highest=1.0, steps=30, batch_size=20)
    np.testing.assert_allclose(found.rates, np.geomspace(1e-3, 1.0, 30)[: len(found.rates)])

    def schedule(t):
        return float(np.geomspace(1e-3, 1.0, 30)[min(29, round(10 * t))])  # 10 steps an epoch

    run = network().training(
        X, Y, loss=CrossEntropy(), optimizer=Adam(schedule), epochs=3, batch_size=20, rng=0, fast=False
    )
    losses = [step.loss for step in run.steps()]
    np.testing.assert_array_equal(found.losses, losses[: len(found.losses)])
    average = np.array([np.average(losses[: k + 1], weights=0.95 ** np.arange(k, -1, -1)) for k in range(30)])
    np.testing.assert_allclose(found.smoothed, average[: len(found.smoothed)], rtol=1e-10)


@pytest.mark.parametrize(
    "optimizer",
    [
        SGD(Cosine(0.1, epochs=3), momentum=0.9), AdamW(5.0), NAdam(), RMSprop(), Adagrad(0.1), Lion(),
        Clipped(Averaged(Adam(0.7)), norm=1.0), Averaged(Clipped(SGD(), norm=2.0)),
    ],
    ids=lambda optimizer: type(optimizer).__name__,
)  # fmt: skip
def test_every_optimizer_with_a_learning_rate(optimizer):
    found = search(optimizer=optimizer)
    assert found.rates[0] == 1e-6  # whatever the optimizer's own rate is
    assert 1e-5 < found.suggestion < 1


def test_the_suggestion_trains():
    found = search()
    model = network()
    history = model.fit(X, Y, loss=CrossEntropy(), optimizer=Adam(found.suggestion), epochs=20, rng=0)
    assert history["loss"][-1] < 0.5 * found.smoothed[:10].mean()
    assert found.reason.startswith("a fifth of ")
    assert repr(found) == f"LearningRateSearch(suggestion={found.suggestion}, reason={found.reason!r})"


def test_weights_of_samples_and_classes_count():
    plain = search()
    for more in ({"sample_weight": np.linspace(0.1, 1, 200)}, {"class_weight": {0: 5.0}}):
        assert not np.array_equal(search(**more).losses[:20], plain.losses[:20])


def test_it_ends_where_the_loss_explodes():
    model = Model([Dense(4), ReLU(), Dense(1)], inputs=1, rng=0)
    found = find_learning_rate(model, LINE, 3 * LINE, loss=MeanSquaredError(), optimizer=SGD(), highest=1e6, rng=0)
    assert found.rates[-1] < 1e3
    assert np.isfinite(found.losses).all()
    assert (found.smoothed[:-1] <= 4 * np.minimum.accumulate(found.smoothed[:-1])).all()
    assert 1e-3 < found.suggestion < 0.3


def test_frozen_layers_stay_and_nothing_to_learn_gives_no_suggestion():
    model = network()
    model.freeze(0, 2, 4)
    found = search(model)
    assert found.suggestion is None
    assert found.reason.startswith("the loss does not fall")
    noise = np.random.default_rng(0).integers(2, size=200)
    flat = find_learning_rate(network(), X, noise, loss=CrossEntropy(), optimizer=SGD(), highest=1e-4, rng=0)
    assert flat.suggestion is None


def test_a_fall_to_the_highest_rate_is_said():
    found = search(lowest=1e-5, highest=1e-2)
    assert "it still falls at the highest rate, 0.01: higher rates may be better" in found.reason


def test_a_long_flat_minimum():
    """The loss of classes far apart stays near 0 up to large rates, at which longer trainings do not work."""
    labels = np.arange(200) % 2
    far = np.random.default_rng(0).normal(size=(200, 4)) + 4 * labels[:, None]
    model = Model([Dense(32), ReLU(), Dense(2), Softmax()], inputs=4, rng=0)
    found = find_learning_rate(model, far, labels, loss=CrossEntropy(), optimizer=Adam(), rng=0)
    at = found.smoothed[10:].argmin() + 10
    start, lowest = found.losses[: len(found.losses) // 4].mean(), found.smoothed[at]
    fallen = found.rates[found.smoothed <= lowest + 0.05 * (start - lowest)]
    assert found.suggestion == pytest.approx(fallen[0] / 5, rel=0.05)
    assert found.suggestion < found.rates[at] / 20


def test_rates_that_are_all_too_high():
    model = Model([Dense(4), ReLU(), Dense(1)], inputs=1, rng=0)
    found = find_learning_rate(
        model, 100 * LINE, LINE, loss=MeanSquaredError(), optimizer=SGD(), lowest=10.0, highest=100.0, rng=0
    )
    assert found.suggestion is None
    assert "lower the lowest rate" in found.reason


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        ({"optimizer": LBFGS()}, ValueError, "optimizer must take steps of a learning rate, but LBFGS() searches for"),
        ({"optimizer": Clipped(LBFGS(), norm=1.0)}, ValueError, "searches for the length of each"),
        ({"lowest": 0.0}, ValueError, "lowest must be a finite number above 0, got 0.0"),
        ({"lowest": 1.0, "highest": 0.1}, ValueError, "highest must be above lowest, 1, got 0.1"),
        ({"steps": 5}, ValueError, "steps must be a whole number of at least 20, got 5"),
        ({"epoch": 5}, TypeError, "find_learning_rate has no argument 'epoch'"),
        ({"resume": "a.ckpt"}, ValueError, "state and resume are for training"),
    ],
)
def test_wrong_arguments_are_refused(more, error, words):
    with pytest.raises(error) as caught:
        search(**more)
    assert words in str(caught.value)
