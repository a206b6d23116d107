"""What predictions say: which classes there are, and how sure the predictions are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Any

from whorl._core.types import Array
from whorl.calibration import Intervals, Sets
from whorl.layers import Softmax
from whorl.model import Model


def classes_of(model: Model) -> Sequence[str] | Sequence[int]:
    """Return the names of the classes, or their numbers if they have no names; nothing if the model does not predict probabilities.

    Examples
    --------
    >>> from whorl import Dense
    >>> classes_of(Model([Dense(3), Softmax()], inputs=2)), classes_of(Model([Dense(1)], inputs=2))
    (range(0, 3), ())
    """
    if not isinstance(model.layers[-1], Softmax):
        return ()
    return model.classes or range(model.outputs[0])


def certainty(model: Model, outputs: Array, coverage: float, name: str = "the model") -> dict[str, Any]:
    """Return how sure predictions are: ``low`` and ``high``, arrays (n,) with bounds of numbers, or ``sets``, a list of classes for each sample.

    Parameters
    ----------
    model : Model
    outputs : ndarray, shape (n, k)
        Those of `Model.predict`.
    coverage : float
        The probability with which the right number or class is to be inside; above 0 and below 1.
    name : str, optional
        What to call the model in an error.

    Raises
    ------
    ValueError
        If the model is not calibrated, or with too few samples for this coverage.
    """
    learned = model.uncertainty
    if isinstance(learned, Intervals):
        _, low, high = learned.interval(outputs, coverage)
        return {"low": low.ravel(), "high": high.ravel()}
    if isinstance(learned, Sets):
        inside = learned.sets(outputs, coverage)
        names = model.classes or range(inside.shape[1])
        return {"sets": [list(compress(names, row)) for row in inside]}
    raise ValueError(
        f"{name} has not learned how sure its predictions are: calibrate it with held-out samples, in Python with"
        " whorl.calibrate(model, X, y).save(path)"
    )
