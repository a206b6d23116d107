"""A server for the application, with uvicorn: it prints its address, and stops when it is told to."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Sequence
from functools import partial

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from whorl._core.listening import listen, url
from whorl.serving.metrics import forget
from whorl.serving.workers import STOPPING, Workers

GRACE = 10
"""Seconds that requests have to finish when the server is told to stop."""
HEAD = 2**19
"""The largest size of the headers of a request, in bytes; the end of the body before them counts."""


def serve(
    app: ASGIApp, host: str, port: int, *, workers: int = 1, access_log: bool = False, started: Callable[[str], object]
) -> None:
    """Serve until Ctrl-C or SIGTERM; then finish the requests under way, and return.

    Parameters
    ----------
    app : ASGI application
    host : str
        The address to listen at.
    port : int
        0 for any that is free.
    workers : int, optional
        Number of processes. If there are several, they are forks of this one.
    access_log : bool, optional
        Whether to print a line for each request.
    started : callable
        Called with the URL of the server, when it answers.

    Raises
    ------
    OSError
        If it cannot listen there.
    """
    listening = listen(host, port, workers)
    begun = partial(started, url(listening[0]))
    if workers == 1:
        _run(app, listening, 0, begun, access_log=access_log)
        return

    def work(number: int) -> None:
        _run(app, listening, number, lambda: None, access_log=access_log)

    def close() -> None:
        for each in listening:
            each.close()

    Workers(workers, work).run(begun, close, forget)


def _run(
    app: ASGIApp, listening: Sequence[socket.socket], number: int, started: Callable[[], object], *, access_log: bool
) -> None:
    """Serve in this process, at the socket of this number; the others are those of other processes."""
    for other in listening:
        if other is not listening[number]:
            other.close()
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_level="info" if access_log else "error",
        access_log=access_log,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
    )
    server = _Server(config, started)
    before = {each: signal.signal(each, server.handle_exit) for each in STOPPING}
    try:
        server.run([listening[number]])  # which sends itself the signal again when it has stopped
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class _Protocol(HttpToolsProtocol):
    """HTTP with a limit on what comes before the body, which uvicorn has only without httptools."""

    reading_head, head = False, 0

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.reading_head, self.head = True, 0

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self.reading_head = False

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.reading_head:
            self.head += len(data)
            if self.head > HEAD and not self.transport.is_closing():
                self.send_400_response("The headers are too large.")


class _Server(uvicorn.Server):
    """A server that says when it has started."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], object]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell()
