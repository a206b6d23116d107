"""Checkpoints: training that ends at any step goes on to the same bits, from a file, in another process, on each engine."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whorl import (
    LBFGS,
    SGD,
    Adam,
    Averaged,
    BatchNorm,
    Callback,
    Checkpoint,
    Clipped,
    Cosine,
    CrossEntropy,
    Dense,
    DivergenceError,
    Dropout,
    EarlyStopping,
    Lion,
    Model,
    ModelFileError,
    NAdam,
    ReduceOnPlateau,
    ReLU,
    Residual,
    RMSprop,
    Softmax,
    Standardize,
    StopTraining,
    Tanh,
    fit_many,
    load,
)
from whorl._core.archive import seal
from whorl.training import saving

X = np.random.default_rng(0).standard_normal((90, 5))
Y = np.random.default_rng(1).integers(0, 3, 90)
LAYERS = [
    Standardize(),
    Dense(12, weight_l2=1e-3, max_norm=2.0),
    ReLU(),
    Dropout(0.2),
    BatchNorm(),
    Residual([Dense(12), Tanh()]),
    Dense(3),
    Softmax(),
]
ENGINES = [{"fast": False}, {"fast": True, "threads": 1}, {"fast": True, "threads": 2}]
OPTIMIZERS = [
    SGD(0.05, momentum=0.9),
    Adam(Cosine(0.02, epochs=5)),
    Averaged(Clipped(NAdam(0.01), norm=1.0), decay=0.9),
    Clipped(Averaged(RMSprop(0.01), decay=0.9), norm=1.0),
    Lion(0.001),
    SGD(ReduceOnPlateau(0.1, monitor="loss", patience=1)),
]


def model():
    return Model(LAYERS, inputs=5, rng=0)


class Leave(Exception):
    """Ends a training as a failure would."""


class LeaveAfter(Callback):
    """Fails after a step."""

    def __init__(self, step):
        self.step = step

    @property
    def every_steps(self):
        return 1

    def on_step_end(self, training):
        if training.state.step == self.step:
            raise Leave


def train(own, *, callbacks=(), **options):
    options = {
        "optimizer": SGD(0.05, momentum=0.9),
        "epochs": 4,
        "batch_size": 16,
        "validation": 0.2,
        "metrics": ["accuracy"],
        "rng": 7,
        "fast": False,
        **options,
    }
    return own.training(X, Y, loss=CrossEntropy(), callbacks=callbacks, **options)


def finish(training):
    """Train to the end, and return all that is left, to compare bit by bit."""
    for _ in training:
        pass
    state = training.state
    arrays = [array.tobytes() for array in state.arrays()]
    history = [(epoch.number, dict(epoch.values)) for epoch in state.history.epochs]
    draws = [*state.rng.random(3), *state.rng.integers(0, 9, 3, dtype=np.uint32)]
    return arrays, history, draws, state.step, state.epoch, state.history.stopped


@pytest.mark.parametrize("engine", ENGINES, ids=str)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_a_training_continues_from_any_step_to_the_same_bits(optimizer, engine, tmp_path):
    path = tmp_path / "run.npz"
    expected = finish(train(model(), optimizer=optimizer, **engine))
    for step in (1, 5, 8, 19):  # 5 steps an epoch
        callbacks = [Checkpoint(path, steps=1)]
        first = train(model(), optimizer=optimizer, callbacks=callbacks, **engine)
        steps = first.steps()
        for _ in range(step):
            next(steps)
        other = Model(LAYERS, inputs=5, rng=99)
        assert finish(train(other, optimizer=optimizer, resume=path, **engine)) == expected, step


@pytest.mark.parametrize("engine", ENGINES[::2], ids=str)
@pytest.mark.parametrize("every", [1, 2, 3, 7])
def test_steps_of_a_checkpoint_change_nothing_and_hold_the_state_of_that_step(engine, every, tmp_path):
    path = tmp_path / "run.npz"
    expected = finish(train(model(), **engine))
    saved = []

    class Look(Callback):
        every_steps = every

        def on_step_end(self, training):
            saved.append(training.state.step)

    checkpoint = Checkpoint(path, steps=every, every=100)
    assert finish(train(model(), callbacks=[Look(), checkpoint], **engine)) == expected
    assert saved == list(range(every, 21, every))
    resumed = train(model(), resume=path, **engine)
    assert resumed.step == saved[-1]
    assert finish(resumed) == expected


def test_the_checkpoint_comes_after_the_callbacks_whose_data_it_saves(tmp_path):
    path, options = tmp_path / "run.npz", {"optimizer": Adam(0.05), "epochs": 40}
    stop = EarlyStopping(patience=2)
    whole = train(model(), callbacks=[stop], **options)
    expected = finish(whole)
    assert whole.state.history.stopped
    for epoch in range(1, len(whole.state.history.epochs) + 1):
        first = iter(train(model(), callbacks=[Checkpoint(path), stop], **options))
        for _ in range(epoch):
            next(first)
        assert (
            finish(train(model(), callbacks=[Checkpoint(tmp_path / "other"), stop], resume=path, **options)) == expected
        )


def test_other_callbacks_may_be_added_and_left_out(tmp_path):
    path, options = tmp_path / "run.npz", {"optimizer": Adam(0.05), "epochs": 40}
    stop = EarlyStopping(patience=2)
    expected = finish(train(model(), callbacks=[stop], **options))
    first = iter(train(model(), callbacks=[Callback(), stop, Checkpoint(path)], **options))
    for _ in range(3):
        next(first)
    for callbacks in ([stop], [EarlyStopping(patience=2), Callback(), Callback()]):
        assert finish(train(model(), callbacks=callbacks, resume=path, **options)) == expected


def test_a_training_that_was_stopped_stays_stopped(tmp_path):
    path, options = tmp_path / "run.npz", {"optimizer": Adam(0.05), "epochs": 40}
    history = finish(train(model(), callbacks=[EarlyStopping(patience=1), Checkpoint(path)], **options))[1]
    again = train(model(), callbacks=[EarlyStopping(patience=1)], resume=path, **options)
    assert finish(again)[1] == history


def test_frozen_layers_are_those_of_the_checkpoint(tmp_path):
    path = tmp_path / "run.npz"
    first = model()
    first.freeze(1)
    run = train(first, callbacks=[Checkpoint(path, steps=1)])
    steps = run.steps()
    for _ in range(7):
        next(steps)
    for _ in run:
        pass
    other = model()
    for _ in train(other, resume=path):
        pass
    assert other.frozen == {1}


def test_every_bit_generator_and_the_values_of_lbfgs_are_saved(tmp_path):
    path = tmp_path / "run.npz"
    for kind in saving.GENERATORS:

        def generator(kind=kind):
            return np.random.Generator(getattr(np.random, kind)(5))

        expected = finish(train(model(), rng=generator()))
        first = train(model(), rng=generator(), callbacks=[Checkpoint(path, steps=1)]).steps()
        for _ in range(7):
            next(first)
        assert finish(train(model(), rng=generator(), resume=path)) == expected
    options = {"optimizer": LBFGS(), "batch_size": None, "epochs": 9}
    layers = [Dense(4), Tanh(), Dense(3), Softmax()]
    expected = finish(train(Model(layers, inputs=5, rng=0), **options))
    first = iter(train(Model(layers, inputs=5, rng=0), callbacks=[Checkpoint(path)], **options))
    for _ in range(4):
        next(first)
    assert finish(train(Model(layers, inputs=5, rng=1), resume=path, **options)) == expected


@settings(max_examples=25)
@given(data=st.data())
def test_random_trainings_continue_from_a_random_step(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("resume") / "run.npz"
    hidden = data.draw(
        st.lists(st.sampled_from([Dense(7), ReLU(), Dropout(0.3), BatchNorm(), Residual([Dense(5)])]), max_size=4)
    )
    layers = [Dense(5), *[layer for layer in hidden if not isinstance(layer, Residual)], Dense(3), Softmax()]
    options = {
        "optimizer": data.draw(st.sampled_from(OPTIMIZERS)),
        "batch_size": data.draw(st.integers(8, 100)),
        "validation": data.draw(st.sampled_from([None, 0.3])),
        "metrics": data.draw(st.sampled_from([[], ["accuracy"]])),
        "epochs": 3,
        **data.draw(st.sampled_from(ENGINES)),
    }
    whole = train(Model(layers, inputs=5, rng=0), **options)
    expected = finish(whole)
    step = data.draw(st.integers(1, whole.step))
    first = train(Model(layers, inputs=5, rng=0), callbacks=[Checkpoint(path, steps=1)], **options).steps()
    for _ in range(step):
        next(first)
    assert finish(train(Model(layers, inputs=5, rng=1), resume=path, **options)) == expected


SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
import hashlib
import test_resume as t
print(hashlib.sha256(repr(t.finish(t.train(t.model(), resume=sys.argv[1]))).encode()).hexdigest())
"""


def test_another_process_continues_to_the_same_bits(tmp_path):
    import hashlib

    path = tmp_path / "run.npz"
    first = train(model(), callbacks=[Checkpoint(path, steps=1)]).steps()
    for _ in range(8):
        next(first)
    expected = hashlib.sha256(repr(finish(train(model(), resume=path))).encode()).hexdigest()
    script = SCRIPT.format(tests=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected


def test_a_checkpoint_is_a_model_file(tmp_path):
    path, own = tmp_path / "run.npz", model()
    run = train(own, callbacks=[Checkpoint(path)])
    for _ in run:
        pass
    loaded = load(path)
    assert (loaded.parameters == own.parameters).all()
    assert (loaded.predict(X) == own.predict(X)).all()


def test_a_checkpoint_without_the_state_is_smaller_and_cannot_be_continued(tmp_path):
    whole, small = tmp_path / "whole.npz", tmp_path / "small.npz"
    for _ in train(model(), optimizer=Adam(0.01), callbacks=[Checkpoint(whole), Checkpoint(small, state=False)]):
        pass
    assert small.stat().st_size < whole.stat().st_size
    with pytest.raises(ModelFileError, match="it holds a model only, and no training state"):
        train(model(), optimizer=Adam(0.01), resume=small)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "run.npz"
    for _ in train(model(), optimizer=Adam(0.01), callbacks=[Checkpoint(path)], epochs=1):
        pass
    return path


def test_what_cannot_be_resumed_leaves_the_model_as_it_was(saved, tmp_path):
    cases = [
        (model(), {"optimizer": SGD(0.1)}, ValueError, "the same kind of optimizer"),
        (
            Model([Dense(3), Softmax()], inputs=5, rng=0),
            {"optimizer": Adam(0.1)},
            ValueError,
            "checkpoint of this model",
        ),
        (model(), {"resume": tmp_path / "none.npz"}, FileNotFoundError, "No such file"),
        (model(), {"resume": 3}, TypeError, "resume must be a path, got 3"),
        (model(), {"rng": None}, ValueError, "needs the rng of the first run"),
    ]
    for own, options, error, message in cases:
        before = own.parameters.copy()
        with pytest.raises(error, match=message):
            train(own, **{"optimizer": Adam(0.01), "resume": saved, **options})
        assert (own.parameters == before).all()
    state = train(model(), epochs=0).state
    with pytest.raises(ValueError, match="resume and state both"):
        train(model(), state=state, resume=saved)


def test_a_training_that_diverges_leaves_the_last_good_checkpoint(tmp_path):
    path, own = tmp_path / "run.npz", model()
    rate = 1e30
    run = train(own, optimizer=SGD(lambda time: rate if time > 2.5 else 0.01), callbacks=[Checkpoint(path, steps=1)])
    with pytest.raises(DivergenceError, match="in epoch 3"):
        finish(run)
    resumed = train(model(), optimizer=SGD(0.01), resume=path)
    assert 10 < resumed.step < 15
    assert all(np.isfinite(array).all() for array in resumed.state.arrays())


def test_histories_of_any_length_and_with_values_that_are_not_finite(tmp_path):
    def odd(target, prediction):
        return float("nan")

    path = tmp_path / "run.npz"
    first = train(model(), metrics=[odd], epochs=1)
    for _ in first:
        pass
    second = train(model(), metrics=["accuracy", odd], epochs=3, state=first.state, callbacks=[Checkpoint(path)])
    for _ in second:
        pass
    longer = second.state.history.epochs
    longer += longer[1:] * 20_000
    second.model.save(path, state=second.state)
    resumed = train(model(), metrics=["accuracy", odd], epochs=3, resume=path)
    assert repr(resumed.state.history.epochs) == repr(longer)
    longer[:] = [longer[0], longer[1]] * 4_000  # changes its names from epoch to epoch
    with pytest.raises(ValueError, match=r"a file holds at most .* was not written"):
        second.model.save(path, state=second.state)


def test_steps_of_a_checkpoint_cannot_be_combined_with_a_monitor():
    with pytest.raises(ValueError, match="steps and monitor"):
        Checkpoint("a.npz", steps=3, monitor="loss")


@pytest.mark.parametrize("engine", ENGINES, ids=str)
def test_training_goes_on_after_a_callback_has_stopped_it_after_a_step(engine):
    class Stop(Callback):
        every_steps = 3

        def on_step_end(self, training):
            if training.state.step == 6:  # the first step of the second epoch
                raise StopTraining("enough")

    expected = finish(train(model(), **engine))
    run = train(model(), callbacks=[Stop()], **engine)
    assert [epoch.number for epoch in run] == [1]
    assert (run.step, run.epoch, run.state.history.stopped) == (6, 1, "enough")
    again = finish(run)
    assert run.state.history.stopped is None
    assert again == expected


@pytest.mark.parametrize("frozen", [[99], ["w1"], None, [[]]])
def test_a_checkpoint_with_wrong_frozen_layers_changes_nothing(frozen, saved):
    with np.load(saved) as archive:
        arrays = dict(archive)
    header = json.loads(str(arrays["whorl"])) | {"frozen": frozen}
    np.savez(saved, **arrays | {"whorl": np.array(json.dumps(header))})
    with saved.open("r+b") as file:
        seal(file)
    own = model()
    own.freeze(1)
    before = own.parameters.copy()
    with pytest.raises(ModelFileError):
        train(own, optimizer=Adam(0.01), resume=saved)
    assert (own.parameters == before).all()
    assert own.frozen == {1}


@pytest.mark.parametrize("engine", [{"fast": False}, {"fast": True}], ids=str)
def test_trainings_of_fit_many_continue_from_their_checkpoints(engine, tmp_path):
    options = {"loss": CrossEntropy(), "optimizer": Adam(0.01), "batch_size": 16, "rng": 7, **engine}
    whole, parts = ([Model(LAYERS, inputs=5, rng=seed) for seed in range(3)] for _ in range(2))
    fit_many([(each, (X, Y)) for each in whole], epochs=4, **options)
    paths = [tmp_path / f"{number}.npz" for number in range(3)]
    saves = [Checkpoint(path, steps=2) for path in paths]
    halves = [(each, (X, Y), {"callbacks": [save]}) for each, save in zip(parts, saves, strict=True)]
    fit_many(halves, epochs=2, **options)
    others = [Model(LAYERS, inputs=5, rng=9) for _ in range(3)]
    fit_many([(each, (X, Y), {"resume": path}) for each, path in zip(others, paths, strict=True)], epochs=4, **options)
    for one, other in zip(whole, others, strict=True):
        np.testing.assert_array_equal(one.parameters, other.parameters)


def test_accumulated_steps_continue_from_a_checkpoint(tmp_path):
    path, options = tmp_path / "run.npz", {"accumulate": 3, "batch_size": 5, "optimizer": Averaged(Adam(0.01))}
    expected = finish(train(model(), **options))
    steps = train(model(), callbacks=[Checkpoint(path, steps=2)], **options).steps()
    for _ in range(8):
        next(steps)
    assert finish(train(Model(LAYERS, inputs=5, rng=9), resume=path, **options)) == expected


@pytest.mark.parametrize("engine", ENGINES, ids=str)
@pytest.mark.parametrize("monitor", [None, "loss"])
def test_a_checkpoint_saves_a_training_that_ends_early(monitor, engine, tmp_path):
    path = tmp_path / "run.npz"
    expected = finish(train(model(), **engine))
    run = train(model(), callbacks=[Checkpoint(path, monitor=monitor), LeaveAfter(8)], **engine)
    with pytest.raises(Leave):
        finish(run)
    again = train(Model(LAYERS, inputs=5, rng=9), resume=path, **engine)
    assert again.step == (8 if monitor is None else 5)
    assert finish(again) == expected


class Raise(Callback):
    """Raises an error once after a step, or after an epoch."""

    def __init__(self, error, *, step=0, epoch=0):
        self.error, self.step, self.epoch = error, step, epoch

    def on_step_end(self, training):
        if training.step == self.step:
            self.step = 0
            raise self.error("enough")

    def on_epoch_end(self, training, epoch):
        if epoch.number == self.epoch:
            self.epoch = 0
            raise self.error("enough")


@pytest.mark.parametrize("engine", ENGINES, ids=str)
@pytest.mark.parametrize("optimizer", OPTIMIZERS[:3], ids=repr)
@pytest.mark.parametrize(
    ("error", "place"),
    [
        (StopTraining, {"step": 8}),
        (Leave, {"step": 8}),
        (Leave, {"step": 10}),
        (Leave, {"epoch": 2}),
        (KeyboardInterrupt, {"step": 12}),
    ],
    ids=str,
)
def test_early_stopping_gives_the_best_parameters_and_another_loop_goes_on_with_the_last(
    error, place, optimizer, engine, tmp_path
):
    path, stopping = tmp_path / "run.npz", EarlyStopping("val_loss", patience=50)
    expected = finish(train(model(), callbacks=[stopping], optimizer=optimizer, **engine))
    run = train(
        model(), callbacks=[Raise(error, **place), stopping, Checkpoint(path, every=99)], optimizer=optimizer, **engine
    )
    with contextlib.suppress(Leave, KeyboardInterrupt):
        for _ in run:
            pass
    best = next(memory for memory in run.state.callbacks if memory.kind == "EarlyStopping")
    np.testing.assert_array_equal(run.model.parameters, best.parameters)
    resumed = train(Model(LAYERS, inputs=5, rng=9), callbacks=[stopping], resume=path, optimizer=optimizer, **engine)
    assert finish(resumed) == expected
    assert finish(run) == expected


@pytest.mark.parametrize("engine", ENGINES, ids=str)
def test_early_stopping_and_another_loop_leave_frozen_layers_as_they_are(engine):
    stopping, own, whole = EarlyStopping("val_loss", patience=50), model(), model()
    own.freeze(1)
    whole.freeze(1)
    first = own.named_parameters()["w2"].copy()
    expected = finish(train(whole, callbacks=[stopping], **engine))
    run = train(own, callbacks=[Raise(Leave, step=8), stopping], **engine)
    with contextlib.suppress(Leave):
        finish(run)
    np.testing.assert_array_equal(own.named_parameters()["w2"], first)
    assert finish(run) == expected
    np.testing.assert_array_equal(own.named_parameters()["w2"], first)


def test_a_training_that_a_callback_stops_is_saved_too(tmp_path):
    path = tmp_path / "run.npz"
    run = train(
        model(), callbacks=[Raise(StopTraining, step=10), Checkpoint(path, every=99)]
    )  # the last one of an epoch
    for _ in run:
        pass
    assert (load(path).parameters == run.model.parameters).all()


def test_the_memory_of_a_callback_that_takes_no_part():
    run = train(model())
    with pytest.raises(ValueError, match="memory keeps the data of the callbacks of this training, got EarlyStopping"):
        run.memory(EarlyStopping())
