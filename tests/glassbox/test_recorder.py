"""What a Recorder records, against what the model computes; and that training does not notice it."""

import numpy as np
import pytest

import whorl
from whorl import (
    SGD,
    Adam,
    BatchNorm,
    Checkpoint,
    CrossEntropy,
    Dense,
    Dropout,
    Model,
    Recorder,
    ReLU,
    Softmax,
    Standardize,
)
from whorl.glassbox.recorder import LEVELS

X, Y = whorl.datasets.spiral(40, rng=0)
GIVEN = {"loss": CrossEntropy(), "optimizer": Adam(0.05), "rng": 0}


def noisy():
    """A model of layers that draw random numbers, keep statistics, or learn from the data before the first step."""
    return Model([Standardize(), Dense(8), BatchNorm(), ReLU(), Dropout(0.3), Dense(3), Softmax()], inputs=2, rng=0)


def plain():
    return Model([Dense(8, weight_l2=0.01), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)


def assert_equal(recorder, other):
    for kind in ("weights", "gradients"):
        for name, values in getattr(recorder, kind).items():
            np.testing.assert_array_equal(values.quantiles, getattr(other, kind)[name].quantiles)
            np.testing.assert_array_equal(values.magnitude, getattr(other, kind)[name].magnitude)
    for values, others in zip(recorder.activations, other.activations, strict=True):
        np.testing.assert_array_equal(values.epochs, others.epochs)
        np.testing.assert_array_equal(values.quantiles, others.quantiles)


def test_the_records_are_what_the_model_computes():
    model, recorder = plain(), Recorder(samples=50)
    rows = np.linspace(0, 119, 50).astype(int)
    training = model.training(X, Y, **GIVEN, epochs=3, callbacks=[recorder])
    seen = []

    def look():
        _, gradients = model.loss_and_gradients(X[rows], Y[rows], loss=CrossEntropy())
        parameters = {name: each.copy() for name, each in model.named_parameters().items()}
        seen.append((parameters, model.activations(X[rows]), gradients))

    look()
    for _ in training:
        look()
    for t, (parameters, activations, gradients) in enumerate(seen):
        pairs = [(recorder.weights[name], each) for name, each in parameters.items()]
        pairs += [(recorder.gradients[name], each) for name, each in gradients.items()]
        pairs += zip(recorder.activations, activations, strict=True)
        assert len(pairs) == 4 + 4 + 4
        for found, values in pairs:
            np.testing.assert_allclose(
                found.quantiles[t], np.quantile(values.astype(float), LEVELS), rtol=1e-5, atol=1e-9
            )
            np.testing.assert_allclose(found.magnitude[t], np.abs(values).mean(), rtol=1e-5)
            assert found.count == values.size
    assert recorder.weights["b1"].name == "weights b1"
    assert recorder.gradients["w2"].name == "gradients of w2"
    assert recorder.activations[3].name == "activations of layers[3], Softmax"


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("layers", [plain, noisy])
def test_training_gives_the_same_bits(fast, layers):
    models, trainings = [], []
    for callbacks in ([], [Recorder(every=2)]):
        model = layers()
        training = model.training(X, Y, **GIVEN, epochs=4, callbacks=callbacks, fast=fast)
        for _ in training:
            pass
        models.append(model)
        trainings.append(training)
    for name in ("parameters", "statistics", "gradients"):
        np.testing.assert_array_equal(*(getattr(model, name) for model in models))
    assert trainings[0].state.history["loss"] == trainings[1].state.history["loss"]
    assert trainings[0].state.rng.bit_generator.state == trainings[1].state.rng.bit_generator.state
    recorder = trainings[1].callbacks[0]
    np.testing.assert_array_equal(recorder.weights["w2"].epochs, [0, 2, 4])


def test_compiled_epochs_are_recorded_like_others():
    recorders = [Recorder(), Recorder()]
    for recorder, fast in zip(recorders, (False, True), strict=True):
        plain().fit(X, Y, **GIVEN, epochs=3, callbacks=[recorder], fast=fast)
    slow, compiled = (recorder.gradients["w1"].quantiles for recorder in recorders)
    np.testing.assert_allclose(slow, compiled, rtol=1e-3, atol=1e-5)


def test_gradients_have_the_same_dropout_masks_each_time():
    model, recorder = Model([Dropout(0.5), Dense(3), Softmax()], inputs=2, rng=0), Recorder()
    model.fit(X, Y, **GIVEN | {"optimizer": SGD(0.0)}, epochs=2, callbacks=[recorder])
    first, second, third = recorder.gradients["w1"].quantiles
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, third)
    _, without = model.loss_and_gradients(X, Y, loss=CrossEntropy())
    assert np.abs(first - np.quantile(without["w1"], LEVELS)).max() > 1e-3


def test_before_the_first_epoch_layers_are_fitted_to_the_data():
    model, recorder = Model([Standardize(), Dense(3), Softmax()], inputs=2, rng=0), Recorder(samples=10**6)
    model.fit(X * 100 + 7, Y, **GIVEN, epochs=1, callbacks=[recorder])
    standardized = recorder.activations[0].quantiles
    np.testing.assert_allclose(standardized[0], standardized[1])
    assert np.abs(standardized).max() < 5


def test_a_training_that_is_resumed_goes_on_recording(tmp_path):
    whole, before, after = Recorder(), Recorder(), Recorder()
    noisy().fit(X, Y, **GIVEN, epochs=6, callbacks=[whole])
    saved = tmp_path / "run.npz"
    noisy().fit(X, Y, **GIVEN, epochs=3, callbacks=[before, Checkpoint(saved)])
    noisy().fit(X, Y, **GIVEN, epochs=6, callbacks=[after, Checkpoint(saved)], resume=saved)
    assert_equal(after, whole)


def test_a_pause_in_the_middle_of_an_epoch_and_a_return_to_an_earlier_state():
    whole, paused = Recorder(), Recorder()
    noisy().fit(X, Y, **GIVEN, epochs=4, callbacks=[whole])
    training = noisy().training(X, Y, **GIVEN, epochs=4, callbacks=[paused])
    for step in training.steps():
        if step.number == 6:  # of 4 in each epoch
            break
    state = training.state.copy()
    for _ in training:
        pass
    assert_equal(paused, whole)
    training.restore(state)
    for _ in training:
        pass
    assert_equal(paused, whole)


def test_memory_is_limited():
    recorder = Recorder(most=5)
    plain().fit(X, Y, **GIVEN, epochs=21, callbacks=[recorder])
    np.testing.assert_array_equal(recorder.weights["w1"].epochs, [0, 8, 16])
    every = Recorder()
    plain().fit(X, Y, **GIVEN, epochs=21, callbacks=[every])
    np.testing.assert_array_equal(recorder.gradients["w1"].quantiles, every.gradients["w1"].quantiles[[0, 8, 16]])


def test_a_recorder_serves_one_training_after_the_other():
    recorder = Recorder()
    plain().fit(X, Y, **GIVEN, epochs=2, callbacks=[recorder])
    Model([Dense(3), Softmax()], inputs=2, rng=0).fit(X, Y, **GIVEN, epochs=1, callbacks=[recorder])
    assert list(recorder.weights) == ["w1", "b1"]
    np.testing.assert_array_equal(recorder.weights["w1"].epochs, [0, 1])


def test_arguments():
    for name, least in (("every", 1), ("samples", 1), ("most", 2)):
        with pytest.raises(ValueError, match=f"{name} must be a whole number of at least {least}, got 0"):
            Recorder(**{name: 0})
    with pytest.raises(ValueError, match=r"nothing is recorded yet: give the Recorder to fit first"):
        _ = Recorder().weights
