"""Estimators for scikit-learn, which the extra ``whorl[sklearn]`` needs.

`NetworkClassifier` and `NetworkRegressor` take layers and optimizers of whorl, and raw data frames. `MLPClassifier` and
`MLPRegressor` take the parameters of scikit-learn's classes of the same name.
"""

from importlib.util import find_spec

if find_spec("sklearn") is None:
    raise ImportError("whorl.sklearn needs scikit-learn, which the extra whorl[sklearn] installs")

from whorl.sklearn.classifier import NetworkClassifier
from whorl.sklearn.mlp import MLPClassifier, MLPRegressor
from whorl.sklearn.regressor import NetworkRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "NetworkClassifier", "NetworkRegressor"]
