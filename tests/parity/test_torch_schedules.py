"""The schedules have PyTorch's rates: computed live where PyTorch is, else against stored values."""

import importlib.util
import warnings

import numpy as np
import pytest
from schedules_reference import CASES, EPOCHS, RESULTS, STORED, rates


def reference(name):
    with np.load(STORED) as archive:
        kept = archive[name]
    if importlib.util.find_spec("torch") is None:
        return kept
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's own, about the ways of its SequentialLR
        live = rates(name)
    np.testing.assert_allclose(live, kept, rtol=1e-12)  # the stored values do not grow stale
    return live


@pytest.mark.parametrize("name", CASES)
def test_forty_epochs(name):
    schedule = CASES[name][0].fresh()
    ours = []
    for epoch in range(EPOCHS):
        ours.append(schedule(epoch))
        if schedule.watched:
            schedule.observe({schedule.watched[0]: RESULTS[epoch]})
    np.testing.assert_allclose(ours, reference(name), rtol=1e-9, atol=1e-15)
    assert len(set(ours)) > 3
