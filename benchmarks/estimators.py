"""Fit scikit-learn's multi-layer perceptrons and whorl's drop-ins for them, on NumPy and compiled, in turns, and compare the times.

All run the same epochs from the same random state, and reach the same losses. Writes `benchmarks/estimators.md`.
"""

import argparse
import time
import warnings
from typing import Any

import numpy as np

from benchmarks import page
from benchmarks.processes import ROOT
from benchmarks.rounds import Spread

PAGE = ROOT / "benchmarks" / "estimators.md"
OPTIONS = {"rounds": 7}
HEAD = [
    "",
    "scikit-learn, ms",
    "whorl on NumPy, ms",
    "whorl compiled, ms",
    "scikit-learn / NumPy",
    "scikit-learn / compiled",
    "largest difference of the last loss",
]


def cases() -> dict[str, tuple[str, Any, Any, dict[str, Any]]]:
    """Return the estimator, the data and the parameters of each case."""
    from sklearn.datasets import load_diabetes, load_digits, make_classification
    from sklearn.preprocessing import scale

    digits, labels = load_digits(return_X_y=True)
    X, y = make_classification(2000, 20, random_state=0)
    body, progress = scale(load_diabetes().data), load_diabetes().target
    return {
        "digits, 64-100-10, the default": ("MLPClassifier", digits / 16, labels, {"max_iter": 40}),
        "digits, 64-256-256-10": (
            "MLPClassifier",
            digits / 16,
            labels,
            {"max_iter": 10, "hidden_layer_sizes": (256, 256)},
        ),
        "digits, early stopping": ("MLPClassifier", digits / 16, labels, {"max_iter": 40, "early_stopping": True}),
        "2,000 × 20, batches of 32, tanh": (
            "MLPClassifier",
            X,
            y,
            {"max_iter": 10, "batch_size": 32, "activation": "tanh"},
        ),
        "2,000 × 20, SGD": ("MLPClassifier", X, y, {"max_iter": 40, "solver": "sgd"}),
        "2,000 × 20, L-BFGS": ("MLPClassifier", X, y, {"max_iter": 40, "solver": "lbfgs"}),
        "diabetes, 10-100-1": ("MLPRegressor", body, progress, {"max_iter": 100}),
    }


def fit(estimator: Any, X: Any, y: Any) -> float:
    """Fit an estimator; return the seconds that it took."""
    begun = time.perf_counter()
    estimator.fit(X, y)
    return time.perf_counter() - begun


def run(arguments: argparse.Namespace) -> None:
    """Measure, and write the page."""
    from sklearn import neural_network

    from whorl import sklearn as ours

    warnings.simplefilter("ignore")  # that the epochs are too few to converge
    rows = []
    for title, (name, X, y, options) in cases().items():
        theirs = getattr(neural_network, name)(random_state=0, **options)
        compiled = options.get("solver") != "lbfgs"  # which has no epochs
        drop_ins = [
            getattr(ours, name)(random_state=0, fast=fast, **options)
            for fast in ([False, True] if compiled else [False])
        ]
        for each in (theirs, *drop_ins):
            fit(each, X, y)
        difference = max(abs(each.loss_ / theirs.loss_ - 1) for each in drop_ins)
        seconds = np.array([[fit(each, X, y) for each in (theirs, *drop_ins)] for _ in range(arguments.rounds)])
        times = [str(Spread.of(list(1000 * each))) for each in seconds.T]
        ratios = [str(Spread.of(list(seconds[:, 0] / each))) for each in seconds.T[1:]]
        missing = [] if compiled else ["–"]
        rows.append([title, *times, *missing, *ratios, *missing, f"{difference:.0e}"])
    page.write(PAGE, arguments, page.table(HEAD, rows))
