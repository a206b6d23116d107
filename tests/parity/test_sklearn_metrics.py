"""The metrics are scikit-learn's: computed live where it is, and against stored values everywhere."""

import importlib.util

import numpy as np
import pytest
from metrics_reference import CASES, STORED, data, value


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true:UserWarning")  # scikit-learn's own word on it
@pytest.mark.parametrize(("name", "case"), [(name, case) for name, (_, cases) in CASES.items() for case in cases])
def test_the_value(name, case):
    with np.load(STORED) as archive:
        kept = archive[f"{name}, {case}"]
    ours = CASES[name][0](*data()[case])
    assert ours == pytest.approx(float(kept), rel=1e-12)
    if importlib.util.find_spec("sklearn") is not None:
        assert ours == pytest.approx(value(name, case), rel=1e-12)
