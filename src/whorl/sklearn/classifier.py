"""`NetworkClassifier`: classes, or several labels for each sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from whorl._core.types import Array
from whorl._core.validation import number, numeric, show
from whorl.layers import Layer, Sigmoid, Softmax
from whorl.losses import BinaryCrossEntropy, CrossEntropy, Hinge, Huber, Loss, MeanAbsoluteError, MeanSquaredError
from whorl.model import Model
from whorl.recipes import Recipe, ensemble
from whorl.recipes.networks import Networks
from whorl.sklearn import parameters
from whorl.sklearn.calibrated import CalibratedEstimator
from whorl.training import Callback

CLASS_LOSSES = CrossEntropy, Hinge
LABEL_LOSSES = BinaryCrossEntropy, MeanSquaredError, MeanAbsoluteError, Huber


class NetworkClassifier(ClassifierMixin, CalibratedEstimator):
    """A network, or an average of several, that learns classes.

    By default, with at least 100 samples, `fit` trains the 32 networks of the recipe for tables on eight folds and averages them. Each
    holds out samples, from which `fit` learns how sure predictions are: probabilities are calibrated, and `predict_sets` works without
    `calibrate`. On two cores, with the extra ``whorl[fast]``, that takes about 15 seconds for 300 samples of 10 features, and
    40 to 55 for 20,000; ``preset="fast"`` trains one such network, in about a tenth of the time.

    Parameters
    ----------
    layers : sequence of Layer or str, optional
        The hidden layers of one network, ``[Dense(64), ReLU()]`` or ``"Dense(64), ReLU()"``, to which the output layer and its activation
        are added. By default `fit` trains the networks of the `preset`, and averages them; but one network with two hidden layers, if
        there are fewer than 100 samples, with `early_stopping`, `warm_start` or `X_val`, and in `partial_fit`.
    preset : {"default", "fast", "best"}, optional
        The recipe for tables, if there are no `layers`: 32 networks, one that is trained for a short time, or 80.
    loss : Loss or str, optional
        By default `CrossEntropy`, or `BinaryCrossEntropy` for several labels of each sample.
    optimizer : Optimizer or str, optional
        Such as ``Adam(0.001)`` or ``"AdamW(Cosine(0.005, epochs=100))"``, which is the default of one network.
    epochs : int, optional
        Passes over the samples; by default 100 for one network. For several, the preset has 256, or fewer for many samples.
    batch_size : int, optional
        Samples of a step; by default 256 for several networks, and 32 for one; but all samples for one network if there are at most 64,
        and for an optimizer that needs all, such as `LBFGS`.
    standardize : bool, optional
        Whether one network brings each feature to mean 0 and standard deviation 1 first.
    early_stopping : bool, optional
        Whether to stop when the validation loss no longer improves, and to restore the best parameters.
    validation_fraction : float, optional
        The fraction of the samples for that, if `fit` gets no validation data.
    patience : int, optional
        Number of epochs without improvement to allow.
    ignore : sequence of str, optional
        Columns of a data frame to leave out.
    use : sequence of str, optional
        Columns of a data frame to use even if they look like identifiers.
    callbacks : sequence of Callback, optional
    warm_start : bool, optional
        Whether `fit` continues with the parameters of the last one. As for scikit-learn's networks, it is an error if the features or the
        classes are others then, or the layers: for a new network, use ``warm_start=False``.
    random_state : int, RandomState or None, optional
        Draws the first parameters, the order of the samples, and dropout.
    fast, threads : optional
        Whether to use the compiled engine, and its threads, as in `Options`; several networks train side by side, one on each core.
    verbose : bool, optional
        Whether to print the progress.
    class_weight : dict or "balanced", optional
        Weights of the classes in the loss; with "balanced", probabilities are those of equally frequent classes (see docs/sklearn.md).

    Attributes
    ----------
    model_ : Model
        The network. By default its first layer is `Average`, which has the networks of the preset, followed by temperature and biases of
        its scores and `Softmax`; with several labels for each sample, or another loss, nothing is calibrated.
    classes_ : ndarray
        The class labels, in the order of the probabilities.
    preparation_ : Preparation or None
        How the columns of a data frame become numbers, if they are not all numbers.
    history_ : History
        The records of the epochs: for several networks, the means of their values. Its `held_out` has the accuracy, the loss and the
        calibration error of predictions for samples by networks that have not learned from them.
    n_iter_ : int
        The number of epochs; of several networks, those that all have completed.
    loss_, loss_curve_, validation_curve_
        The last training loss, and the training and validation loss of each epoch.
    n_features_in_, feature_names_in_
        The number and the names of the columns in `fit`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = NetworkClassifier("Dense(16), ReLU()", optimizer="Adam(0.02)", random_state=0).fit(X, y)
    >>> classifier.score(X, y) > 0.9
    True
    >>> default = NetworkClassifier(epochs=20, batch_size=64, random_state=0).fit(X, y)
    >>> default.model_.layers[0].members
    32
    >>> default.predict_sets(X, coverage=0.9).shape
    (150, 3)
    """

    def __init__(
        self,
        layers: Sequence[Layer] | str | None = None,
        *,
        preset: str = "default",
        loss: Loss | str | None = None,
        optimizer: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        standardize: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        ignore: Sequence[str] = (),
        use: Sequence[str] = (),
        callbacks: Sequence[Callback] = (),
        warm_start: bool = False,
        random_state: Any = None,
        fast: bool | None = None,
        threads: int | None = None,
        verbose: bool = False,
        class_weight: Mapping[Any, float] | str | None = None,
    ) -> None:
        super().__init__(
            layers,
            preset=preset,
            loss=loss,
            optimizer=optimizer,
            epochs=epochs,
            batch_size=batch_size,
            standardize=standardize,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            patience=patience,
            ignore=ignore,
            use=use,
            callbacks=callbacks,
            warm_start=warm_start,
            random_state=random_state,
            fast=fast,
            threads=threads,
            verbose=verbose,
        )
        self.class_weight = class_weight

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _learn_target(self, y: Array, classes: Any) -> None:
        with _readable_labels():
            check_classification_targets(y)
            self.multilabel_: bool = type_of_target(y).startswith("multilabel")
            known = np.arange(y.shape[1]) if self.multilabel_ else np.unique(y if classes is None else _listed(classes))
        self.classes_: Array = known

    def _check_target(self, y: Array, classes: Any, *, part: bool) -> None:
        if classes is None and (part or self.multilabel_):
            return
        known = self.classes_.tolist()
        with _readable_labels():
            given = np.unique(_listed(classes) if part else y).tolist()
        if given == known:
            return
        if not part:
            raise ValueError(f"y must hold the classes {known}, as in the last fit, with warm_start=True, got {given}")
        source = "the columns of y" if self.multilabel_ else "the first call"
        raise ValueError(f"classes must be {known}, as in {source}, or None, got {given}")

    def _targets(self, y: Array) -> Array:
        if self.multilabel_:
            return numeric("y", y)
        with _readable_labels():
            position = np.searchsorted(self.classes_, y).clip(max=len(self.classes_) - 1)
        unknown = self.classes_[position] != y
        if unknown.any():
            raise ValueError(
                f"y must hold the classes {self.classes_.tolist()} only, as in the first fit, got {y[unknown].tolist()[0]!r}"
            )
        return position

    def _output(self) -> tuple[int, list[Layer], Loss]:
        count, given = len(self.classes_), self.loss
        if self.multilabel_:
            return count, [Sigmoid()], parameters.loss(given, BinaryCrossEntropy(), LABEL_LOSSES, "several labels")
        return max(2, count), [Softmax()], parameters.loss(given, CrossEntropy(), CLASS_LOSSES, "classes")

    def _joined(
        self, trained: Networks, targets: Array, recipe: Recipe, weight: Array | None
    ) -> tuple[Model, dict[str, float]]:
        if isinstance(self._output()[2], CrossEntropy):
            return ensemble.classifier(trained, targets, calibrate=recipe.calibrate, sample_weight=weight)
        return ensemble.joined(trained, 1), {}

    def _weights(self, targets: Array, weight: Array | None) -> Array | None:
        if self.class_weight is None:
            return weight
        if self.multilabel_:
            raise ValueError("class_weight is for samples with one class each")
        given: Any = self.class_weight
        if isinstance(given, Mapping):
            names = self.classes_.tolist()
            unknown = [name for name in given if name not in names]
            if unknown:
                raise ValueError(f"class_weight must name classes of y, which are {names}, got {unknown[0]!r}")
            by_class = np.array([number(f"class_weight[{name!r}]", given.get(name, 1.0), minimum=0) for name in names])
        elif isinstance(given, str) and given == "balanced":
            by_class = compute_class_weight(given, classes=np.arange(len(self.classes_)), y=targets)
        else:
            raise ValueError(f"class_weight must be a dict from class to weight, 'balanced' or None, got {show(given)}")
        return by_class[targets] if weight is None else weight * by_class[targets]

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one epoch on part of the data.

        Parameters
        ----------
        X, y : array-like
            As for `fit`. Classes, preparation and scale of the inputs stay those of the first call.
        classes : array-like, optional
            All class labels that there will be. Required in the first call, unless there are several labels for each sample.
        sample_weight : array-like, shape (n,), optional
            Weight of each sample.
        """
        if classes is None and not hasattr(self, "model_") and not type_of_target(y).startswith("multilabel"):
            raise ValueError(
                "classes must be passed on the first call to partial_fit: all class labels that there will be, such as"
                " classes=np.unique(y) of all the data"
            )
        return self._fit_part(X, y, sample_weight, classes)

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, (n, k); of each label, if there are several for a sample."""
        p = self._scores(X)[:, : len(self.classes_)]
        return p if self.multilabel_ else p / p.sum(axis=1, keepdims=True)  # in float64, and for a single class

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithm of `predict_proba`."""
        with np.errstate(divide="ignore"):  # of a probability that is 0 in floating point
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> Array:
        """Return the most probable class of each sample, or the labels whose probability is at least 0.5."""
        p = self.predict_proba(X)
        chosen: Array = (p >= 0.5).astype(int) if self.multilabel_ else self.classes_[p.argmax(axis=1)]
        return chosen

    def predict_sets(self, X: Any, *, coverage: float = 0.9) -> Array:
        """Return for each sample which classes are in a set that contains the right one with this probability, (n, k).

        The order of the classes is that of `classes_`. For samples with one class each, after a `fit` by default with at least 100 samples,
        or after `calibrate`.
        """
        model, x = self._calibrated(X, "predict_sets(X)")
        return model.predict_sets(x, coverage=coverage)[:, : len(self.classes_)]

    def decision_function(self, X: Any) -> Array:
        """Return the logarithm of the odds, (n,), for two classes; the logarithm of the probability of each, (n, k), for more."""
        return log_odds(self.predict_proba(X), each=self.multilabel_)


def _listed(classes: Any) -> Array:
    """Return class labels as an array (k,)."""
    found = np.asarray(classes)
    if found.ndim != 1:
        raise ValueError(f"classes must be a list of class labels, got {show(classes)}")
    return found


@contextmanager
def _readable_labels() -> Iterator[None]:
    """Raise ValueError for labels that cannot be compared."""
    try:
        yield
    except TypeError as error:
        raise ValueError(
            f"y and classes must hold labels of one type, and no gaps such as None or NaN: {error}"
        ) from None


def log_odds(p: Array, *, each: bool) -> Array:
    """Return ``log p / (1 − p)`` of the second of two probabilities, or of `each`; ``log p`` if there are more, or one, in a row."""
    tiny = np.finfo(p.dtype).tiny
    log: Array = np.log(np.maximum(p, tiny))
    if each:
        odds: Array = log - np.log(np.maximum(1 - p, tiny))
        return odds
    return log[:, 1] - log[:, 0] if p.shape[1] == 2 else log
