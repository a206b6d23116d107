"""`MLPClassifier` and `MLPRegressor` against scikit-learn's own, and scikit-learn's tests of them run with ours."""

import inspect
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn import neural_network
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_digits, load_wine, make_classification, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

import whorl.sklearn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

DIGITS = load_digits(return_X_y=True)
X_NUMBERS, NUMBERS = load_diabetes(return_X_y=True)
DATA = {
    "ten classes": ("MLPClassifier", DIGITS[0][:400] / 16, DIGITS[1][:400]),
    "two classes": ("MLPClassifier", *make_classification(150, random_state=0)),
    "labels": ("MLPClassifier", *make_multilabel_classification(150, n_classes=3, random_state=0)),
    "numbers": ("MLPRegressor", scale(X_NUMBERS)[:150], NUMBERS[:150]),
    "pairs of numbers": ("MLPRegressor", scale(X_NUMBERS)[:150], np.column_stack([NUMBERS, -NUMBERS])[:150]),
}
SETTINGS = [
    {},
    {"solver": "sgd", "learning_rate_init": 3e-4},
    {
        "solver": "sgd",
        "learning_rate": "invscaling",
        "power_t": 0.3,
        "nesterovs_momentum": False,
        "learning_rate_init": 1e-3,
    },
    {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 1e-3, "n_iter_no_change": 2, "tol": 0.1},
    {"activation": "tanh", "alpha": 0.5, "batch_size": 37},
    {"activation": "logistic", "early_stopping": True, "n_iter_no_change": 3},
    {"activation": "identity", "hidden_layer_sizes": (7, 5), "shuffle": False},
    {"hidden_layer_sizes": (), "epsilon": 1e-3, "beta_1": 0.5},
]


def both(name, **options):
    options = {"max_iter": 25, "random_state": 3, **options}
    return [getattr(module, name)(**options) for module in (neural_network, whorl.sklearn)]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("data", DATA)
def test_it_follows_the_losses_of_scikit_learn(data, settings):
    name, X, y = DATA[data]
    theirs, ours = (each.fit(X, y) for each in both(name, **settings))
    assert ours.n_iter_ == theirs.n_iter_
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-10)
    for mine, other in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-7)
    assert ours.loss_ == ours.loss_curve_[-1]
    if settings.get("early_stopping"):
        np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_, rtol=1e-7)


@pytest.mark.parametrize("data", DATA)
def test_lbfgs_reaches_the_minimum_of_scikit_learn(data):
    name, X, y = DATA[data]
    theirs, ours = (
        each.fit(X, y) for each in both(name, solver="lbfgs", alpha=1.0, max_iter=3000, hidden_layer_sizes=())
    )
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-5)  # without hidden units there is one minimum
    short = [each.fit(X, y) for each in both(name, solver="lbfgs", max_iter=5)]
    assert short[1].loss_ == pytest.approx(short[0].loss_, rel=1e-6)


@pytest.mark.parametrize("data", DATA)
def test_weights_of_samples(data):
    name, X, y = DATA[data]
    weight = np.random.default_rng(0).integers(0, 4, len(X)).astype(float)
    if "sample_weight" not in inspect.signature(getattr(neural_network, name).fit).parameters:
        with pytest.raises(TypeError, match="sample_weight"):  # scikit-learn 1.6 has none
            both(name)[1].fit(X, y, sample_weight=weight)
        return
    for settings in ({}, {"solver": "lbfgs", "max_iter": 5}, {"early_stopping": True, "batch_size": 30}):
        theirs, ours = (each.fit(X, y, sample_weight=weight) for each in both(name, **settings))
        assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-6 if "solver" in settings else 1e-10)


def test_poisson_loss():
    if "loss" not in inspect.signature(neural_network.MLPRegressor).parameters:
        with pytest.raises(TypeError, match="loss"):
            both("MLPRegressor", loss="poisson")
        return
    _, X, y = DATA["numbers"]
    theirs, ours = (each.fit(X, y) for each in both("MLPRegressor", loss="poisson"))
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-10)


def test_partial_fit_warm_start_and_float32():
    name, X, y = DATA["ten classes"]
    parts = both(name)
    for each in parts:
        for start in range(0, 400, 100):
            each.partial_fit(X[start : start + 100], y[start : start + 100], classes=np.arange(10))
    np.testing.assert_allclose(parts[1].loss_curve_, parts[0].loss_curve_, rtol=1e-10)
    warm = both(name, warm_start=True, max_iter=3)
    for each in warm:
        each.fit(X, y).fit(X, y)
    np.testing.assert_allclose(warm[1].loss_curve_, warm[0].loss_curve_, rtol=1e-10)
    single = [each.fit(X.astype(np.float32), y) for each in both(name)]
    assert {array.dtype for array in single[1].coefs_} == {np.dtype("float32")}
    np.testing.assert_allclose(single[1].loss_curve_, single[0].loss_curve_, rtol=1e-4)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_losses_of_data_that_are_not_scaled(dtype):
    X, y = load_wine(return_X_y=True)
    for settings in ({}, {"solver": "sgd"}):
        theirs, ours = (each.fit(X.astype(dtype), y) for each in both("MLPClassifier", max_iter=3, **settings))
        np.testing.assert_allclose(
            ours.loss_curve_[0], theirs.loss_curve_[0], rtol=1e-10 if dtype == "float64" else 1e-3
        )


def test_parts_may_be_dense_and_sparse():
    name, X, y = DATA["ten classes"]
    for first, second in ((X, csr_matrix(X)), (csr_matrix(X), X)):
        ours = both(name)[1].partial_fit(first, y, classes=np.arange(10)).partial_fit(second, y)
        assert ours.t_ == 800
        assert np.isfinite(ours.loss_)


def test_sparse_matrices_are_left_to_scikit_learn():
    name, X, y = DATA["ten classes"]
    for settings in ({}, {"solver": "lbfgs", "max_iter": 3}):
        theirs, ours = (each.fit(csr_matrix(X), y) for each in both(name, **settings))
        assert ours.loss_ == theirs.loss_


def test_a_warm_start_keeps_the_sizes_of_the_network():
    X, y = load_wine(return_X_y=True)
    for name, targets in (("MLPClassifier", y), ("MLPRegressor", X[:, :2])):
        ours = both(name, warm_start=True, hidden_layer_sizes=(5,), max_iter=3)[1].fit(X, targets)
        with pytest.raises(
            ValueError, match=r"of shapes \[\(13, 5\), .*hidden_layer_sizes=\(7, 8\), X and y need \[\(13, 7\)"
        ):
            ours.set_params(hidden_layer_sizes=(7, 8)).fit(X, targets)
    with pytest.raises(ValueError, match=r"X and y need \[\(13, 5\), \(5, 1\)\]"):
        ours.set_params(hidden_layer_sizes=(5,)).fit(X, y)


def test_isotonic_calibration_is_that_of_scikit_learns_class():
    """Isotonic calibration depends on the order of the scores only; the sigmoid is of `decision_function`, which theirs has not."""
    name, X, y = DATA["two classes"]
    theirs, ours = (
        CalibratedClassifierCV(each, method="isotonic", cv=3).fit(X, y).predict_proba(X)
        for each in both(name, max_iter=30)
    )
    np.testing.assert_allclose(ours, theirs, atol=2e-3)  # between the steps it is a line in the score


def test_pickles_and_searches():
    name, X, y = DATA["two classes"]
    ours = both(name)[1].fit(X, y)
    again = pickle.loads(pickle.dumps(ours))
    np.testing.assert_array_equal(again.predict_proba(X), ours.predict_proba(X))
    assert again.partial_fit(X, y).n_iter_ == 1
    p = ours.predict_proba(X)
    np.testing.assert_allclose(ours.decision_function(X), np.log(p[:, 1] / p[:, 0]), rtol=1e-9)
    search = GridSearchCV(both(name)[1], {"alpha": [1e-4, 10.0], "hidden_layer_sizes": [(5,), (5, 5)]}, cv=3).fit(X, y)
    assert set(search.best_params_) == {"alpha", "hidden_layer_sizes"}


def test_it_says_when_it_has_not_converged_and_when_it_is_interrupted(monkeypatch, capsys):
    name, X, y = DATA["two classes"]
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\) reached"):
        both(name, max_iter=3)[1].fit(X, y)
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge after 2 iterations"):
        both(name, solver="lbfgs", max_iter=2)[1].fit(X, y)
    stopped = both(name, verbose=True, tol=1.0, n_iter_no_change=2)[1].fit(X, y)
    assert (
        "Training loss did not improve more than tol=1.000000 for 2 consecutive epochs. Stopping."
        in capsys.readouterr().out
    )
    assert stopped.n_iter_ < 25

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(whorl.sklearn.mlp.MlpObjective, "loss_and_gradients", interrupt)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        both(name)[1].set_params(fast=False).fit(X, y)


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_the_parameters_are_those_of_scikit_learn(name):
    theirs, ours = both(name)
    assert ours.get_params() == theirs.get_params() | {"fast": None}
    with pytest.raises(ValueError, match="The 'solver' parameter"):
        ours.set_params(solver="newton").fit(*DATA["numbers"][1:])


PRIVATE = {"test_gradient"}
"""scikit-learn's tests that look at its private attributes: this one at _coef_indptr, the places of weights in a vector."""


def test_scikit_learn_s_own_tests(tmp_path):
    source = Path(neural_network.__file__).parent / "tests" / "test_mlp.py"
    code = source.read_text(encoding="utf-8")
    theirs = "from sklearn.neural_network import MLPClassifier, MLPRegressor\n"
    assert theirs in code
    (tmp_path / "test_theirs.py").write_text(
        code.replace(theirs, "from whorl.sklearn import MLPClassifier, MLPRegressor\n")
    )
    (tmp_path / "conftest.py").write_text("import pytest\n@pytest.fixture\ndef global_random_seed(): return 42\n")
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    failed = {
        line.split("::")[1].split(" ")[0] for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))
    }
    assert failed == PRIVATE, done.stdout
    assert f"{len(PRIVATE)} failed" in done.stdout.splitlines()[-1]
