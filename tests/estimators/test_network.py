"""`NetworkClassifier` and `NetworkRegressor`, with the real scikit-learn, and with frames of the real pandas, Polars and PyArrow."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_iris, make_classification, make_multilabel_classification
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import whorl
from whorl import Adam, Callback, CrossEntropy, Dense, Dropout, MeanAbsoluteError, Model, ReLU
from whorl.sklearn import NetworkClassifier, NetworkRegressor

IRIS = load_iris()
X, Y = IRIS.data, IRIS.target_names[IRIS.target].astype(object)
DIABETES = load_diabetes(return_X_y=True)


def classifier(layers="Dense(16), ReLU()", **options):
    defaults = {"epochs": 30, "optimizer": "Adam(0.01)", "batch_size": 64, "random_state": 0}
    return NetworkClassifier(layers, **{**defaults, **options})


def regressor(layers="Dense(16), Tanh()", **options):
    return NetworkRegressor(layers, **{"epochs": 30, "optimizer": "Adam(0.01)", "random_state": 0, **options})


def test_scikit_learn_s_checks_pass_and_none_is_skipped():
    script = Path(__file__).parent / "checks.py"
    done = subprocess.run([sys.executable, script, "--quick"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    assert all("0 failed, 0 skipped, 0 xfail" in line for line in lines)


# What scikit-learn does with estimators


def test_a_grid_search_chooses_layers_and_optimizers_as_text_and_as_objects():
    grid = {
        "layers": ["Dense(2), ReLU()", [Dense(16), ReLU(), Dropout(0.1)]],
        "optimizer": ["SGD(0.0001)", Adam(0.02)],
    }
    search = GridSearchCV(classifier(epochs=15), grid, cv=3).fit(X, Y)
    assert search.best_params_["optimizer"] == Adam(0.02)
    assert search.best_score_ > 0.85
    assert search.predict(X[:2]).dtype == object


def test_cross_validation_in_processes_gives_what_one_process_gives():
    one, two = (cross_val_score(classifier(epochs=5), X, Y, cv=3, n_jobs=jobs) for jobs in (1, 2))
    np.testing.assert_array_equal(one, two)
    assert cross_val_predict(classifier(), X, Y, cv=3, method="predict_proba").shape == (150, 3)


def test_pipelines_calibration_and_importances():
    pipeline = make_pipeline(MinMaxScaler(), classifier()).fit(X, Y)
    assert pipeline.score(X, Y) > 0.9
    calibrated = CalibratedClassifierCV(classifier(epochs=10), cv=3).fit(X, Y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    importances = permutation_importance(regressor().fit(*DIABETES), *DIABETES, n_repeats=3, random_state=0)
    assert importances.importances_mean.argmax() in (2, 8)  # body mass index, or a measure of blood lipids


def test_clones_pickles_and_representations():
    fitted = classifier([Dense(16), ReLU()], callbacks=[whorl.StopAt("loss", 0.01)]).fit(X, Y)
    again = clone(fitted).fit(X, Y)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict_proba(X), fitted.predict_proba(X))
    assert "layers=[Dense(16), ReLU()]" in repr(fitted)
    assert "<div" in fitted._repr_html_()
    assert set(fitted.get_params()) >= {"layers", "optimizer", "class_weight", "random_state"}


# Classes


def test_it_is_the_network_that_it_says():
    fitted = classifier().fit(X, Y)
    other = Model(fitted.model_.layers, inputs=4, rng=0)
    assert [type(each).__name__ for each in other.layers] == ["Standardize", "Dense", "ReLU", "Dense", "Softmax"]
    np.testing.assert_allclose(fitted.predict_proba(X), fitted.model_.predict(X), rtol=1e-6)
    assert list(fitted.classes_) == ["setosa", "versicolor", "virginica"]
    assert (fitted.predict(X) == fitted.classes_[fitted.predict_proba(X).argmax(axis=1)]).all()
    np.testing.assert_allclose(fitted.decision_function(X), np.log(fitted.predict_proba(X)))
    assert (fitted.n_iter_, fitted.n_features_in_, len(fitted.loss_curve_)) == (30, 4, 30)
    assert fitted.loss_ == fitted.loss_curve_[-1] < fitted.loss_curve_[0]
    assert fitted.validation_curve_ is None


def test_two_classes_have_one_decision():
    two = Y != "virginica"
    fitted = classifier().fit(X[two], Y[two])
    p = fitted.predict_proba(X[two])
    np.testing.assert_allclose(fitted.decision_function(X[two]), np.log(p[:, 1] / p[:, 0]))


def test_several_labels_for_each_sample():
    x, y = make_multilabel_classification(200, n_classes=4, random_state=0)
    fitted = classifier().fit(x, y)
    p = fitted.predict_proba(x)
    assert p.shape == fitted.decision_function(x).shape == fitted.predict(x).shape == (200, 4)
    np.testing.assert_array_equal(fitted.predict(x), p >= 0.5)
    np.testing.assert_allclose(fitted.decision_function(x), np.log(p / (1 - p)), rtol=1e-5)
    assert (fitted.predict(x) == y).mean() > 0.8
    assert type(fitted.model_.layers[-1]).__name__ == "Sigmoid"


def test_weights_of_classes_and_samples_move_the_decision():
    x, y = make_classification(300, weights=[0.9], flip_y=0.2, random_state=0)
    plain, balanced = (classifier(class_weight=weight).fit(x, y) for weight in (None, "balanced"))
    assert balanced.predict(x).mean() > 1.3 * plain.predict(x).mean()
    counts = np.bincount(y)
    by_hand = classifier(class_weight={0: len(y) / 2 / counts[0], 1: len(y) / 2 / counts[1]}).fit(x, y)
    np.testing.assert_allclose(by_hand.predict_proba(x), balanced.predict_proba(x), rtol=1e-4)
    weighted = classifier().fit(x, y, sample_weight=(len(y) / 2 / counts)[y])
    np.testing.assert_allclose(weighted.predict_proba(x), balanced.predict_proba(x), rtol=1e-2, atol=1e-3)


def test_samples_of_weight_0_have_no_effect():
    weight = (np.arange(150) % 2).astype(float)
    one = classifier().fit(X, Y, sample_weight=weight)
    other = classifier().fit(X[weight > 0], Y[weight > 0], sample_weight=np.ones(75))
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))


def test_weights_standardize_the_inputs_and_targets_too():
    x, y = np.random.default_rng(0).standard_normal((20, 2)), np.arange(20.0)
    weight = np.arange(20) % 3
    one = regressor("Dense(3), Tanh()").fit(x, y, sample_weight=weight)
    rows = np.repeat(np.arange(20), weight)
    other = regressor("Dense(3), Tanh()").fit(x[rows], y[rows])
    np.testing.assert_allclose(one.predict(x), other.predict(x), rtol=1e-6)
    assert one.target_mean_[0] == pytest.approx(np.average(y, weights=weight))


# Training


def test_early_stopping_with_a_fraction_and_with_data_of_one_s_own():
    fraction = classifier(early_stopping=True, patience=2, epochs=500, validation_fraction=0.3).fit(X, Y)
    assert fraction.n_iter_ < 500
    assert len(fraction.validation_curve_) == fraction.n_iter_
    own = classifier(epochs=9).fit(X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2])
    expected = own.model_.evaluate(X[1::2], np.searchsorted(own.classes_, Y[1::2].astype(str)), loss=CrossEntropy())
    assert own.validation_curve_[-1] == pytest.approx(expected["loss"], rel=1e-5)


def test_warm_start_continues():
    once = classifier(epochs=5, warm_start=True).fit(X, Y)
    first = once.loss_
    again = once.fit(X, Y)
    assert again.loss_ < first
    cold = classifier(epochs=5).fit(X, Y)
    assert cold.fit(X, Y).loss_ == first
    with pytest.raises(ValueError, match=r"y must hold the classes .*, as in the last fit, .*, got \['other', "):
        once.fit(X, np.where(Y == "setosa", "other", Y))


def test_parts_of_the_data_in_turn():
    parts = classifier(optimizer=None)
    parts.partial_fit(X[::3], Y[::3], classes=["setosa", "versicolor", "virginica", "other"])
    for k in range(1, 90):
        parts.partial_fit(X[k % 3 :: 3], Y[k % 3 :: 3])
    assert parts.n_iter_ == 90
    assert parts.predict_proba(X).shape == (150, 4)
    assert (parts.predict(X) == Y).mean() > 0.8
    numbers = regressor()
    for _ in range(60):
        numbers.partial_fit(*DIABETES)
    assert numbers.score(*DIABETES) > 0.4


def test_callbacks_random_states_and_the_compiled_engine(capsys):
    class Count(Callback):
        def on_epoch_end(self, training, epoch):
            seen.append(epoch.number)

    seen = []
    one = classifier(callbacks=[Count()], verbose=True, epochs=3).fit(X, Y)
    assert seen == [1, 2, 3]
    assert "epoch 3 " in capsys.readouterr().out
    other = classifier(epochs=3, random_state=np.random.RandomState(0)).fit(X, Y)
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    fast = classifier(epochs=3, fast=True, threads=1).fit(X, Y)
    assert fast.history_.engine.startswith("compiled")
    np.testing.assert_allclose(fast.predict_proba(X), one.predict_proba(X), rtol=1e-4)
    assert not np.array_equal(classifier(epochs=3, random_state=1).fit(X, Y).predict_proba(X), one.predict_proba(X))


# Numbers


def test_numbers_are_predicted_in_their_unit():
    x, y = DIABETES
    fitted = regressor().fit(x, y)
    assert fitted.predict(x).shape == (442,)
    assert fitted.score(x, y) > 0.45
    big = regressor().fit(x, 1e6 * y + 1e8)
    np.testing.assert_allclose(big.predict(x), 1e6 * fitted.predict(x) + 1e8, rtol=1e-4)


def test_several_numbers_and_other_losses():
    x, y = DIABETES
    both = np.column_stack([y, -2 * y])
    fitted = regressor(loss="MeanAbsoluteError()").fit(x, both)
    assert fitted.predict(x).shape == (442, 2)
    np.testing.assert_allclose(fitted.predict(x)[:, 1], -2 * fitted.predict(x)[:, 0], rtol=0.4, atol=40)
    assert regressor(loss=MeanAbsoluteError()).fit(x, both).loss_ == fitted.loss_


# Data frames


def passengers(count=300, seed=0):
    """Made-up people, with text, gaps, dates and whole numbers; the answer depends on the age and the city."""
    rng = np.random.default_rng(seed)
    age, city = rng.normal(40, 10, count), rng.choice(["Rome", "Oslo", "Bonn"], count)
    y = np.where((age > 40) ^ (city == "Rome"), "yes", "no")
    age[rng.random(count) < 0.05] = np.nan
    frame = pd.DataFrame(
        {
            "age": age,
            "city": city,
            "since": pd.date_range("2024-01-01", periods=count),
            "rooms": rng.integers(1, 9, count),
        }
    )
    frame.loc[rng.random(count) < 0.05, "city"] = None
    return frame, y


@pytest.mark.parametrize(
    "convert", [lambda frame: frame, pl.from_pandas, pa.Table.from_pandas], ids=["pandas", "polars", "arrow"]
)
def test_raw_data_frames(convert):
    (train, y), (test, expected) = passengers(), passengers(seed=1)
    fitted = classifier("Dense(64), ReLU()", epochs=60).fit(convert(train), y)
    assert list(fitted.feature_names_in_) == ["age", "city", "since", "rooms"]
    assert fitted.n_features_in_ == 4
    assert fitted.score(convert(test), expected) > 0.8
    np.testing.assert_array_equal(fitted.predict(test), fitted.predict(convert(test)))
    with pytest.raises(
        ValueError, match="X must be a data frame with the columns age, city, since, rooms, as in fit, got ndarray"
    ):
        fitted.predict(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="has no column 'city'"):
        fitted.predict(test.drop(columns="city"))


def test_frames_in_pipelines_searches_and_cross_validation():
    frame, y = passengers()
    assert cross_val_score(classifier("Dense(32), ReLU()"), frame, y, cv=3).mean() > 0.7
    search = GridSearchCV(classifier(), {"ignore": [(), ("city",)]}, cv=3).fit(frame, y)
    assert search.best_params_ == {"ignore": ()}


def test_columns_may_be_ignored_and_have_numbers_as_names():
    frame, y = passengers()
    fitted = classifier(ignore=["since", "rooms"]).fit(frame, y)
    assert fitted.preparation_.ignored == ("since", "rooms")
    numbered = frame.rename(columns={"age": 0, "city": 1})
    assert classifier().fit(numbered, y).score(numbered, y) > 0.6
    with pytest.raises(ValueError, match="ignore names columns of a data frame, but X is ndarray"):
        classifier(ignore=["age"]).fit(X, Y)


def test_columns_that_look_like_identifiers_are_left_out_unless_they_are_to_be_used():
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"]).assign(RowNumber=range(len(X)))
    fitted = classifier().fit(frame, Y)
    assert [column.name for column in fitted.preparation_.excluded] == ["RowNumber"]
    assert fitted.n_features_in_ == 5
    assert classifier(use=["RowNumber"]).fit(frame, Y).model_.inputs == (5,)
    with pytest.raises(ValueError, match="use names columns of a data frame, but X is ndarray"):
        classifier(use=["a"]).fit(X, Y)


def test_frames_of_numbers_are_arrays_with_names():
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    fitted = classifier().fit(frame, pd.Series(Y))
    assert fitted.preparation_ is None
    assert list(fitted.feature_names_in_) == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(fitted.predict_proba(frame), classifier().fit(X, Y).predict_proba(X))
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(frame[["b", "a", "c", "d"]])


# Errors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": "Dens(3)"}, "did you mean 'Dense'"),
        ({"layers": [3]}, r"layers\[0\] must be a Layer"),
        ({"optimizer": "adam"}, "adam"),
        ({"loss": "mse"}, "did you mean 'MeanSquaredError'"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1, got 0"),
        ({"batch_size": 2.5}, "batch_size must be a whole number"),
        (
            {"early_stopping": True, "validation_fraction": 2},
            "validation_fraction must be a finite number above 0 and below 1, got 2",
        ),
        ({"early_stopping": True, "patience": -1}, "patience must be a whole number of at least 0, got -1"),
        ({"class_weight": "equal"}, "class_weight"),
    ],
)
def test_wrong_parameters_are_named_in_fit(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        classifier(**options).fit(X, Y)


def test_a_training_that_diverges_is_an_error():
    with pytest.raises(whorl.DivergenceError, match="lower the learning rate, 1e\\+38"):
        classifier(optimizer="SGD(1e38)").fit(X, Y)


def test_wrong_data_are_named():
    with pytest.raises(ValueError, match="X_val and y_val must be given together"):
        classifier().fit(X, Y, X_val=X)
    with pytest.raises(ValueError, match="above 0 for at least one sample"):
        classifier().fit(X, Y, sample_weight=np.zeros(150))
    with pytest.raises(ValueError, match="class_weight is for samples with one class each"):
        classifier(class_weight="balanced").fit(*make_multilabel_classification(50, random_state=0))


def test_numbers_of_another_form_are_refused():
    x, y = DIABETES
    pairs = np.column_stack([y, -y])
    fitted = regressor().fit(x, pairs)
    with pytest.raises(ValueError, match="y must have 2 numbers for each sample, as in the first fit, got 1"):
        fitted.partial_fit(x, y)
    with pytest.raises(ValueError, match="y must have 2 numbers for each sample"):
        regressor().fit(x, pairs, X_val=x, y_val=y)
    np.testing.assert_array_equal(
        regressor(epochs=2).fit(x, y.astype(object)).predict(x), regressor(epochs=2).fit(x, y).predict(x)
    )


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"setosa": np.nan}, r"class_weight\['setosa'\] must be a finite number at least 0, got nan"),
        ({"setosa": -1}, r"class_weight\['setosa'\] must be a finite number at least 0, got -1"),
        ({"nope": 1}, "class_weight must name classes of y, which are .*, got 'nope'"),
        ({0: 1}, "class_weight must name classes of y, which are .*, got 0"),
    ],
)
def test_weights_of_classes_are_checked(weights, message):
    with pytest.raises(ValueError, match=message):
        classifier(class_weight=weights).fit(X, Y)


def test_a_gap_in_new_rows_of_a_frame_of_numbers_gets_the_median():
    frame = pd.DataFrame(X, columns=list("abcd"))
    fitted = classifier().fit(frame, Y)
    gap, filled = frame.copy(), frame.copy()
    gap.iloc[75, 0], filled.iloc[75, 0] = np.nan, frame["a"].median()
    np.testing.assert_array_equal(fitted.predict_proba(gap), fitted.predict_proba(filled))
    assert np.isfinite(cross_val_score(classifier(epochs=5), gap, Y, cv=3)).all()
    with pytest.raises(ValueError, match="NaN"):
        classifier(epochs=2).fit(X, Y).predict(gap.to_numpy())


def test_losses_as_text():
    x, y = make_multilabel_classification(60, n_classes=3, random_state=0)
    assert classifier(loss="BinaryCrossEntropy()").fit(x, y).loss_ == classifier().fit(x, y).loss_
    assert classifier(callbacks=None).fit(X, Y).n_iter_ == 30


def test_labels_of_a_frame_may_be_numbers_and_booleans():
    X = np.random.default_rng(0).normal(size=(40, 3))
    y = pd.DataFrame({"a": (X[:, 0] > 0).astype(int), "b": X[:, 1] > 0})
    fitted = NetworkClassifier("Dense(8), ReLU()", epochs=2, random_state=0).fit(X, y)
    same = NetworkClassifier("Dense(8), ReLU()", epochs=2, random_state=0).fit(X, y.to_numpy().astype(int))
    np.testing.assert_array_equal(fitted.predict_proba(X), same.predict_proba(X))
    assert fitted.predict(X).shape == (40, 2)


def test_logarithms_of_probabilities():
    X, y = load_iris(return_X_y=True)
    fitted = NetworkClassifier("Dense(8), ReLU()", epochs=2, random_state=0).fit(X, y)
    np.testing.assert_array_equal(fitted.predict_log_proba(X), np.log(fitted.predict_proba(X)))
