"""The compiled epochs of `MLPClassifier` and `MLPRegressor`, against those on NumPy."""

import inspect
import pickle
import sys
import threading
import time

import numpy as np
import pytest
from joblib import parallel_backend
from scipy.sparse import csr_matrix
from sklearn import neural_network
from sklearn.datasets import load_diabetes, load_digits, make_classification, make_multilabel_classification
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

import whorl.sklearn
from whorl.sklearn.compiled import CompiledEpoch
from whorl.sklearn.objective import MlpObjective
from whorl.sklearn.solvers import Moments

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

DIGITS, NUMBERS = load_digits(return_X_y=True), load_diabetes(return_X_y=True)
X_NUMBERS = scale(NUMBERS[0])[:150]
WITH_WEIGHTS = (
    "sample_weight" in inspect.signature(neural_network.MLPRegressor.fit).parameters
)  # not in scikit-learn 1.6
DATA = {
    "ten classes": ("MLPClassifier", {}, DIGITS[0][:150] / 16, DIGITS[1][:150]),
    "two classes": ("MLPClassifier", {}, *make_classification(150, random_state=0)),
    "labels": ("MLPClassifier", {}, *make_multilabel_classification(150, n_classes=3, random_state=0)),
    "numbers": ("MLPRegressor", {}, X_NUMBERS, NUMBERS[1][:150] / 100),
    "pairs of numbers": ("MLPRegressor", {}, X_NUMBERS, np.column_stack([X_NUMBERS[:, 0], NUMBERS[1][:150] / 100])),
    **({"counts": ("MLPRegressor", {"loss": "poisson"}, X_NUMBERS, NUMBERS[1][:150] // 100)} if WITH_WEIGHTS else {}),
}
SOLVERS = {
    "adam": {"solver": "adam", "epsilon": 1e-4, "beta_1": 0.8},
    "nesterov": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.01, "power_t": 0.1},
    "momentum": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "nesterovs_momentum": False,
        "learning_rate_init": 0.01,
        "tol": 0.1,
    },
}


def both(data, **options):
    """Return an estimator on NumPy and the same compiled, and their data; the last batch is short."""
    name, own, X, y = DATA[data]
    shared = {
        "hidden_layer_sizes": (9, 5),
        "max_iter": 8,
        "batch_size": 40,
        "n_iter_no_change": 4,
        "alpha": 0.1,
        "random_state": 3,
    }
    made = [getattr(whorl.sklearn, name)(**own, **shared | options, fast=fast) for fast in (False, True)]
    return (*made, X, y)


def assert_same(one, other, tolerance=1e-9):
    assert other.n_iter_ == one.n_iter_
    np.testing.assert_allclose(other.loss_curve_, one.loss_curve_, rtol=tolerance)
    for a, b in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        assert b.dtype == a.dtype
        np.testing.assert_allclose(b, a, rtol=1e3 * tolerance, atol=10 * tolerance)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("data", DATA)
def test_losses_are_those_of_numpy(data, solver, activation):
    numpy, compiled, X, y = both(data, activation=activation, **SOLVERS[solver])
    assert_same(numpy.fit(X, y), compiled.fit(X, y))
    np.testing.assert_allclose(compiled.predict(X), numpy.predict(X), rtol=1e-7)


@pytest.mark.parametrize("sizes", [(), (1,), (40, 30, 20)])
@pytest.mark.parametrize("data", DATA)
def test_losses_for_any_number_of_layers(data, sizes):
    numpy, compiled, X, y = both(data, hidden_layer_sizes=sizes)
    assert_same(numpy.fit(X, y), compiled.fit(X, y))


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("data", DATA)
def test_early_stopping_and_weights_of_samples(data, solver):
    options = {"early_stopping": True, "n_iter_no_change": 2, "max_iter": 30, **SOLVERS[solver]}
    weight = np.random.default_rng(0).integers(0, 4, 150) / 2
    for arguments in ({}, {"sample_weight": weight}) if WITH_WEIGHTS else ({},):
        numpy, compiled, X, y = both(data, **options)
        assert_same(numpy.fit(X, y, **arguments), compiled.fit(X, y, **arguments))
        np.testing.assert_allclose(compiled.validation_scores_, numpy.validation_scores_, rtol=1e-7)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("data", DATA)
def test_training_goes_on_in_parts_and_warm_starts(data, solver):
    numpy, compiled, X, y = both(data, batch_size=20, **SOLVERS[solver])
    classes = np.arange(y.shape[1]) if y.ndim == 2 else np.unique(y)
    for each in (numpy, compiled):
        for start in range(0, 150, 50):
            each.partial_fit(
                X[start : start + 50],
                y[start : start + 50],
                **({"classes": classes} if "MLPClassifier" in DATA[data][0] else {}),
            )
    assert_same(numpy, compiled)
    mixed = pickle.loads(pickle.dumps(numpy)).set_params(fast=True).partial_fit(X, y)
    assert_same(numpy.partial_fit(X, y), mixed)
    numpy, compiled, X, y = both(data, warm_start=True, max_iter=4, **SOLVERS[solver])
    assert_same(numpy.fit(X, y).fit(X, y), compiled.fit(X, y).fit(X, y))


@pytest.mark.parametrize("data", DATA)
def test_float32_stays_float32(data):
    for solver in (SOLVERS["adam"], SOLVERS["nesterov"]):
        numpy, compiled, X, y = both(data, **solver)
        assert_same(numpy.fit(X.astype(np.float32), y), compiled.fit(X.astype(np.float32), y), tolerance=2e-5)
        assert compiled.coefs_[0].dtype == np.float32


def test_a_batch_of_all_samples_and_of_one_and_an_order_in_memory_that_differs():
    for size in (1, 150, 151):
        numpy, compiled, X, y = both("two classes", batch_size=size, max_iter=3)
        if size > 150:
            with pytest.warns(UserWarning, match="larger than the number of samples"):
                numpy.fit(X, y)
            with pytest.warns(UserWarning, match="larger than the number of samples"):
                compiled.fit(np.asfortranarray(X), y)
        assert_same(numpy.fit(X, y), compiled.fit(np.asfortranarray(X), y)) if size <= 150 else assert_same(
            numpy, compiled
        )


@pytest.mark.parametrize("classes", [3, 2])
def test_probabilities_near_0_cost_no_more_than_scikit_learn_says(classes):
    rng = np.random.default_rng(0)
    X, y = 1e4 * rng.standard_normal((60, 4)), rng.integers(0, classes, 60)
    numpy, compiled, *_ = both("ten classes", max_iter=2)
    assert_same(numpy.fit(X, y), compiled.fit(X, y))
    assert numpy.predict_proba(X).min() < 1e-100  # whose logarithm would be a larger loss
    assert numpy.loss_ < -np.log(np.finfo(float).eps)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("data", DATA)
def test_nan_stays_nan(data, activation):
    numpy, compiled, X, y = both(data, activation=activation, max_iter=1)
    for each in (numpy, compiled):
        each.fit(X, y).coefs_[0][:] = np.nan
        with pytest.raises(ValueError, match="non-finite parameter weights"):
            each.partial_fit(X, y)
        assert np.isnan(each.loss_)


def test_a_training_that_diverges_is_an_error_of_scikit_learn():
    for one in both("numbers", solver="sgd", learning_rate_init=1e6)[:2]:
        with np.errstate(all="ignore"), pytest.raises(ValueError, match="non-finite parameter weights"):
            one.fit(X_NUMBERS, NUMBERS[1][:150])


# Which it is


def ran_compiled(monkeypatch, estimator, X, y):
    """Fit, and return whether the epochs were compiled."""
    calls = []
    call = CompiledEpoch.__call__
    monkeypatch.setattr(CompiledEpoch, "__call__", lambda self, order: (calls.append(order), call(self, order))[1])
    estimator.fit(X, y)
    return bool(calls)


def test_it_is_compiled_where_that_pays_or_as_asked(monkeypatch):
    numpy, compiled, X, y = both("two classes")
    monkeypatch.delenv("WHORL_FAST", raising=False)
    assert ran_compiled(monkeypatch, compiled, X, y)
    assert not ran_compiled(monkeypatch, numpy, X, y)
    assert not ran_compiled(monkeypatch, numpy.set_params(fast=None), X, y)  # too short
    assert ran_compiled(monkeypatch, numpy.set_params(max_iter=10**6, tol=10.0), X, y)  # which may take long
    monkeypatch.setenv("WHORL_FAST", "0")
    assert not ran_compiled(monkeypatch, numpy, X, y)
    assert ran_compiled(monkeypatch, compiled, X, y)
    with pytest.raises(TypeError, match="fast must be True or False, got 'yes'"):
        compiled.set_params(fast="yes").fit(X, y)


def test_without_numba_it_runs_on_numpy_or_names_the_extra(monkeypatch):
    numpy, compiled, X, y = both("two classes")
    monkeypatch.setitem(sys.modules, "whorl.sklearn.compiled", None)
    with pytest.raises(ImportError, match=r"fast=True needs Numba, which the extra whorl\[fast\] installs"):
        compiled.fit(X, y)
    monkeypatch.setenv("WHORL_FAST", "")
    assert numpy.set_params(fast=None, max_iter=10**6, tol=10.0).fit(X, y).n_iter_ < 10


def test_lbfgs_and_sparse_matrices_run_as_without():
    numpy, compiled, X, y = both("two classes", solver="lbfgs")
    assert numpy.fit(X, y).loss_ == compiled.fit(X, y).loss_
    numpy, compiled, X, y = both("two classes")
    assert numpy.fit(csr_matrix(X), y).loss_curve_ == compiled.fit(csr_matrix(X), y).loss_curve_


# Threads


def test_an_epoch_runs_without_the_interpreter_lock():
    rng = np.random.default_rng(0)
    objective = MlpObjective([20, 200, 1], "tanh", "identity", 0.0, np.dtype(np.float64))
    x, y = rng.standard_normal((20_000, 20)), rng.standard_normal((20_000, 1))
    solver = Moments(objective.model.parameters, 1e-3, 0.9, 0.999, 1e-8)
    take, order = CompiledEpoch(objective, solver, (x, y, None), 20), np.arange(20_000)
    times = []
    worker = threading.Thread(
        target=lambda: (times.append(time.perf_counter()), take(order), times.append(time.perf_counter()))
    )
    worker.start()
    moments = []
    while worker.is_alive():
        time.sleep(0.001)
        moments.append(time.perf_counter())
    begun, ended = times
    inside = sum(begun < moment < ended for moment in moments)
    assert inside > 3, f"this thread ran {inside} times in the {ended - begun:.3f} s of the epoch"


def test_a_search_in_threads_gives_what_one_thread_gives():
    _, compiled, X, y = both("ten classes", max_iter=30)
    grid = {"alpha": [1e-4, 0.1, 1.0], "solver": ["adam", "sgd"]}
    alone = GridSearchCV(compiled, grid, cv=3).fit(X, y)
    with parallel_backend("threading"):
        together = GridSearchCV(compiled, grid, cv=3, n_jobs=2).fit(X, y)
    np.testing.assert_array_equal(together.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])
    assert together.best_estimator_.loss_curve_ == alone.best_estimator_.loss_curve_
