"""Where `LivePlot` cannot draw; what it draws in a notebook is in tests/test_notebook.py."""

import sys

import numpy as np
import pytest
from tracked import fit, network

from whorl.tracking import LivePlot


def test_outside_a_notebook_training_does_not_begin(monkeypatch):
    model = network()
    before = model.parameters.copy()
    with pytest.raises(RuntimeError, match=r"draws in a notebook, .* this is none: Progress\(\) prints lines anywhere"):
        fit(LivePlot(), model=model)
    monkeypatch.setitem(sys.modules, "IPython", None)
    with pytest.raises(RuntimeError, match="draws in a notebook"):
        fit(LivePlot(), model=model)
    np.testing.assert_array_equal(model.parameters, before)


def test_names_must_be_in_the_history():
    with pytest.raises(
        ValueError, match=r"names must be in the history, which has loss, .*, got 'acuracy'; did you mean 'accuracy'"
    ):
        fit(LivePlot(["loss", "acuracy"]))
    for wrong in ("loss", 3, [3]):
        with pytest.raises(TypeError, match="names must be a list of names of values, such as"):
            LivePlot(wrong)
