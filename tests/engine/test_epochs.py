"""Several epochs in one call of compiled code: the same bits as one by one, and only where nothing happens between them."""

import copy
import math
import signal

import numpy as np
import pytest
from test_threads import NOISY, QUIET, X, Y, finish, prepare, result

import whorl
from whorl import (
    SGD,
    Adam,
    Averaged,
    Callback,
    Checkpoint,
    Clipped,
    CrossEntropy,
    DivergenceError,
    InverseTime,
    Model,
    NAdam,
    ReduceOnPlateau,
    StopTraining,
)
from whorl.engine import run as run_module
from whorl.engine.kernels.dropout import skip
from whorl.engine.threads import Crew


@pytest.fixture
def calls(monkeypatch):
    """The steps of each call of compiled code."""
    made, run = [], Crew.run

    def counted(crew):
        run(crew)
        made.append(crew.done)

    monkeypatch.setattr(Crew, "run", counted)
    return made


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("layers", [QUIET, NOISY], ids=["quiet", "noisy"])
@pytest.mark.parametrize(
    "optimizer",
    [SGD(0.05, momentum=0.9), Clipped(Adam(0.01), norm=1.0), NAdam(InverseTime(0.01, decay=0.1))],
    ids=repr,
)
def test_epochs_together_give_the_bits_of_epochs_one_by_one(threads, layers, optimizer, calls):
    single, together = (prepare(threads, layers, optimizer=optimizer, epochs=12) for _ in range(2))
    expected = finish(single)
    assert calls == [11] * 12
    calls.clear()
    assert finish(together, together=True) == expected
    assert calls == [11, 11 * 11]
    one, other = single.state.history, together.state.history
    assert list(one) == list(other)
    assert all(one[name] == other[name] for name in one)
    assert [epoch.number for epoch in other.epochs] == list(range(1, 13))
    assert all(epoch.seconds > 0 for epoch in other.epochs)


@pytest.mark.parametrize(("count", "batch_size"), [(203, 203), (203, 1), (202, 19), (40, 64)])
def test_the_generator_is_the_same_for_all_lengths_of_batches(count, batch_size):
    given = {"X": X[:count], "y": Y[:count], "batch_size": batch_size, "epochs": 5}
    numpy = prepare(0, **given)
    finish(numpy)
    for threads in 1, 2:
        assert finish(prepare(threads, **given), together=True) == finish(prepare(threads, **given))
        compiled = prepare(threads, **given)
        finish(compiled, together=True)
        assert compiled.state.rng.bit_generator.state == numpy.state.rng.bit_generator.state


def test_a_generator_other_than_pcg64_draws_the_order_of_each_epoch(calls):
    single, together = (prepare(1, QUIET, rng=np.random.Generator(np.random.MT19937(3)), epochs=6) for _ in range(2))
    finish(single)
    calls.clear()
    finish(together, together=True)
    assert calls == [11, 55]
    np.testing.assert_array_equal(single.model.parameters, together.model.parameters)
    assert (single.state.rng.random(9) == together.state.rng.random(9)).all()


@pytest.mark.parametrize("count", [0, 1, 2, 5, 1000, 2**40 + 3])
def test_skipping_words_is_drawing_them(count):
    drawn, skipped, advanced = (np.random.PCG64(7) for _ in range(3))
    skip(skipped, count)
    if count < 10_000:
        drawn.random_raw(count)
        assert skipped.state == drawn.state
    advanced.advance(count)
    assert skipped.state["state"] == advanced.state["state"]


def test_skipping_words_keeps_the_half_word_for_the_next_small_integer():
    drawn, skipped = (np.random.Generator(np.random.PCG64(7)) for _ in range(2))
    for each in drawn, skipped:
        each.integers(0, 9, dtype=np.uint32)  # takes half a word
    assert skipped.bit_generator.state["has_uint32"] == 1
    drawn.bit_generator.random_raw(5)
    skip(skipped.bit_generator, 5)
    assert skipped.bit_generator.state == drawn.bit_generator.state


class Nothing(Callback):
    """Listens, and does nothing."""

    def on_epoch_end(self, training, epoch):
        pass

    def __repr__(self):
        return "Nothing()"


class Third(Callback):
    """Records the model after every third epoch."""

    every_epochs = 3

    def __init__(self):
        self.seen = []

    def on_epoch_end(self, training, epoch):
        self.seen.append((epoch.number, training.epoch, epoch["loss"], training.model.parameters.tobytes()))


@pytest.mark.parametrize(
    "given",
    [
        {"validation": (X[:9], Y[:9])},
        {"metrics": ["accuracy"]},
        {"callbacks": [Nothing()]},
        {"optimizer": Averaged(SGD(0.1), decay=0.9)},
        {"optimizer": Clipped(Averaged(SGD(0.1), decay=0.9), norm=1.0)},
        {"optimizer": SGD(ReduceOnPlateau(0.1, monitor="loss"))},
    ],
    ids=repr,
)
def test_epochs_are_taken_one_by_one_where_something_happens_between_them(given, calls):
    finish(prepare(2, epochs=4, **given), together=True)
    assert calls == [11] * 4


def test_epochs_between_the_calls_of_callbacks_are_taken_together(calls):
    one, other = Third(), Third()
    expected = finish(prepare(2, epochs=10, callbacks=[one, Nothing()]))
    calls.clear()
    assert finish(prepare(2, epochs=10, callbacks=[other]), together=True) == expected
    assert calls == [11, 22, 33, 33, 11]  # the first epoch is always alone
    assert one.seen == other.seen
    assert [each[:2] for each in other.seen] == [(3, 3), (6, 6), (9, 9)]


def test_a_callback_stops_training_after_epochs_taken_together(calls):
    class Stop(Third):
        def on_epoch_end(self, training, epoch):
            super().on_epoch_end(training, epoch)
            if epoch.number == 6:
                raise StopTraining("six epochs are enough")

    one, other = Stop(), Stop()
    expected = prepare(2, epochs=20, callbacks=[one, Nothing()])
    finish(expected)
    calls.clear()
    together = prepare(2, epochs=20, callbacks=[other])
    finish(together, together=True)
    assert calls == [11, 22, 33]
    assert one.seen == other.seen
    assert together.state.history.stopped == "six epochs are enough"
    assert together.epoch == expected.epoch == 6
    np.testing.assert_array_equal(together.model.parameters, expected.model.parameters)


def test_a_callback_without_calls_after_epochs_costs_no_call(calls):
    finish(prepare(2, epochs=5, callbacks=[Callback()]), together=True)
    assert calls == [11, 44]


def test_the_epochs_of_a_call_are_bounded_by_their_samples_and_by_its_time(calls, monkeypatch):
    monkeypatch.setattr(run_module, "SAMPLES", 203 * 4)
    finish(prepare(1, epochs=10), together=True)
    assert calls == [11, 44, 44, 11]
    calls.clear()
    monkeypatch.setattr(run_module, "CALL", 25 * 1e-5)  # of about 1e-5 each, the work of so few numbers is nothing
    finish(prepare(1, epochs=6), together=True)
    assert calls == [11, 22, 22, 11]


def test_fit_takes_epochs_together(calls):
    model = Model(QUIET, inputs=5, rng=0)
    history = model.fit(X, Y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=20, rng=0, fast=True, threads=1)
    assert calls == [7, 19 * 7]
    assert len(history.epochs) == 20


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "given",
    [{"sample_weight": 1 + np.arange(203) % 5}, {"class_weight": "balanced"}, {"batch_size": 300}, {"rng": None}],
    ids=repr,
)
def test_epochs_together_with_weights_and_frozen_layers(given, threads):
    seed = np.random.SeedSequence(5)
    given = {**given, "rng": np.random.Generator(np.random.PCG64(seed))} if "rng" in given else given

    def training():
        own = {name: copy.deepcopy(value) for name, value in given.items()}
        run = prepare(threads, optimizer=Adam(0.01), epochs=12, **own)
        run.model.freeze(0)
        return run

    frozen = training().model.named_parameters()["w1"].copy()
    together = training()
    assert finish(together, together=True) == finish(training())
    assert (together.model.named_parameters()["w1"] == frozen).all()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("step", [1, 11, 14, 25])
def test_epochs_together_continue_a_checkpoint(threads, step, tmp_path):
    path = tmp_path / "run.npz"
    expected = finish(prepare(threads, epochs=9), together=True)
    steps = prepare(threads, epochs=9, callbacks=[Checkpoint(path, steps=1)]).steps()
    for _ in range(step):
        next(steps)
    resumed = prepare(threads, epochs=9, resume=path)
    assert finish(resumed, together=True) == expected


def test_iterating_gives_control_after_each_epoch():
    training = prepare(2, epochs=5)
    seen = [(epoch.number, training.state.step, training.model.parameters.tobytes()) for epoch in training]
    assert [each[:2] for each in seen] == [(number, 11 * number) for number in range(1, 6)]
    assert len({each[2] for each in seen}) == 5


def test_epochs_together_continue_a_copied_state():
    expected = finish(prepare(2, epochs=9))
    first = prepare(2, epochs=9)
    steps = first.steps()
    for _ in range(26):
        next(steps)
    again = prepare(2, epochs=9)
    again.restore(first.state.copy())
    assert finish(again, together=True) == expected


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("epoch", [1, 2, 5, 8])
def test_a_training_that_diverges_ends_before_the_epoch_that_does(threads, epoch):
    def rate(time):
        return 1e300 if time >= epoch - 0.5 else 0.01

    single, together = (prepare(threads, optimizer=SGD(rate, momentum=0.9), epochs=9) for _ in range(2))
    with pytest.raises(DivergenceError, match=f"in epoch {epoch}:"):
        finish(single)
    with pytest.raises(DivergenceError, match=f"in epoch {epoch}:"):
        finish(together, together=True)
    assert result(together) == result(single)
    assert together.state.epoch == epoch - 1


@pytest.mark.parametrize("epoch", [0.5, 4.5])
def test_a_schedule_that_fails_does_so_in_the_step_that_it_fails_for(epoch):
    def rate(time):
        return -1.0 if time >= epoch else 0.01

    single, together = (prepare(1, optimizer=SGD(rate), epochs=9) for _ in range(2))
    with pytest.raises(ValueError, match="rate of at least 0"):
        finish(single)
    with pytest.raises(ValueError, match="rate of at least 0"):
        finish(together, together=True)
    assert together.state.epoch == math.floor(epoch)
    assert together.state.step == 11 * math.floor(epoch)  # as the steps of an epoch are one call
    assert single.state.epoch == together.state.epoch


@pytest.mark.parametrize("threads", [1, 2])
def test_labels_that_change_during_the_epochs_leave_the_state_before_them(threads, monkeypatch):
    training, run = prepare(threads, epochs=9), Crew.run
    reached = []

    def spoil(crew):
        reached.append(result(training))
        if len(reached) == 2:
            training.train.target[7] = 3
        run(crew)

    monkeypatch.setattr(Crew, "run", spoil)
    right = training.train.target[7]
    with pytest.raises(IndexError, match="labels"):
        finish(training, together=True)
    assert result(training) == reached[1]
    training.train.target[7] = right
    assert finish(training, together=True) == finish(prepare(threads, epochs=9))


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_takes_effect_after_the_epochs_of_one_call(threads, monkeypatch):
    training, expected, run = prepare(threads, epochs=9), finish(prepare(threads, epochs=9)), Crew.run

    def interrupted(crew):
        signal.raise_signal(signal.SIGINT)
        run(crew)

    training.engine.together = 3
    monkeypatch.setattr(Crew, "run", interrupted)
    reached = []
    while training.state.epoch < 9:
        with pytest.raises(KeyboardInterrupt):
            finish(training, together=True)
        reached.append((training.state.epoch, len(training.state.history.epochs)))
    assert reached == [(1, 1), (4, 4), (7, 7), (9, 9)]  # the first call takes the steps of one epoch
    assert result(training) == expected


def test_fit_many_takes_epochs_together(calls):
    trainings = [(Model(QUIET, inputs=5, rng=seed), (X, Y)) for seed in range(3)]
    whorl.fit_many(trainings, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=20, rng=0, fast=True, workers=1)
    assert calls == [7, 19 * 7] * 3
