"""Trainings that go on from a state of another one."""

import numpy as np
import pytest

import whorl
from whorl import (
    SGD,
    Adam,
    Averaged,
    Checkpoint,
    Clipped,
    Cosine,
    CrossEntropy,
    Dense,
    Dropout,
    EarlyStopping,
    Lion,
    Model,
    ReduceOnPlateau,
    ReLU,
    Softmax,
)  # fmt: skip
from whorl.glassbox import replay

X, Y = whorl.datasets.spiral(40, rng=0)
OPTIONS = {"loss": CrossEntropy(), "optimizer": Adam(0.02), "epochs": 6, "batch_size": 16, "validation": 0.2, "rng": 3}


def begin(**options):
    model = Model([Dense(8), ReLU(), Dropout(0.2), Dense(3), Softmax()], inputs=2, rng=0)
    return model.training(X, Y, **{**OPTIONS, "metrics": ["accuracy"], **options})


def finish(training):
    for _ in training:
        pass
    return training.model.parameters.copy(), training.state.history


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize(
    "optimizer",
    [Adam(0.02), SGD(Cosine(0.1, epochs=6), momentum=0.9), Averaged(Clipped(Adam(0.02), norm=1.0), decay=0.9),
     Adam(ReduceOnPlateau(0.05, patience=0))],
    ids=repr,
)  # fmt: skip
def test_without_changes_the_bits_are_the_same_from_any_step(optimizer, fast):
    training = begin(optimizer=optimizer, fast=fast, callbacks=[EarlyStopping(patience=9)])
    states = [training.state.copy() for _ in training.steps()]
    parameters, history = training.model.parameters, training.state.history
    for k in (0, 5, 6, 20, len(states) - 2):
        again, then = finish(replay(training, states[k]))
        np.testing.assert_array_equal(again, parameters)
        assert dict(then) == dict(history)


def test_a_training_that_was_resumed_from_a_file_replays_to_the_same_bits(tmp_path):
    expected, _ = finish(begin())
    steps = begin(callbacks=[Checkpoint(tmp_path / "run.npz", steps=1)]).steps()
    for _ in range(9):  # to within the second epoch
        next(steps)
    resumed = begin(resume=tmp_path / "run.npz")
    state = resumed.state.copy()
    np.testing.assert_array_equal(finish(resumed)[0], expected)
    again, history = finish(replay(resumed, state))
    np.testing.assert_array_equal(again, expected)
    assert len(history["loss"]) == 6
    assert finish(replay(resumed, state, optimizer=Adam(0.2)))[0].tobytes() != expected.tobytes()


def test_the_other_training_is_as_before_and_goes_on():
    training, alone = begin(), begin()
    steps = training.steps()
    for _ in range(9):  # to within the second epoch
        next(steps)
    before = training.state.copy()
    finish(replay(training, optimizer=SGD(0.5), batch_size=7))
    np.testing.assert_array_equal(training.state.parameters, before.parameters)
    assert training.state.step == before.step == 9
    steps.close()
    np.testing.assert_array_equal(finish(training)[0], finish(alone)[0])


def test_another_learning_rate_is_that_of_a_schedule_which_changes_there():
    training = begin(callbacks=[])
    states = [training.state.copy() for _ in training]
    again, history = finish(replay(training, states[2], optimizer=Adam(0.002)))
    chained, expected = finish(begin(optimizer=Adam(whorl.schedules.Chain([(3, 0.02), (3, 0.002)]))))
    np.testing.assert_array_equal(again, chained)
    assert history["val_loss"] == expected["val_loss"]
    assert history["learning_rate"] == [0.02] * 3 + [0.002] * 3


@pytest.mark.parametrize("optimizer", [SGD(0.1, momentum=0.9), Lion(0.001), Averaged(SGD(0.1), decay=0.5)], ids=repr)
def test_another_kind_of_optimizer_starts_with_nothing_remembered(optimizer):
    training = begin(optimizer=Averaged(Adam(0.02), decay=0.9))
    states = [training.state.copy() for _ in training]
    again, _ = finish(replay(training, states[3], optimizer=optimizer, epochs=5))
    fresh = begin(optimizer=optimizer, epochs=5)
    fresh.model.parameters = states[3].parameters
    fresh.state.rng.bit_generator.state, fresh.state.epoch = states[3].rng.bit_generator.state, 4
    np.testing.assert_array_equal(again, finish(fresh)[0])


def test_more_epochs_and_other_callbacks():
    class Count(whorl.Callback):
        def on_epoch_end(self, training, epoch):
            seen.append(epoch.number)

    seen, training = [], begin()
    finish(training)
    _, history = finish(replay(training, epochs=9, callbacks=[Count()]))
    assert seen == [7, 8, 9]
    assert len(history["loss"]) == 9
    assert len(training.state.history["loss"]) == 6


def test_the_samples_are_shared():
    training = begin()
    assert replay(training).train is training.train
    assert replay(training).validation is training.validation


def test_what_cannot_be_changed():
    training = begin()
    with pytest.raises(TypeError, match="replay has no argument 'validation'"):
        replay(training, validation=0.5)
    with pytest.raises(TypeError, match=r"replay has no argument 'lr'; give the learning rate to the optimizer"):
        replay(training, lr=0.5)
    with pytest.raises(TypeError, match="training must be a Training"):
        replay(training.model)
    other = Model([Dense(4), Softmax()], inputs=2, rng=0).training(X, Y, **OPTIONS)
    with pytest.raises(ValueError, match="state must fit this model"):
        replay(training, other.state)
    with pytest.raises(ValueError, match="state must fit this model"):
        replay(training, other.state, optimizer=SGD(0.1))
    with pytest.raises(ValueError, match="epochs must be a whole number"):
        replay(training, epochs=-1)
