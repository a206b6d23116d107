"""The answers to a page as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from whorl.layers.chain import Place
from whorl.playground.run import Run
from whorl.playground.tables import Upload
from whorl.schedules import ResultSchedule

RATES = 50
"""The number of points of the curve of a schedule."""


def encoded(answer: Mapping[str, Any]) -> str:
    """Return an answer as JSON; NaN and infinity are null."""
    return msgspec.json.encode(answer).decode()


def failed(of: str | None, reason: str, field: str | None = None) -> str:
    """Return the answer to a message that is refused.

    Examples
    --------
    >>> failed("back", "the step must be at most 3, got 5")
    '{"type":"failed","of":"back","message":"the step must be at most 3, got 5","field":null}'
    """
    return encoded({"type": "failed", "of": of, "message": reason, "field": field})


def done(of: str, run: Run) -> str:
    """Return the answer to a message that is obeyed."""
    return encoded({"type": "done", "of": of, "step": run.training.step, "epoch": run.training.epoch})


def uploaded(upload: Upload) -> str:
    """Return the description of a table."""
    columns, rows = upload.columns(), len(upload.frame)
    about = {"digest": upload.digest, "name": upload.name, "columns": columns, "rows": rows}
    return encoded({"type": "uploaded", **about})


def configured(run: Run) -> str:
    """Return the description of a training before its first step."""
    problem, training, model = run.problem, run.training, run.model
    data, best = problem.data, problem.data.best_possible
    validation = np.zeros(len(data.labels), bool)
    if training.validation is not None:
        validation[training.validation.x.rows] = True  # type: ignore[union-attr]  # a selection of rows
    x, y = data.points.T
    described = {
        "type": "configured",
        "configuration": run.configuration,
        "classes": data.classes,
        "inputs": data.inputs,
        "layers": [_layer(place, model.trained) for place in model.places],
        "parameters": model.parameters.size,
        "points": {
            "x": x.tolist(),
            "y": y.tolist(),
            "label": data.labels.tolist(),
            "validation": validation.tolist(),
        },
        "bounds": data.bounds,
        "learning_rates": _learning_rates(training.options.optimizer.learning_rate, training.epochs),
        "best_possible": None if best is None else {"accuracy": best[0], "loss": best[1]},
        "steps_per_epoch": run.steps_per_epoch,
        "compiled": training.engine_name.startswith("compiled"),
        "engine": training.engine_name,
    }
    return encoded(described)


def _layer(place: Place, trained: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: full for full, name in place.names.items() if full in trained}
    return {
        "text": repr(place.layer),
        "kind": type(place.layer).__name__,
        "outputs": place.outputs,
        "parameters": own,
        "parts": [_layer(part, trained) for part in place.parts],
    }


def _learning_rates(rate: float | Callable[[float], float], epochs: int) -> list[float] | None:
    """Return the learning rate over the epochs; None if it depends on the results."""
    if isinstance(rate, ResultSchedule):
        return None
    return [float(rate(time)) if callable(rate) else rate for time in np.linspace(0, epochs, RATES).tolist()]
