"""Follow the first advice of the doctor, and see whether it helps."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.doctor.trials import Data, Outcome, Trial, train
from whorl.glassbox.doctor import Finding

Array = Any


def followed(trial: Trial, finding: Finding) -> Trial:
    """Return the trial with the changes of a finding."""
    changes = dict(finding.changes)
    if "drop" in changes:
        trial = replace(trial, data=features(trial.data, changes.pop("drop")))
    if "target" in changes:
        offset, factor = changes.pop("target")
        data = trial.data
        y, y_new = ((each - offset) / factor for each in (data.y, data.y_new))
        trial = replace(trial, data=Data(data.name, data.X, y, data.X_new, y_new, data.classes))
    if changes.pop("rows", "") == "new":
        X_val, y_val = trial.validation
        known = {row.tobytes() for row in np.ascontiguousarray(trial.data.X)}
        new = np.array([row.tobytes() not in known for row in np.ascontiguousarray(X_val)])
        trial = replace(trial, validation=(X_val[new], y_val[new]))
    if "validation" in changes and isinstance(trial.validation, tuple):  # together again, to be split at random
        data, (X_val, y_val) = trial.data, trial.validation
        together = Data(
            data.name,
            np.concatenate([data.X, X_val]),
            np.concatenate([data.y, y_val]),
            data.X_new,
            data.y_new,
            data.classes,
        )
        trial = replace(trial, data=together)
    if "loss" in changes:
        trial = replace(trial, data=labelled(trial.data))
    return replace(trial, **changes)


def features(data: Data, dropped: tuple[int, ...]) -> Data:
    """Leave features out."""
    X, X_new = (np.delete(each, dropped, axis=1) for each in (data.X, data.X_new))
    return Data(data.name, X, data.y, X_new, data.y_new, data.classes)


def labelled(data: Data) -> Data:
    """Return one-hot targets as labels."""
    if data.y.ndim == 2:
        return Data(data.name, data.X, data.y.argmax(axis=1), data.X_new, data.y_new.argmax(axis=1), data.classes)
    return data


def helps(trial: Trial, before: Outcome) -> tuple[bool, str] | None:
    """Return whether following the first advice improves the validation loss, and both numbers; None without advice for programs.

    It is the loss on new samples, which are as those of the model's later use, without its penalty. If the remedy changes the loss or the unit of
    the target, it is the error instead, 1 − accuracy or 1 − R². Of a mistake whose harm is a wrong validation loss, it is how far that
    is from the loss on new samples.
    """
    if not before.findings or not before.findings[0].changes:
        return None
    first = before.findings[0]
    after = train(followed(trial, first))
    numbers = before.loss, after.loss
    if {"loss", "target"} & set(first.changes):
        numbers = before.error, after.error
    elif trial.honest:
        numbers = abs(before.validation - before.loss), abs(after.validation - after.loss)
    return numbers[1] < numbers[0] or math.isnan(numbers[0]), f"{numbers[0]:.3g} → {numbers[1]:.3g}"
