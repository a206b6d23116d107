"""A playground in this process, its page in Chromium, and the sessions that train for it."""

import base64
import json
import threading
import time

import uvicorn

from whorl._core.listening import listen, url
from whorl.playground import server
from whorl.playground.access import Access
from whorl.playground.session import Session

PATIENCE = 60
"""Seconds to wait for what should happen at once."""


class Playground:
    """The server, in a thread.

    Attributes
    ----------
    address : str
        That of the page.
    sessions : list of Session
        All that pages have opened, in order.
    """

    def __init__(self, monkeypatch):
        self.sessions = opened = []

        class Recorded(Session):
            def __init__(self, send):
                super().__init__(send)
                opened.append(self)

        monkeypatch.setattr(server, "Session", Recorded)
        [listening] = listen("127.0.0.1", 0)
        access = Access("token", "127.0.0.1", listening.getsockname()[1])
        config = uvicorn.Config(
            server.application(access),
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            lifespan="off",
            log_level="error",
        )
        self.server = uvicorn.Server(config)
        self.address = f"{url(listening)}/?token=token"
        self.thread = threading.Thread(target=self.server.run, args=([listening],), daemon=True)
        self.thread.start()

    def close(self):
        self.server.should_exit = True
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


class Opened:
    """A page, and the trainings behind it.

    Attributes
    ----------
    page : Page
        That of Playwright.
    """

    def __init__(self, playground, page):
        self.playground, self.page, self.first = playground, page, len(playground.sessions)

    @property
    def sessions(self):
        return self.playground.sessions[self.first :]

    @property
    def run(self):
        """The training of the first pane."""
        return self.sessions[0].run

    @property
    def configuration(self):
        return self.run.configuration

    def until(self, condition):
        """Wait until a condition holds; return its value."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                value = condition()
            except (AttributeError, IndexError):  # the training is not there yet
                value = None
            if value or time.monotonic() > end:
                break
            self.page.wait_for_timeout(20)
        assert value, "it did not happen"
        return value

    def configured(self, act, condition=lambda _: True):
        """Do something, and wait for a training with another configuration for which the condition holds; return the configuration."""
        before = self.run
        act()
        self.until(lambda: self.run is not before and condition(self.run.configuration))
        return self.configuration

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True).first

    def stepped(self, step):
        """Wait until the training and the page are at a step."""
        self.until(lambda: self.run.training.step == step)
        self.until(
            lambda: self.page.locator("#clock-step").inner_text().replace(",", "").replace("\u202f", "") == str(step)
        )


def hashed(*configurations):
    """Return the part of an address that restores configurations, or parts of them."""
    text = json.dumps({"panes": configurations})
    return "#" + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
