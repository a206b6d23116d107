"""Every metric computed by hand, its edge cases, and its use in training; tests/parity compares with scikit-learn."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whorl import (
    SGD,
    BinaryCrossEntropy,
    CrossEntropy,
    Dense,
    MeanSquaredError,
    Model,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from whorl.metrics import (
    METRICS,
    accuracy,
    balanced_accuracy,
    binary_accuracy,
    calibration_error,
    confusion_matrix,
    f1,
    mean_absolute_error,
    named,
    precision,
    r2,
    recall,
    roc_auc,
    root_mean_squared_error,
    top_k_accuracy,
)

# Nine samples of four classes; class 3 never occurs, and class 2 is never predicted.
Y = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2])
PREDICTED = np.array([0, 0, 0, 1, 1, 1, 0, 0, 1])
P = np.eye(4)[PREDICTED] * 0.7 + 0.075
MATRIX = [[3, 1, 0, 0], [1, 2, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]]

# Six samples of two classes: of three of class 1, two are found; two of class 0 are predicted as class 1.
Y2 = np.array([[1], [1], [1], [0], [0], [0]])
P2 = np.array([[0.9], [0.8], [0.5], [0.7], [0.6], [0.1]])


def test_accuracy_by_hand():
    p = [[0.9, 0.1, 0.0], [0.2, 0.3, 0.5], [0.4, 0.4, 0.2]]  # the last is a tie: the first class counts
    assert accuracy([0, 2, 0], p) == 1
    assert accuracy([0, 2, 1], p) == pytest.approx(2 / 3)
    assert accuracy(np.eye(3)[[1, 2, 0]], p) == pytest.approx(2 / 3)
    assert accuracy(Y, P) == 5 / 9
    assert accuracy(Y2, P2) == accuracy(Y2.astype(bool), P2) == accuracy(Y2.astype(np.float32), P2) == 3 / 6


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_class_1_is_predicted_only_above_one_half(dtype):
    half = dtype(0.5)
    p = np.array([[np.nextafter(half, dtype(0))], [half], [np.nextafter(half, dtype(1))]])
    np.testing.assert_array_equal(confusion_matrix([[0], [0], [1]], p), [[2, 0], [0, 1]])
    assert accuracy([[0], [1], [1]], np.array([[0], [1], [5]], np.uint8)) == 1


def test_binary_accuracy_by_hand():
    assert binary_accuracy(Y2, P2) == 3 / 6
    assert binary_accuracy([[1, 1, 0], [0, 1, 0]], [[0.6, 0.5, 0.5], [0.6, 0.9, 0.1]]) == pytest.approx(4 / 6)


def test_binary_accuracy_does_not_treat_rows_with_a_single_1_as_one_hot():
    # Treated as one-hot, the first of these would be 0, because the highest probability is wrong.
    assert binary_accuracy([[1, 0, 0]], [[0.8, 0.9, 0.1]]) == pytest.approx(2 / 3)
    assert binary_accuracy([[1, 0, 1]], [[0.8, 0.9, 0.9]]) == pytest.approx(2 / 3)


def test_calibration_error_by_hand():
    # Two bins of width 1/2: confidences 0.5, 0.45 (one of two right), and 0.6, 0.8, 1 (two of three right).
    p = [[0.5, 0.3, 0.2], [0.1, 0.45, 0.45], [0.6, 0.4, 0.0], [0.1, 0.1, 0.8], [0.0, 1.0, 0.0]]
    y = [0, 2, 0, 2, 0]
    gaps = abs(1 - (0.5 + 0.45)), abs(2 - (0.6 + 0.8 + 1.0))
    assert calibration_error(y, p, bins=2) == pytest.approx(sum(gaps) / 5)
    assert calibration_error(y, p, 1) == pytest.approx(abs(3 - 3.35) / 5)
    assert calibration_error(np.eye(3)[y], p, 15) == pytest.approx(
        (0.5 + 0.45 + 0.4 + 0.2 + 1.0) / 5
    )  # each in a bin of its own
    assert calibration_error(Y2, P2) == pytest.approx((0.1 + 0.2 + 0.5 + 0.7 + 0.6 + 0.1) / 6)
    assert calibration_error([0, 0], [[1.0, 0.0], [1.0, 0.0]]) == 0


def test_calibration_error_of_true_probabilities_is_small(rng):
    p = rng.dirichlet([1, 1, 1], size=100_000)
    y = (rng.random((100_000, 1)) > p.cumsum(axis=1)).sum(axis=1)
    assert calibration_error(y, p) < 0.01
    sharper = p**3 / (p**3).sum(axis=1, keepdims=True)
    assert calibration_error(y, sharper) > 0.15


def test_calibration_error_takes_probabilities_only():
    assert calibration_error([0], np.array([[1 + 1e-6, 0]])) < 1e-5  # rounded
    with pytest.raises(
        ValueError, match=r"prediction must hold probabilities, from 0 to 1, to compare with frequencies, got -3"
    ):
        calibration_error([0, 1], [[1.0, 0.0], [-3.0, 5.0]])
    with pytest.raises(ValueError, match="bins must be a whole number of at least 1, got 0"):
        calibration_error([0], [[1.0, 0.0]], bins=0)


def test_top_k_accuracy_by_hand():
    p = [[0.1, 0.5, 0.4], [0.3, 0.3, 0.4], [0.3, 0.3, 0.4], [0.2, 0.2, 0.6]]
    y = [2, 0, 1, 0]  # second; second; third, as of the equal ones the first counts; second
    assert [top_k_accuracy(k)(y, p) for k in (1, 2, 3, 9)] == [0, 0.75, 1, 1]
    assert top_k_accuracy(3).__name__ == "top_3_accuracy"
    assert METRICS["top_5_accuracy"].__name__ == "top_5_accuracy"


def test_confusion_matrix_by_hand():
    np.testing.assert_array_equal(confusion_matrix(Y, P), MATRIX)
    np.testing.assert_array_equal(confusion_matrix(np.eye(4)[Y], P), MATRIX)
    np.testing.assert_array_equal(confusion_matrix(Y2, P2), [[1, 2], [1, 2]])
    assert confusion_matrix(Y, P).dtype.kind == "i"


def test_balanced_accuracy_by_hand():
    assert balanced_accuracy(Y, P) == pytest.approx((3 / 4 + 2 / 3 + 0) / 3)  # class 3 does not occur
    assert balanced_accuracy(Y2, P2) == pytest.approx((1 / 3 + 2 / 3) / 2)


def test_precision_recall_and_f1_by_hand():
    assert precision(Y, P) == pytest.approx((3 / 5 + 2 / 4 + 0) / 3)  # class 2 was never predicted
    assert recall(Y, P) == pytest.approx((3 / 4 + 2 / 3 + 0) / 3)
    assert f1(Y, P) == pytest.approx((6 / 9 + 4 / 7 + 0) / 3)
    assert (precision(Y2, P2), recall(Y2, P2), f1(Y2, P2)) == pytest.approx((2 / 4, 2 / 3, 4 / 7))


def test_a_class_that_is_predicted_but_does_not_occur_counts():
    y, p = [0, 1], np.eye(4)[[0, 3]]
    assert precision(y, p) == recall(y, p) == f1(y, p) == pytest.approx(1 / 3)  # of classes 0, 1 and 3
    assert balanced_accuracy(y, p) == 1 / 2


def test_0_over_0_is_0():
    for metric in (precision, recall, f1):
        assert metric([[0], [0]], [[0.1], [0.2]]) == 0
        assert metric([0, 0], [[0.9, 0.1], [0.8, 0.2]]) == 0


@pytest.mark.parametrize("metric", [accuracy, balanced_accuracy, precision, recall, f1, roc_auc])
def test_two_classes_are_the_same_as_one_output(metric):
    assert metric(Y2[:, 0], np.hstack([1 - P2, P2])) == metric(Y2, P2)
    assert metric(np.hstack([1 - Y2, Y2]), np.hstack([1 - P2, P2])) == metric(Y2, P2)


def test_roc_auc_by_hand():
    assert roc_auc(Y2, P2) == pytest.approx((3 + 3 + 1) / 9)  # 0.9 and 0.8 beat all three, 0.5 only 0.1
    assert roc_auc([[0], [1], [1], [0]], [[0.5], [0.5], [0.7], [0.7]]) == 0.5  # ½ + 0 + 1 + ½ of 4 pairs
    assert roc_auc([[0], [1], [1]], [[0.3], [0.3], [0.3]]) == 0.5
    z = np.array([[3.0, 1, 0, 9], [2, 1, 5, 9], [1, 2, 4, 9], [0, 0, 6, 9]])
    assert roc_auc([0, 0, 1, 2], z) == pytest.approx((1 + 1 + 1) / 3)  # class 3 does not occur
    assert roc_auc([0, 1, 0, 2], z) == pytest.approx((3 / 4 + 1 / 2 + 1) / 3)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=30))
def test_roc_auc_is_the_fraction_of_pairs_in_order(samples):
    above = [score for is_class, score in samples if is_class]
    below = [score for is_class, score in samples if not is_class]
    if above and below:
        pairs = [(a > b) + (a == b) / 2 for a in above for b in below]
        y, p = np.array([[float(is_class)] for is_class, _ in samples]), np.array([[s] for _, s in samples])
        assert roc_auc(y, p) == pytest.approx(np.mean(pairs), abs=1e-12)
        assert roc_auc(1 - y, -p) == pytest.approx(roc_auc(y, p), abs=1e-12)


def test_errors_by_hand():
    y, p = [[1.0], [2.0], [6.0]], [[1.0], [4.0], [5.0]]
    assert mean_absolute_error(y, p) == 1.0
    assert root_mean_squared_error(y, p) == pytest.approx(math.sqrt(5 / 3))
    assert r2(y, p) == pytest.approx(1 - 5 / 14)
    assert r2(np.ravel(y), np.ravel(p)) == r2(y, p)
    assert r2(y, np.full((3, 1), 3.0)) == 0


def test_several_outputs():
    y, p = [[1.0, 10.0], [3.0, 30.0]], [[1.0, 10.0], [2.0, 40.0]]
    assert mean_absolute_error(y, p) == 11 / 4
    assert root_mean_squared_error(y, p) == pytest.approx(math.sqrt(101 / 4))
    assert r2(y, p) == pytest.approx((1 / 2 + 1 / 2) / 2)


def test_r2_of_a_constant_target():
    same = [0.1, 0.1, 0.1]  # whose mean is 0.10000000000000002
    assert r2(same, same) == 1
    assert r2(same, [0.1, 0.1, 0.2]) == 0
    assert r2([5.0], [5.0]) == 1


def test_errors_of_float32_are_summed_in_float64():
    y = np.zeros((100_000, 1), np.float32)
    p = np.full_like(y, 0.1)
    assert mean_absolute_error(y, p) == pytest.approx(float(np.float32(0.1)), rel=1e-12)
    assert root_mean_squared_error(np.zeros(2, np.float32), np.full(2, 1e30, np.float32)) == pytest.approx(1e30)


def test_errors_near_the_ends_of_float64():
    assert root_mean_squared_error([0.0, 0.0], [3e200, 4e200]) == pytest.approx(math.sqrt(12.5) * 1e200)
    assert root_mean_squared_error([0.0, 0.0], [3e-200, 4e-200]) == pytest.approx(math.sqrt(12.5) * 1e-200)
    assert mean_absolute_error([-1e308], [1e308]) == root_mean_squared_error([-1e308], [1e308]) == math.inf
    for scale in (1e200, 1e-200):
        y = np.array([1.0, 2.0, 3.0]) * scale
        assert r2(y, np.array([1.0, 2.0, 4.0]) * scale) == pytest.approx(0.5)
        assert r2(y[[0, 0]], y[[0, 1]]) == 0
    assert r2([-1.0, 1.0], [1e200, 1.0]) == -math.inf


def labels_and_predictions(name):
    """Labels and predictions that the metric accepts."""
    if name == "binary_accuracy":
        return np.eye(4)[Y], P
    return (P + 0.1, P) if METRICS[name].__module__.endswith("regression") else (Y, P)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", METRICS)
def test_predictions_that_are_not_finite_are_refused(name, value):
    y, p = labels_and_predictions(name)
    wrong = p.copy()
    wrong[2, 1] = wrong[7, 0] = value
    message = rf"^prediction must hold finite numbers, but prediction\[2, 1\] is {value} \(2 of 36 are NaN, infinite or"
    for dtype in (np.float32, np.float64):
        with pytest.raises(ValueError, match=message):
            METRICS[name](y, wrong.astype(dtype))
        with pytest.raises(ValueError, match=message):
            METRICS[name](y, np.asfortranarray(wrong.astype(dtype)))


@pytest.mark.parametrize(
    "metric", [accuracy, balanced_accuracy, calibration_error, confusion_matrix, f1, precision, recall, roc_auc]
)
def test_a_probability_of_one_output_that_is_not_finite_is_refused(metric):
    p = P2.copy()
    p[5] = np.nan
    with pytest.raises(ValueError, match=r"but prediction\[5, 0\] is nan"):
        metric(Y2, p)


@pytest.mark.parametrize("name", METRICS)
def test_masked_arrays_are_refused(name):
    y, p = labels_and_predictions(name)
    message = " must not be a masked array: fill in the masked values, or leave out those samples$"
    with pytest.raises(TypeError, match="^y" + message):
        METRICS[name](np.ma.masked_equal(y, y.flat[0]), p)
    with pytest.raises(TypeError, match="^prediction" + message):
        METRICS[name](y, np.ma.masked_less(p, 0.1))


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_returns_a_float_and_leaves_the_data_unchanged(name):
    y = labels_and_predictions(name)[0]
    kept = y.copy(), P.copy()
    assert type(METRICS[name](y, P)) is float
    assert METRICS[name](y.tolist(), P.tolist()) == METRICS[name](y, P)
    np.testing.assert_array_equal(y, kept[0])
    np.testing.assert_array_equal(P, kept[1])


def test_metrics_are_chosen_by_name_or_as_functions():
    def hits(y, prediction):
        return 0.0

    assert named(["accuracy", hits]) == {"accuracy": accuracy, "hits": hits}
    assert list(named([top_k_accuracy(2), "mae"])) == ["top_2_accuracy", "mae"]
    assert named([]) == {}


@pytest.mark.parametrize(
    ("metrics", "error", "message"),
    [
        (["acuracy"], ValueError, "or functions, got 'acuracy'; did you mean 'accuracy'?"),
        (["mea"], ValueError, "or functions, got 'mea'; did you mean 'mae'?"),
        (["mae", "mae"], ValueError, "metrics must have different names, got two called 'mae'"),
        (
            [type("Loss", (), {"__call__": lambda self, y, p: 0.0, "__name__": "val_mae"})()],
            ValueError,
            "metrics must not be named 'val_mae': the history uses that name for something else",
        ),
        ([3], TypeError, "metrics must be names or functions, got 3"),
        ("mae", TypeError, "metrics must be a list of names or functions, got 'mae'"),
    ],
)
def test_metrics_that_cannot_be_used(metrics, error, message):
    with pytest.raises(error, match=re.escape(message) + "$"):
        named(metrics)


def test_training_reports_metrics_in_the_history(spiral_data):
    X, y = spiral_data
    model = Model([Dense(8), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    names = [
        "accuracy",
        "balanced_accuracy",
        "calibration_error",
        "f1",
        "precision",
        "recall",
        "roc_auc",
        "top_5_accuracy",
    ]
    settings = {"loss": CrossEntropy(), "metrics": [*names, top_k_accuracy(2)]}
    history = model.fit(X, y, optimizer=SGD(0.1), epochs=2, validation=0.3, rng=0, **settings)
    assert {*names, "top_2_accuracy", *(f"val_{name}" for name in names)} < set(history)
    measured, p = model.evaluate(X, y, **settings), model.predict(X)
    assert {name: measured[name] for name in names} == {name: METRICS[name](y, p) for name in names}
    assert history["top_5_accuracy"] == [1, 1]


@pytest.mark.parametrize(
    ("loss", "last", "y", "names"),
    [
        (
            BinaryCrossEntropy(),
            Sigmoid(),
            Y2,
            ["accuracy", "balanced_accuracy", "calibration_error", "f1", "precision", "recall", "roc_auc"],
        ),
        (BinaryCrossEntropy(), Sigmoid(), np.array([[1, 1], [0, 1], [0, 0]] * 2), ["binary_accuracy"]),
        (MeanSquaredError(), Tanh(), P2 - 0.5, ["mae", "rmse", "r2", "mean_absolute_error"]),
    ],
    ids=["one output", "several labels", "numbers"],
)
def test_metrics_for_each_kind_of_loss(loss, last, y, names, rng):
    X = rng.normal(size=(6, 3))
    model = Model([Dense(y.shape[1]), last], inputs=3, rng=0)
    history = model.fit(X, y, loss=loss, optimizer=SGD(0.1), epochs=1, metrics=names, validation=(X, y), rng=0)
    p = model.predict(X)
    expected = {name: METRICS[name](y, p) for name in names}
    assert {name: history[f"val_{name}"][-1] for name in names} == pytest.approx(expected, rel=1e-6)
