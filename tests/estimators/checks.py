"""scikit-learn's own checks of our estimators: all of them must pass, and none may be skipped.

``python tests/estimators/checks.py`` checks the estimators as they are by default, which takes several minutes, and those with
compiled epochs, and prints the figures; with ``--quick`` small networks with fewer epochs, on NumPy.
"""

import os
import sys
import warnings
from collections import Counter

os.environ["SCIPY_ARRAY_API"] = "1"  # otherwise a check is skipped

QUICK = {"layers": "Dense(32), ReLU()", "epochs": 40, "optimizer": "Adam(0.02)"}
QUICK_MLP = {"hidden_layer_sizes": (10,), "max_iter": 40, "learning_rate_init": 0.05}


def estimators(quick):
    from whorl.sklearn import MLPClassifier, MLPRegressor, NetworkClassifier, NetworkRegressor

    networks, perceptrons = (NetworkClassifier, NetworkRegressor), (MLPClassifier, MLPRegressor)
    if quick:
        return [kind(**QUICK) for kind in networks] + [kind(**QUICK_MLP) for kind in perceptrons]
    return [kind() for kind in networks + perceptrons] + [kind(fast=True) for kind in perceptrons]


def check(estimator):
    """Return how many checks passed, were skipped, and failed, and what did not pass."""
    from sklearn.utils.estimator_checks import check_estimator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, on_fail=None, on_skip=None)
    wrong = [f"{each['check_name']}: {each['exception']!r}" for each in results if each["status"] != "passed"]
    return Counter(each["status"] for each in results), wrong


if __name__ == "__main__":
    import sklearn

    failures = 0
    for each in estimators("--quick" in sys.argv):
        counts, wrong = check(each)
        failures += len(wrong)
        kinds = ", ".join(f"{counts[kind]} {kind}" for kind in ("passed", "failed", "skipped", "xfail"))
        name = type(each).__name__ + ("(fast=True)" if each.fast else "")
        print(f"scikit-learn {sklearn.__version__}, {name}: {kinds}", *wrong, sep="\n  ")
    sys.exit(failures > 0)
