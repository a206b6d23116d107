"""The metrics agree with scikit-learn: with stored values and, where it is installed, with those it computes now."""

import importlib.util

import numpy as np
import pytest
from metrics_reference import CASES, STORED, data, value


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true:UserWarning")
@pytest.mark.parametrize(("name", "case"), [(name, case) for name, (_, cases) in CASES.items() for case in cases])
def test_a_metric_agrees_with_scikit_learn(name, case):
    with np.load(STORED) as archive:
        stored = archive[f"{name}, {case}"]
    ours = CASES[name][0](*data()[case])
    assert ours == pytest.approx(float(stored), rel=1e-12)
    if importlib.util.find_spec("sklearn") is not None:
        assert ours == pytest.approx(value(name, case), rel=1e-12)
