"""whorl: neural networks you can read, that are also the fastest way to train a small one.

Needs NumPy, and nothing else. Start with `Model`, or with the command ``whorl train spiral``.
"""

from typing import TYPE_CHECKING, Any

from whorl import datasets, initializers, layers, losses, metrics, optimizers, schedules
from whorl.formats import ModelFileError, load
from whorl.glassbox import check_gradients
from whorl.layers import Dense, Dropout, Layer, ReLU, Softmax
from whorl.losses import CrossEntropy
from whorl.model import Model
from whorl.optimizers import SGD, Adam
from whorl.schedules import (
    Constant,
    Cosine,
    Exponential,
    InverseTime,
    OneCycle,
    Polynomial,
    ReduceOnPlateau,
    WarmUp,
)
from whorl.training import Callback, DivergenceError, Epoch, History, Progress, StopTraining

if TYPE_CHECKING:
    from whorl import plot

__version__ = "0.1.0"

__all__ = [
    "SGD",
    "Adam",
    "Callback",
    "Constant",
    "Cosine",
    "CrossEntropy",
    "Dense",
    "DivergenceError",
    "Dropout",
    "Epoch",
    "Exponential",
    "History",
    "InverseTime",
    "Layer",
    "Model",
    "ModelFileError",
    "OneCycle",
    "Polynomial",
    "Progress",
    "ReLU",
    "ReduceOnPlateau",
    "Softmax",
    "StopTraining",
    "WarmUp",
    "check_gradients",
    "datasets",
    "initializers",
    "layers",
    "load",
    "losses",
    "metrics",
    "optimizers",
    "plot",
    "schedules",
]


def __getattr__(name: str) -> Any:
    # Python comes here for what is not there yet: pictures need matplotlib, which takes longer to load than all the rest.
    if name == "plot":
        import importlib

        return importlib.import_module("whorl.plot")
    raise AttributeError(f"module 'whorl' has no attribute {name!r}")
