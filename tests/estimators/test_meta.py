"""The four estimators inside scikit-learn's searches, ensembles and other estimators that take one."""

import copy
import pickle

import joblib
import numpy as np
import pytest
import sklearn
from sklearn import ensemble
from sklearn.base import clone, is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    learning_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from whorl.sklearn import MLPClassifier, MLPRegressor, NetworkClassifier, NetworkRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FRAME, CLASSES = load_iris(return_X_y=True, as_frame=True)
X, TWO = FRAME.to_numpy(), (CLASSES == 1).to_numpy().astype(int)
LABELS, NUMBERS = np.eye(3, dtype=int)[CLASSES], X @ [[1.0, 2.0], [0.5, -1.0], [2.0, 1.0], [0.0, 1.0]]

NETWORK = {"epochs": 30, "optimizer": "Adam(0.02)", "random_state": 0}
MLP = {"hidden_layer_sizes": (8,), "max_iter": 60, "learning_rate_init": 0.02, "batch_size": 32, "random_state": 0}
CLASSIFIERS = [NetworkClassifier("Dense(8), ReLU()", **NETWORK), MLPClassifier(**MLP)]
REGRESSORS = [NetworkRegressor("Dense(8), ReLU()", **NETWORK), MLPRegressor(**MLP)]
EVERY = CLASSIFIERS + REGRESSORS
by_name = pytest.mark.parametrize("one", EVERY, ids=lambda one: type(one).__name__)
classifiers = pytest.mark.parametrize("one", CLASSIFIERS, ids=lambda one: type(one).__name__)
regressors = pytest.mark.parametrize("one", REGRESSORS, ids=lambda one: type(one).__name__)


def target(one):
    return CLASSES if is_classifier(one) else NUMBERS[:, 0]


@by_name
def test_copies_predict_and_train_on_as_the_estimator_does(one, tmp_path):
    y = target(one)
    fitted = make_pipeline(StandardScaler(), clone(one)).fit(FRAME, y)
    joblib.dump(fitted, tmp_path / "fitted.joblib")
    again = [
        pickle.loads(pickle.dumps(fitted)),
        copy.deepcopy(fitted),
        joblib.load(tmp_path / "fitted.joblib"),
        clone(fitted).fit(FRAME, y),
    ]
    for other in again:
        np.testing.assert_array_equal(other.predict(FRAME), fitted.predict(FRAME))
    alone = clone(one).partial_fit(X, y, **({"classes": [0, 1, 2]} if is_classifier(one) else {}))
    losses = [each.partial_fit(X, y).loss_ for each in (copy.deepcopy(alone), pickle.loads(pickle.dumps(alone)), alone)]
    assert len(set(losses)) == 1
    assert type(one)(**one.get_params()).get_params() == one.get_params()


@by_name
def test_searches_and_curves(one):
    y, name = target(one), "epochs" if "epochs" in one.get_params() else "max_iter"
    halving = HalvingGridSearchCV(clone(one), {name: [1, 40]}, cv=3, min_resources=75, random_state=0).fit(FRAME, y)
    assert halving.best_params_ == {name: 40}
    counts, _, scores = learning_curve(
        clone(one), X, y, cv=3, train_sizes=[0.5, 1.0], exploit_incremental_learning=True, shuffle=True, random_state=0
    )
    assert (list(counts), scores.shape) == ([50, 100], (2, 3))
    nested = make_pipeline(StandardScaler(), clone(one))
    nested.set_params(**{f"{nested.steps[-1][0]}__{name}": 3})
    with sklearn.config_context(transform_output="pandas"):
        assert nested.fit(FRAME, y)[-1].n_iter_ == 3
    assert list(nested[-1].feature_names_in_) == list(FRAME.columns)


@pytest.mark.parametrize("one", [CLASSIFIERS[0], REGRESSORS[0]], ids=lambda one: type(one).__name__)
def test_metadata_routing_passes_weights_to_fit_and_score(one):
    weight = np.arange(150) % 2.0
    y, y_changed = target(one), np.where(weight, target(one), 0)
    folds = KFold(3, shuffle=True, random_state=0)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = clone(one).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scores = [
            GridSearchCV(routed, {"epochs": [5, 10]}, cv=folds).fit(X, each, sample_weight=weight).cv_results_
            for each in (y, y_changed)  # which differ where the weight is 0
        ]
    np.testing.assert_allclose(*(each["mean_test_score"] for each in scores))


@by_name
def test_ensembles(one):
    prefix, y = "Classifier" if is_classifier(one) else "Regressor", target(one)
    pair = [("a", clone(one)), ("b", clone(one))]
    voting = {"voting": "soft"} if is_classifier(one) else {}
    for made in (
        getattr(ensemble, f"Bagging{prefix}")(clone(one), n_estimators=3, n_jobs=2, random_state=0),
        getattr(ensemble, f"Voting{prefix}")(pair, **voting),
        getattr(ensemble, f"Stacking{prefix}")(pair, cv=3),
    ):
        assert made.fit(FRAME, y).score(FRAME, y) > 0.8


@classifiers
def test_classifiers_of_classifiers(one):
    assert cross_val_predict(one, X, CLASSES, cv=3, method="predict_proba").sum() == pytest.approx(150)
    for made in (OneVsRestClassifier(one), OneVsOneClassifier(one)):
        assert made.fit(X, CLASSES).score(X, CLASSES) > 0.9
        assert made.partial_fit(X, CLASSES, classes=[0, 1, 2]).partial_fit(X, CLASSES).score(X, CLASSES) > 0.3
    for made in (MultiOutputClassifier(one), ClassifierChain(one), OneVsRestClassifier(one)):
        assert made.fit(X, LABELS).score(X, LABELS) > 0.6
    for made in (FixedThresholdClassifier(one, threshold=0.4), TunedThresholdClassifierCV(one, cv=3)):
        assert made.fit(X, TWO).score(X, TWO) > 0.7


@regressors
def test_regressors_of_regressors(one):
    for made in (
        MultiOutputRegressor(one),
        RegressorChain(one),
        TransformedTargetRegressor(one, transformer=StandardScaler()),
    ):
        assert made.fit(X, NUMBERS).score(X, NUMBERS) > 0.8
