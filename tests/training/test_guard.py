"""Infinity and NaN during training: the step and the layer are named, and what happens next is the caller's choice."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import whorl
from whorl import (
    LBFGS,
    SGD,
    Adam,
    Averaged,
    BatchNorm,
    Callback,
    Checkpoint,
    Clipped,
    CrossEntropy,
    Dense,
    DivergenceError,
    Dropout,
    Layer,
    MeanSquaredError,
    Model,
    ReLU,
    Softmax,
    Standardize,
    StopTraining,
    Tanh,
)
from whorl.passes import loss_pass

ENGINES = [{"fast": False}, {"fast": True, "threads": 1}, {"fast": True, "threads": 2}]
BATCH, COUNT, BAD, SEED = 8, 60, 41, 11
X = np.random.default_rng(0).standard_normal((COUNT, 3))
Y = np.random.default_rng(1).integers(0, 3, COUNT)
SPOILT = X.copy()
SPOILT[BAD] = 1.7e308  # the largest float is 1.8e308: the output of the first layer is infinite
LAYERS = [Dense(8), ReLU(), Dense(3), Softmax()]


def model(layers=LAYERS, dtype=np.float64):
    return Model(layers, inputs=3, rng=0, dtype=dtype)


def spoilt(own=None, **options):
    """A training with one sample that is too large, from the second epoch on."""
    own = own or model()
    options = {"optimizer": SGD(0.1), "epochs": 3, "batch_size": BATCH, "rng": SEED, **options}
    return own.training(SPOILT, Y, loss=CrossEntropy(), **options)


def bad_step(epoch=0, size=BATCH):
    """The number of the step of an epoch with the sample that is too large, from 1."""
    generator = np.random.default_rng(SEED)
    for _ in range(epoch + 1):
        order = generator.permutation(COUNT)
    return int(np.flatnonzero(order == BAD)[0]) // size + 1


def expected_parameters(epochs):
    """The parameters after epochs without the batches of the sample that is too large, computed without `Training`."""
    own, generator = model(), np.random.default_rng(SEED)
    for _ in range(epochs):
        order = generator.permutation(COUNT)
        for start in range(0, COUNT, BATCH):
            rows = order[start : start + BATCH]
            if BAD not in rows:
                loss_pass(own, X[rows], Y[rows], CrossEntropy()).backward()
                own.parameters -= 0.1 * own.gradients
    return own.parameters


def consume(training, way):
    for _ in way(training):
        pass


WAYS = pytest.mark.parametrize(
    "way", [iter, lambda run: run.steps(), lambda run: run.blocks()], ids=["epochs", "steps", "blocks"]
)
ON = pytest.mark.parametrize("engine", ENGINES, ids=str)


@WAYS
@ON
def test_the_error_names_step_layer_and_cause_and_the_epoch_is_undone(engine, way):
    own = model()
    before, run = own.parameters.copy(), spoilt(own, **engine)
    message = (
        rf"the output of layers\[[02]\], Dense\(\d\), became -?(inf|nan) in step {bad_step()}, in epoch 1: scale the"
        r" inputs, which are as large as 1.7e\+308, to about 1, for example with Standardize\(\) \(the model and the"
        r" training state are as before that epoch\)"
    )
    with pytest.raises(DivergenceError, match=message):
        consume(run, way)
    assert (own.parameters == before).all()
    assert (run.step, run.epoch, run.state.current) == (0, 0, None)
    assert (run.state.rng.permutation(COUNT) == np.random.default_rng(SEED).permutation(COUNT)).all()


@WAYS
@ON
def test_stop_keeps_the_steps_before_the_one_that_fails(engine, way):
    own, other = model(), model()
    run = spoilt(own, on_divergence="stop", **engine)
    consume(run, way)
    good = bad_step() - 1
    steps = other.training(
        X, Y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=3, batch_size=BATCH, rng=SEED, **engine
    ).steps()
    for _ in range(good):
        next(steps)
    assert good > 0
    assert (run.step, run.epoch, run.state.current.samples) == (good, 0, good * BATCH)
    np.testing.assert_array_equal(own.parameters, other.parameters)
    assert run.state.history.stopped.endswith("(the model and the training state are as before that step)")
    assert len(run.state.history.epochs) == 0


@WAYS
@ON
def test_skip_leaves_out_the_steps_that_fail_and_no_others(engine, way):
    own = model()
    run = spoilt(own, on_divergence="skip", metrics=["accuracy"], **engine)
    consume(run, way)
    np.testing.assert_allclose(own.parameters, expected_parameters(3), rtol=1e-12)
    steps = -(-COUNT // BATCH)
    assert run.step == 3 * steps
    named = [f"in step {epoch * steps + bad_step(epoch)}, in epoch {epoch + 1}:" for epoch in range(3)]
    assert len(run.state.history.skipped) == 3
    assert all(words in each for words, each in zip(named, run.state.history.skipped, strict=True))
    assert all(np.isfinite(run.state.history["loss"]))
    assert all(0 < each < 1 for each in run.state.history["accuracy"])


@ON
def test_the_loss_of_an_epoch_is_the_mean_over_the_samples_that_were_not_skipped(engine):
    run = spoilt(optimizer=SGD(0.0), epochs=1, on_divergence="skip", **engine)
    (epoch,) = run
    order = np.random.default_rng(SEED).permutation(COUNT)
    first = (bad_step() - 1) * BATCH
    rows = np.delete(order, slice(first, first + BATCH))
    expected = model().evaluate(X[rows], Y[rows], loss=CrossEntropy())["loss"]
    assert epoch["loss"] == pytest.approx(expected, rel=1e-12)


@ON
def test_steps_gives_a_record_of_a_skipped_step_too(engine):
    records = list(spoilt(epochs=1, on_divergence="skip", **engine).steps())
    assert [record.number for record in records] == list(range(1, 9))
    assert sum(record.samples for record in records) == COUNT
    assert [record.number for record in records if not np.isfinite(record.loss)] == [bad_step()]
    assert records[-1].epoch.number == 1


@pytest.mark.parametrize("action", ["raise", "skip"])
@ON
def test_if_every_step_of_an_epoch_fails_it_is_an_error(engine, action):
    own = model()
    before = own.parameters.copy()
    with pytest.raises(DivergenceError, match="in epoch 1: scale the inputs"):
        own.fit(X * 4e307, Y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, on_divergence=action, **engine)
    assert (own.parameters == before).all()


# With other features


@pytest.mark.parametrize(
    "optimizer",
    [Adam(0.01), Averaged(SGD(0.1, momentum=0.9), decay=0.9), Clipped(Adam(0.01), norm=1.0)],
    ids=repr,
)
@ON
def test_after_a_skipped_step_a_checkpoint_continues_to_the_same_bits(optimizer, engine, tmp_path):
    path = tmp_path / "run.npz"
    layers = [Dense(8), BatchNorm(), ReLU(), Dropout(0.2), Dense(3), Softmax()]
    given = {"optimizer": optimizer, "on_divergence": "skip", "metrics": ["accuracy"], "validation": (X, Y), **engine}
    whole = spoilt(model(layers), **given)
    consume(whole, iter)
    steps = spoilt(model(layers), callbacks=[Checkpoint(path, steps=1)], **given).steps()
    for _ in range(bad_step()):
        next(steps)
    parts = spoilt(model(layers), resume=path, **given)
    assert parts.state.current.skipped == BATCH
    consume(parts, iter)
    np.testing.assert_array_equal(whole.model.parameters, parts.model.parameters)
    np.testing.assert_array_equal(whole.model.statistics, parts.model.statistics)
    assert whole.state.history.skipped == parts.state.history.skipped
    assert {name: parts.state.history[name] for name in whole.state.history} == dict(whole.state.history)
    assert np.isfinite(whole.model.parameters).all()


def test_gradients_of_several_batches_are_skipped_together():
    run = spoilt(accumulate=2, batch_size=4, on_divergence="skip")
    consume(run, iter)
    np.testing.assert_allclose(run.model.parameters, expected_parameters(3), rtol=1e-12)


def test_frozen_layers_stay_frozen_when_a_step_is_skipped():
    own = model()
    own.freeze(0)
    first = own.named_parameters()["w1"].copy()
    consume(spoilt(own, on_divergence="skip"), iter)
    assert (own.named_parameters()["w1"] == first).all()


def test_the_epoch_is_as_before_an_update_that_fails():
    own = Model([Dense(3), Softmax()], inputs=3, rng=0)
    given = {"loss": CrossEntropy(), "batch_size": BATCH, "epochs": 1, "rng": SEED, "on_divergence": "stop"}
    run = own.training(X, Y, optimizer=SGD(lambda epoch: 1e39 if epoch else 0.1), **given)
    first, *_ = run.steps()  # the loss of the second step is finite
    assert "the update made w1 infinite or NaN in step 2" in run.state.history.stopped
    assert (run.state.step, run.state.current.samples, run.state.current.loss) == (1, BATCH, BATCH * first.loss)


def test_lbfgs_stops_before_the_step_that_fails():
    own = model()
    before = own.parameters.copy()
    history = own.fit(
        X * 4e307, Y, loss=CrossEntropy(), optimizer=LBFGS(), batch_size=None, epochs=3, on_divergence="stop"
    )
    assert "in step 1, in epoch 1: scale the inputs" in history.stopped
    assert (own.parameters == before).all()


@ON
def test_callbacks_are_called_once_for_each_step_although_steps_are_repeated(engine):
    class Count(Callback):
        every_steps = 1

        def on_step_end(self, training):
            seen.append(training.step)

    seen = []
    consume(spoilt(epochs=2, callbacks=[Count()], on_divergence="skip", **engine), iter)
    assert seen == list(range(1, 17))
    seen.clear()
    last = SGD(lambda time: 0.1 if time < 7 / 8 else 1e308)  # found at the end of the epoch: no loss follows
    own, targets = model([Dense(2)]), X[:, :2] * 1e3
    given = {"loss": MeanSquaredError(), "optimizer": last, "epochs": 1, "batch_size": BATCH, "rng": SEED}
    history = own.fit(X, targets, callbacks=[Count()], on_divergence="skip", **given, **engine)
    assert "the update made" in history.skipped[0]
    assert seen == list(range(1, 9))


def test_one_training_of_many_that_diverges_ends_all():
    trainings = [(model(), (X, Y)), (model(), (SPOILT, Y))]
    given = {"loss": CrossEntropy(), "optimizer": SGD(0.1), "epochs": 2, "batch_size": BATCH}
    with pytest.raises(DivergenceError, match=r"layers\[[02]\]"):
        whorl.fit_many(trainings, rng=SEED, **given)
    histories = whorl.fit_many(trainings, rng=SEED, on_divergence="stop", **given)
    assert histories[0].stopped is None
    assert f"in step {bad_step()}, in epoch 1" in histories[1].stopped


@ON
def test_trainings_of_fit_many_that_skip_continue_from_their_checkpoints(engine, tmp_path):
    given = {"loss": CrossEntropy(), "optimizer": Adam(0.01), "batch_size": BATCH, "rng": SEED, **engine}
    given["on_divergence"] = "skip"
    data, path = [(X, Y), (SPOILT, Y)], tmp_path / "run.npz"
    whole, begun, parts = ([model(), model()] for _ in range(3))
    expected = whorl.fit_many(list(zip(whole, data, strict=True)), epochs=3, **given)
    save = {"callbacks": [Checkpoint(path, steps=1)]}
    whorl.fit_many([(begun[0], data[0]), (begun[1], data[1], save)], epochs=1, **given)
    both = [(parts[0], data[0]), (parts[1], data[1], {"resume": path})]
    histories = whorl.fit_many(both, epochs=3, **given)
    assert [each.skipped for each in histories] == [each.skipped for each in expected]
    assert [len(each.skipped) for each in histories] == [0, 3]
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one.parameters, other.parameters)


def test_lbfgs_has_no_other_step_to_take_if_its_step_is_skipped():
    own = model()
    before = own.parameters.copy()
    with pytest.raises(DivergenceError, match="in step 1, in epoch 1: scale the inputs"):
        consume(spoilt(own, optimizer=LBFGS(), batch_size=None, on_divergence="skip"), iter)
    assert (own.parameters == before).all()


@ON
def test_a_checkpoint_never_holds_nan(engine, tmp_path):
    path = tmp_path / "run.npz"
    run = spoilt(callbacks=[Checkpoint(path, steps=1)], on_divergence="stop", **engine)
    consume(run, iter)
    assert run.step == bad_step() - 1
    parts = spoilt(resume=path, **engine)
    assert parts.step == run.step
    np.testing.assert_array_equal(parts.model.parameters, run.model.parameters)
    clean = model().training(
        X, Y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=3, batch_size=BATCH, rng=SEED, resume=path
    )
    consume(clean, iter)
    assert clean.epoch == 3


# Where, and why


class Times(Layer):
    """Multiplies the output, or the gradient."""

    output: float = 1.0
    gradient: float = 1.0

    def forward(self, x, p, rng=None):
        return x * x.dtype.type(self.output), lambda dy, g: dy * dy.dtype.type(self.gradient)


class Zero(Layer):
    """Outputs 0, and gradients 0."""

    def forward(self, x, p, rng=None):
        return np.zeros_like(x), lambda dy, g: np.zeros_like(dy)


CASES = [
    (
        [Dense(4), Times(1e38), Times(1e38), Dense(2)],
        1,
        1,
        0.1,
        r"the output of layers\[2\], Times\(.*lower the learning rate",
    ),
    ([Dense(4, weight_l2=1e38), Dense(2)], 1, 1, 0.1, "the penalty became inf .*lower the learning rate, 0.1,"),
    ([Dense(2)], 1, 1e25, 0.1, r"the loss became inf .*scale the targets, which are as large as 1e\+25, to about 1"),
    ([Dense(2)], 1e19, 1, 0.1, r"the loss became inf .*scale the inputs, which are as large as .*e\+19"),
    ([Dense(4), Times(gradient=1e38), Tanh(), Times(gradient=1e38), Dense(2)], 1, 1, 0.1, "the gradient of b1 became"),
    ([Dense(4), Times(1e30), BatchNorm(), Zero(), Dense(2)], 1, 1, 0.1, "the statistic variance2 became inf"),
    ([Dense(2)], 10, 10, 3e38, "the update made w1 infinite or NaN .*lower the learning rate, 3e"),
]


@pytest.mark.parametrize(("layers", "inputs", "targets", "rate", "message"), CASES)
def test_the_first_part_that_fails_and_its_likely_cause_are_named(layers, inputs, targets, rate, message):
    own = model(layers, np.float32)
    x, y = X * inputs, np.ones((COUNT, 2)) * targets
    before = own.parameters.copy(), own.statistics.copy()
    with pytest.raises(DivergenceError, match=message):
        own.fit(x, y, loss=MeanSquaredError(), optimizer=SGD(rate), epochs=2, rng=0)
    assert (own.parameters == before[0]).all()
    assert (own.statistics == before[1]).all()


def test_inputs_that_are_standardized_are_not_the_cause():
    own = model([Standardize(), Dense(2)], np.float32)
    with pytest.raises(DivergenceError, match="lower the learning rate, 1e"):
        own.fit(X * 1e6, X[:, :2], loss=MeanSquaredError(), optimizer=SGD(1e30), epochs=3, rng=0)


@pytest.mark.parametrize("action", ["raise", "stop", "skip"])
def test_a_validation_loss_that_is_not_finite(action):
    own = model()
    before = own.parameters.copy()
    given = {"validation": (X * 4e307, Y), "on_divergence": action}
    run = own.training(X, Y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=2, rng=0, **given)
    if action == "stop":
        consume(run, iter)
        assert "the validation loss became nan in epoch 1" in run.state.history.stopped
    else:
        with pytest.raises(DivergenceError, match="the validation loss became nan in epoch 1"):
            consume(run, iter)
    assert (own.parameters == before).all()
    assert (run.epoch, run.step) == (0, 0)


@ON
def test_the_skipped_steps_of_an_epoch_that_is_undone_are_not_in_the_history(engine):
    class Spoil(Callback):
        """Makes the validation loss of the second epoch infinite, at its last step."""

        def on_step_end(self, training):
            if training.step == 16:
                held_out[...] = 1.7e308

    held_out = X.copy()
    run = spoilt(on_divergence="skip", validation=(held_out, Y), callbacks=[Spoil()], **engine)
    with pytest.raises(DivergenceError, match="the validation loss became nan in epoch 2"):
        consume(run, iter)
    assert run.epoch == 1
    (skipped,) = run.state.history.skipped
    assert f"in step {bad_step()}, in epoch 1:" in skipped
    held_out[...] = X
    run.callbacks = ()
    consume(run, iter)
    assert [f"in epoch {i}:" in each for i, each in enumerate(run.state.history.skipped, start=1)] == [True] * 3


@ON
def test_if_every_step_is_skipped_none_of_them_is_in_the_history(engine):
    run = model().training(
        X * 4e307, Y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, on_divergence="skip", rng=0, **engine
    )
    with pytest.raises(DivergenceError, match="in epoch 1: scale the inputs"):
        consume(run, iter)
    assert run.state.history.skipped == []


@settings(max_examples=60)
@given(st.data())
def test_whatever_happens_a_training_leaves_finite_numbers(data):
    inputs, targets = (10 ** data.draw(st.floats(-3, 38)) for _ in range(2))
    rate, momentum = 10 ** data.draw(st.floats(-3, 38)), data.draw(st.sampled_from([0.0, 0.9]))
    optimizer = data.draw(st.sampled_from([SGD(rate, momentum=momentum), Adam(rate), Averaged(SGD(rate))]))
    own = model([Dense(4), data.draw(st.sampled_from([ReLU(), Tanh(), BatchNorm()])), Dense(1)], np.float32)
    engine, action = data.draw(st.sampled_from(ENGINES)), data.draw(st.sampled_from(["raise", "stop", "skip"]))
    x, y = (X * inputs).astype(np.float32), (X[:, :1] * targets).astype(np.float32)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return
    run = own.training(
        x, y, loss=MeanSquaredError(), optimizer=optimizer, epochs=3, rng=0, on_divergence=action, **engine
    )
    try:
        consume(run, lambda run: run.blocks())
    except DivergenceError:
        assert action != "stop"
    assert all(np.isfinite(array).all() for array in run.state.arrays())
    assert np.isfinite(own.parameters).all()


def test_what_on_divergence_must_be():
    with pytest.raises(ValueError, match="on_divergence must be 'raise' or 'stop' or 'skip', got 'ignore'"):
        spoilt(on_divergence="ignore")
    with pytest.raises(TypeError, match="on_divergence must be 'raise' or 'stop' or 'skip', got None"):
        spoilt(on_divergence=None)


@ON
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda run: pickle.loads(pickle.dumps(run))], ids=["deepcopy", "pickle"]
)
def test_a_copy_of_a_training_continues_to_the_same_bits(copied, engine):
    """In the middle of an epoch, with a step to skip before and after, which needs snapshots of the vectors of the model."""
    layers = [Dense(8), BatchNorm(), ReLU(), Dropout(0.2), Dense(3), Softmax()]
    given = {"optimizer": Averaged(Adam(0.01), decay=0.9), "on_divergence": "skip", "metrics": ["accuracy"], **engine}
    run = spoilt(model(layers), **given)
    steps = run.steps()
    for _ in range(bad_step()):
        next(steps)
    steps.close()
    other = copied(run)
    before = other.model.parameters.copy()
    consume(run, iter)
    np.testing.assert_array_equal(other.model.parameters, before)
    assert other.state.parameters is other.model.parameters
    assert other.engine is not run.engine
    consume(other, iter)
    for one, two in zip(run.state.arrays(), other.state.arrays(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert dict(run.state.history) == dict(other.state.history)


def overflow(own, **options):
    """A training whose third step makes the parameters infinite, which no loss shows until the fourth."""
    optimizer = SGD(lambda time: 1e308 if abs(time - 2 * BATCH / COUNT) < 1e-6 else 1e-3)
    given = {"optimizer": optimizer, "epochs": 2, "batch_size": BATCH, "rng": SEED, **options}
    return own.training(X, X[:, :2] * 1e3, loss=MeanSquaredError(), **given)


class StopAfter(Callback):
    def __init__(self, step, error=StopTraining):
        self.step, self.error = step, error

    def on_step_end(self, training):
        if training.step == self.step:
            self.step = None
            raise self.error("enough")


@pytest.mark.parametrize("way", [iter, lambda run: run.steps()], ids=["epochs", "steps"])
@ON
def test_a_training_that_is_stopped_leaves_no_infinity_behind(engine, way):
    own = model([Dense(2)])
    before, run = own.parameters.copy(), overflow(own, callbacks=[StopAfter(3)], **engine)
    with pytest.raises(DivergenceError, match="the update made w1 infinite or NaN in step 3, in epoch 1"):
        consume(run, way)
    assert (own.parameters == before).all()
    for action, reached in (("stop", 2), ("skip", 3)):
        run = overflow(model([Dense(2)]), callbacks=[StopAfter(3)], on_divergence=action, **engine)
        consume(run, way)
        assert run.step == reached
        assert np.isfinite(run.model.parameters).all()
        assert run.state.history.stopped == "enough" if action == "skip" else "step 3" in run.state.history.stopped


def test_an_error_is_not_replaced_by_that_of_a_checkpoint_which_cannot_be_saved(tmp_path):
    run = overflow(
        model([Dense(2)]), callbacks=[StopAfter(3, ZeroDivisionError), Checkpoint(tmp_path / "run.npz", every=9)]
    )
    with pytest.raises(ZeroDivisionError, match="enough"):
        consume(run, iter)
    assert list(tmp_path.iterdir()) == []


def test_partial_fit_does_not_stop_within_an_epoch():
    with pytest.raises(ValueError, match="on_divergence must be 'raise' or 'skip', got 'stop'"):
        model().partial_fit(X, Y, loss=CrossEntropy(), optimizer=SGD(0.1), on_divergence="stop")
