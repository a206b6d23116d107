"""Which value of the history is monitored, and when it has improved."""

import math
import re

import pytest

from whorl._core.monitor import Monitor
from whorl.metrics import METRICS

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("monitor", "value", "best", "improved"),
    [
        (Monitor("loss"), 0.9, None, True),
        (Monitor("loss"), NAN, None, False),
        (Monitor("loss"), 0.7, 0.9, True),
        (Monitor("loss"), 0.9, 0.9, False),
        (Monitor("val_penalty"), 1.0, 0.9, False),
        (Monitor("loss"), NAN, 0.9, False),
        (Monitor("accuracy", higher_is_better=True), 0.7, 0.6, True),
        (Monitor("accuracy", higher_is_better=True), 0.6, 0.6, False),
        (Monitor("val_rmse", higher_is_better=False), 0.7, 0.6, False),
        (Monitor("val_rmse", higher_is_better=False), 0.5, 0.6, True),
        (Monitor("loss", threshold=0.25), 3.0, 4.0, False),  # 4 - 0.25 * 4 is not below 3
        (Monitor("loss", threshold=0.25), 2.9, 4.0, True),
        (Monitor("r2", higher_is_better=True, threshold=0.5), -1.0, -2.0, False),
        (Monitor("r2", higher_is_better=True, threshold=0.5), -0.9, -2.0, True),
        (Monitor("loss"), 0.5, INF, True),
        (Monitor("loss", threshold=0.1), 0.5, INF, True),
        (Monitor("loss"), INF, INF, False),
        (Monitor("loss"), INF, 0.5, False),
    ],
)
def test_improvement(monitor, value, best, improved):
    assert monitor.improved(value, best) is improved


def test_a_goal_is_reached_from_the_side_that_is_worse():
    assert [Monitor("loss").reached(value, 0.5) for value in (0.6, 0.5, 0.4, NAN)] == [False, True, True, False]
    accuracy = Monitor("accuracy", higher_is_better=True)
    assert [accuracy.reached(value, 0.5) for value in (0.6, 0.5, 0.4, NAN)] == [True, True, False, False]


def test_it_is_a_description():
    assert repr(Monitor("loss")) == "Monitor('loss')"
    assert repr(Monitor("f1", higher_is_better=True)) == "Monitor('f1', higher_is_better=True)"
    assert Monitor("loss") == Monitor("loss", higher_is_better=None) != Monitor("val_loss")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"monitor": 3}, TypeError, "monitor must be the name of a value in the history, such as 'val_loss', got 3"),
        ({"monitor": "loss", "higher_is_better": 1}, TypeError, "higher_is_better must be True, False or None, got 1"),
        (
            {"monitor": "val_cost"},
            ValueError,
            "higher_is_better must be True or False to monitor 'val_cost', a value of unknown kind, got None",
        ),
        ({"monitor": "loss", "threshold": -1}, ValueError, "threshold must be a finite number at least 0, got -1"),
    ],
)
def test_arguments(arguments, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        Monitor(**arguments)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("val_loss", "; it needs validation data, such as validation=0.2"),
        ("acuracy", "; did you mean 'accuracy'?"),
        ("f1", ""),
    ],
)
def test_a_value_that_the_history_lacks(name, hint):
    monitor = Monitor(name, higher_is_better=True)
    message = f"monitor must be a value of the history, which has loss, penalty, accuracy, got {name!r}{hint}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        monitor.check(["loss", "penalty", "accuracy"])
    monitor.check(["loss", name])


HIGHER = [
    "accuracy",
    "balanced_accuracy",
    "binary_accuracy",
    "f1",
    "precision",
    "recall",
    "r2",
    "roc_auc",
    "top_5_accuracy",
    "top_3_accuracy",
]
LOWER = ["loss", "penalty", "calibration_error", "mae", "mean_absolute_error", "rmse", "root_mean_squared_error"]


def test_which_way_is_better_is_known_for_every_metric_with_a_name():
    for prefix in "", "val_":
        for name in HIGHER:
            assert Monitor(prefix + name).improved(0.7, 0.6)
            assert not Monitor(prefix + name).reached(0.6, 0.7)
        for name in LOWER:
            assert Monitor(prefix + name).improved(0.6, 0.7)
            assert Monitor(prefix + name).reached(0.6, 0.7)
    assert {*METRICS} <= {*HIGHER, *LOWER}
    assert not Monitor("accuracy", higher_is_better=False).improved(0.7, 0.6)
