"""Data as parts with checksums, and what a worker keeps of them."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from whorl.remote.parcels import Cache, Sender, unpack

A = np.arange(12.0).reshape(3, 4)


def received(sender, checksums, cache=None):
    """The value that arrives."""
    found, missing = (cache or Cache()).find(checksums, sender.parts(checksums))
    assert missing == []
    return unpack([found[each] for each in checksums])


@pytest.mark.parametrize(
    "value",
    [A, A.T, A[::2, 1:], A.astype(np.float32), A[:0], np.array(["a", "bc"]), np.array([1, None]), np.float64(2), A > 3],
    ids=str,
)
def test_arrays_arrive_as_they_were(value):
    sender = Sender()
    found = received(sender, sender.add(value))
    np.testing.assert_array_equal(found, value)
    assert (found.dtype, found.shape, type(found)) == (value.dtype, value.shape, type(value))


def test_other_values_arrive_as_they_were(tmp_path):
    sender = Sender()
    for value in [A.tolist(), None, 0.25, {"a": [1, 2]}, "text"]:
        assert received(sender, sender.add(value)) == value
    frame = pd.DataFrame({"a": [1.5, 2.5], "b": ["x", "y"]})
    pd.testing.assert_frame_equal(received(sender, sender.add(frame)), frame)
    np.save(tmp_path / "a.npy", A)
    mapped = received(sender, sender.add(np.load(tmp_path / "a.npy", mmap_mode="r")))
    assert type(mapped) is np.ndarray
    np.testing.assert_array_equal(mapped, A)


def test_the_memory_of_an_array_is_a_part_of_its_own_and_not_copied():
    sender = Sender()
    what, memory = sender.add(A)
    assert memory == hashlib.sha256(A.tobytes()).hexdigest()
    assert sender.parts([memory])[memory].ctypes.data == A.ctypes.data
    assert sender.add(A.copy()) == [what, memory]
    assert sender.add(A.reshape(4, 3))[1] == memory
    assert sender.add(A + 1)[0] == what
    assert sender.add(A + 1)[1] != memory


def test_what_arrives_cannot_be_changed_and_is_shared():
    sender, cache = Sender(), Cache()
    checksums = sender.add(A)
    one, other = received(sender, checksums, cache), received(sender, checksums, cache)
    assert not one.flags.writeable
    assert one.flags.aligned
    found, _ = cache.find(checksums, {})
    assert np.shares_memory(found[checksums[1]], unpack([found[each] for each in checksums]))
    np.testing.assert_array_equal(one, other)


def test_a_worker_keeps_what_was_used_last():
    cache, parts = Cache(size=100), {name: np.zeros(40, np.uint8) for name in "abcd"}
    assert cache.find(["a", "b"], {})[1] == ["a", "b"]
    assert cache.find(["a", "b"], {"a": parts["a"]})[1] == ["b"]
    assert cache.find(["a", "b"], {"b": parts["b"]})[1] == []
    assert cache.find(["a"], {})[1] == []
    assert cache.find(["c"], {"c": parts["c"]})[1] == []  # b goes
    assert cache.find(["a", "b", "c"], {})[1] == ["b"]
    assert cache.find(["a", "b", "c"], {"b": parts["b"]})[1] == []  # more than it should keep, but needed
    assert cache.find(["d"], {"d": parts["d"]})[1] == []
    assert cache.find(["a", "b", "c", "d"], {})[1] == ["a", "b"]
