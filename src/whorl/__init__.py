"""whorl: neural networks you can read, that are also the fastest way to train a small one.

Needs NumPy, and nothing else. Start with `Model`, or with the command ``whorl train spiral``.
"""

from typing import TYPE_CHECKING

from whorl import initializers, layers, losses, metrics, optimizers, schedules
from whorl.layers import (
    ELU,
    GELU,
    SELU,
    BatchNorm,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    LeakyReLU,
    Mish,
    ReLU,
    Residual,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Standardize,
    Tanh,
)
from whorl.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Hinge,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
)
from whorl.model import Model
from whorl.optimizers import LBFGS, SGD, Adagrad, Adam, AdamW, Averaged, Clipped, Lion, NAdam, RMSprop
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
from whorl.training import (
    Callback,
    Checkpoint,
    DivergenceError,
    EarlyStopping,
    Epoch,
    History,
    Progress,
    StopAt,
    StopTraining,
)

if TYPE_CHECKING:
    from whorl import datasets, plot
    from whorl.formats import ModelFileError, load
    from whorl.glassbox import check_gradients

__version__ = "0.1.0"

__all__ = [
    "ELU",
    "GELU",
    "LBFGS",
    "SELU",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Averaged",
    "BatchNorm",
    "BinaryCrossEntropy",
    "Callback",
    "Checkpoint",
    "Clipped",
    "Constant",
    "Cosine",
    "CrossEntropy",
    "Dense",
    "DivergenceError",
    "Dropout",
    "EarlyStopping",
    "Embedding",
    "Epoch",
    "Exponential",
    "Flatten",
    "Hinge",
    "History",
    "Huber",
    "InverseTime",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Lion",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Mish",
    "Model",
    "ModelFileError",
    "NAdam",
    "OneCycle",
    "Poisson",
    "Polynomial",
    "Progress",
    "Quantile",
    "RMSprop",
    "ReLU",
    "ReduceOnPlateau",
    "Residual",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Standardize",
    "StopAt",
    "StopTraining",
    "Tanh",
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


LATER = {
    "datasets": "whorl.datasets",
    "plot": "whorl.plot",
    "load": "whorl.formats",
    "ModelFileError": "whorl.formats",
    "check_gradients": "whorl.glassbox",
}
"""What is loaded when it is first asked for, so that ``import whorl`` is quick."""

if not TYPE_CHECKING:  # a type checker sees the imports above, and complains of names that are not there

    def __getattr__(name: str) -> object:
        # Python comes here for what is not there yet.
        if name not in LATER:
            raise AttributeError(f"module 'whorl' has no attribute {name!r}")
        import importlib

        module = importlib.import_module(LATER[name])
        found = module if module.__name__ == f"whorl.{name}" else getattr(module, name)
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *LATER})
