import shutil

import pytest

collect_ignore = (
    ["onnx_reference.py"] if shutil.which("cc") or shutil.which("gcc") else ["onnx_reference.py", "test_c_file.py"]
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.npz"


@pytest.fixture
def saved(model, path):
    model.save(path)
    return path
