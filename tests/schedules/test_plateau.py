"""The schedule that watches the results: by itself, within others, and in training."""

import math

import pytest

import whorl
from whorl import SGD, Adam, Averaged, Clipped, CrossEntropy, Dense, Model, ReduceOnPlateau, Softmax, WarmUp
from whorl.schedules import Chain

X, Y = whorl.datasets.spiral(10, rng=0)


def rates(schedule, values, name="loss"):
    """The rate after each epoch with these results."""
    return [schedule.observe({name: value}) or schedule(0) for value in values]


def test_by_hand():
    # Best 9; 9 and 10 are two in a row that are no better, with a patience of 1 one too many; then the count is anew.
    schedule = ReduceOnPlateau(1.0, watch="loss", patience=1)
    assert rates(schedule, [10, 9, 9, 10, 8, 8, 8, 8, 8]) == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]


def test_patience_of_0_bears_with_nothing():
    assert rates(ReduceOnPlateau(1.0, watch="loss", patience=0), [2, 2, 1, 3]) == [1, 0.5, 0.5, 0.25]


def test_higher_may_be_better():
    schedule = ReduceOnPlateau(1.0, watch="val_accuracy", higher_is_better=True, patience=0)
    assert rates(schedule, [0.5, 0.6, 0.6, 0.55, 0.7], "val_accuracy") == [1, 1, 0.5, 0.25, 0.25]


def test_no_rate_is_below_the_minimum():
    schedule = ReduceOnPlateau(1.0, watch="loss", patience=0, factor=0.1, minimum=0.05)
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
    schedule = ReduceOnPlateau(1.0, watch="r2", higher_is_better=higher, patience=0, threshold=0.1)
    assert rates(schedule, [best, value], "r2") == [1, 1 if better else 0.5]


def test_a_value_that_is_no_number_is_not_better():
    schedule = ReduceOnPlateau(1.0, watch="loss", patience=0)
    assert rates(schedule, [math.nan, 2, math.nan, 1]) == [0.5, 0.5, 0.25, 0.25]


def test_it_can_be_told_of_the_names_there_are():
    with pytest.raises(
        ValueError, match="watch must be a value of the epochs, which have loss, penalty, got 'val_loss'"
    ):
        ReduceOnPlateau(0.1).observe({"loss": 1.0, "penalty": 0.0})


@pytest.mark.parametrize(("epochs", "after"), [(2, [1, 1, 1, 0.5, 0.25]), (1.5, [1, 1, 0.5, 0.25, 0.125])])
def test_it_waits_for_the_end_of_a_warm_up(epochs, after):
    schedule = WarmUp(ReduceOnPlateau(1.0, watch="loss", patience=0), epochs=epochs)
    seen = []
    for _ in range(5):
        schedule.observe({"loss": 3.0})
        seen.append(schedule(99))
    assert seen == after


def test_in_a_chain_it_sees_the_epochs_of_its_own_time():
    plateau = ReduceOnPlateau(1.0, watch="loss", patience=0)
    schedule = Chain([(2, 0.5), (3, plateau), (1, 0.25)])
    seen = []
    for _ in range(7):
        schedule.observe({"loss": 3.0})
        seen.append(plateau(0))
    assert seen == [1, 1, 1, 0.5, 0.25, 0.25, 0.25]
    assert schedule.watched == ("loss",)


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
    assert optimizer.watched == ("val_loss",)
    assert history["learning_rate"] == [0.8, 0.8, 0.4, 0.4, 0.2, 0.2]


def test_the_steps_are_taken_with_it():
    model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    optimizer = SGD(WarmUp(ReduceOnPlateau(0.8, watch="loss", threshold=100.0, patience=0), epochs=1))
    run = model.training(X, Y, loss=CrossEntropy(), optimizer=optimizer, epochs=4, batch_size=15, rng=0)
    assert [step.learning_rate for step in run.steps()] == [0, 0.4, 0.8, 0.8, 0.8, 0.8, 0.4, 0.4]


def test_a_recipe_serves_again(spiral_data):
    plateau = ReduceOnPlateau(0.8, watch="loss", **STUCK)
    for schedule in (plateau, WarmUp(plateau, epochs=1), Chain([(1, 0.1), (2, WarmUp(plateau, epochs=1))])):
        recipe = SGD(schedule, momentum=0.5)
        first = fit(recipe)["learning_rate"]
        assert fit(recipe)["learning_rate"] == first
        assert min(first[2:]) < 0.8
        assert plateau(0) == 0.8
        assert repr(recipe.fresh()) == repr(recipe)


def test_metrics_can_be_watched():
    schedule = ReduceOnPlateau(0.8, watch="val_accuracy", higher_is_better=True, **STUCK)
    assert fit(SGD(schedule), validation=0.3, metrics=["accuracy"])["learning_rate"][-1] == 0.2


def test_an_object_of_ones_own_is_shown_the_results_too():
    class Mine:
        def __init__(self):
            self.seen = []

        def __call__(self, epoch):
            return 0.1

        def observe(self, values):
            self.seen.append(list(values))

    mine = Mine()
    fit(SGD(mine), epochs=2, validation=0.3)
    assert mine.seen == [["loss", "penalty", "val_loss", "val_penalty"]] * 2
