"""Files made to take memory or time, with the right checksum: all are refused, quickly, before they get any."""

import io
import json
import os
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from model_files import sealed

from whorl import Dense, Model, ModelFileError, ReLU, Residual, load
from whorl._core import archive
from whorl._core.files import replacing

SECONDS, BYTES = 10, 64 * 2**20
"""Limits for each file: a second and more on a busy machine, and the memory beyond the size of the file."""


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def shaped(shape, descr="<f4", data=b""):
    """An array in NumPy's format that claims a shape and a type."""
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + data


def head(**changes):
    return npy(
        np.array(
            json.dumps({"format": archive.FORMAT, "inputs": [2], "dtype": "float32", "layers": "[Dense(3)]"} | changes)
        )
    )


W, B = npy(np.zeros((2, 3), np.float32)), npy(np.zeros(3, np.float32))


def bomb(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members:
            file.writestr(zipfile.ZipInfo(name), content, compression)
    return sealed(path)


def layers(text):
    return [("whorl.npy", head(layers=text)), ("w1.npy", W), ("b1.npy", B)]


def nested(depth, inside="ReLU()"):
    return "[" + "Residual([" * depth + inside + "])" * depth + "]"


def arrays(**content):
    return [("whorl.npy", head()), *((f"{name}.npy", data) for name, data in content.items())]


BOMBS = {
    "many layers": layers("[" + "ReLU()," * 200_000 + "]"),
    "more than 4 MB of layers": layers("[" + "ReLU()," * 700_000 + "]"),
    "many names": layers("[" + "ReLU," * 20_000 + "]"),
    "nested layers": layers(nested(120)),
    "nested layers, deeper": layers(nested(5_000)),
    "nested lists": layers("[" * 5_000 + "]" * 5_000),
    "nested signs": layers("[Dense(" + "-" * 50_000 + "3)]"),
    "long sum": layers("[Dense(" + "1+" * 50_000 + "1)]"),
    "power": layers("[Dense(9**9**9**9)]"),
    "repeated list": layers("[ReLU()] * 999999999"),
    "long number": layers("[Dense(" + "9" * 50_000 + ")]"),
    "many units": layers("[Dense(999999999)]"),
    "many units twice": layers("[Dense(999999999), Dense(999999999)]"),
    "more units than an address": layers(f"[Dense({10**30})]"),
    "large embedding": layers("[Embedding([999999999], 999999999)]"),
    "many members": layers("[Average([ReLU()], 999999999)]"),
    "members of members": layers("[Average([Average([ReLU()], 1000)], 1000)]"),
    "averages in a row": layers("[" + "Average([ReLU()], 2000)," * 900 + "]"),
    "name with attributes": layers("[" + "a." * 20_000 + "b]"),
    "text": layers("'" + "x" * 3_000_000 + "'"),
    "formatted text": layers("[f'{9**9**9}']"),
    "comprehension": layers("[ReLU() for _ in range(10**9)]"),
    "lambda": layers("[(lambda: 1)()]"),
    "walrus": layers("[(x := 10**9)]"),
    "unpacked": layers("[*[ReLU()] * 10**9]"),
    "dictionary": layers("[Dense(**{'units': 3})]"),
    "many inputs": [("whorl.npy", head(inputs=[10**9] * 9)), ("w1.npy", W), ("b1.npy", B)],
    "many dimensions": [("whorl.npy", head(inputs=[1] * 200_000)), ("w1.npy", W), ("b1.npy", B)],
    "inputs that are infinite": [("whorl.npy", head(inputs=[1e30])), ("w1.npy", W), ("b1.npy", B)],
    "negative inputs": [("whorl.npy", head(inputs=[-5])), ("w1.npy", W), ("b1.npy", B)],
    "frozen": [("whorl.npy", head(frozen=list(range(100_000)))), ("w1.npy", W), ("b1.npy", B)],
    "preparation": [("whorl.npy", head(preparation="Preparation(" * 40 + ")" * 40)), ("w1.npy", W), ("b1.npy", B)],
    "nested header": [("whorl.npy", npy(np.array('{"format": 3, "a": ' + "[" * 200_000 + "]" * 200_000 + "}")))],
    "nested objects": [("whorl.npy", npy(np.array('{"a":' * 100_000 + "1" + "}" * 100_000)))],
    "many keys": [
        ("whorl.npy", npy(np.array('{"format": 3, ' + ", ".join(f'"{k}": 1' for k in range(100_000)) + "}")))
    ],
    "one key many times": [
        ("whorl.npy", npy(np.array('{"format": 3, ' + ", ".join('"a": 1' for _ in range(100_000)) + "}")))
    ],
    "long integer": [("whorl.npy", npy(np.array('{"format": ' + "1" * 1_000_000 + "}")))],
    "infinity": [("whorl.npy", npy(np.array('{"format": 3, "inputs": [1e999]}')))],
    "not a number": [("whorl.npy", npy(np.array('{"format": 3, "inputs": [NaN]}')))],
    "large header": [("whorl.npy", npy(np.array(" " * 5_000_000)))],
    "header that claims to be large": [("whorl.npy", shaped("()", "<U999999999"))],
    "header without text": [("whorl.npy", shaped("()", "<U0"))],
    "many headers": [("whorl.npy", shaped("(999999999,)", "<U1"))],
    "shape": arrays(w1=shaped("(99999, 99999)"), b1=B),
    "shape beyond an address": arrays(w1=shaped(f"({10**17}, {10**17})"), b1=B),
    "shape with 30 digits": arrays(w1=shaped(f"({10**30},)"), b1=B),
    "negative shape": arrays(w1=shaped("(-1, 3)"), b1=B),
    "shape of many dimensions": arrays(w1=shaped("(" + "1, " * 50 + ")"), b1=B),
    "shape times nothing": arrays(w1=shaped("(999999999999, 0)"), b1=B),
    "shape that is computed": arrays(w1=shaped("(9**9**9,)"), b1=B),
    "objects": arrays(w1=shaped("(2, 3)", "|O", b"\x80\x04K\x01."), b1=B),
    "structures": arrays(w1=shaped("(2, 3)", "[('a', '<f4', (999999,))]"), b1=B),
    "large type": arrays(w1=shaped("(2, 3)", "<U99999999"), b1=B),
    "unknown type": arrays(w1=shaped("(2, 3)", "<f3"), b1=B),
    "version 2 with a long head": arrays(w1=b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + b" " * 99, b1=B),
    "head that is cut off": arrays(w1=W[:9], b1=B),
    "an array in text": arrays(w1=b"0,0,0", b1=B),
    "nothing in an array": arrays(w1=b"", b1=B),
    "too many members": [("whorl.npy", head()), *((f"a{k}.npy", b"") for k in range(20_000))],
    "names of folders": [("../../etc/w1.npy", W), *arrays(b1=B)],
    "absolute name": [("/w1.npy", W), *arrays(b1=B)],
    "long name": [("w" * 5_000 + ".npy", W), *arrays(b1=B)],
    "name of nothing": [("", W), *arrays(b1=B)],
    "name with a zero": [("w1\0.npy", W), *arrays(b1=B)],
    "script": [("w1.py", b"print(1)"), *arrays(w1=W, b1=B)],
    "training state that is none": [("whorl.npy", head(training=[1])), ("training.x.npy", W)],
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused(name, tmp_path):
    path = bomb(tmp_path / "bomb.npz", BOMBS[name])
    refused(path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressed_members_are_refused(compression, tmp_path):
    refused(bomb(tmp_path / "a.npz", arrays(w1=bytes(5 * 2**20), b1=B), compression), "w1|whorl")
    refused(bomb(tmp_path / "b.npz", [("whorl.npy", npy(np.array(" " * 10**6)))], compression), "compressed")


def test_members_that_share_their_bytes_or_have_holes_between_them_are_refused(tmp_path):
    Model([Dense(3)], inputs=2, rng=0).save(tmp_path / "model.npz")
    whole = bytearray((tmp_path / "model.npz").read_bytes()[: -archive.FOOTER])
    whole[-2:] = b"\0\0"
    first = whole.find(b"PK\x01\x02")
    second = whole.find(b"PK\x01\x02", first + 4)
    for place, value in (
        (second + 42, 0),
        (second + 42, 7),
        (first + 42, 10**9),
        (second + 20, 10**9),
        (second + 24, 3),
    ):
        changed = whole.copy()
        struct.pack_into("<L", changed, place, value)
        (tmp_path / "changed.npz").write_bytes(changed)
        refused(sealed(tmp_path / "changed.npz"))


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_member_that_is_there_twice_is_refused(tmp_path):
    refused(bomb(tmp_path / "a.npz", [*arrays(w1=W, b1=B), ("w1.npy", W)]), "it holds w1 twice")


def refused(path, message=None):
    """Check that a file is refused with our error, in little time and memory."""
    size = path.stat().st_size
    tracemalloc.start()
    try:
        begun = time.process_time()
        with pytest.raises(ModelFileError, match=message):
            load(path)
        assert time.process_time() - begun < SECONDS
        assert tracemalloc.get_traced_memory()[1] < size + BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.posix
def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/zero"):
        with pytest.raises(OSError, match="is not a regular file"):
            load(path)


def test_what_can_be_saved_can_be_loaded(tmp_path):
    deep = ReLU()
    for _ in range(28):
        deep = Residual([deep])
    Model([deep], inputs=2).save(tmp_path / "a.npz")
    load(tmp_path / "a.npz")
    with pytest.raises(ValueError, match="the text of its layers is nested deeper"):
        Model([Residual([Residual([deep])])], inputs=2).save(tmp_path / "b.npz")
    with pytest.raises(ValueError, match="the text of its layers must name at most 2000 things"):
        Model([ReLU()] * 2001, inputs=2).save(tmp_path / "b.npz")
    broken = Model([Dense(3)], inputs=2, rng=0)
    broken.parameters[0] = np.nan
    with pytest.raises(ValueError, match="w1 holds infinite numbers or NaN"):
        broken.save(tmp_path / "b.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.posix
def test_temporary_files_of_killed_processes_are_removed_by_the_next_one(tmp_path):
    target, other = tmp_path / "model.npz", tmp_path / "other.npz"
    pid = os.fork()
    if pid == 0:
        context = replacing(target)
        context.__enter__().write(b"half")
        os._exit(9)
    os.waitpid(pid, 0)
    (left,) = tmp_path.iterdir()
    with replacing(other) as file:
        file.write(b"another file")
    assert left.exists()
    with replacing(target) as file:  # while a process that still runs writes the same
        with replacing(target) as second:
            second.write(b"second")
        file.write(b"first")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.npz", "other.npz"]
    assert target.read_bytes() == b"first"
