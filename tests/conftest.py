import os
import sys

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # processes run side by side: threads of BLAS would wait for each other

import numpy as np
import pytest
from hypothesis import settings

import whorl
from whorl import Dense, Dropout, Model, ReLU, Softmax

settings.register_profile("whorl", deadline=None)  # a busy machine is no error
settings.load_profile("whorl")


def pytest_collection_modifyitems(config, items):
    """Leave out, on Windows, the tests of signals, forks, pipes and permissions, which it does not have."""
    if sys.platform == "win32":
        left = [item for item in items if item.get_closest_marker("posix")]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


@pytest.fixture
def own_directory(tmp_path, monkeypatch):
    """The test works in a directory that is empty at first."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def no_picture(monkeypatch):
    """The command draws none, which takes longer than to train what a test trains."""
    monkeypatch.setattr("whorl.cli.pictures.draw", lambda *_: None)


@pytest.fixture
def write(tmp_path):
    """Write text or bytes to a file, and return its path."""

    def to_file(content, name="a.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to_file


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def spiral_data():
    return whorl.datasets.spiral(40, classes=3, rng=0)


@pytest.fixture
def model():
    """The classic form, small."""
    layers = [Dense(16, weight_l2=1e-3, bias_l2=1e-3), ReLU(), Dropout(0.1), Dense(3, weight_l2=1e-3), Softmax()]
    return Model(layers, inputs=2, rng=0)
