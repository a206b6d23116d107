"""What must not work with `NetworkClassifier` and `NetworkRegressor`, and what an estimator is after a `fit` that failed."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris, make_multilabel_classification

import whorl
from whorl import LBFGS, Callback, CrossEntropy, Dense, Softmax
from whorl.sklearn import NetworkClassifier, NetworkRegressor

X, Y = load_iris(return_X_y=True)
KINDS = [NetworkClassifier, NetworkRegressor]


def small(kind=NetworkClassifier, layers="Dense(8), ReLU()", **options):
    return kind(layers, **{"epochs": 3, "optimizer": "Adam(0.01)", "random_state": 0, **options})


class Interrupt(Callback):
    """Press Ctrl-C after the first epoch."""

    def on_epoch_end(self, training, epoch):
        raise KeyboardInterrupt


FAILURES = [
    ({"optimizer": "SGD(1e38)"}, whorl.DivergenceError),
    ({"callbacks": [Interrupt()]}, KeyboardInterrupt),
    ({"threads": -1}, ValueError),
    ({"loss": "mse"}, ValueError),
]


@pytest.mark.parametrize(("options", "error"), FAILURES, ids=["divergence", "Ctrl-C", "threads", "loss"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_first_fit_that_fails_leaves_the_estimator_unfitted(kind, options, error):
    fresh = small(kind, **options)
    before = dict(vars(fresh))
    with pytest.raises(error):
        fresh.fit(X, Y)
    assert vars(fresh) == before
    if "callbacks" not in options:  # which are those of `fit`
        with pytest.raises(error):
            fresh.partial_fit(X, Y, **({"classes": [0, 1, 2]} if kind is NetworkClassifier else {}))
        assert vars(fresh) == before


@pytest.mark.parametrize(("options", "error"), FAILURES, ids=["divergence", "Ctrl-C", "threads", "loss"])
@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_that_fails_leaves_the_estimator_as_it_was(kind, warm_start, options, error):
    fitted = small(kind, warm_start=warm_start).fit(X, Y).partial_fit(X, Y)
    prediction, state, loss = fitted.predict(X), fitted._state.copy(), fitted.loss_
    with pytest.raises(error):
        fitted.set_params(**options).fit(X[:, :4] * 2, Y)
    if "callbacks" not in options:
        with pytest.raises((error, ValueError)):
            fitted.partial_fit(X, Y)
    np.testing.assert_array_equal(fitted.predict(X), prediction)
    assert (fitted.loss_, fitted._state.epoch) == (loss, state.epoch)
    for now, then in zip(fitted._state.arrays(), state.arrays(), strict=True):
        np.testing.assert_array_equal(now, then)


# Training in parts, and training on


def test_the_first_part_needs_all_classes_and_later_ones_agree():
    with pytest.raises(ValueError, match=r"classes must be passed on the first call to partial_fit: all class labels"):
        small().partial_fit(X[:60], Y[:60])
    with pytest.raises(ValueError, match=r"classes must be a list of class labels, got \{0, 1\}"):
        small().partial_fit(X, Y, classes={0, 1})
    parts = small().partial_fit(X[:60], Y[:60], classes=[0, 1, 2]).partial_fit(X, Y, classes=[2, 1, 0])
    with pytest.raises(
        ValueError, match=r"classes must be \[0, 1, 2\], as in the first call, or None, got \[0, 1, 7\]"
    ):
        parts.partial_fit(X, Y, classes=[0, 1, 7])
    with pytest.raises(ValueError, match=r"y must hold the classes \[0, 1, 2\] only, as in the first fit, got 3"):
        parts.partial_fit(X, Y + 1)
    assert parts.predict_proba(X).shape == (150, 3)


def test_parts_keep_the_kind_of_optimizer():
    parts = small(NetworkRegressor).partial_fit(X, Y).set_params(optimizer="Adam(0.02)").partial_fit(X, Y)
    assert parts.history_["learning_rate"] == [0.01, 0.02]
    with pytest.raises(
        ValueError, match=r"optimizer must be of the kind of the parts before, Adam\(0.02\), got SGD\(0.1\)"
    ):
        parts.set_params(optimizer="SGD(0.1)").partial_fit(X, Y)


def test_labels_in_parts_are_the_columns_of_y():
    x, y = make_multilabel_classification(60, n_classes=3, random_state=0)
    named, unnamed = small().partial_fit(x, y, classes=[0, 1, 2]), small().partial_fit(x, y)
    np.testing.assert_array_equal(named.predict_proba(x), unnamed.predict_proba(x))
    assert named.multilabel_
    with pytest.raises(ValueError, match=r"classes must be \[0, 1, 2\], as in the columns of y, or None, got \[0, 1\]"):
        small().partial_fit(x, y, classes=[0, 1])


def test_a_warm_start_needs_the_same_classes_layers_and_features():
    fitted = small(warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match=r"y must hold the classes \[0, 1, 2\], as in the last fit, .*, got \[0, 1\]"):
        fitted.fit(X[:100], Y[:100])
    with pytest.raises(ValueError, match="X has 2 features, but NetworkClassifier is expecting 4"):
        fitted.fit(X[:, :2], Y)
    same = fitted.set_params(layers=[Dense(8), whorl.ReLU()]).fit(X, Y)  # what the text said
    for other in ({"layers": "Dense(9), ReLU()"}, {"layers": None}, {"standardize": False}):
        changed = same.set_params(**{"layers": "Dense(8), ReLU()", "standardize": True, **other})
        for again in (changed.fit, changed.partial_fit):
            with pytest.raises(
                ValueError, match=r"the last fit, which has standardize=True, layers=\[Dense\(8\), ReLU"
            ):
                again(X, Y)
    assert same.set_params(warm_start=False).fit(X, Y).model_.layers[:2] == (Dense(8), whorl.ReLU())


# Parameters


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": "Dense(3, ReLU()"}, r"layers: cannot be read: '\(' was never closed, in 'Dense\(3, ReLU\(\)'"),
        ({"layers": "Dense(-1)"}, "layers: Dense: units must be a whole number of at least 1, got -1"),
        (
            {"layers": "Dense(3), Softmax()"},
            "layers must be the hidden layers: .* leave out the last Dense and Softmax",
        ),
        (
            {"layers": [Dense(3), Softmax()]},
            "layers must be the hidden layers: .* leave out the last Dense and Softmax",
        ),
        ({"optimizer": "Adam(-1)"}, "optimizer: Adam: learning_rate must be a finite number at least 0, got -1"),
        ({"loss": "mse"}, "loss: 'mse' is not known; did you mean 'MeanSquaredError'"),
        ({"loss": CrossEntropy}, "loss must be a Loss, such as .*, got the class CrossEntropy itself"),
        ({"loss": "BinaryCrossEntropy()"}, r"loss must be one of .*, got BinaryCrossEntropy\(\)"),
        ({"standardize": "no"}, "standardize must be True or False, got 'no'"),
        ({"early_stopping": 1}, "early_stopping must be True or False, got 1"),
        ({"warm_start": None}, "warm_start must be True or False, got None"),
        ({"verbose": "yes"}, "verbose must be True or False, got 'yes'"),
        ({"validation_fraction": 1}, "validation_fraction must be a finite number above 0 and below 1, got 1"),
        ({"patience": 1.5}, "patience must be a whole number of at least 0, got 1.5"),
        ({"callbacks": Interrupt()}, "callbacks must be a list of callbacks, got "),
        ({"callbacks": [3]}, r"callbacks\[0\] must be a Callback"),
        ({"random_state": "a"}, "random_state must be a whole number .* or None, got 'a'"),
        ({"random_state": -1}, "random_state must be a whole number .* or None, got -1"),
        ({"fast": "yes"}, "fast must be True or False, got 'yes'"),
        ({"threads": 0}, "threads must be a whole number of at least 1, got 0"),
    ],
)
def test_parameters_are_named_with_their_values(kind, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        small(kind, **options).fit(X, Y)


def test_classes_are_weighted_by_a_dict_or_balanced():
    for wrong in ("equal", 3, np.ones(3)):
        with pytest.raises(
            ValueError, match="class_weight must be a dict from class to weight, 'balanced' or None, got"
        ):
            small(class_weight=wrong).fit(X, Y)


def test_parameters_may_be_numbers_of_numpy():
    one = small(standardize=np.True_, patience=np.int64(3), verbose=np.False_, validation_fraction=np.float32(0.2))
    np.testing.assert_array_equal(one.fit(X, Y).predict_proba(X), small().fit(X, Y).predict_proba(X))


def test_an_optimizer_that_takes_all_samples_gets_them():
    assert small(optimizer=LBFGS(), epochs=50).fit(X, Y).score(X, Y) > 0.95
    with pytest.raises(ValueError, match="batch_size must be None or at least 150 for LBFGS"):
        small(optimizer=LBFGS(), batch_size=64).fit(X, Y)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_labels_have_one_type_and_no_gaps(missing):
    labels = pd.Series(np.array(["a", "b", "c"])[Y]).astype(object)
    gap = labels.copy()
    gap[3] = missing
    for fit in (small().fit, small().fit(X, labels).partial_fit):
        with pytest.raises(
            ValueError, match="y and classes must hold labels of one type, and no gaps such as None or NaN"
        ):
            fit(X, gap)


def test_targets_have_one_or_two_dimensions():
    with pytest.raises(ValueError, match=r"y must have shape \(n,\) or \(n, k\), got \(150, 2, 2\)"):
        small(NetworkRegressor).fit(X, np.zeros((150, 2, 2)))
