"""What a page sees of a training: frames, and the description of what is trained. All is computed by the model itself.

A binary message begins with the length of its JSON header, as a 4-byte little-endian integer; the header, padded with blanks to a
multiple of 8 bytes with the length; and the payload.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec
import numpy as np

from whorl._core.types import Array
from whorl._core.validation import all_finite
from whorl.layers import Sigmoid, Softmax, chain
from whorl.model import Model
from whorl.passes import predict
from whorl.playground.messages import Look
from whorl.playground.run import Run
from whorl.playground.spread import spread
from whorl.rows import log_sum_exp, subtract_row_max
from whorl.training import Samples

UNITS = 25
"""The most points on each side of a unit's surface."""

TYPES = {"B": "uint8", "f": "float32", "d": "float64"}
"""The names of the types of arrays, which NumPy takes long to find."""

Arrays = dict[str, tuple[Array, dict[str, float]]]
"""Arrays by name, each with what its entry in the header says of it besides its type and its shape."""


def binary(header: Mapping[str, Any], payload: Iterable[bytes | memoryview] = ()) -> bytes:
    r"""Return a binary message; NaN and infinity are null in its header.

    Examples
    --------
    >>> binary({"type": "file"}, [b"text"])
    b'\x14\x00\x00\x00{"type":"file"}     text'
    """
    text = msgspec.json.encode(header)
    padding = -(4 + len(text)) % 8
    return b"".join([(len(text) + padding).to_bytes(4, "little"), text, b" " * padding, *payload])


class Camera:
    """Takes frames of a run.

    Parameters
    ----------
    run : Run
    """

    def __init__(self, run: Run) -> None:
        self.run: Run = run
        training = run.training
        measured: Samples = training.validation or training.train
        self.inputs: Array = np.asarray(measured.x)
        target = measured.target
        self.labels: Array = target if target.ndim == 1 else probabilities(target, run.model).argmax(axis=1)
        self._planes: dict[int, Array] = {}
        self._generation, self._points = 0, 0  # of the curves, in the last frame
        self._version = -1
        self._metrics: dict[str, float] = {}

    def frame(self, look: Look, *, playing: bool, findings: list[dict[str, str]]) -> bytes:
        """Return a frame, a binary message."""
        run, training = self.run, self.run.training
        model = self._model()
        arrays: Arrays = {}
        with np.errstate(all="ignore"):  # numbers that are not finite are shown as such
            arrays["surface"] = surface(predict(model, self._plane(look.grid)), model, look.grid), {}
            if look.units:
                arrays |= self._units(model, look.units, min(look.grid, UNITS))
            arrays |= {name: (view, {}) for name, view in model.named_parameters().items()}
            if look.spread:
                arrays |= {f"spread/{name}": (values, {}) for name, values in spread(training).items()}
            metrics, confusion = self._measure(playing=playing), self._confusion(model)
        first, curves = run.curves.since(self._generation, self._points)
        self._generation, self._points = run.curves.generation, len(run.curves)
        entries, payload = _packed(arrays)
        header = {
            "type": "frame",
            "step": training.step,
            "epoch": training.epoch,
            "time": training.time,
            "playing": playing,
            "stopped": run.stopped,
            "seconds": run.seconds,
            "learning_rate": training.learning_rate(),
            "metrics": metrics,
            "curve_from": first,
            "curves": curves,
            "confusion": confusion,
            "findings": findings,
            "nan": run.diverged,
            "history": {"steps": run.states.steps},
            "arrays": entries,
        }
        return binary(header, payload)

    def _model(self) -> Model:
        """Return the model; before the first step, a copy whose layers such as `Standardize` are fitted, as that step will do."""
        model, training = self.run.model, self.run.training
        fitted = training.step or not any(layer.needs_data(p) for layer, p in zip(model.layers, model.p, strict=True))
        return model if fitted else self.run.model_at(training.state)

    def _plane(self, grid: int) -> Array:
        """Return the inputs of the network at the points of a grid."""
        if grid not in self._planes:
            self._planes = {each: plane for each, plane in self._planes.items() if each <= UNITS}
            self._planes[grid] = self.run.problem.data.plane(grid).astype(self.run.model.dtype)
        return self._planes[grid]

    def _units(self, model: Model, wanted: Collection[int], grid: int) -> Arrays:
        """Return the surface of each unit of the layers at these indices."""
        x, found = self._plane(grid), Arrays()
        for i, (layer, p) in enumerate(zip(model.layers, model.p, strict=True)):
            if i > max(wanted):
                break
            x = chain.predict([layer], x, [p])
            if i in wanted:
                values, low, high = scaled(x.reshape(len(x), -1))
                found[f"units/{i}"] = values.T.reshape(-1, grid, grid), {"low": low, "high": high}
        return found

    def _measure(self, *, playing: bool) -> dict[str, float]:
        """Return loss and metrics: those of the last epoch while training goes on, else those of the model as it is."""
        training = self.run.training
        history = training.state.history.epochs
        if playing and history:
            return dict(history[-1].values)
        if self._version != self.run.version:
            train, validation = training.measure()
            self._metrics = train | {f"val_{name}": value for name, value in (validation or {}).items()}
            self._version = self.run.version
        return self._metrics

    def _confusion(self, model: Model) -> list[list[int]] | None:
        """Return how many samples of each class are predicted as each; None if a prediction is not finite."""
        prediction, k = predict(model, self.inputs), len(self.run.problem.data.classes)
        if not all_finite(prediction):
            return None
        predicted = probabilities(prediction, model).argmax(axis=1)
        counts: list[list[int]] = np.bincount(k * self.labels + predicted, minlength=k * k).reshape(k, k).tolist()
        return counts


def surface(prediction: Array, model: Model, grid: int) -> Array:
    """Return predictions at the points of a grid as probabilities of the k classes × 255, uint8 (grid, grid, k)."""
    pixels: Array = np.rint(255 * probabilities(prediction, model)).astype(np.uint8)
    return pixels.reshape(grid, grid, -1)


def probabilities(prediction: Array, model: Model) -> Array:
    """Return the probability of each class, (n, k), from 0 to 1; numbers that are not finite become 0.

    Outputs are clipped, but scores, of a network whose loss takes them, go through a softmax.
    """
    if prediction.shape[1] == 1:
        prediction = np.hstack([1 - prediction, prediction])
    elif not isinstance(model.layers[-1], Softmax | Sigmoid):
        _, prediction = log_sum_exp(subtract_row_max(prediction))
    if not all_finite(prediction):
        prediction = np.nan_to_num(prediction, posinf=0, neginf=0)
    clipped: Array = prediction.clip(0, 1)
    return clipped


def scaled(values: Array) -> tuple[Array, float, float]:
    """Return values on a linear scale as uint8, and what 0 and 255 stand for."""
    low, high = float(values.min()), float(values.max())
    if not math.isfinite(high - low):
        values = np.nan_to_num(values, posinf=0, neginf=0)
        low, high = float(values.min()), float(values.max())
    values = (values - low) * (255 / (high - low) if high > low else 0)
    values += 0.5  # so that the conversion rounds
    return values.astype(np.uint8), low, high


def _packed(arrays: Arrays) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Return the entries of arrays in the header, and the payload, in which each begins at a multiple of 8 bytes."""
    entries, payload, offset = list[dict[str, Any]](), list[bytes](), 0
    for name, (values, more) in arrays.items():
        entries.append(
            {"name": name, "dtype": TYPES[values.dtype.char], "shape": values.shape, "offset": offset, **more}
        )
        payload += values.tobytes(), bytes(-values.nbytes % 8)
        offset += values.nbytes + len(payload[-1])
    return entries, payload
