import shutil

import pytest

collect_ignore = [] if shutil.which("cc") or shutil.which("gcc") else ["test_c_file.py"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.npz"


@pytest.fixture
def saved(model, path):
    model.save(path)
    return path
