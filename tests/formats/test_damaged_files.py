import contextlib

import numpy as np
import pytest
from model_files import altered, header, sealed

from whorl import (
    SGD,
    CrossEntropy,
    ModelFileError,
    load,
)
from whorl._core import archive


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


def test_a_file_that_was_cut_off_or_has_more(saved):
    whole = saved.read_bytes()
    for length in range(0, len(whole), 7):
        saved.write_bytes(whole[:length])
        with pytest.raises(ModelFileError, match=r"bytes|checksum"):
            load(saved)
    for more in (b"\0", b"PK", whole):
        saved.write_bytes(whole + more)
        with pytest.raises(ModelFileError):
            load(saved)
        saved.write_bytes(more + whole)
        with pytest.raises(ModelFileError):
            load(saved)


def test_any_changed_bit_is_noticed(saved):
    whole = saved.read_bytes()
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        saved.write_bytes(changed)
        with pytest.raises(ModelFileError, match="checksum"):
            load(saved)


def test_a_file_that_is_damaged_and_has_the_right_checksum(saved):
    whole = saved.read_bytes()[: -archive.FOOTER]
    whole = whole[:-2] + b"\0\0"  # the length of the comment
    for place in range(0, len(whole), 3):
        for change in (0x01, 0x80, 0xFF):
            changed = bytearray(whole)
            changed[place] ^= change
            saved.write_bytes(changed)
            with contextlib.suppress(ModelFileError):  # some bytes are not used, such as the date of a member
                load(sealed(saved))


def test_pickled_objects_are_never_loaded(model, saved):
    class Trap:
        def __reduce__(self):
            return print, ("executed",)

    altered(saved, w1=np.array([Trap()] * 32, dtype=object).reshape(2, 16))
    with pytest.raises(ModelFileError, match="w1 is not an array of numbers or text"):
        load(saved)
    model.save(saved)
    altered(saved, whorl=np.array(Trap(), dtype=object))
    with pytest.raises(ModelFileError, match="whorl is not an array of numbers or text"):
        load(saved)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"whorl": None}, r"it has no header, only the arrays \['b1', 'b2', 'w1', 'w2'\]"),
        ({"w2": None}, "the array w2 is missing"),
        ({"w1": np.zeros((2, 17))}, r"w1 must have shape \(2, 16\), got \(2, 17\)"),
        ({"b2": np.zeros(3, int)}, "b2 must hold floats, got int64"),
        ({"whorl": np.array("no json")}, "Expecting value"),
        ({"whorl": np.array("[1]")}, "its header does not state its format"),
        ({"whorl": np.array("{}")}, "its header does not state its format"),
        ({"whorl": np.array('{"format": 3}')}, "its header lacks inputs"),
        ({"whorl": np.array('{"format": 3, "format": 3}')}, "its header gives 'format' twice"),
        ({"whorl": np.array('{"format": NaN}')}, "its header holds NaN"),
        ({"whorl": np.array("[" * 100_000)}, "recursion"),
        ({"whorl": np.array('{"format": ' + "9" * 5000 + "}")}, "digits"),
        ({"whorl": np.zeros(3)}, "its header must be text, got float64"),
        ({"whorl": np.array(["{}"])}, "its header must be text"),
        ({"w3": np.zeros(3)}, r"it holds arrays that its model does not have: \['w3'\]"),
        ({"b1": np.full(16, np.nan, np.float32)}, "b1 holds infinite numbers or NaN"),
        ({"w1": np.full((2, 16), np.inf)}, "w1 holds infinite numbers or NaN"),
        ({"w1": np.asfortranarray(np.zeros((2, 16)))}, "w1 is not an array of numbers or text in NumPy's format"),
    ],
)
def test_files_with_missing_or_wrong_parts(changes, message, saved):
    with pytest.raises(ModelFileError, match=message):
        load(altered(saved, **changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 4}, "it has format 4, but this version of whorl reads format 3; install a newer one"),
        ({"format": 2}, "it has format 2, but this version of whorl reads format 3"),
        ({"layers": "[os.system('true')]"}, "'os.system' is not known; known are"),
        ({"layers": "[Dense(3, colour='red')]"}, "Dense has no argument 'colour'"),
        ({"layers": "[Dense(-3)]"}, "units must be a whole number of at least 1, got -3"),
        ({"layers": "[]"}, "layers must hold at least one layer"),
        ({"layers": "[3]"}, r"layers\[0\] must be a Layer"),
        ({"layers": [3]}, r"its layers must be described by text, got \[3\]"),
        ({"layers": "[Dense(1000000000000000)]"}, "w1 must have shape"),
        ({"preparation": "Target('y', 'regression')"}, "its preparation must be a Preparation, got Target"),
        ({"preparation": 3}, "its preparation must be a Preparation, got 3"),
        ({"uncertainty": "Dense(3)"}, "'Dense' is not known; known are Intervals, Sets"),
        ({"uncertainty": 3}, "its uncertainty must be Intervals or Sets, got 3"),
        ({"uncertainty": "Sets([0.5, 0.1], 2)"}, "Sets: scores must be in ascending order"),
        (
            {"uncertainty": "Sets([" + "0.5, " * 500 + "], 500)"},
            "Sets: scores must be 400 numbers for 500 samples, got 500",
        ),
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
