"""Models made from trained ones: `average`, an ensemble as one network, and `calibrate`, for honest predictions."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl._core.validation import instance, integer, show
from whorl.calibration import Intervals, Sets, temperature
from whorl.layers import Average, Layer, Rescale, Sigmoid, Softmax, chain
from whorl.losses import BinaryCrossEntropy, CrossEntropy, MeanSquaredError
from whorl.model import Model
from whorl.passes import predict
from whorl.training import Samples


def average(models: Iterable[Model], *, outside: int = 0) -> Model:
    """Return one model that predicts the mean of what several trained models predict.

    It has the layer `Average` around the layers of the models, with copies of their parameters and statistics, so it is saved as one
    file, and can be trained further.

    Parameters
    ----------
    models : iterable of Model
        With the same layers, inputs, dtype and preparation; for example trained from different seeds, by `fit_many`.
    outside : int, optional
        The number of last layers that are not averaged but applied to the average; they must have no parameters. Of models that end in
        `Softmax`, 0 averages the probabilities, and 1 the scores before it.

    Returns
    -------
    Model

    Raises
    ------
    TypeError, ValueError
        If the models differ, or if all their layers are outside, or some with parameters.

    Notes
    -----
    The mean of probabilities has never a larger cross-entropy than the members have in the mean, by Jensen's inequality; nor has the
    softmax of the mean scores. Only with ``outside=1`` is there one vector of scores, whose temperature can be calibrated.

    References
    ----------
    Lakshminarayanan, Pritzel, Blundell (2017), Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles,
    arXiv:1612.01474: the mean of the probabilities.

    Examples
    --------
    >>> import whorl
    >>> from whorl import Adam, CrossEntropy, Dense, Model, ReLU, Softmax
    >>> X, y = whorl.datasets.spiral(100, rng=0)
    >>> models = [Model([Dense(64), ReLU(), Dense(3), Softmax()], inputs=2, rng=seed) for seed in range(4)]
    >>> histories = whorl.fit_many([(each, (X, y)) for each in models], loss=CrossEntropy(), optimizer=Adam(0.01), epochs=20)
    >>> ensemble = average(models)
    >>> ensemble.layers
    (Average((Dense(64), ReLU(), Dense(3), Softmax()), 4),)
    >>> bool(abs(ensemble.predict(X) - sum(each.predict(X) for each in models) / 4).max() < 1e-6)
    True
    """
    given = _equal(models)
    first = given[0]
    if any(each.frozen for each in given):
        raise ValueError(
            "models must not have frozen layers, for the average has one layer for all of them; call freeze() without arguments first"
        )
    inside = len(first.layers) - integer("outside", outside, minimum=0)
    if inside < 1:
        raise ValueError(f"outside must leave at least one of the {len(first.layers)} layers to average, got {outside}")
    for place in chain.walk(first.places[inside:]):
        if place.declared:
            raise ValueError(f"outside must be layers without parameters, got {outside}, which includes {place.layer}")
    layers = [Average(first.layers[:inside], len(given)), *first.layers[inside:]]
    model = Model(layers, inputs=first.inputs, rng=0, dtype=first.dtype)
    model.parameters = np.concatenate([each.parameters for each in given])  # those of one member after the other
    model.statistics = np.concatenate([each.statistics for each in given])
    model.preparation = first.preparation
    return model


def _equal(models: Iterable[Model]) -> list[Model]:
    """Return the models as a list; raise TypeError or ValueError unless there is at least one, and they differ in nothing but numbers."""
    if isinstance(models, Model) or not isinstance(models, Iterable):
        raise TypeError(f"models must be a list of models, got {show(models)}")
    given = list(models)
    if not given:
        raise ValueError("models must hold at least one model, got none")
    first = instance("models[0]", given[0], Model, "Model([Dense(3)], inputs=2)")
    for k, each in enumerate(given):
        instance(f"models[{k}]", each, Model, "Model([Dense(3)], inputs=2)")
        for name in ("layers", "inputs", "dtype", "preparation"):
            own: Any = getattr(each, name)
            if own != (other := getattr(first, name)):
                if name == "layers" and len(own) == len(other):
                    at = next(i for i, pair in enumerate(zip(own, other, strict=True)) if pair[0] != pair[1])
                    name, own, other = f"layers[{at}]", own[at], other[at]
                expected = show(other)
                raise ValueError(
                    f"models must have the same {name}, but models[{k}] has {show(own)}, models[0] {expected}"
                )
    return given


def calibrate(model: Model, X: Any, y: Any) -> Model:
    """Return a copy of a trained model whose predictions say how sure they are, as held-out samples tell.

    For classes, the scores before the last layer are divided by a `temperature`, so that a probability of 90 % is right about nine
    times of ten, by the layer ``Rescale(1 / T, 0.0)``; and `predict_sets` gives sets of classes. For numbers,
    ``predict(X, interval=0.9)`` gives intervals. The predicted classes and numbers stay the same.

    Parameters
    ----------
    model : Model
        Of classes, with `Softmax` as the last layer, or with one output and `Sigmoid`; or of one number.
    X, y : array_like
        Samples that were not used to train the model, or to choose it, and their labels or targets, as for `Model.evaluate`. A
        coverage of 90 % needs at least 19 for numbers and 9 for classes; some hundreds are good.

    Returns
    -------
    Model
        Its `uncertainty` is an instance of `Intervals` or `Sets`.

    Raises
    ------
    TypeError, ValueError
        If X or y is invalid, or the model predicts something else.

    Notes
    -----
    The guarantees of `Intervals` and `Sets` are for new samples that come from where the held-out ones came from. For classes they would
    be exact if the temperature came from other samples than the sets; one number fitted to the same ones hardly matters.

    Examples
    --------
    >>> import whorl
    >>> from whorl import Adam, CrossEntropy, Dense, Model, ReLU, Softmax
    >>> X, y = whorl.datasets.moons(300, noise=0.3, rng=0)
    >>> model = Model([Dense(64), ReLU(), Dense(2), Softmax()], inputs=2, rng=0)
    >>> history = model.fit(X[::2], y[::2], loss=CrossEntropy(), optimizer=Adam(0.01), epochs=50, rng=0)
    >>> calibrated = calibrate(model, X[1::2], y[1::2])
    >>> calibrated.predict_sets([[0.5, 0.25], [2.0, -0.5]], coverage=0.95)
    array([[ True,  True],
           [False,  True]])
    """
    instance("model", model, Model, "Model([Dense(3)], inputs=2)")
    last = _activation(model.layers[-1])
    if isinstance(model.layers[-1], Softmax) and model.outputs != (1,):
        data = Samples.checked(model, X, y, CrossEntropy())
        return _with_temperature(model, data, data.target, predict(model, data.x, last=-1))
    if isinstance(model.layers[-1], Sigmoid) and model.outputs == (1,):
        data = Samples.checked(model, X, y, BinaryCrossEntropy())
        z = predict(model, data.x, last=-1)
        return _with_temperature(model, data, _zeros_and_ones(data.target), np.hstack([np.zeros_like(z), z]))
    if isinstance(last, Softmax | Sigmoid) or model.outputs != (1,):
        hint = (
            "; whorl.average(models, outside=1) keeps it last"
            if isinstance(last, Softmax | Sigmoid) and last is not model.layers[-1]
            else ""
        )
        raise ValueError(
            "calibrate needs a model with Softmax() as the last layer, one with one output and Sigmoid(), or one of one number, got"
            f" outputs of shape {model.outputs} of {show(model.layers[-1])}{hint}"
        )
    data = Samples.checked(model, X, y, MeanSquaredError())
    calibrated = copy.copy(model)
    calibrated.uncertainty = Intervals.learn(data.target, model.predict(data.x))
    return calibrated


def _activation(layer: Layer) -> Layer:
    """Return the last layer, that inside an `Average` if it is one."""
    return _activation(layer.layers[-1]) if isinstance(layer, Average) else layer


def _zeros_and_ones(target: Array) -> Array:
    """Return the labels of one output (n, 1) as whole numbers (n,)."""
    if not np.isin(target, (0, 1)).all():
        raise ValueError("y must hold 0 and 1 only, to calibrate their probabilities")
    return target[:, 0].astype(np.intp)


def _with_temperature(model: Model, data: Samples, target: Array, scores: Array) -> Model:
    """Return a copy of the model with its scores divided by their temperature, and with the sets for it."""
    scale, before = Rescale(1 / temperature(scores, target), 0.0), list(model.layers[:-1])
    if before and isinstance(given := before[-1], Rescale):
        scale = Rescale(scale.factor * given.factor, np.multiply(scale.factor, given.offset).tolist())
        before.pop()
    calibrated = with_layers(model, [*before, scale, model.layers[-1]])
    calibrated.freeze(*(i for i in model.frozen if i < len(before)))
    calibrated.uncertainty = Sets.learn(target, calibrated.predict(data.x))
    return calibrated


def with_layers(model: Model, layers: Sequence[Layer]) -> Model:
    """Return a model of other layers with the parameters, statistics and preparation of a model: layers without any may differ."""
    other = Model(layers, inputs=model.inputs, rng=0, dtype=model.dtype)
    other.parameters, other.statistics = model.parameters, model.statistics
    other.preparation = model.preparation
    return other
