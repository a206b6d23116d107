"""Losses: the mean error of the predictions over the samples, and its gradient."""

from whorl._core.hints import hint_missing_names
from whorl.losses.classification import BinaryCrossEntropy, CrossEntropy, Hinge
from whorl.losses.function import as_loss
from whorl.losses.loss import Elementwise, FusedLoss, Loss, weights
from whorl.losses.regression import Huber, MeanAbsoluteError, MeanSquaredError, Poisson, Quantile

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Elementwise",
    "FusedLoss",
    "Hinge",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Poisson",
    "Quantile",
    "as_loss",
    "weights",
]

hint_missing_names(__name__)
