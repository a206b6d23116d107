"""The schedule that depends on results: by itself, within others, and in training."""

import copy
import math
from types import SimpleNamespace

import pytest

import whorl
from whorl import SGD, Adam, Averaged, Clipped, CrossEntropy, Dense, Model, ReduceOnPlateau, Softmax, WarmUp
from whorl.schedules import Chain, ResultSchedule, monitored

X, Y = whorl.datasets.spiral(10, rng=0)


def rates(schedule, values, name="loss"):
    """The rate after each epoch with these results."""
    memory = schedule.begin()
    return [schedule.observe({name: value}, memory) or schedule.rate(0, memory) for value in values]


def test_by_hand():
    # Best 9; 9 and 10 are two in a row that are no better, with a patience of 1 one too many; then the count is anew.
    schedule = ReduceOnPlateau(1.0, monitor="loss", patience=1)
    assert rates(schedule, [10, 9, 9, 10, 8, 8, 8, 8, 8]) == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]


def test_a_patience_of_0_allows_no_epoch_without_improvement():
    assert rates(ReduceOnPlateau(1.0, monitor="loss", patience=0), [2, 2, 1, 3]) == [1, 0.5, 0.5, 0.25]


def test_higher_may_be_better():
    schedule = ReduceOnPlateau(1.0, monitor="val_accuracy", higher_is_better=True, patience=0)
    assert rates(schedule, [0.5, 0.6, 0.6, 0.55, 0.7], "val_accuracy") == [1, 1, 0.5, 0.25, 0.25]


def test_no_rate_is_below_the_minimum():
    schedule = ReduceOnPlateau(1.0, monitor="loss", patience=0, factor=0.1, minimum=0.05)
    assert rates(schedule, [1, 1, 1, 1]) == [1, 0.1, 0.05, 0.05]


@pytest.mark.parametrize(
    ("best", "value", "higher", "better"),
    [
        (2.0, 1.79, False, True),
        (2.0, 1.81, False, False),
        (2.0, 2.21, True, True),
        (2.0, 2.19, True, False),
        (-2.0, -2.21, False, True),  # below 0 too the threshold is a share of the size
        (-2.0, -2.19, False, False),
        (-2.0, -1.79, True, True),
        (-2.0, -1.81, True, False),
        (0.0, -1e-300, False, True),
        (0.0, 0.0, False, False),
    ],
)
def test_the_threshold_is_a_share_of_the_best(best, value, higher, better):
    schedule = ReduceOnPlateau(1.0, monitor="r2", higher_is_better=higher, patience=0, threshold=0.1)
    assert rates(schedule, [best, value], "r2") == [1, 1 if better else 0.5]


def test_nan_is_no_improvement():
    schedule = ReduceOnPlateau(1.0, monitor="loss", patience=0)
    assert rates(schedule, [math.nan, 2, math.nan, 1]) == [0.5, 0.5, 0.25, 0.25]


def test_the_monitored_value_must_be_there():
    schedule = ReduceOnPlateau(0.1)
    with pytest.raises(
        ValueError,
        match="monitor must be a value of the history, which has loss, penalty, got 'val_loss'; it needs validation data",
    ):
        schedule.observe({"loss": 1.0, "penalty": 0.0}, schedule.begin())


def test_without_results_it_stays_at_its_first_rate():
    assert ReduceOnPlateau(0.8)(99) == 0.8
    assert WarmUp(ReduceOnPlateau(0.8), epochs=4)(1) == 0.2
    assert Chain([(2, 0.5), (3, ReduceOnPlateau(0.8))])(4) == 0.8


def test_each_memory_is_independent_and_can_be_copied():
    plateau = ReduceOnPlateau(1.0, monitor="loss", patience=0)
    for schedule in (plateau, WarmUp(plateau, epochs=0.5), Chain([(1, plateau), (1, WarmUp(plateau, epochs=1))])):
        before = repr(schedule)
        used, fresh = schedule.begin(), schedule.begin()
        for _ in range(4):
            schedule.observe({"loss": 3.0}, used)
        assert fresh == schedule.begin()
        assert used != fresh
        copied = copy.deepcopy(used)
        seen = []
        for memory in (used, copied):
            for _ in range(3):
                schedule.observe({"loss": 3.0}, memory)
            seen.append((schedule.rate(99, memory), memory))
        assert seen[0] == seen[1]
        assert seen[0][0] < 1
        assert repr(schedule) == before


@pytest.mark.parametrize(("epochs", "after"), [(2, [1, 1, 1, 0.5, 0.25]), (1.5, [1, 1, 0.5, 0.25, 0.125])])
def test_it_waits_for_the_end_of_a_warm_up(epochs, after):
    schedule = WarmUp(ReduceOnPlateau(1.0, monitor="loss", patience=0), epochs=epochs)
    memory, seen = schedule.begin(), []
    for _ in range(5):
        schedule.observe({"loss": 3.0}, memory)
        seen.append(schedule.rate(99, memory))
    assert seen == after


def test_in_a_chain_it_sees_the_epochs_of_its_own_time():
    plateau = ReduceOnPlateau(1.0, monitor="loss", patience=0)
    schedule = Chain([(2, 0.5), (3, plateau), (1, 0.25)])
    memory, seen = schedule.begin(), []
    for _ in range(7):
        schedule.observe({"loss": 3.0}, memory)
        seen.append(plateau.rate(0, memory.parts[1]))
    assert seen == [1, 1, 1, 0.5, 0.25, 0.25, 0.25]
    assert schedule.monitored == ("loss",)


def test_one_schedule_in_two_parts_of_a_chain_has_a_memory_in_each():
    plateau = ReduceOnPlateau(1.0, monitor="loss", patience=0)
    schedule = Chain([(3, plateau), (3, plateau)])
    memory, seen = schedule.begin(), []
    for epoch in range(6):
        seen.append(schedule.rate(epoch, memory))
        schedule.observe({"loss": 3.0}, memory)
    assert seen == [1, 1, 0.5, 1, 1, 0.5]  # the second begins anew


def fit(optimizer, **changes):
    settings = {"loss": CrossEntropy(), "optimizer": optimizer, "epochs": 6, "rng": 0} | changes
    return Model([Dense(3), Softmax()], inputs=2, rng=0).fit(X, Y, **settings)


STUCK = {"threshold": 100.0, "patience": 1}  # nothing is ever better by so much


@pytest.mark.parametrize(
    "around", [SGD, Adam, lambda rate: Averaged(Clipped(SGD(rate), norm=1.0))], ids=["sgd", "adam", "wrapped"]
)
def test_training_shows_it_the_results_before_it_records_the_rate(around):
    optimizer = around(ReduceOnPlateau(0.8, **STUCK))
    history = fit(optimizer, validation=0.3)
    assert monitored(optimizer.learning_rate) == ("val_loss",)
    assert history["learning_rate"] == [0.8, 0.8, 0.4, 0.4, 0.2, 0.2]


def test_the_steps_are_taken_with_it():
    model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    optimizer = SGD(WarmUp(ReduceOnPlateau(0.8, monitor="loss", threshold=100.0, patience=0), epochs=1))
    run = model.training(X, Y, loss=CrossEntropy(), optimizer=optimizer, epochs=4, batch_size=15, rng=0)
    assert [step.learning_rate for step in run.steps()] == [0, 0.4, 0.8, 0.8, 0.8, 0.8, 0.4, 0.4]


def test_an_optimizer_serves_for_several_trainings():
    plateau = ReduceOnPlateau(0.8, monitor="loss", **STUCK)
    for schedule in (plateau, WarmUp(plateau, epochs=1), Chain([(1, 0.1), (2, WarmUp(plateau, epochs=1))])):
        optimizer = SGD(schedule, momentum=0.5)
        before = repr(optimizer)
        first = fit(optimizer)["learning_rate"]
        assert fit(optimizer)["learning_rate"] == first
        assert min(first[2:]) < 0.8
        assert plateau(0) == 0.8
        assert repr(optimizer) == before


def test_metrics_can_be_monitored():
    schedule = ReduceOnPlateau(0.8, monitor="val_accuracy", higher_is_better=True, **STUCK)
    assert fit(SGD(schedule), validation=0.3, metrics=["accuracy"])["learning_rate"][-1] == 0.2


class Noting(ResultSchedule):
    """A schedule of a user's own that notes what it is shown."""

    learning_rate: float

    @property
    def monitored(self):
        return ("val_loss",)

    def begin(self):
        return SimpleNamespace(seen=[])

    def observe(self, values, memory):
        memory.seen.append(list(values))

    def rate(self, epoch, memory):
        return self.learning_rate / (1 + len(memory.seen))


def test_a_schedule_of_a_users_own_is_shown_the_results_too():
    model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    run = model.training(X, Y, loss=CrossEntropy(), optimizer=SGD(Noting(0.6)), epochs=2, validation=0.3, rng=0)
    assert [epoch["learning_rate"] for epoch in run] == [0.3, pytest.approx(0.2)]
    assert run.state.schedule.seen == [["loss", "penalty", "val_loss", "val_penalty"]] * 2
    with pytest.raises(
        ValueError, match="monitor must be a value of the history, which has loss, penalty, got 'val_loss'"
    ):
        fit(SGD(Noting(0.6)))
