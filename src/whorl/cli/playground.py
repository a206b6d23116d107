"""``whorl playground``: a page in the browser that trains networks and shows what happens."""

from __future__ import annotations

import argparse
import webbrowser
from collections.abc import Sequence

from whorl._core.blas import single_threaded_blas
from whorl._core.validation import integer
from whorl.cli.options import number


def add_arguments(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    """Add the arguments to the parser."""
    parser.description = (
        "Open a page in the browser that trains networks on points in the plane or on the rows of a CSV file, and shows every number."
        " The page is for this machine only unless --host says otherwise. Ctrl-C stops the server."
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen at; 0.0.0.0 for all of this machine [127.0.0.1]",
    )
    parser.add_argument(
        "--port", type=number(int), default=0, metavar="N", help="port to listen at; 0 for any that is free [0]"
    )
    parser.add_argument(
        "--lesson", action="append", default=[], metavar="FILE", help="lesson in TOML to show first; may be repeated"
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address of the page, and open no browser")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    port = integer("argument --port:", arguments.port, minimum=0)
    if port > 65_535:
        raise ValueError(f"argument --port: must be at most 65535, got {port}")
    try:
        import websockets  # noqa: F401  # uvicorn imports it when it starts

        from whorl.playground.server import serve
    except ImportError as error:
        raise ImportError(
            "whorl playground needs Starlette, uvicorn, websockets and msgspec, which the extra whorl[playground] installs"
        ) from error

    def started(address: str) -> None:
        print(f"the playground is at {address}", flush=True)
        if not arguments.no_browser:
            webbrowser.open(address)

    with single_threaded_blas():
        serve(arguments.host, port, started, own=arguments.lesson)
    return 0
