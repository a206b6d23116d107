"""Honest predictions, learned from held-out samples: probabilities of classes, sets of classes, and intervals for numbers.

`whorl.calibrate` applies them to a model. They can also be learned from labels and predictions alone, such as those of
cross-validation. Everything learned is a description, so a model file can hold it.
"""

from whorl._core.hints import hint_missing_names
from whorl.calibration.biases import temperature_and_biases
from whorl.calibration.intervals import Interval, Intervals
from whorl.calibration.sets import Sets
from whorl.calibration.temperature import temperature

__all__ = ["Interval", "Intervals", "Sets", "temperature", "temperature_and_biases"]

KNOWN: dict[str, type] = {"Intervals": Intervals, "Sets": Sets}
"""What a model file may name as the uncertainty of its model."""

hint_missing_names(__name__)
