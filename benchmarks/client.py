"""A client for HTTP that costs little: the same request again and again, on connections that stay open."""

import asyncio
import re
import time
from typing import NamedTuple, cast

LENGTH = re.compile(rb"content-length: (\d+)\r\n", re.IGNORECASE)


class Load(NamedTuple):
    """What a server did under a load.

    Parameters
    ----------
    rate : float
        Requests per second.
    seconds : list of float
        From each request to its answer, in ascending order.
    busy : float
        The share of the time in which the client computed; near 1, it would be what is measured.
    """

    rate: float
    seconds: list[float]
    busy: float

    def quantile(self, share: float) -> float:
        """Return the time that this share of the requests did not exceed."""
        return self.seconds[min(len(self.seconds) - 1, int(share * len(self.seconds)))]


class Connection(asyncio.Protocol):
    """Sends a request, waits for the answer, and sends the request again until the time is over.

    Parameters
    ----------
    request : bytes
    end : float
        By the clock of `time.perf_counter`.
    """

    def __init__(self, request: bytes, end: float) -> None:
        self.request, self.end = request, end
        self.seconds: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.missing, self.received = 0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.send()

    def send(self) -> None:
        """Send the request."""
        self.begun = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        if self.missing:
            self.missing -= len(data)
        else:
            self.received += data
            head, blank, body = self.received.partition(b"\r\n\r\n")
            if not blank:
                return
            length = LENGTH.search(head + b"\r\n")
            if length is None or not head.startswith(b"HTTP/1.1 200 "):
                self.fail(ValueError(f"the server answered {self.received[:500]!r}"))
                return
            self.missing, self.received = int(length[1]) - len(body), b""
        if self.missing == 0:
            now = time.perf_counter()
            self.seconds.append(now - self.begun)
            if now < self.end:
                self.send()
            elif not self.done.done():
                self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.fail(exc or ConnectionError("the server closed the connection"))

    def fail(self, error: Exception) -> None:
        """End with an error, unless all is done."""
        if not self.done.done():
            self.done.set_exception(error)


def load(url: str, body: bytes, connections: int, seconds: float) -> Load:
    """Send a body to /predict on so many connections at once, for so many seconds; raise ValueError if an answer is no prediction."""
    host, _, port = url.removeprefix("http://").partition(":")
    head = f"POST /predict HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"

    async def run() -> list[Connection]:
        loop, end = asyncio.get_running_loop(), time.perf_counter() + seconds
        pairs = [
            await loop.create_connection(lambda: Connection(head.encode() + body, end), host, int(port))
            for _ in range(connections)
        ]
        try:
            await asyncio.gather(*(connection.done for _, connection in pairs))
        finally:
            for transport, connection in pairs:
                connection.done.cancel()
                transport.close()
        return [connection for _, connection in pairs]

    computed, begun = time.process_time(), time.perf_counter()
    found = asyncio.run(run())
    elapsed = time.perf_counter() - begun
    times = sorted(each for connection in found for each in connection.seconds)
    return Load(len(times) / elapsed, times, (time.process_time() - computed) / elapsed)
