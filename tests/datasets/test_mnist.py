import gzip
import hashlib

import numpy as np
import pytest

from whorl.datasets import DownloadError, fashion_mnist, mnist
from whorl.datasets.mnist import FASHION_MNIST, FILES, MNIST, Source, load

IMAGES = [np.random.default_rng(seed).integers(0, 256, (n, 28, 28), np.uint8) for seed, n in enumerate([5, 3])]
LABELS = [np.array([5, 0, 4, 1, 9], np.uint8), np.array([7, 2, 1], np.uint8)]


def idx(array):
    sizes = np.array(array.shape, ">u4").tobytes()
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def four_files(images=IMAGES, labels=LABELS):
    arrays = [images[0], labels[0], images[1], labels[1]]
    return {name: gzip.compress(idx(array), mtime=0) for name, array in zip(FILES, arrays, strict=True)}


def checksums(files):
    return tuple(hashlib.sha256(files[name]).hexdigest() for name in FILES)


@pytest.fixture
def source(server):
    server.files.update(four_files())
    return Source("mnist", (server.url("missing"), server.url("good")), checksums(four_files()))


@pytest.fixture
def put(tmp_path):
    """Write files into a folder, and return the directory that contains it."""

    def write(where, folder="mnist", files=None):
        directory = tmp_path / where / folder
        directory.mkdir(parents=True)
        for name, content in (files or four_files()).items():
            (directory / name).write_bytes(content)
        return tmp_path / where

    return write


def check(pairs, images=IMAGES, labels=LABELS):
    for (X, y), expected_X, expected_y in zip(pairs, images, labels, strict=True):
        assert (X.dtype, y.dtype) == (np.uint8, np.int64)
        np.testing.assert_array_equal(X, expected_X)
        np.testing.assert_array_equal(y, expected_y)


def test_downloads_into_the_cache_once(source, server, tmp_path):
    check(load(source, tmp_path))
    assert sorted(path.name for path in (tmp_path / "mnist").iterdir()) == sorted(FILES)
    assert [way for way, _ in server.requests] == ["missing", "missing", "good"] * 4
    check(load(source, str(tmp_path)))
    assert len(server.requests) == 12


def test_the_default_cache_is_that_of_the_user(source, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    monkeypatch.setattr("sys.platform", "linux")
    load(source)
    assert (tmp_path / "mine" / "whorl" / "mnist" / FILES[0]).is_file()


@pytest.mark.parametrize(("function", "folder"), [(mnist, "mnist"), (fashion_mnist, "fashion-mnist")])
def test_whorl_data_comes_first_then_the_cache_without_a_request(function, folder, put, monkeypatch):
    cache = put("cache", folder)
    check(function(cache=cache))
    other = [255 - X for X in IMAGES]
    monkeypatch.setenv("WHORL_DATA", str(put("data", folder, four_files(other))))
    check(function(cache=cache), other)


def test_each_file_may_be_in_either_place(put, source, server, monkeypatch, tmp_path):
    files = four_files()
    monkeypatch.setenv("WHORL_DATA", str(put("data", files={FILES[1]: files[FILES[1]]})))
    cache = put("cache", files={FILES[2]: files[FILES[2]]})
    check(load(source, cache))
    assert len([way for way, _ in server.requests if way == "good"]) == 2
    assert len(list((tmp_path / "data" / "mnist").iterdir())) == 1  # nothing is written there


@pytest.mark.parametrize("given", ["", "nowhere"])
def test_the_cache_is_used_if_whorl_data_lacks_the_folder(given, put, monkeypatch):
    monkeypatch.setenv("WHORL_DATA", given)
    check(mnist(cache=put("cache")))


def test_uncompressed_files_are_accepted(put, monkeypatch):
    files = {name.removesuffix(".gz"): gzip.decompress(content) for name, content in four_files().items()}
    check(mnist(cache=put("cache", files=files)))


def test_rows_of_pixels_for_a_dense_network(put):
    (X, _), _ = mnist(cache=put("cache"))
    flat = X.reshape(-1, 784) / np.float32(255)
    assert (flat.shape, flat.dtype) == ((5, 784), np.float32)
    assert 0 <= flat.min() < flat.max() <= 1


@pytest.mark.parametrize("where", ["data", "cache"])
@pytest.mark.parametrize("damage", [lambda content: content[:-9], lambda content: b"<html>"], ids=["cut", "page"])
def test_a_damaged_file_is_named(damage, where, put, monkeypatch, tmp_path):
    files = four_files()
    files[FILES[2]] = damage(files[FILES[2]])
    monkeypatch.setenv("WHORL_DATA", str(tmp_path / "data"))
    put(where, files=files)
    with pytest.raises(ValueError, match=rf"{where}.mnist.t10k-images-idx3-ubyte\.gz' is not .*delete the file to"):
        mnist(cache=tmp_path / "cache")


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        ([IMAGES[0][:, :27], IMAGES[1]], LABELS, r"train-images.*' must hold bytes of shape \(n, 28, 28\), got uint8 of shape \(5, 27, 28\)"),
        ([LABELS[0], IMAGES[1]], LABELS, r"train-images.* got uint8 of shape \(5,\)"),
        (IMAGES, [LABELS[0][:4], LABELS[1]], r"train-labels.*' must hold a label from 0 to 9 for each of 5 images, got uint8 of shape \(4,\), at most 5"),
        (IMAGES, [LABELS[0], LABELS[1] + 3], r"t10k-labels.*for each of 3 images, got uint8 of shape \(3,\), at most 10"),
        (IMAGES, LABELS[::-1], r"train-labels"),
    ],
)  # fmt: skip
def test_files_that_do_not_match_are_refused(images, labels, message, put):
    with pytest.raises(ValueError, match=message):
        mnist(cache=put("cache", files=four_files(images, labels)))


def test_numbers_of_another_type_are_refused(put):
    files = four_files()
    content = bytes([0, 0, 9]) + gzip.decompress(files[FILES[0]])[3:]  # int8
    with pytest.raises(ValueError, match=r"must hold bytes of shape .*, got int8"):
        mnist(cache=put("cache", files=files | {FILES[0]: content}))


def test_offline_the_error_says_what_to_do(source, server, tmp_path, monkeypatch):
    mirrors = (server.url("missing"), server.url("portal"))
    with pytest.raises(DownloadError) as caught:
        load(source._replace(mirrors=mirrors), tmp_path / "cache")
    message = str(caught.value)
    assert message.startswith("mnist: cannot download train-images-idx3-ubyte.gz: ")
    assert all(mirror in message for mirror in mirrors)
    assert f"put the file into {tmp_path / 'cache' / 'mnist'}, or set WHORL_DATA to the directory that has" in message
    assert "\n" not in message


def test_a_deleted_file_is_downloaded_again(source, server, tmp_path):
    load(source, tmp_path)
    (tmp_path / "mnist" / FILES[3]).unlink()
    check(load(source, tmp_path))
    assert len(server.requests) == 15


def test_a_file_with_a_wrong_checksum_does_not_get_into_the_cache(source, tmp_path):
    with pytest.raises(DownloadError, match="does not match the known hash"):
        load(source._replace(checksums=(*source.checksums[:3], "0" * 64)), tmp_path)
    assert sorted(path.name for path in (tmp_path / "mnist").iterdir()) == sorted(FILES[:3])


def test_the_sources_are_complete():
    for known in (MNIST, FASHION_MNIST):
        assert len(known.mirrors) == 2
        assert all(mirror.startswith("http") and mirror.endswith("/") for mirror in known.mirrors)
        assert all(len(bytes.fromhex(checksum)) == 32 for checksum in known.checksums)
    assert len({*MNIST.checksums, *FASHION_MNIST.checksums}) == 8
