"""The session of one page: a thread that trains, obeys the page's messages one after another, and takes frames in between."""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
from collections.abc import Callable

import numpy as np

from whorl.playground import messages
from whorl.playground.answers import configured, done, failed, uploaded
from whorl.playground.extras import answered
from whorl.playground.findings import Examiner, described
from whorl.playground.frames import Camera
from whorl.playground.limits import ConfigurationError
from whorl.playground.run import Run
from whorl.playground.tables import Upload

SLICE = 0.005
"""Seconds of training between two looks at the messages, unless one step takes longer."""
SHORT = 0.02
"""Seconds that an epoch may take to be taken as a whole; longer ones are taken step by step."""
FRAME = 1 / 42
"""Seconds between two frames at least."""
SHARE = 6
"""How many times as long as a frame takes, training goes on before the next one."""
UPLOADS = 4
"""How many uploaded tables are kept, the latest ones."""

Answer = str | bytes
"""What goes to the page: JSON, or binary data."""

NOTHING = b""
"""Ends the wait of a message that asked for a frame when another one takes its place; it is not for the page."""

log: logging.Logger = logging.getLogger(__name__)


class Session:
    """Trains in a thread of its own until it is closed.

    Parameters
    ----------
    send : callable
        Called in that thread with each answer, exactly one for each message.

    Attributes
    ----------
    run : Run or None
        The training, once the page has sent a configuration.
    """

    def __init__(self, send: Callable[[Answer], object]) -> None:
        self.run: Run | None = None
        self._send = send
        self._inbox: queue.SimpleQueue[messages.Message | Answer | None] = queue.SimpleQueue()
        self._uploads: list[Upload] = []
        self._camera: Camera | None = None
        self._look: messages.Look | None = None  # that has no answer yet
        self._shown: tuple[int, bool, messages.Look] | None = None  # what the last frame showed
        self._next_frame = 0.0
        self._playing, self._speed, self._due = False, 0.0, 0.0
        self._epoch_seconds = math.inf  # of the last epoch
        self._examiner: Examiner | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._live, name="whorl playground", daemon=True)
        self._thread.start()

    def put(self, received: messages.Message | Answer) -> None:
        """Let the session obey a message, after those before it; an answer that is known already is sent when it is its turn."""
        self._inbox.put(received)

    def close(self) -> None:
        """End the session after the step under way, without further answers."""
        self._closed.set()
        self._inbox.put(None)

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the thread has ended; return whether it has."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # All that follows runs in the thread.

    def _live(self) -> None:
        with np.errstate(all="ignore"):  # numbers that are not finite are shown as such
            while not self._closed.is_set():
                self._turn()

    def _turn(self) -> None:
        """Wait for a message, if there is nothing else to do, and obey it; train a little; take a frame."""
        try:
            received = self._inbox.get(timeout=self._pause())
        except queue.Empty:
            received = None
        if received is not None:
            self._handle(received)
        if self._playing and time.monotonic() >= self._due:
            self._train()
        if self._visible() and time.monotonic() >= self._next_frame:
            self._show()

    def _pause(self) -> float | None:
        """Return how long there is nothing to do but to wait for a message; None for ever."""
        times = [self._due] if self._playing else []
        times += [self._next_frame] if self._visible() else []
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _handle(self, received: messages.Message | Answer) -> None:
        """Obey a message and send the answer."""
        if isinstance(received, str | bytes):
            self._send(received)
            return
        kind = messages.tag(received)
        try:
            answer = self._obey(received)
        except (ValueError, TypeError, ArithmeticError, LookupError, ImportError, MemoryError) as error:
            answer = failed(kind, str(error), error.field if isinstance(error, ConfigurationError) else None)
        except Exception as error:
            log.exception("a message of the page made the session fail")
            answer = failed(kind, f"the server has failed: {type(error).__name__}: {error}")
        if answer is not None and not self._closed.is_set():
            self._send(answer)

    def _obey(self, received: messages.Message) -> Answer | None:
        match received:
            case messages.Look():
                replaced, self._look = self._look, received
                return NOTHING if replaced else None
            case messages.Configure(configuration):
                self._playing = False
                run = Run(configuration, self._uploads)
                camera, examiner, answer = Camera(run), Examiner(run.training), configured(run)
                self.run, self._camera, self._examiner = run, camera, examiner
                self._shown, self._epoch_seconds = None, math.inf
                return answer
            case messages.Upload(name, text):
                upload = Upload.read(name, text)
                self._uploads = [each for each in self._uploads if each.digest != upload.digest][1 - UPLOADS :]
                self._uploads.append(upload)
                return uploaded(upload)
        if self.run is None:
            raise ValueError("there is nothing to train yet: send a configuration first")
        return self._control(self.run, received)

    def _control(self, run: Run, received: messages.Message) -> Answer:
        """Obey a message about the training."""
        if isinstance(received, messages.Pause | messages.Advance | messages.Back):
            self._playing = False
        match received:
            case messages.Play(speed):
                self._playing, self._speed, self._due = True, speed, time.monotonic()
            case messages.Pause():
                run.save(now=True)
            case messages.Advance(unit):
                run.advance(unit)
                run.save(now=True)
            case messages.Back(step):
                run.back(step, self._closed.is_set)
            case messages.Edit(name, index, value):
                run.edit(name, index, value)
            case _:
                return answered(run, received)
        return done(messages.tag(received), run)

    def _train(self) -> None:
        """Train for a short time, or for one epoch if the speed is limited."""
        run = self.run
        assert run is not None
        until = time.monotonic() + SLICE
        while self._playing:
            begun, epoch = time.monotonic(), run.training.epoch
            run.advance("epoch" if self._epoch_seconds < SHORT else "batch")
            run.save()
            self._playing = run.stopped is None
            ended = run.training.epoch > epoch
            if ended:
                self._epoch_seconds = run.training.state.history.epochs[-1].seconds
                if self._speed:
                    self._due = max(self._due, begun - 1) + 1 / self._speed
                    return
            if time.monotonic() >= until or not self._inbox.empty():
                return
        run.save(now=True)

    def _findings(self) -> list[dict[str, str]]:
        """Return what the doctor has found, examining the training again when it is time to."""
        examiner = self._examiner
        assert examiner is not None
        if examiner.due:
            examiner.examine()
        return [described(each) for each in examiner.findings]

    def _visible(self) -> bool:
        """Whether the page waits for a frame, and something has changed since the last one."""
        if self._look is None or self.run is None:
            return False
        return self._shown != (self.run.version, self._playing, self._look)

    def _show(self) -> None:
        """Send a frame."""
        run, look, camera = self.run, self._look, self._camera
        assert run is not None
        assert look is not None
        assert camera is not None
        begun = time.monotonic()
        try:
            frame: Answer = camera.frame(look, playing=self._playing, findings=self._findings())
        except Exception as error:
            log.exception("a frame has failed")
            frame = failed("look", f"there is no picture: {type(error).__name__}: {error}")
        self._look, self._shown = None, (run.version, self._playing, look)
        now = time.monotonic()
        self._next_frame = now + (max(FRAME, SHARE * (now - begun)) if self._playing else 0)
        if not self._closed.is_set():
            self._send(frame)
