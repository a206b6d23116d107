"""A server of files on this machine, with the habits of good and of bad mirrors; no test here may ask any other."""

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
        self.server.asked.append((way, self.headers["Range"]))
        with suppress(ConnectionError):  # who asked has gone
            getattr(self, way)(self.server.files.get(name, b""))

    def answer(self, status, content, length=None, **headers):
        self.send_response(status)
        for key, value in {"Content-Length": len(content) if length is None else length, **headers}.items():
            if value != "none":
                self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def good(self, content):
        start = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if not self.headers["Range"]:
            self.answer(200, content)
        elif start >= len(content):
            self.answer(416, b"", Content_Range=f"bytes */{len(content)}")
        else:
            span = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.answer(206, content[start:], Content_Range=span)

    def whole(self, content):
        """Whatever the range asked for."""
        self.answer(200, content)

    def unmeasured(self, content):
        self.answer(200, content, length="none")

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
        """As in a hotel: another page, whatever was asked for."""
        self.answer(200, b"<html>Please log in</html>")


class Server(ThreadingHTTPServer):
    def server_bind(self):
        socketserver.TCPServer.server_bind(self)  # HTTPServer's would ask the network for this machine's name
        self.server_name, self.server_port = self.server_address


@pytest.fixture
def server():
    """Serves `files`, by name, in the way that the address names: `url('good')`; `asked` lists what it was asked."""
    server = Server(("127.0.0.1", 0), Handler)
    server.files, server.asked, server.closing = {}, [], threading.Event()
    server.url = lambda way: f"http://127.0.0.1:{server.server_port}/{way}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def apart(monkeypatch, tmp_path):
    """Keep the tests from the network, and from the data and the cache of whoever runs them."""
    connect = socket.create_connection

    def only_here(address, *rest, **options):
        assert address[0] == "127.0.0.1", f"a test asked {address}"
        return connect(address, *rest, **options)

    monkeypatch.setattr(socket, "create_connection", only_here)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("WHORL_DATA", raising=False)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
