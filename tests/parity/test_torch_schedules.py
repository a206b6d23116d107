"""The schedules have PyTorch's rates: computed now where PyTorch is installed, else those stored."""

import importlib.util
import warnings

import numpy as np
import pytest
from schedules_reference import CASES, EPOCHS, RESULTS, STORED, rates

from whorl.schedules import begin, monitored, observe, rate_at


def reference(name):
    with np.load(STORED) as archive:
        kept = archive[name]
    if importlib.util.find_spec("torch") is None:
        return kept
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's own, about the ways of its SequentialLR
        live = rates(name)
    np.testing.assert_allclose(live, kept, rtol=1e-12)  # the stored values are not out of date
    return live


@pytest.mark.parametrize("name", CASES)
def test_forty_epochs(name):
    schedule = CASES[name][0]
    memory, ours = begin(schedule), []
    for epoch in range(EPOCHS):
        ours.append(rate_at(schedule, epoch, memory))
        observe(schedule, dict.fromkeys(monitored(schedule), RESULTS[epoch]), memory)
    np.testing.assert_allclose(ours, reference(name), rtol=1e-9, atol=1e-15)
    assert len(set(ours)) > 3
