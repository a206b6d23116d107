"""A file server on this machine, whose URLs tell how well it serves; the tests use no other."""

import socket
import socketserver
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        way, name = self.path.strip("/").split("/")
        self.server.requests.append((way, name))
        with suppress(ConnectionError):  # the client has closed the connection
            getattr(self, way)(self.server.files.get(name, b""))

    def answer(self, status, content, length=None):
        self.send_response(status)
        self.send_header("Content-Length", len(content) if length is None else length)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def good(self, content):
        self.answer(200, content)

    def missing(self, content):
        self.answer(404, b"not here")

    def corrupt(self, content):
        self.answer(200, b"\0" + content[1:])

    def truncated(self, content):
        self.answer(200, content[: len(content) // 2], length=len(content))

    def slow(self, content):
        self.answer(200, content[: len(content) // 2], length=len(content))
        self.server.closing.wait(10)

    def rude(self, content):
        self.wfile.write(b"good day\r\n\r\n")

    def portal(self, content):
        """The page of a hotel's network instead of the file."""
        self.answer(200, b"<html>Please log in</html>")

    def flaky(self, content):
        """An error at the first request only."""
        (self.good if len(self.server.requests) > 1 else self.missing)(content)


class Server(ThreadingHTTPServer):
    def server_bind(self):
        socketserver.TCPServer.server_bind(self)  # HTTPServer would look up this machine's name
        self.server_name, self.server_port = self.server_address


@pytest.fixture
def server():
    """Serves `files`, by name, in the way that `url(way)` names; `requests` lists the requests."""
    server = Server(("127.0.0.1", 0), Handler)
    server.files, server.requests, server.closing = {}, [], threading.Event()
    server.url = lambda way: f"http://127.0.0.1:{server.server_port}/{way}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path):
    """Keep the tests from the network, and from the user's data and cache."""
    look_up = socket.getaddrinfo

    def only_this_machine(host, *rest, **options):
        assert host == "127.0.0.1", f"a test asked for {host}"
        return look_up(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", only_this_machine)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("WHORL_DATA", raising=False)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """Lists the pauses before a download is tried again, instead of waiting."""
    found = []
    monkeypatch.setattr("pooch.core.time.sleep", found.append)
    return found
