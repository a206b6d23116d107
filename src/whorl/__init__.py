"""whorl: neural networks you can read, that are also the fastest way to train a small one.

Needs NumPy, and nothing else. Start with `Model`, or with the command ``whorl train spiral``.
"""

from typing import TYPE_CHECKING

import numpy  # noqa: F401, ICN001  # the one thing that everything here stands on

if TYPE_CHECKING:  # what a type checker sees, and an editor; when it runs, each name is loaded as it is first asked for
    from whorl import datasets, initializers, layers, losses, metrics, optimizers, plot, schedules
    from whorl.formats import ModelFileError, load
    from whorl.glassbox import check_gradients
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
        Rescale,
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
    "Rescale",
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

ROOMS = ("layers", "losses", "optimizers", "schedules", "training", "model", "formats", "glassbox")
"""Where the names above come from, in the order in which they stand on each other."""

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        # Python comes here for a name that is not there yet (PEP 562): ``import whorl`` alone costs next to nothing.
        if name not in __all__:
            raise AttributeError(f"module 'whorl' has no attribute {name!r}")
        import importlib
        import importlib.util

        if importlib.util.find_spec(f"whorl.{name}"):
            return importlib.import_module(f"whorl.{name}")
        modules = (importlib.import_module(f"whorl.{room}") for room in ROOMS)
        found = next(getattr(module, name) for module in modules if hasattr(module, name))
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
