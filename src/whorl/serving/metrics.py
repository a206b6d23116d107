"""Figures of a server for Prometheus: requests, rows, seconds.

Several processes keep them in files of a directory that the environment variable `SHARED` names, as prometheus-client does; it must be
set before that package is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from functools import cache
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SHARED = "PROMETHEUS_MULTIPROC_DIR"
OTHER = "other"
"""The label of all paths that do not exist: a label for each would take memory without end."""
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The limits of the histogram."""


class Metrics:
    """What a server has done so far.

    Parameters
    ----------
    paths : collection of str
        Those that exist.
    """

    def __init__(self, paths: Collection[str]) -> None:
        self.paths: frozenset[str] = frozenset(paths)
        self.registry: CollectorRegistry = CollectorRegistry()
        requests = Counter("whorl_requests", "Requests that were answered.", ["path", "status"], registry=self.registry)
        seconds = Histogram(
            "whorl_request_seconds", "Time to answer a request.", ["path"], buckets=SECONDS, registry=self.registry
        )
        self._count, self._time = cache(requests.labels), cache(seconds.labels)  # few, and `labels` is slow
        self.rows: Counter = Counter("whorl_rows_predicted", "Rows that were predicted.", registry=self.registry)
        self.in_flight: Gauge = Gauge(
            "whorl_requests_in_flight",
            "Requests that are being answered.",
            multiprocess_mode="livesum",
            registry=self.registry,
        )

    def add(self, path: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        label = path if path in self.paths else OTHER
        self._count(label, status).inc()
        self._time(label).observe(seconds)

    def text(self) -> bytes:
        """Return the figures in the text format of Prometheus, of all processes."""
        if SHARED not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


def forget(process: int) -> None:
    """Take the requests that a process was answering when it ended out of the figures."""
    if SHARED in os.environ:
        mark_process_dead(process)  # type: ignore[no-untyped-call]


class Measured:
    """Middleware that counts the requests to an application.

    Parameters
    ----------
    app : ASGI application
    metrics : Metrics
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app: ASGIApp = app
        self.metrics: Metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, begun = 500, perf_counter()  # 500 if the application fails

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self.metrics.in_flight.inc()
        try:
            await self.app(scope, receive, observed)
        finally:
            self.metrics.in_flight.dec()
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            self.metrics.add(path, status, perf_counter() - begun)
