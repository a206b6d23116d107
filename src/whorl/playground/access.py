"""Who may use the server: whoever has the token, at an address that the server listens at, from its own page.

Without the check of ``Host``, a page of another site could make its name stand for this machine, and ask this server as its own (DNS
rebinding). Without that of ``Origin``, any page could open a web socket to it.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = "localhost", "127.0.0.1", "[::1]"

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self' {socket};"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""The headers of every response."""


class Access:
    """What a request must have.

    Parameters
    ----------
    token : str
        The secret in the address that the command prints.
    host : str
        The address that the server listens at.
    port : int
    """

    def __init__(self, token: str, host: str, port: int) -> None:
        self.token: str = token
        self.port: int = port
        self.anywhere: bool = host in {"0.0.0.0", "::", ""}  # noqa: S104  # only if the user asks for it
        self.names: set[str] = {*LOOPBACK, f"[{host}]" if ":" in host else host.lower()}
        if self.anywhere:
            self.names.add(socket.gethostname().lower())

    def knows_host(self, headers: Headers) -> bool:
        """Whether a request is for this server, by a name of its own; or by number, if it listens at all addresses."""
        name, _, port = headers.get("host", "").rpartition(":")
        if port != str(self.port):
            return False
        return name.lower() in self.names or (self.anywhere and _is_number(name))

    def is_own_page(self, headers: Headers) -> bool:
        """Whether a web socket is opened by a page of this server."""
        return headers.get("origin", "").lower() == f"http://{headers.get('host', '')}".lower()

    def has_token(self, connection: HTTPConnection) -> bool:
        """Whether the address has the token."""
        given = connection.query_params.get("token", "")
        return hmac.compare_digest(given.encode(), self.token.encode())


def _is_number(name: str) -> bool:
    """Whether a host is given as an address, and not as a name that someone else may have chosen."""
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


class Guard:
    """Refuses requests for other hosts, and adds the headers to all responses."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app: ASGIApp = app
        self.access: Access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                added = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    added[name] = value.format(socket=f"ws://{headers['host']}" if known else "")
            await send(message)

        known = self.access.knows_host(headers)
        app = self.app if known else PlainTextResponse("this server has another name\n", 421)
        await app(scope, receive, send_with_headers)
