"""The web application that answers with predictions of a model."""

from __future__ import annotations

import json

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from whorl._core.validation import instance, integer
from whorl.engine import cores
from whorl.model import Model
from whorl.serving.errors import RequestError
from whorl.serving.metrics import Measured, Metrics
from whorl.serving.predictor import Predictor
from whorl.serving.schema import schema

PATHS = "/predict", "/schema", "/healthz", "/metrics"


def application(model: Model, *, max_body: int, max_rows: int) -> Starlette:
    """Return the application, as `whorl.serving.app` describes it."""
    instance("model", model, Model, 'whorl.load("model.npz")')
    max_body, max_rows = integer("max_body", max_body), integer("max_rows", max_rows)
    predictor, metrics = Predictor(model, max_rows), Metrics(PATHS)
    document = json.dumps(schema(predictor)).encode()

    async def described(_: Request) -> Response:
        return _json(document)

    async def healthy(_: Request) -> Response:
        return _json(b'{"status":"ok"}')

    async def measured(_: Request) -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    application = Starlette(
        routes=[
            Route("/predict", _Predict(predictor, metrics, max_body), methods=["POST"]),
            Route("/schema", described),
            Route("/healthz", healthy),
            Route("/metrics", measured),
        ],
        middleware=[Middleware(Measured, metrics=metrics)],
        exception_handlers={RequestError: _refused, HTTPException: _not_served, 500: _failed},
    )
    application.router.redirect_slashes = False  # a redirection repeats the name of the host that the client sent
    return application


class _Predict:
    """The endpoint for predictions, an ASGI application.

    Short answers are computed at once: to hand them to a thread would take longer. Long ones are computed in threads, as many as there
    are cores, so that other requests are answered meanwhile.
    """

    def __init__(self, predictor: Predictor, metrics: Metrics, max_body: int) -> None:
        self.predictor, self.metrics, self.max_body = predictor, metrics, max_body
        self.limiter: CapacityLimiter | None = None  # belongs to an event loop, which does not run yet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        question = self.predictor.question(await _body(scope, receive, self.max_body))
        if question.long:
            self.limiter = self.limiter or CapacityLimiter(cores())
            answer = await to_thread.run_sync(self.predictor.answer, question, limiter=self.limiter)
        else:
            answer = self.predictor.answer(question)
        self.metrics.rows.inc(question.rows)
        await _json(answer)(scope, receive, send)


async def _body(scope: Scope, receive: Receive, most: int) -> bytes:
    """Return the body of a request for predictions; raise RequestError if it is too large, or not of the right type."""
    headers = dict(scope["headers"])
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != b"application/json":
        raise RequestError(415, "the body must be JSON, with the header Content-Type: application/json")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise RequestError(415, "the body must not be compressed")
    too_large = RequestError(413, f"the body is too large: at most {most} bytes are allowed")
    length = headers.get(b"content-length", b"0")
    if not length.isdigit():
        raise RequestError(400, "the header Content-Length must be a number")
    if len(length) > 18 or int(length) > most:
        raise too_large
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestError(400, "the client has closed the connection")
        body += message.get("body", b"")
        if len(body) > most:
            raise too_large
        if not message.get("more_body", False):
            return bytes(body)


def _json(content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(content, status, headers, "application/json")


def _error(
    status: int, message: str, where: tuple[str | int, ...] = (), headers: dict[str, str] | None = None
) -> Response:
    return _json(json.dumps({"error": message, "where": where}).encode(), status, headers)


async def _refused(_: Request, error: Exception) -> Response:
    """Answer a request that is not as it must be."""
    assert isinstance(error, RequestError)
    return _error(error.status, error.message, error.where)


async def _not_served(_: Request, error: Exception) -> Response:
    """Answer a request for a path that does not exist, or with a method that it does not have."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return _error(404, f"there is no such path; there are {', '.join(PATHS)}")
    allowed = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
    return _error(error.status_code, f"this path takes only {allowed}", headers={"Allow": allowed})


async def _failed(*_: object) -> Response:
    """Answer a request that has made the application fail."""
    return _error(500, "the server has failed; its log says why")
