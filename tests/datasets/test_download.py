"""Finding and downloading files; what pooch does well is tested as far as we rely on it."""

import hashlib
import random
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from whorl.datasets import DownloadError, download
from whorl.datasets.download import cache_directory, find

CONTENT = random.Random(0).randbytes(1000)
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def get(server, cache, monkeypatch):
    """Find a file that the mirrors serve in these ways, one after the other."""
    server.files["data.bin"] = CONTENT

    def get_from(*ways):
        if "slow" in ways:
            monkeypatch.setattr(download, "TIMEOUT", 0.5)
        return find("set", "data.bin", mirrors=[server.url(way) for way in ways], checksum=CHECKSUM, cache=cache)

    return get_from


def listed(cache):
    return sorted(path.name for path in (cache / "set").iterdir())


def test_download(get, cache, server):
    path = get("good")
    assert path == cache / "set" / "data.bin"
    assert path.read_bytes() == CONTENT
    assert listed(cache) == ["data.bin"]
    assert get("good") == path
    assert server.requests == [("good", "data.bin")]


@pytest.mark.parametrize("way", ["missing", "corrupt", "rude", "portal", "truncated", "slow"])
def test_the_next_mirror_is_tried_if_one_fails(way, get, cache, server, pauses):
    assert get(way, "good").read_bytes() == CONTENT
    assert listed(cache) == ["data.bin"]
    assert [each for each, _ in server.requests] == [way, way, "good"]
    assert pauses == [1]


def test_a_mirror_is_tried_again(get, server):
    assert get("flaky").read_bytes() == CONTENT
    assert len(server.requests) == 2


def test_a_silent_mirror_is_given_up_in_time(get):
    before = time.monotonic()
    with pytest.raises(DownloadError, match=r"slow/data\.bin: .*timed out"):
        get("slow")
    assert time.monotonic() - before < 5  # the server waits for 10


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("missing", "404 Client Error: Not Found"),
        ("corrupt", "does not match the known hash"),
        ("portal", "does not match the known hash"),
        ("rude", "BadStatusLine"),
        ("truncated", "IncompleteRead"),
    ],
)
def test_the_error_names_every_mirror_with_its_reason(way, reason, get, cache, server):
    with pytest.raises(DownloadError) as caught:
        get("missing", way)
    message = str(caught.value)
    assert message.startswith(f"set: cannot download data.bin: {server.url('missing')}data.bin: 404 Client Error: ")
    assert f"; {server.url(way)}data.bin: " in message
    assert reason in message
    assert message.endswith(
        f"If you have it, put the file into {cache / 'set'}, or set WHORL_DATA to the directory that has the folder set with it"
    )
    assert "\n" not in message
    assert listed(cache) == []


def test_no_server(cache):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, but it does not listen
        mirror = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with pytest.raises(DownloadError, match=rf"{mirror}data\.bin: .*refused"):
            find("set", "data.bin", mirrors=[mirror], checksum=CHECKSUM, cache=cache)
    assert listed(cache) == []


def test_several_downloads_at_once(get, cache):
    start = threading.Barrier(4)

    def one(_):
        start.wait()
        return get("good").read_bytes()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(4))) == [CONTENT] * 4
    assert listed(cache) == ["data.bin"]


def test_a_directory_that_cannot_be_made_is_named(get, cache):
    cache.write_text("a file where the directory should be")
    with pytest.raises(OSError, match="cache") as caught:
        get("good")
    assert not isinstance(caught.value, DownloadError)


def test_a_terminal_shows_the_progress(get, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    get("good")
    assert "1.00k/1.00k" in capsys.readouterr().err


# Places


def test_places_in_order(get, cache, server, monkeypatch, tmp_path):
    def put(path):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"by hand")  # whatever the checksum
        return path

    in_cache = put(cache / "set" / "data.bin")
    assert get("good") == in_cache
    in_data = put(tmp_path / "data" / "set" / "data.bin")
    assert get("good") == in_cache
    monkeypatch.setenv("WHORL_DATA", str(tmp_path / "data"))
    assert get("good") == in_data
    assert server.requests == []


def test_an_uncompressed_file_is_found(cache):
    (cache / "set").mkdir(parents=True)
    (cache / "set" / "images").write_bytes(b"plain")
    assert find("set", "images.gz", mirrors=[], checksum="", cache=str(cache)).name == "images"


@pytest.mark.parametrize("extra", [True, False])
def test_the_cache_of_the_user(extra, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    if not extra:
        monkeypatch.setitem(sys.modules, "platformdirs", None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    assert cache_directory() == tmp_path / "mine" / "whorl"
    for unset in (lambda: monkeypatch.setenv("XDG_CACHE_HOME", ""), lambda: monkeypatch.delenv("XDG_CACHE_HOME")):
        unset()
        assert cache_directory() == Path.home() / ".cache" / "whorl"


def test_without_the_extra_the_error_names_it_and_the_places(get, cache, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    with pytest.raises(ImportError) as caught:
        get("good")
    assert str(caught.value) == (
        "set: data.bin is not on this machine; to download it, install the extra whorl[download];"
        f" or put the file into {cache / 'set'}, or set WHORL_DATA to the directory that has the folder set with it"
    )
    (cache / "set").mkdir(parents=True)
    (cache / "set" / "data.bin").write_bytes(CONTENT)
    assert get("good").read_bytes() == CONTENT
