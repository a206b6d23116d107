import contextlib

import numpy as np
import pytest
from model_files import altered, header

from whorl import (
    SGD,
    CrossEntropy,
    ModelFileError,
    load,
)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No such file or directory: '.*nothing\.npz'"):
        load(tmp_path / "nothing.npz")


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"a,b\n1,2\n", b"PK\x03\x04 not really", b"\x93NUMPY", b"\x80\x04K\x01."],
    ids=["empty", "text", "csv", "zip", "npy", "pickle"],
)
def test_files_that_are_not_models(content, path):
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"model\.npz' is not a whorl model, or is damaged"):
        load(path)


def test_an_npy_file_is_not_a_model(path):
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ModelFileError, match="is not a whorl model"):
        load(path)


def test_a_truncated_or_damaged_file(saved):
    whole = saved.read_bytes()
    for length in range(0, len(whole), 97):
        saved.write_bytes(whole[:length])
        with pytest.raises(ModelFileError):
            load(saved)
    for place in range(0, len(whole), 13):
        saved.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with contextlib.suppress(ModelFileError):  # some bytes of an archive are not used
            load(saved)


def test_pickled_objects_are_never_loaded(model, saved):
    class Trap:
        def __reduce__(self):
            return print, ("executed",)

    altered(saved, w1=np.array([Trap()] * 32, dtype=object).reshape(2, 16))
    with pytest.raises(ModelFileError, match="w1 must hold floats, got object"):
        load(saved)
    model.save(saved)
    altered(saved, whorl=np.array(Trap(), dtype=object))
    with pytest.raises(ModelFileError, match="allow_pickle=False"):
        load(saved)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"whorl": None}, r"it has no header, only the arrays \['w1', 'b1', 'w2', 'b2'\]"),
        ({"w2": None}, "the array w2 is missing"),
        ({"w1": np.zeros((2, 17))}, r"w1 must have shape \(2, 16\), got \(2, 17\)"),
        ({"b2": np.zeros(3, int)}, "b2 must hold floats, got int64"),
        ({"whorl": np.array("no json")}, "Expecting value"),
        ({"whorl": np.array("[1]")}, "its header does not state its format"),
        ({"whorl": np.array("{}")}, "its header does not state its format"),
        ({"whorl": np.array('{"format": 2}')}, "its header lacks inputs"),
    ],
)
def test_files_with_missing_or_wrong_parts(changes, message, saved):
    with pytest.raises(ModelFileError, match=message):
        load(altered(saved, **changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 3}, "it has format 3, but this version of whorl reads format 2"),
        ({"format": 1}, "it has format 1, but this version of whorl reads format 2"),
        ({"layers": "[os.system('true')]"}, "'os.system' is not known; known are"),
        ({"layers": "[Dense(3, colour='red')]"}, "Dense has no argument 'colour'"),
        ({"layers": "[Dense(-3)]"}, "units must be a whole number of at least 1, got -3"),
        ({"layers": "[]"}, "layers must hold at least one layer"),
        ({"layers": "[3]"}, r"layers\[0\] must be a Layer"),
        ({"layers": [3]}, r"its layers must be described by text, got \[3\]"),
        ({"layers": "[Dense(1000000000000000)]"}, "w1 must have shape"),
        ({"preparation": "Target('y', 'regression')"}, "its preparation must be a Preparation, got Target"),
        ({"preparation": 3}, "its preparation must be a Preparation, got 3"),
        ({"frozen": [7]}, "a layer to freeze must be below 5"),
        ({"inputs": [0]}, r"inputs\[0\] must be a whole number of at least 1"),
        ({"inputs": 3}, r"w1 must have shape \(3, 16\), got \(2, 16\)"),
        ({"dtype": "object"}, "dtype must be float32 or float64"),
    ],
)
def test_headers_with_wrong_values(changes, message, saved):
    with pytest.raises(ModelFileError, match=message):
        load(altered(saved, whorl=header(saved, **changes)))


def test_a_loaded_model_can_be_trained(saved, spiral_data):
    model = load(saved)
    model.fit(*spiral_data, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, rng=0)
    assert not np.array_equal(model.parameters, load(saved).parameters)
