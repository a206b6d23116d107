import pytest


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.npz"


@pytest.fixture
def saved(model, path):
    model.save(path)
    return path
