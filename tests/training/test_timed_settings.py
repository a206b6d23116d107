"""Settings that change with the time of training: dropout and weight decay, apart from the learning rate; and factors of the decay."""

import copy
import pickle

import numpy as np
import pytest
from small import settings

import whorl
from whorl import (
    LBFGS,
    SGD,
    AdamW,
    Averaged,
    BatchNorm,
    Callback,
    Checkpoint,
    Clipped,
    Cosine,
    CrossEntropy,
    Dense,
    Dropout,
    Lion,
    Model,
    NTKDense,
    Parametric,
    PeriodicEmbedding,
    ReduceOnPlateau,
    ReLU,
    Residual,
    Scale,
    Softmax,
    Tanh,
)
from whorl.schedules import Chain

X = np.random.default_rng(0).standard_normal((50, 2))
Y = np.random.default_rng(1).integers(0, 3, 50)
FALLING = Chain([(2, 0.5), (4, Cosine(0.5, epochs=4))])


def network(rate=0.0, **changes):
    layers = [Dense(8, **changes), ReLU(), Dropout(rate), Dense(3, **changes), Softmax()]
    return Model(layers, inputs=2, rng=0, dtype=np.float64)


def trained(model, **options):
    model.fit(X, Y, **settings(**{"batch_size": 20, **options}))
    return model


class Recorded:
    """A constant schedule that remembers when it was asked."""

    def __init__(self, value):
        self.value, self.times = value, []

    def __call__(self, epoch):
        self.times.append(epoch)
        return self.value


def test_a_constant_schedule_of_dropout_gives_the_bits_of_a_constant():
    assert (trained(network(lambda epoch: 0.3)).parameters == trained(network(0.3)).parameters).all()


def test_dropout_and_weight_decay_are_asked_at_the_time_of_each_step():
    rate, decay = Recorded(0.3), Recorded(0.1)
    trained(network(rate), optimizer=AdamW(0.01, weight_decay=decay), epochs=2)
    assert rate.times == decay.times == [0.0, 20 / 50, 40 / 50, 1.0, 1 + 20 / 50, 1 + 40 / 50]


@pytest.mark.parametrize("fast", [False, True])
def test_dropout_falls_as_its_schedule_says(fast):
    # Two epochs with one rate, and two with another: the same as two models with constant rates, one after the other.
    whole = trained(network(Chain([(2, 0.5), (1, 0.2)])), epochs=4, fast=fast)
    first = network(0.5)
    run = first.training(X, Y, **settings(batch_size=20, epochs=2, fast=False))
    for _ in run:
        pass
    second = network(0.2)
    second.parameters = first.parameters
    trained(second, epochs=4, state=run.state, fast=False)
    assert whole.parameters == pytest.approx(second.parameters, rel=1e-10)


def test_the_last_rates_of_a_schedule_are_those_of_its_end():
    rng, p = np.random.default_rng(0), network(FALLING).p[2]
    shares = []
    for p.epoch in (0.0, 1.9, 4.0, 6.0):
        y, _ = Dropout(FALLING).forward(np.ones((500, 400)), p, rng)
        shares.append((y == 0).mean())
        assert y.mean() == pytest.approx(1, abs=0.01)
    assert shares == pytest.approx([0.5, 0.5, 0.25, 0.0], abs=0.005)


@pytest.mark.parametrize("fast", [False, True])
def test_biases_do_not_decay_if_their_layer_says_so(fast):
    # With a learning rate for the decay alone, λ = 1/lr would clear the weights at once: here they halve in each step.
    model = network(bias_decay=0.0)
    before = {name: array.copy() for name, array in model.named_parameters().items()}
    before["b1"] += 1
    model.named_parameters()["b1"][:] += 1
    still = np.zeros((50, 2))  # no gradient reaches w1, and Adam moves what has one by 1e-12
    model.fit(still, Y, **settings(batch_size=50, epochs=1, optimizer=AdamW(1e-12, weight_decay=5e11), fast=fast))
    for name, array in model.named_parameters().items():
        assert array == pytest.approx(before[name] * (0.5 if name[0] == "w" else 1), rel=1e-9, abs=1e-9), name


def test_each_layer_declares_its_factors():
    layers = [
        PeriodicEmbedding(multiple=0.1, decay=0.01),
        Scale(multiple=6.0, decay=36.0),
        NTKDense(4, bias_decay=0.0),
        Parametric(Tanh(), decay=0.5),
        Residual([Dense(4, bias_decay=0.25)]),
    ]
    model = Model(layers, inputs=2, rng=0)
    factors = whorl.parameters.views(model.decay, model.trained)
    assert {name: set(factor.ravel()) for name, factor in factors.items()} == {
        **{name: {np.float32(0.01)} for name in ("w1", "b1", "v1", "a1")},
        "s2": {36},
        "w3": {1},
        "b3": {0},
        "a4": {0.5},
        "w5": {1},
        "b5": {0.25},
    }
    assert model.decay.dtype == np.float32
    assert network().decay == 1.0


@pytest.mark.parametrize(
    "optimizer",
    [
        Clipped(Averaged(AdamW(0.01, weight_decay=FALLING), decay=0.5), norm=0.1),
        Averaged(Clipped(Lion(0.01, weight_decay=FALLING), norm=0.1)),
    ],
    ids=repr,
)
def test_wrappers_pass_the_time_and_the_factors(optimizer):
    recorded = Recorded(0.25)
    inner = optimizer.optimizer.optimizer
    decaying = type(inner)(0.01, weight_decay=recorded)
    wrapped = Clipped(Averaged(decaying), norm=1e9)
    plain, outer = network(bias_decay=0.0), network(bias_decay=0.0)
    trained(plain, optimizer=type(inner)(0.01, weight_decay=0.25))
    for _ in (run := outer.training(X, Y, **settings(batch_size=20, optimizer=wrapped))):
        pass
    assert recorded.times[:3] == [0.0, 0.4, 0.8]
    assert (run.state.stepped == plain.parameters).all()


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize(
    "optimizer", [AdamW(0.01, weight_decay=FALLING), Averaged(Lion(0.01, weight_decay=FALLING))], ids=repr
)
def test_a_run_that_is_stopped_in_an_epoch_goes_on_with_the_same_bits(optimizer, fast):
    options = settings(batch_size=20, epochs=5, optimizer=optimizer, fast=fast)
    whole = network(FALLING, bias_decay=0.5)
    whole.fit(X, Y, **options)
    first = network(FALLING, bias_decay=0.5)
    run = first.training(X, Y, **options)
    for step in run.steps():
        if step.number == 7:
            break
    second = pickle.loads(pickle.dumps(copy.deepcopy(first)))
    second.fit(X, Y, **options, state=run.state)
    assert (second.parameters == whole.parameters).all()


@pytest.mark.parametrize("fast", [False, True])
def test_a_checkpoint_resumes_in_the_middle_of_an_epoch_with_the_same_bits(tmp_path, fast):
    path = tmp_path / "checkpoint.npz"
    options = settings(batch_size=20, epochs=5, optimizer=AdamW(0.01, weight_decay=FALLING), fast=fast)
    whole = network(FALLING, bias_decay=0.5)
    whole.fit(X, Y, **options)

    class Stop(Callback):
        def on_step_end(self, training):
            if training.step == 8:
                raise whorl.StopTraining("enough")

    network(FALLING, bias_decay=0.5).fit(X, Y, **options, callbacks=[Checkpoint(path, steps=1), Stop()])
    resumed = network(FALLING, bias_decay=0.5)
    resumed.fit(X, Y, **options, resume=path)
    assert (resumed.parameters == whole.parameters).all()


@pytest.mark.parametrize("fast", [False, True])
def test_a_step_that_is_skipped_leaves_the_time_of_the_next_ones(fast):
    # One sample makes the loss of its step infinite in each epoch.
    recorded, spoilt = Recorded(0.3), X.copy()
    spoilt[7] = 1.7e308
    options = settings(batch_size=20, epochs=2, optimizer=SGD(0.1), fast=fast)
    history = network(recorded).fit(spoilt, Y, **options, on_divergence="skip")
    assert len(history.skipped) == 2
    assert set(np.round(recorded.times, 6)) == {0.0, 0.4, 0.8, 1.0, 1.4, 1.8}


@pytest.mark.parametrize("frozen", [(0,), (2,), (0, 2)])
def test_frozen_layers_neither_decay_nor_drop(frozen):
    rate = Recorded(0.5)
    model = network(rate, bias_decay=0.5)
    model.freeze(*frozen)
    before = model.named_parameters()["w1"].copy()
    trained(model, optimizer=AdamW(0.01, weight_decay=FALLING))
    assert (model.named_parameters()["w1"] == before).all() == (0 in frozen)
    assert bool(rate.times) == (2 not in frozen)


def test_accumulated_batches_have_the_rate_of_their_step():
    rate = Recorded(0.3)
    trained(network(rate), accumulate=2, epochs=1)
    assert rate.times == [0.0, 0.0, 40 / 50]


def test_a_line_search_keeps_the_time_of_its_step():
    rate = Recorded(0.3)
    model = network(rate)
    model.fit(X, Y, **settings(optimizer=LBFGS(), epochs=2))
    assert set(rate.times) == {0.0, 1.0}


def test_a_model_with_a_schedule_is_saved_and_loaded(tmp_path):
    model = trained(network(FALLING, bias_decay=0.5))
    model.save(tmp_path / "model.npz")
    loaded = whorl.load(tmp_path / "model.npz")
    assert loaded.layers == model.layers
    assert (loaded.predict(X) == model.predict(X)).all()
    assert (trained(loaded).parameters == trained(copy.deepcopy(model)).parameters).all()


def test_a_model_with_a_plain_function_cannot_be_saved(tmp_path):
    with pytest.raises(TypeError, match="cannot save"):
        network(lambda epoch: 0.5).save(tmp_path / "model.npz")


def test_gradients_are_checked_with_dropout_off():
    assert max(whorl.check_gradients(network(FALLING), X, Y, loss=CrossEntropy()).values()) < 1e-6


@pytest.mark.parametrize("fast", [False, True])
def test_networks_trained_side_by_side_have_their_schedules(fast):
    rates = (0.01, 0.02)
    alone = [
        trained(network(FALLING), optimizer=AdamW(each, weight_decay=FALLING), fast=fast, threads=1) for each in rates
    ]
    together = [network(FALLING) for _ in rates]
    own = [{"optimizer": AdamW(each, weight_decay=FALLING)} for each in rates]
    whorl.fit_many(
        [(model, (X, Y), changes) for model, changes in zip(together, own, strict=True)],
        **settings(batch_size=20, fast=fast),
    )
    for one, other in zip(alone, together, strict=True):
        assert (one.parameters == other.parameters).all()


@pytest.mark.parametrize(
    "make",
    [Dropout, lambda value: AdamW(weight_decay=value), lambda value: Lion(weight_decay=value)],
)
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (-0.1, ValueError, "must be a finite number at least 0"),
        ("0.1", TypeError, "must be a finite number"),
        (None, TypeError, "must be a finite number"),
        (Cosine, TypeError, "got the class Cosine itself"),
        (ReduceOnPlateau(0.1), ValueError, "must not depend on results, as a learning rate may, got ReduceOnPlateau"),
    ],
)
def test_what_is_neither_a_number_nor_a_schedule_is_refused(make, value, error, message):
    with pytest.raises(error, match=message):
        make(value)


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize(
    ("rate", "decay", "message"),
    [
        (Chain([(1, 0.5), (1, 1.0)]), 0.1, "rate at epoch 1 must be a finite number at least 0 and below 1, got 1.0"),
        (0.1, lambda epoch: 0.5 - epoch, "weight_decay at epoch 0.8 must be a finite number at least 0, got -0.3"),
        (0.1, lambda epoch: "0.1", "weight_decay at epoch 0 must be a finite number at least 0, got '0.1'"),
        (lambda epoch: np.nan, 0.1, "rate at epoch 0 must be a finite number at least 0 and below 1, got nan"),
    ],
)
def test_a_schedule_that_leaves_its_range_is_an_error_and_the_finished_epochs_stay(rate, decay, message, fast):
    model = network(rate)
    run = model.training(X, Y, **settings(batch_size=20, optimizer=AdamW(0.01, weight_decay=decay), fast=fast))
    with pytest.raises((TypeError, ValueError), match=message):
        for _ in run:
            pass
    assert run.epoch == (1 if "epoch 1" in message else 0)
    assert np.isfinite(model.parameters).all()


def test_a_declaration_with_a_negative_factor_is_refused():
    with pytest.raises(ValueError, match="decay must be a finite number at least 0, got -1"):
        whorl.Parameter((3,), whorl.initializers.Zeros(), decay=-1)


def test_batch_norm_and_stochastic_descent_take_part():
    # SGD has no weight decay: the factors change nothing.
    layers = [Dense(8, bias_decay=0.0), BatchNorm(), Dropout(FALLING), Dense(3, bias_decay=0.0), Softmax()]
    same = [Dense(8), BatchNorm(), Dropout(FALLING), Dense(3), Softmax()]
    a, b = (trained(Model(each, inputs=2, rng=0), optimizer=SGD(0.1)) for each in (layers, same))
    assert (a.parameters == b.parameters).all()
