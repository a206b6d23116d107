"""The server in a process of its own: who may use it, what it serves, and how connections end."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from socket import create_connection

import pytest
from pane import split
from starlette.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from whorl.cli import main
from whorl.playground import server
from whorl.playground.access import Access
from whorl.playground.assets import assets
from whorl.playground.decoding import LARGEST
from whorl.playground.lessons import lessons

SMALL = {"data": {"kind": "spiral", "samples": 20}, "layers": ["Dense(4)", "ReLU()", "Dense(3)", "Softmax()"]}
CONFIGURE = json.dumps({"type": "configure", "configuration": SMALL})


@pytest.fixture(scope="module")
def running():
    """The address of a server, and its token."""
    command = [sys.executable, "-m", "whorl", "playground", "--no-browser"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        line = process.stdout.readline()
        host, token = re.fullmatch(
            r"the playground is at http://(127\.0\.0\.1:\d+)/\?token=([\w-]{43})\n", line
        ).groups()
        yield host, token
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


@contextmanager
def socket(running, **changes):
    host, token = running
    settings = {"origin": f"http://{host}", "compression": None, "max_size": None, **changes}
    with connect(f"ws://{host}/socket?token={settings.pop('token', token)}", **settings) as opened:
        yield opened


def ask(page, message):
    page.send(message if isinstance(message, str | bytes) else json.dumps(message))
    answer = page.recv(timeout=10)
    return json.loads(answer) if isinstance(answer, str) else split(answer)


def get(running, path, host=None):
    request = urllib.request.Request(f"http://{running[0]}{path}", headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, dict(response.headers), response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def test_the_page_and_its_files(running):
    status, headers, content = get(running, f"/?token={running[1]}")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert content == assets()["index.html"][0]
    for name, (expected, media) in assets().items():
        status, headers, content = get(running, f"/static/{name}")
        assert (status, headers["content-type"], content) == (200, media, expected)
    status, headers, content = get(running, "/lessons.json")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(content) == json.loads(json.dumps(lessons()))


def test_every_response_has_the_headers(running):
    for path in ("/", f"/?token={running[1]}", "/static/index.html", "/nothing", "/lessons.json"):
        _, headers, _ = get(running, path)
        policy = headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert f"connect-src 'self' ws://{running[0]};" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


@pytest.mark.parametrize("token", ["", "?token=", "?token=x", "?token=%00%ff", "?TOKEN={}", "?token={}x"])
def test_the_page_needs_the_token(running, token):
    assert get(running, f"/{token.format(running[1])}")[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/%2e%2e/server.py",
        "/static/..%2f..%2f__init__.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/index.html%00.js",
        "/static/",
        "/static",
        "/static/controls",
        "/server.py",
    ],
)
def test_no_other_file_can_be_read(running, path):
    status, _, content = get(running, path)
    assert status == 404
    assert content in {b"there is no such file\n", b"Not Found"}


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::2]:{port}", "127.0.0.2:{port}"]
)
def test_other_hosts_are_refused(running, host):
    host = host.format(port=running[0].rpartition(":")[2])
    for path in (f"/?token={running[1]}", "/static/index.html"):
        status, headers, content = get(running, path, host)
        assert (status, content) == (421, b"this server has another name\n")
        assert headers["x-content-type-options"] == "nosniff"


def test_the_names_of_the_loopback_address_are_known(running):
    port = running[0].rpartition(":")[2]
    for host in (f"localhost:{port}", f"LOCALHOST:{port}", f"[::1]:{port}"):
        assert get(running, f"/?token={running[1]}", host)[0] == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"token": "x"},
        {"token": ""},
        {"origin": None},
        {"origin": "null"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1"},
        {"origin": "http://localhost"},
    ],
)
def test_other_pages_cannot_open_a_socket(running, changes):
    with pytest.raises(InvalidStatus) as caught, socket(running, **changes):
        pass
    assert caught.value.response.status_code == 403


def test_a_socket_for_another_host_is_refused(running):
    address, port = running[0].split(":")
    evil = f"evil.example:{port}"
    reached = create_connection((address, int(port)))  # as if the name stood for this machine
    with (
        reached,
        pytest.raises(InvalidStatus) as caught,
        connect(f"ws://{evil}/socket?token={running[1]}", sock=reached, origin=f"http://{evil}"),
    ):
        pass
    assert caught.value.response.status_code == 421


@pytest.mark.parametrize(
    ("host", "listens", "known"),
    [
        ("127.0.0.1", "127.0.0.1:80", True),
        ("127.0.0.1", "127.0.0.1:81", False),
        ("127.0.0.1", "192.168.0.5:80", False),
        ("lab.example", "lab.example:80", True),
        ("lab.example", "other.example:80", False),
        ("0.0.0.0", "192.168.0.5:80", True),
        ("0.0.0.0", "evil.example:80", False),
        ("::", "[fe80::1]:80", True),
        ("::", "1.2.3.4.example:80", False),
        ("0.0.0.0", ":80", False),
        ("0.0.0.0", "", False),
    ],
)
def test_the_hosts_that_are_known(host, listens, known):
    assert Access("x", host, 80).knows_host(Headers({"host": listens})) is known


def test_messages_and_answers(running):
    with socket(running) as page:
        assert ask(page, CONFIGURE)["type"] == "configured"
        page.send('{"type": "advance"}')
        page.send('{"type": "advance", "unit": "batch"}')
        page.send("nonsense")
        page.send('{"type": "back", "step": 1}')
        answers = [json.loads(page.recv(timeout=10)) for _ in range(4)]
        assert [answer.get("step") for answer in answers] == [2, 3, None, 1]
        header, arrays = ask(page, {"type": "look", "grid": 8})
        assert (header["step"], arrays["surface"].shape) == (1, (8, 8, 3))


def test_frames_that_are_never_sent_hold_nothing_up(running):
    with socket(running) as page:
        ask(page, CONFIGURE)
        assert ask(page, {"type": "look", "grid": 8})[0]["step"] == 0
        for _ in range(3 * server.PENDING):
            page.send('{"type": "look", "grid": 8}')  # nothing is new
        assert ask(page, {"type": "pause"})["of"] == "pause"


@pytest.mark.parametrize(
    ("text", "of", "message", "field"),
    [
        ("", None, "the message cannot be read", None),
        (b"\xff\xfe", None, "the message cannot be read", None),
        ("[" * 100_000, None, "", None),
        ('{"type": "shutdown"}', None, "type: invalid value 'shutdown'", "$.type"),
        ('{"type": "back", "step": -1}', "back", "step: expected a whole number >= 0", "$.step"),
        ('{"type": "play", "speed": "fast"}', "play", "speed: expected a number, got text", "$.speed"),
        ('{"type": "pause", "when": 1}', "pause", "object contains unknown field when", None),
        (
            '{"type": "configure", "configuration": {"layers": ["Dense(3)", 5]}}',
            "configure",
            "layers[1]: expected text, got a whole number",
            "$.layers[1]",
        ),
        (
            json.dumps({"type": "upload", "name": "x", "text": "a" * (LARGEST + 1)}),
            None,
            "the message has 5,000,",
            None,
        ),
    ],
)
def test_what_is_not_valid_is_refused_and_the_connection_stays(running, text, of, message, field):
    with socket(running) as page:
        answer = ask(page, text)
        assert (answer["type"], answer["of"], answer["field"]) == ("failed", of, field)
        assert answer["message"].startswith(message)
        assert ask(page, CONFIGURE)["type"] == "configured"


def test_a_huge_message_closes_the_connection(running):
    with socket(running) as page, pytest.raises(ConnectionClosed):
        ask(page, "x" * (4 * LARGEST + 1))
    with socket(running) as page:
        assert ask(page, CONFIGURE)["type"] == "configured"


def test_there_are_at_most_eight_pages(running):
    pages = [socket(running) for _ in range(server.CONNECTIONS)]
    opened = [page.__enter__() for page in pages]
    try:
        with pytest.raises(InvalidStatus) as caught, socket(running):
            pass
        assert caught.value.response.status_code == 503
        assert ask(opened[0], CONFIGURE)["type"] == "configured"
    finally:
        for page in pages:
            page.__exit__(None, None, None)
    with socket(running) as page:
        assert ask(page, CONFIGURE)["type"] == "configured"


def conversed(monkeypatch, texts, *, gone=None):
    """The answers to texts of a page, without a network, and the session, once the page has left; or is `gone` when it is written to."""
    sessions, answers = [], []

    class Session(server.Session):
        def __init__(self, send):
            super().__init__(send)
            sessions.append(self)

    monkeypatch.setattr(server, "Session", Session)
    application = server.application(Access("secret", "127.0.0.1", 80))
    headers = [(b"host", b"127.0.0.1:80"), (b"origin", b"http://127.0.0.1:80")]
    scope = {"type": "websocket", "path": "/socket", "headers": headers, "query_string": b"token=secret"}

    async def converse():
        events, answered = iter([{"type": "websocket.connect"}, *texts]), asyncio.Event()

        async def receive():
            event = next(events, None)
            if event is None:
                await answered.wait()
                return {"type": "websocket.disconnect"}
            return event if isinstance(event, dict) else {"type": "websocket.receive", "text": event}

        async def send(message):
            if message["type"] == "websocket.send":
                if gone:
                    raise gone
                answers.append(message)
                if len(answers) == len(texts):
                    answered.set()

        await application(scope, receive, send)

    asyncio.run(asyncio.wait_for(converse(), 10))
    return answers, *sessions


def test_closing_the_page_ends_its_session(monkeypatch):
    answers, session = conversed(monkeypatch, [CONFIGURE, '{"type": "play"}'])
    assert json.loads(answers[1]["text"]) == {"type": "done", "of": "play", "step": 0, "epoch": 0}
    assert session.join(5)


@pytest.mark.parametrize("gone", [RuntimeError("closed"), OSError("broken")])
def test_a_page_that_is_gone_when_it_is_written_to_ends_its_session(monkeypatch, gone):
    answers, session = conversed(monkeypatch, [CONFIGURE, *['{"type": "advance"}'] * 99], gone=gone)
    assert answers == []
    assert session.join(5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "65536"], "argument --port: must be at most 65535, got 65536"),
        (["--port", "-1"], "argument --port: must be a whole number of at least 0, got -1"),
        (["--lesson", "nothing.toml"], "there is no file 'nothing.toml'"),
        (["--lesson", __file__], "this is not TOML"),
        (["--host", "256.0.0.1"], "cannot listen at 256.0.0.1 port 0"),
    ],
)
def test_wrong_arguments(arguments, message, capsys):
    assert main(["playground", "--no-browser", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("browser", [True, False])
def test_the_browser_is_opened(monkeypatch, capsys, browser):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr(server, "serve", lambda host, port, started, own: started(f"http://{host}:{port}/?token=x"))
    assert main(["playground", "--port", "5", *([] if browser else ["--no-browser"])]) == 0
    assert capsys.readouterr().out == "the playground is at http://127.0.0.1:5/?token=x\n"
    assert opened == ["http://127.0.0.1:5/?token=x"] * browser


def test_without_its_packages_the_command_names_the_extra(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "websockets", None)
    assert main(["playground", "--no-browser"]) == 2
    assert "which the extra whorl[playground] installs" in capsys.readouterr().err
