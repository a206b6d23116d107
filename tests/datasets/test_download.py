import hashlib
import os
import random
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from whorl.datasets import DownloadError
from whorl.datasets.download import download

CONTENT = random.Random(0).randbytes(1000)
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()
LEFT = "data.bin.part"


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(sys.modules["whorl.datasets.download"], "CHUNK", 100)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "cache" / "mnist" / "data.bin"


@pytest.fixture
def get(server, target):
    """Download from mirrors of these ways, one after the other; only a slow one must make haste, on a busy machine too."""
    server.files["data.bin"] = CONTENT

    def get_from(*ways):
        download(target, [server.url(way) for way in ways], CHECKSUM, timeout=0.5 if "slow" in ways else 20)

    return get_from


@pytest.fixture
def left(target):
    """Leave a file beside the target, of a name and an age in seconds."""

    def leave(content, name=LEFT, age=0.0):
        target.parent.mkdir(parents=True, exist_ok=True)
        path = target.with_name(name)
        path.write_bytes(content)
        os.utime(path, (time.time() - age,) * 2)

    return leave


def listed(target):
    return sorted(path.name for path in target.parent.iterdir())


def only_the_file(target):
    return listed(target) == ["data.bin"] and target.read_bytes() == CONTENT


@pytest.mark.parametrize("way", ["good", "whole", "unmeasured"])
def test_a_file_from_a_mirror_that_is_well(way, get, target, server):
    get(way)
    assert only_the_file(target)
    assert server.asked == [(way, None)]


@pytest.mark.parametrize("way", ["missing", "corrupt", "rude", "portal"])
def test_from_the_next_mirror_if_one_has_nothing_right(way, get, target, server):
    get(way, "good")
    assert only_the_file(target)
    assert server.asked == [(way, None), ("good", None)]


@pytest.mark.parametrize("way", ["truncated", "slow"])
def test_the_next_mirror_goes_on_where_one_broke_off(way, get, target, server):
    get(way, "good")
    assert only_the_file(target)
    assert server.asked == [(way, None), ("good", "bytes=500-")]


def test_a_silent_mirror_is_given_up_in_time(get):
    before = time.monotonic()
    with pytest.raises(DownloadError, match=r"slow/data\.bin: .*timed out"):
        get("slow")
    assert time.monotonic() - before < 5  # the server waits for 10


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("missing", "HTTP Error 404: Not Found"),
        ("corrupt", "what came has the wrong checksum"),
        ("portal", "what came has the wrong checksum"),
        ("rude", "BadStatusLine: good day"),
    ],
)
def test_all_mirrors_down_names_each_with_its_reason_and_leaves_nothing(way, reason, get, target, server):
    with pytest.raises(DownloadError) as caught:
        get("missing", way)
    message = str(caught.value)
    assert message.startswith("cannot download data.bin from any mirror: ")
    assert f"{server.url('missing')}data.bin: HTTP Error 404: Not Found; {server.url(way)}data.bin: " in message
    assert reason in message
    assert "\n" not in message
    assert listed(target) == []


def test_no_server_at_all(target):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, but it does not listen
        mirror = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with pytest.raises(DownloadError, match=rf"{mirror}data\.bin: .*refused"):
            download(target, [mirror], CHECKSUM)
    assert listed(target) == []


# What an earlier try left


def test_a_try_that_breaks_off_leaves_what_came_and_the_next_goes_on(get, target, server):
    with pytest.raises(DownloadError, match="it ended after 500 of 1000 bytes"):
        get("truncated")
    assert listed(target) == [LEFT]
    assert target.with_name(LEFT).read_bytes() == CONTENT[:500]
    get("good")
    assert only_the_file(target)
    assert server.asked[1:] == [("good", "bytes=500-")]


def test_so_does_one_that_is_interrupted(get, target, server, monkeypatch):
    shown = iter([None, None, KeyboardInterrupt])

    def interrupted(text):
        if (error := next(shown)) is not None:
            raise error

    with monkeypatch.context() as patch:
        patch.setattr(sys.modules["whorl.datasets.download"], "_show", interrupted)
        with pytest.raises(KeyboardInterrupt):
            get("good")
    assert target.with_name(LEFT).read_bytes() == CONTENT[:300]
    get("good")
    assert only_the_file(target)
    assert server.asked[1:] == [("good", "bytes=300-")]


@pytest.mark.parametrize(
    ("content", "asked"),
    [
        (CONTENT[:999], ["bytes=999-"]),
        (CONTENT, ["bytes=1000-"]),  # whole, and only the name is lacking
        (b"x" * 500, ["bytes=500-", None]),  # of something else
        (CONTENT + b"x", ["bytes=1001-", None]),  # longer than the file
        (b"x" * 1000, ["bytes=1000-", None]),
        (b"", [None]),
    ],
    ids=["beginning", "whole", "other", "longer", "other of the same length", "empty"],
)
def test_whatever_was_left_the_file_comes_right(content, asked, get, target, server, left):
    left(content)
    get("good")
    assert only_the_file(target)
    assert [span for _, span in server.asked] == asked


@pytest.mark.parametrize("content", [CONTENT[:500], b"x" * 500, CONTENT + b"x"])
def test_a_server_that_ignores_the_range_sends_all_of_it(content, get, target, server, left):
    left(content)
    get("whole")
    assert only_the_file(target)
    assert len(server.asked) == 1


def test_what_was_left_wrong_is_not_kept_though_the_mirrors_fail(get, target, left):
    left(b"x" * 500)
    with pytest.raises(DownloadError):
        get("corrupt")
    assert listed(target) == []


def test_what_a_killed_process_left_is_used_after_an_hour(get, target, server, left):
    left(CONTENT[:700], name="data.bin.0a1b2c3d.part", age=3700)
    get("good")
    assert only_the_file(target)
    assert server.asked == [("good", "bytes=700-")]


# Several processes


def test_what_another_process_is_writing_is_left_alone(get, target, server, left):
    left(CONTENT[:700], name="data.bin.0a1b2c3d.part", age=60)
    get("good")
    assert listed(target) == ["data.bin", "data.bin.0a1b2c3d.part"]
    assert server.asked == [("good", None)]


def test_several_at_once_all_find_the_file(get, target, left):
    left(CONTENT[:500])
    start = threading.Barrier(4)

    def one(_):
        start.wait()
        get("good")
        return target.read_bytes()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(4))) == [CONTENT] * 4
    assert only_the_file(target)


def test_if_another_process_is_faster_its_file_stays(get, target, monkeypatch):
    module = sys.modules["whorl.datasets.download"]
    complete = module._complete

    def overtaken(*arguments):
        complete(*arguments)
        target.write_bytes(CONTENT)
        os.utime(target, (1, 1))

    monkeypatch.setattr(module, "_complete", overtaken)
    get("good")
    assert only_the_file(target)
    assert target.stat().st_mtime == 1


# The rest


def test_a_directory_that_cannot_be_made_is_named(get, target):
    target.parent.parent.write_text("a file where the directory should be")
    with pytest.raises(OSError, match=r"cannot write into .*cache.mnist: ") as caught:
        get("good")
    assert not isinstance(caught.value, DownloadError)


def test_a_terminal_shows_how_far_it_is(get, target, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    get("good")
    shown = capsys.readouterr().err.split("\r\x1b[K")
    assert shown[1:] == ["data.bin 0.0 of 0.0 MB"] * 10 + ["", f"downloaded {target}\n"]


def test_a_terminal_shows_how_much_came_if_the_server_does_not_say_how_much_will(get, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    get("unmeasured")
    assert capsys.readouterr().err.split("\r\x1b[K")[1] == "data.bin 0.0 MB"


def test_a_log_is_not_filled(get, capsys):
    get("good")
    assert capsys.readouterr() == ("", "")
