"""Suggestions for unknown names: misspelled ones, and names from other libraries."""

from collections.abc import Iterable

ELSEWHERE = {
    "Linear": "Dense",
    "BatchNorm1d": "BatchNorm",
    "BatchNormalization": "BatchNorm",
    "LayerNormalization": "LayerNorm",
    "Normalization": "Standardize",
    "StandardScaler": "Standardize",
    "Rescaling": "Rescale",
    "Sequential": "Model",
    "MLPClassifier": "Model",
    "MLPRegressor": "Model",
    "CrossEntropyLoss": "CrossEntropy",
    "NLLLoss": "CrossEntropy",
    "CategoricalCrossentropy": "CrossEntropy",
    "SparseCategoricalCrossentropy": "CrossEntropy",
    "BinaryCrossentropy": "BinaryCrossEntropy",
    "BCELoss": "BinaryCrossEntropy",
    "BCEWithLogitsLoss": "BinaryCrossEntropy",
    "MSELoss": "MeanSquaredError",
    "L1Loss": "MeanAbsoluteError",
    "HuberLoss": "Huber",
    "SmoothL1Loss": "Huber",
    "PoissonNLLLoss": "Poisson",
    "MultiMarginLoss": "Hinge",
    "CategoricalHinge": "Hinge",
    "Nadam": "NAdam",
    "EMA": "Averaged",
    "CosineAnnealingLR": "Cosine",
    "CosineDecay": "Cosine",
    "ExponentialLR": "Exponential",
    "ExponentialDecay": "Exponential",
    "InverseTimeDecay": "InverseTime",
    "OneCycleLR": "OneCycle",
    "PolynomialLR": "Polynomial",
    "PolynomialDecay": "Polynomial",
    "ReduceLROnPlateau": "ReduceOnPlateau",
    "StepLR": "Step",
    "MultiStepLR": "Step",
    "SequentialLR": "Chain",
    "ModelCheckpoint": "Checkpoint",
    "Swish": "SiLU",
    "lr": "learning_rate",
    "learning_rate_init": "learning_rate",
    "weights_initializer": "initializer",
    "kernel_initializer": "initializer",
    "in_features": "units",
    "out_features": "units",
    "n_epochs": "epochs",
    "max_iter": "epochs",
    "validation_data": "validation",
    "validation_split": "validation",
    "validation_fraction": "validation",
    "criterion": "loss",
    "solver": "optimizer",
    "seed": "rng",
    "random_state": "rng",
    "generator": "rng",
    "betas": "beta1",
    "beta_1": "beta1",
    "beta_2": "beta2",
    "eps": "epsilon",
    "rho": "alpha",
    "gamma": "decay",
    "watch": "monitor",
    "p": "rate",
    "negative_slope": "slope",
    "batchsize": "batch_size",
    "clipnorm": "norm",
}
"""Names in Keras, PyTorch and scikit-learn, with the corresponding names in whorl."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'Dense'?"`` if the name resembles a known one, else "".

    Examples
    --------
    >>> did_you_mean("relu", ["Dense", "ReLU"]), did_you_mean("Linear", ["Dense", "ReLU"]), did_you_mean("x", ["Dense"])
    ("; did you mean 'ReLU'?", "; did you mean 'Dense'?", '')
    """
    names = list(known)
    elsewhere = ELSEWHERE.get(name)
    if elsewhere in names:
        return f"; did you mean {elsewhere!r}?"
    from difflib import get_close_matches  # slow to import, and only needed for an error

    plain = {_plain(each): each for each in reversed(names)}
    close = get_close_matches(_plain(name), plain, n=1)
    return f"; did you mean {plain[close[0]]!r}?" if close else ""


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
