"""Training can return to a copy of its state, and continue from it with bit-identical results."""

import itertools

import numpy as np
import pytest

from whorl import (
    LBFGS,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Averaged,
    BatchNorm,
    Checkpoint,
    Clipped,
    Cosine,
    CrossEntropy,
    Dense,
    Dropout,
    EarlyStopping,
    InverseTime,
    Lion,
    Model,
    NAdam,
    OneCycle,
    ReduceOnPlateau,
    ReLU,
    Residual,
    RMSprop,
    Softmax,
    Standardize,
    WarmUp,
)
from whorl.optimizers import Optimizer, State
from whorl.schedules import Chain

OPTIMIZERS = [
    SGD(0.1),
    SGD(InverseTime(0.1, decay=0.5), momentum=0.9),
    SGD(0.05, momentum=0.9, nesterov=True),
    Adam(Cosine(0.05, epochs=4)),
    AdamW(OneCycle(0.05, epochs=4), weight_decay=0.5),
    NAdam(WarmUp(0.05, epochs=1.5)),
    RMSprop(0.01, momentum=0.5),
    Adagrad(0.05),
    Lion(0.01, weight_decay=0.1),
    LBFGS(),
    Clipped(SGD(0.5, momentum=0.9), norm=0.1),
    Averaged(Adam(0.05), decay=0.9),
    Clipped(Averaged(SGD(0.1, momentum=0.9), decay=0.8), norm=0.3),
    Averaged(Clipped(NAdam(0.05), norm=0.3)),
    Averaged(LBFGS(), decay=0.5),
    Clipped(LBFGS(), norm=0.2),
    SGD(ReduceOnPlateau(0.1, monitor="val_loss", patience=0, threshold=0.5)),
    Adam(Chain([(1.5, 0.05), (9, WarmUp(ReduceOnPlateau(0.05, monitor="loss", patience=0, threshold=0.9), epochs=1))])),
]


def network(seed=0, dtype=np.float32):
    layers = [
        Standardize(),
        Dense(6, weight_l2=1e-3, max_norm=0.7),
        BatchNorm(),
        ReLU(),
        Dropout(0.2),
        Residual([Dense(6, weight_l1=1e-4), ReLU(), Dense(6)]),
        Dense(3),
        Softmax(),
    ]
    model = Model(layers, inputs=2, rng=seed, dtype=dtype)
    model.freeze(6)
    return model


def training(model, data, optimizer, **changes):
    settings = {"epochs": 4, "batch_size": 25, "validation": 0.25, "metrics": ["accuracy"], "rng": 0}
    if optimizer.batch_size is None:
        settings["batch_size"] = None
    callbacks = [EarlyStopping("loss", patience=99)]
    return model.training(*data, loss=CrossEntropy(), optimizer=optimizer, callbacks=callbacks, **settings | changes)


def outcome(model, run):
    return model.parameters.copy(), model.statistics.copy(), dict(run.state.history)


def assert_same(one, two):
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])
    assert one[2] == two[2]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_continuing_from_a_state_gives_bit_identical_results(optimizer, spiral_data):
    model = network()
    run = training(model, spiral_data, optimizer)
    steps = len(list(run.steps()))
    expected = outcome(model, run)
    for done in (1, steps // 2, steps - 1):  # in the middle of an epoch, unless an epoch is a step
        model = network()
        run = training(model, spiral_data, optimizer)
        consumed = list(itertools.islice(run.steps(), done))
        assert len(consumed) == done
        saved = run.state.copy()
        list(run)  # train to the end, then return to the copy
        run.restore(saved)
        list(run)
        assert_same(outcome(model, run), expected)

        other = network(seed=1)  # another model with the same layers
        run = training(other, spiral_data, optimizer, state=saved)
        list(run)
        assert_same(outcome(other, run), expected)


def test_a_copy_is_not_changed_by_further_training(spiral_data):
    run = training(network(), spiral_data, Averaged(Adam(0.05)))
    next(iter(run.steps()))
    saved = run.state.copy()
    before = [array.copy() for array in saved.arrays()]
    list(run)
    for array, values in zip(saved.arrays(), before, strict=True):
        np.testing.assert_array_equal(array, values)
    assert (saved.epoch, saved.step, saved.current.samples) == (0, 1, 25)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"optimizer": SGD(0.1)}, "state must come from the same kind of optimizer, with the values"),
        (
            {"model": Model([Dense(3), Softmax()], inputs=2)},
            "state must fit this model, whose parameters",
        ),
        ({"data": 50}, "state is in the middle of an epoch over 90 samples, got 38 samples"),
        ({"dtype": np.float64}, "and type float64, got"),
    ],
)
def test_a_state_that_does_not_fit_is_an_error(changes, words, spiral_data):
    run = training(network(), spiral_data, Adam(0.05))
    next(iter(run.steps()))
    model = changes.get("model", network(dtype=changes.get("dtype", np.float32)))
    data = [each[: changes.get("data", 120)] for each in spiral_data]
    before = model.parameters.copy()
    with pytest.raises(ValueError, match=words):
        training(model, data, changes.get("optimizer", Adam(0.05)), state=run.state.copy())
    np.testing.assert_array_equal(model.parameters, before)


def test_training_can_continue_with_another_kind_of_schedule(spiral_data):
    run = training(network(), spiral_data, SGD(0.1), epochs=1)
    list(run)
    plateau = SGD(ReduceOnPlateau(0.1, monitor="loss", patience=0, threshold=0.9))
    other = training(run.model, spiral_data, plateau, epochs=4, state=run.state)
    list(other)
    assert other.state.history["learning_rate"] == [0.1, 0.1, 0.05, 0.025]


def test_other_callbacks_do_not_get_the_memory_of_earlier_ones(spiral_data, tmp_path):
    model = network()
    state = model.partial_fit(*spiral_data, loss=CrossEntropy(), optimizer=SGD(0.1), callbacks=[EarlyStopping("loss")])
    save = Checkpoint(tmp_path / "best.npz", monitor="penalty")
    model.partial_fit(*spiral_data, loss=CrossEntropy(), optimizer=SGD(0.1), callbacks=[save], state=state)
    assert (tmp_path / "best.npz").exists()
    assert [vars(memory).keys() for memory in state.callbacks] == [{"kind", "best", "step"}]


class Remembering(Optimizer):
    """SGD with momentum, which keeps one velocity in a dict and another in a list."""

    learning_rate: float = 0.1

    def start(self, parameters):
        return State(by_name={"velocity": np.zeros_like(parameters)}, others=[np.zeros_like(parameters)])

    def step(self, parameters, gradients, state, learning_rate, *_):
        for velocity in (state.by_name["velocity"], state.others[0]):
            velocity *= 0.9
            velocity += gradients
            parameters -= learning_rate * velocity


def test_arrays_in_dicts_and_lists_belong_to_the_state(spiral_data):
    run = training(network(), spiral_data, Remembering())
    assert len(list(itertools.islice(run.steps(), 3))) == 3
    saved = run.state.copy()
    assert len(list(saved.arrays())) == 4
    list(run)
    expected = outcome(run.model, run)
    run.restore(saved)
    list(run)
    assert_same(outcome(run.model, run), expected)


# Freezing, constraints and averages


@pytest.mark.parametrize("steps", [2, 5, 7])  # in the middle of an epoch, and between two
def test_freezing_during_training_with_an_average_keeps_the_values(steps, spiral_data):
    model = Model([Dense(8), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    optimizer = Averaged(AdamW(0.1, weight_decay=0.5))
    run = model.training(*spiral_data, loss=CrossEntropy(), optimizer=optimizer, epochs=4, batch_size=25, rng=0)
    assert len(list(itertools.islice(run.steps(), steps))) == steps
    model.freeze(0)
    before = {name: view.copy() for name, view in model.named_parameters().items()}
    for _ in run:
        for name in ("w1", "b1"):
            np.testing.assert_array_equal(model.named_parameters()[name], before[name])
    assert (model.named_parameters()["w2"] != before["w2"]).all()


@pytest.mark.parametrize(
    "optimizer",
    [
        Averaged(AdamW(0.1, weight_decay=0.5)),
        Clipped(Averaged(AdamW(0.1, weight_decay=0.5)), norm=1.0),
        Averaged(Averaged(SGD(0.5, momentum=0.9))),
        Averaged(Lion(0.1, weight_decay=0.5)),
    ],
    ids=repr,
)
def test_averages_respect_frozen_layers_and_constraints(optimizer, spiral_data):
    model = Model([Dense(8, max_norm=0.5), ReLU(), Dense(8), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    model.freeze(2)
    frozen = {name: model.named_parameters()[name].copy() for name in ("w2", "b2")}
    model.fit(*spiral_data, loss=CrossEntropy(), optimizer=optimizer, epochs=3, rng=0)
    for name, values in frozen.items():
        np.testing.assert_array_equal(model.named_parameters()[name], values)
    assert np.linalg.norm(model.named_parameters()["w1"], axis=0).max() <= 0.5 * (1 + 1e-6)


def test_a_line_search_does_not_change_frozen_layers(spiral_data):
    model = Model([Dense(8), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    model.freeze(0)
    before = model.named_parameters()["w1"].copy()
    history = model.fit(*spiral_data, loss=CrossEntropy(), optimizer=Averaged(LBFGS(), decay=0.5), epochs=5)
    np.testing.assert_array_equal(model.named_parameters()["w1"], before)
    assert history["loss"][-1] < history["loss"][0]


# Preprocessing


def test_creating_a_training_run_changes_nothing(spiral_data):
    model = network()
    before = model.parameters.copy(), model.statistics.copy()
    training(model, spiral_data, SGD(0.1))
    list(training(model, spiral_data, SGD(0.1), epochs=0))
    with pytest.raises(TypeError, match="callbacks"):
        model.fit(*spiral_data, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, callbacks=[EarlyStopping])
    with pytest.raises(ValueError, match="monitor must be a value of the history"):
        model.fit(*spiral_data, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, callbacks=[EarlyStopping()])
    np.testing.assert_array_equal(model.parameters, before[0])
    np.testing.assert_array_equal(model.statistics, before[1])


def test_preprocessing_inside_a_block_is_fitted(rng):
    X, y = rng.normal(5, 3, size=(40, 2)), np.arange(40) % 3
    model = Model([Residual([Standardize()]), Dense(3), Softmax()], inputs=2, rng=0, dtype=np.float64)
    model.fit(X, y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, rng=0)
    np.testing.assert_allclose(model.named_statistics()["mean1"], X.mean(axis=0))


@pytest.mark.parametrize("accumulate", [1, 3])
def test_clipping_uses_the_accumulated_gradient(accumulate, spiral_data):
    models = [Model([Dense(6), ReLU(), Dense(3), Softmax()], inputs=2, rng=0, dtype=np.float64) for _ in range(2)]
    settings = {"loss": CrossEntropy(), "optimizer": Clipped(SGD(0.5), norm=0.05), "epochs": 2, "rng": 0}
    models[0].fit(*spiral_data, batch_size=30, **settings)
    models[1].fit(*spiral_data, batch_size=30 // accumulate, accumulate=accumulate, **settings)
    np.testing.assert_allclose(models[1].parameters, models[0].parameters, rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: setattr(state.current, "samples", -5), "must have used 0 to 90 samples of its epoch, got -5"),
        (lambda state: setattr(state.current, "samples", 91), "got 91"),
        (lambda state: setattr(state.current, "samples", 1.5), "got 1.5"),
        (lambda state: setattr(state.current, "order", np.zeros(90)), "state must have order with shape"),
        (
            lambda state: setattr(state.optimizer, "m", np.zeros(3)),
            r"state must have m with shape \(9,\) and type float32",
        ),
        (lambda state: setattr(state.optimizer, "v", None), "state must have v with"),
        (lambda state: setattr(state, "stepped", np.zeros(3)), "state must have stepped"),
        (lambda state: setattr(state.current.before, "parameters", np.zeros(3)), r"state must have before\.parameters"),
        (lambda state: setattr(state.current.before, "statistics", np.zeros(3)), r"state must have before\.statistics"),
        (lambda state: setattr(state.current.before.optimizer, "m", np.zeros(3, int)), r"state must have before\.m"),
    ],
)
def test_a_state_with_arrays_of_another_form_is_refused(change, message):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((90, 2)), rng.integers(0, 3, 90)

    def training():
        model = Model([Dense(3), Softmax()], inputs=2, rng=0)
        return model.training(
            X, y, loss=CrossEntropy(), optimizer=Adam(0.1), epochs=2, batch_size=16, rng=0, fast=False
        )

    run = training()
    next(run.steps())
    state = run.state.copy()
    change(state)
    other = training()
    before = other.model.parameters.copy()
    with pytest.raises(ValueError, match=message):
        other.restore(state)
    assert (other.model.parameters == before).all()
