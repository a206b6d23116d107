import gzip
import struct

import numpy as np
import pytest

from whorl.datasets import read_idx

TYPES = [(0x08, np.uint8), (0x09, np.int8), (0x0B, np.int16), (0x0C, np.int32), (0x0D, np.float32), (0x0E, np.float64)]


def idx(array, code=0x08):
    array = np.asarray(array)
    return (
        struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
        + array.astype(array.dtype.newbyteorder(">")).tobytes()
    )


IMAGES = np.random.default_rng(0).integers(0, 256, (3, 4, 5), np.uint8)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "some-images"


@pytest.fixture
def read(path):
    def write_and_read(content):
        path.write_bytes(content)
        return read_idx(path)

    return write_and_read


@pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("shape", [(), (1,), (7,), (0, 28, 28), (2, 3, 4), (1, 2, 1, 2, 1)])
@pytest.mark.parametrize(("code", "dtype"), TYPES)
def test_every_type_and_shape(code, dtype, shape, packed, read):
    array = np.random.default_rng(0).integers(0, 120, shape).astype(dtype)
    got = read(packed(idx(array, code)))
    assert got.dtype == dtype
    assert got.dtype.isnative
    assert got.shape == shape
    np.testing.assert_array_equal(got, array)


def test_bytes_written_by_hand(read):
    content = bytes([0, 0, 0x0B, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0x01, 0x02, 0xFF, 0xFE])
    assert read(content).tolist() == [[258, -2]]


def test_the_array_can_be_changed_and_the_path_may_be_text(read, path):
    read(idx(IMAGES))[0] = 0
    np.testing.assert_array_equal(read_idx(str(path)), IMAGES)


def test_no_such_file(path):
    with pytest.raises(FileNotFoundError, match="some-images"):
        read_idx(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it begins with nothing, not with 00 00, a type and a number of axes"),
        (b"<html>", "it begins with 3c 68 74 6d, not with 00 00"),
        (b"\0\0\x08", "it begins with 00 00 08, not"),
        (b"\0\0\x07\x01" + bytes(8), "it begins with 00 00 07 01, not"),
        (b"\0\1\x08\x01" + bytes(8), "it begins with 00 01 08 01, not"),
        (b"\0\0\x08\x03" + bytes(11), "it ends before the lengths of its 3 axes"),
        (idx(IMAGES)[:-1], r"shape \(3, 4, 5\) needs 60 bytes of numbers, but 59 follow"),
        (idx(IMAGES) + b"\0", r"shape \(3, 4, 5\) needs 60 bytes of numbers, but 61 follow"),
        (b"\0\0\x08\xff" + bytes([0, 0, 0, 1] * 255) + b"5", "dimension"),
        (b"\0\0\x0e\x08" + bytes([0x7F] * 32), "but 0 follow"),
        (b"\0\0\x08\x02" + bytes([0x00, 0x7F, 0xFF, 0xFF] * 2), "but 0 follow"),
    ],
    ids=[
        *["empty", "page", "three bytes", "type 7", "no zeros", "axes cut", "data cut", "data to spare"],
        *["255 axes", "too many numbers to count", "70 terabytes"],
    ],
)
@pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_other_files_are_refused(content, message, packed, read):
    with pytest.raises(ValueError, match=rf"some-images' is not an IDX file, or damaged: .*({message})") as caught:
        read(packed(content))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_files_cut_short_anywhere_are_refused(packed, read):
    whole = packed(idx(IMAGES))
    for length in range(len(whole)):
        with pytest.raises(ValueError, match="some-images"):
            read(whole[:length])


def test_gzip_files_damaged_anywhere_are_refused_or_read_correctly(read):
    whole = gzip.compress(idx(IMAGES), mtime=0)
    for place in range(len(whole)):
        try:
            got = read(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        except ValueError as error:
            assert "some-images" in str(error)  # noqa: PT017  # some bytes of gzip's header mean nothing
        else:
            assert place < 10
            np.testing.assert_array_equal(got, IMAGES)
