"""Models made from trained ones: `average`, an ensemble as one network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from whorl._core.validation import instance, integer, show
from whorl.layers import Average, chain
from whorl.model import Model


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
            if own != getattr(first, name):
                expected = show(getattr(first, name))
                raise ValueError(
                    f"models must have the same {name}, but models[{k}] has {show(own)}, models[0] {expected}"
                )
    return given
