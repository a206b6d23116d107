"""scikit-learn's metrics of the same labels and predictions.

``python tests/parity/metrics_reference.py`` computes and stores the values, for tests without scikit-learn.
"""

from pathlib import Path

import numpy as np

from whorl import metrics

STORED = Path(__file__).parent / "sklearn_1.9_metrics.npz"


def data():
    """Return labels and predictions: one output, three and seven classes (the last two never occur), and numbers."""
    rng = np.random.default_rng(0)
    cases = {}
    y, p = rng.integers(0, 2, (200, 1)), rng.uniform(size=(200, 1)).round(1)  # many ties
    cases["one output"] = y, np.clip(p + 0.3 * (y - 0.5), 0, 1)
    for k in (3, 7):
        y, z = rng.integers(0, min(k, 5), 300), rng.normal(size=(300, k))
        z[np.arange(300), y] += 1
        sixteenths = rng.multinomial(12, [1 / k] * k, 300)  # exact, so that ties are the same on every machine
        sixteenths[np.arange(300), y] += 4
        cases[f"{k} classes"] = y, sixteenths / 16
        cases[f"{k} classes, no ties"] = y, z
    y = rng.normal(size=(100, 3)) * [1, 10, 0.1] + [0, 5, -5]
    cases["numbers"] = y, y + rng.normal(size=y.shape) * [0.5, 20, 0.01]
    cases["several labels"] = rng.integers(0, 2, (50, 4)), rng.uniform(size=(50, 4))
    return cases


# Our metric, the cases for it, and scikit-learn's function of labels, predictions and predicted classes.
CASES = {
    "accuracy": (metrics.accuracy, ["one output", "3 classes", "7 classes"]),
    "balanced": (metrics.balanced_accuracy, ["one output", "3 classes", "7 classes"]),
    "precision": (metrics.precision, ["one output", "3 classes", "7 classes"]),
    "recall": (metrics.recall, ["one output", "3 classes", "7 classes"]),
    "f1": (metrics.f1, ["one output", "3 classes", "7 classes"]),
    "top 2": (metrics.top_k_accuracy(2), ["3 classes, no ties", "7 classes, no ties"]),
    "roc auc": (metrics.roc_auc, ["one output", "3 classes"]),
    "r2": (metrics.r2, ["numbers"]),
    "mae": (metrics.mean_absolute_error, ["numbers"]),
    "rmse": (metrics.root_mean_squared_error, ["numbers"]),
    "binary": (metrics.binary_accuracy, ["several labels"]),
}


def value(name, case):
    """Return scikit-learn's value."""
    from sklearn import metrics as theirs

    y, p = data()[case]
    if name in ("r2", "mae", "rmse", "binary"):
        return {
            "r2": lambda: theirs.r2_score(y, p),
            "mae": lambda: theirs.mean_absolute_error(y, p),
            "rmse": lambda: np.sqrt(theirs.mean_squared_error(y, p)),
            "binary": lambda: theirs.accuracy_score(y.ravel(), p.ravel() > 0.5),
        }[name]()
    binary = case == "one output"
    guess = (p[:, 0] > 0.5).astype(int) if binary else p.argmax(axis=1)
    average = "binary" if binary else "macro"
    return {
        "accuracy": lambda: theirs.accuracy_score(y, guess),
        "balanced": lambda: theirs.balanced_accuracy_score(y, guess),
        "precision": lambda: theirs.precision_score(y, guess, average=average, zero_division=0),
        "recall": lambda: theirs.recall_score(y, guess, average=average, zero_division=0),
        "f1": lambda: theirs.f1_score(y, guess, average=average, zero_division=0),
        "top 2": lambda: theirs.top_k_accuracy_score(y, p, k=2, labels=range(p.shape[1])),
        "roc auc": lambda: theirs.roc_auc_score(y, p if not binary else p[:, 0], multi_class="ovr"),
    }[name]()


if __name__ == "__main__":
    values = {f"{name}, {case}": value(name, case) for name, (_, cases) in CASES.items() for case in cases}
    np.savez(STORED, **values)
