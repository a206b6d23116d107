"""The server of the playground: the page's files, and a web socket for each pane of it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable
from secrets import token_urlsafe

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from whorl._core.listening import listen, url
from whorl.playground.access import Access, Guard
from whorl.playground.assets import assets
from whorl.playground.decoding import LARGEST, read
from whorl.playground.lessons import lessons
from whorl.playground.session import NOTHING, Answer, Session

CONNECTIONS = 8
"""The most web sockets at once."""
PENDING = 16
"""The most messages of a page that wait for their answers; it has to wait with the next one."""
GRACE = 2
"""Seconds that connections have to end when the server is told to stop."""


def application(access: Access, own: Iterable[str] = ()) -> Starlette:
    """Return the web application, with the lessons that come with it and those of the files `own`."""
    found, sessions, all_lessons = assets(), set[Session](), msgspec.json.encode(lessons(own))

    async def index(request: Request) -> Response:
        if not access.has_token(request):
            return PlainTextResponse("open the address that the command has printed, with its token\n", 403)
        content, media = found["index.html"]
        return Response(content, media_type=media)

    async def static(request: Request) -> Response:
        content, media = found.get(request.path_params["name"], (None, None))
        return (
            PlainTextResponse("there is no such file\n", 404)
            if content is None
            else Response(content, media_type=media)
        )

    async def taught(_: Request) -> Response:
        return Response(all_lessons, media_type="application/json")

    async def socket(page: WebSocket) -> None:
        refusal = None
        if not access.has_token(page) or not access.is_own_page(page.headers):
            refusal = PlainTextResponse("this is for the page of this server alone\n", 403)
        elif len(sessions) >= CONNECTIONS:
            refusal = PlainTextResponse(f"there are {CONNECTIONS} pages already: close one\n", 503)
        if refusal:
            await page.send_denial_response(refusal)
            return
        conversation = Conversation(page)
        sessions.add(conversation.session)
        try:
            await page.accept()
            await conversation.hold()
        finally:
            conversation.session.close()
            sessions.discard(conversation.session)

    routes = [
        Route("/", index),
        Route("/static/{name:path}", static),
        Route("/lessons.json", taught),
        WebSocketRoute("/socket", socket),
    ]
    application = Starlette(routes=routes, middleware=[Middleware(Guard, access=access)])
    application.router.redirect_slashes = False  # a redirection repeats the name of the host that the client sent
    return application


class Conversation:
    """The messages of a page and their answers.

    A slow page gets its answers late, and then sends its next messages late; training does not wait for it.
    """

    def __init__(self, page: WebSocket) -> None:
        self.page: WebSocket = page
        self.answers: asyncio.Queue[Answer] = asyncio.Queue()
        self.free: asyncio.Semaphore = asyncio.Semaphore(PENDING)
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self.session: Session = Session(self._hand_over)

    def _hand_over(self, answer: Answer) -> None:
        """Hand an answer from the session's thread over to this one."""
        try:
            self.loop.call_soon_threadsafe(self.answers.put_nowait, answer)
        except RuntimeError:  # the server has stopped
            self.session.close()

    async def hold(self) -> None:
        """Read and write until the page is gone."""
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> None:
        while True:
            event = await self.page.receive()
            if event["type"] != "websocket.receive":
                return
            await self.free.acquire()
            self.session.put(read(event.get("text") or event.get("bytes") or b""))

    async def _write(self) -> None:
        while True:
            answer = await self.answers.get()
            try:
                if isinstance(answer, str):
                    await self.page.send_text(answer)
                elif answer != NOTHING:
                    await self.page.send_bytes(answer)
            except (WebSocketDisconnect, RuntimeError):  # the page is gone
                return
            self.free.release()


def serve(host: str, port: int, started: Callable[[str], object], *, own: Iterable[str] = ()) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Parameters
    ----------
    host : str
        The address to listen at.
    port : int
        0 for any that is free.
    started : callable
        Called with the URL of the page, when connections are accepted.
    own : iterable of str, optional
        Paths of lessons to show before those that come with the page.

    Raises
    ------
    OSError
        If it cannot listen there, or a lesson cannot be read.
    ValueError
        If a file is not a lesson.
    """
    [listening] = listen(host, port)
    with listening:
        access = Access(token_urlsafe(), host, listening.getsockname()[1])
        server = uvicorn.Server(_settings(application(access, own)))
        before = {each: signal.signal(each, server.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        started(f"{url(listening)}/?token={access.token}")
        try:
            server.run([listening])  # which sends itself the signal again when it has stopped
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def _settings(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_max_size=4 * LARGEST,  # a message that is too large but not huge gets an answer
        ws_per_message_deflate=False,
        lifespan="off",
        log_level="error",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
    )
