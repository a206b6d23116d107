"""Sockets that a server listens at."""

from __future__ import annotations

import socket
import sys

BACKLOG = 2048
"""The most connections that wait for a process."""


def listen(host: str, port: int, count: int = 1) -> list[socket.socket]:
    """Return sockets that listen at an address, for so many processes; raise OSError with the address if they cannot.

    Linux divides the connections between several sockets of one address. On other systems all processes have the same socket.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        alone = socket.create_server((host, port), family=family, backlog=BACKLOG)
        if count == 1 or sys.platform != "linux":
            return [alone] * count
        with alone:  # which no other server has
            address = alone.getsockname()
        return [socket.create_server(address, family=family, backlog=BACKLOG, reuse_port=True) for _ in range(count)]
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0]
        raise OSError(f"cannot listen at {host} port {port}: {reason}") from None


def url(listening: socket.socket) -> str:
    """Return the address of a socket as a URL."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
