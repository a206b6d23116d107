"""``whorl serve model.npz``: answer requests for predictions over HTTP."""

from __future__ import annotations

import argparse
import gc
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

from whorl import serving
from whorl._core.blas import single_threaded_blas
from whorl._core.validation import integer
from whorl.cli.options import number
from whorl.formats import load


def add_arguments(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    """Add the arguments to the parser."""
    parser.description = (
        "Answer requests for predictions over HTTP, on this machine only unless --host says otherwise: POST /predict; GET /schema, an"
        " OpenAPI document; GET /healthz; GET /metrics, for Prometheus. Ctrl-C or SIGTERM stops the server, after the requests under way."
    )
    parser.add_argument(
        "model", metavar="MODEL", help="model file, such as model.npz, which whorl train wrote, or model.safetensors"
    )
    for name, default, text in (
        ("port", 8000, "port to listen at; 0 for any that is free"),
        ("workers", 1, "number of processes, which share the memory of the model"),
        ("max-body", serving.MAX_BODY, "largest size of a request, in bytes"),
        ("max-rows", serving.MAX_ROWS, "largest number of rows of a request"),
    ):
        parser.add_argument(f"--{name}", type=number(int), default=default, metavar="N", help=f"{text} [{default}]")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen at; 0.0.0.0 for all of this machine [127.0.0.1]",
    )
    parser.add_argument("--access-log", action="store_true", help="print a line for each request")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    port = integer("argument --port:", arguments.port, minimum=0)
    if port > 65_535:
        raise ValueError(f"argument --port: must be at most 65535, got {port}")
    workers = integer("argument --workers:", arguments.workers)
    if workers > 1 and not hasattr(os, "fork"):
        raise ValueError("argument --workers: this system cannot fork processes, so there can be only 1")
    max_body = integer("argument --max-body:", arguments.max_body)
    max_rows = integer("argument --max-rows:", arguments.max_rows)
    with single_threaded_blas(), shared_metrics() if workers > 1 else nullcontext():
        app = serving.app(load(arguments.model), max_body=max_body, max_rows=max_rows)
        try:
            from whorl.serving.server import serve
        except ImportError as error:
            raise ImportError(f"whorl serve needs uvicorn and httptools, {serving.EXTRA}") from error

        def started(url: str) -> None:
            print(f"serving {arguments.model} at {url}", flush=True)

        gc.freeze()  # what is loaded stays: no search for garbage in it delays a request, or copies memory that forks share
        access_log = arguments.access_log
        serve(app, arguments.host, port, workers=workers, access_log=access_log, started=started)
    return 0


@contextmanager
def shared_metrics() -> Iterator[None]:
    """Let processes share their metrics, in a directory that is deleted at the end; set before prometheus-client is loaded."""
    with tempfile.TemporaryDirectory(prefix="whorl-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        try:
            yield
        finally:
            del os.environ["PROMETHEUS_MULTIPROC_DIR"]
