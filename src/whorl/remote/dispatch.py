"""Hand out trainings to the workers of an executor.

A worker that lacks data of a training says so, and gets the training again with the data. A training whose worker is lost is handed out
again. The number of trainings that are handed out at a time follows from what happens: it falls while workers wait for data, and when
they are lost, and rises with each training that ends.
"""

from __future__ import annotations

import uuid
import warnings
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from typing import Any, NamedTuple

import numpy as np

from whorl._core import randomness
from whorl._core.validation import show
from whorl.engine.choice import from_environment
from whorl.model import Model
from whorl.remote.parcels import DATA, Contents, Sender, dumps, loads
from whorl.remote.worker import Answer, Failed, Trained, work
from whorl.training import History, TrainingState

HANDED_OUT = 128
"""Trainings that are handed out at a time, if the caller does not say how many."""

ATTEMPTS = 3
"""A training that is alone when its worker is lost, so many times, is to blame."""

LOST = BrokenExecutor, CancelledError
"""What a future raises whose worker is lost."""

HINT = "a callable that makes it, such as functools.partial(ProcessPoolExecutor, 4)"

Given = tuple[Model, tuple[Any, Any], Mapping[str, Any]]
"""A training: the model, (X, y), and its own arguments."""


class Sent(NamedTuple):
    """A training that was handed out.

    Parameters
    ----------
    number : int
    worker : str or None
        The worker that has asked for the data; another one may get them.
    data : frozenset of str
        The checksums of the data that were sent with it.
    alone : bool
        Whether no other training is under way beside it.
    """

    number: int
    worker: str | None
    data: frozenset[str]
    alone: bool


def train_all(
    given: Sequence[Given], executor: Any, handed_out: int | None, arguments: Mapping[str, Any]
) -> list[History]:
    """Train models by an executor, or by what a callable makes; return their histories.

    Parameters
    ----------
    given : sequence of tuple
        The trainings, checked.
    executor : Executor, Client of Dask, or callable
    handed_out : int, optional
        The most trainings to hand out at a time.
    arguments : mapping
        The arguments of all trainings.
    """
    make = executor_maker(executor)
    each = [(model, *data, _prepared({**arguments, **own})) for model, data, own in given]
    dispatcher = Dispatcher(each, executor if make is None else make(), make, handed_out or HANDED_OUT)
    try:
        histories = dispatcher.run()
    except BaseException:
        dispatcher.stop()
        raise
    if make is not None:
        dispatcher.executor.shutdown(wait=True)
    return histories


def executor_maker(executor: Any) -> Callable[[], Any] | None:
    """Return the callable that makes an executor; None if it is one. Raise TypeError if it is neither."""
    if isinstance(executor, type) or not hasattr(executor, "submit"):
        if callable(executor):
            return executor  # type: ignore[no-any-return]
        raise TypeError(
            f"executor must be an executor of concurrent.futures, a Client of Dask, or {HINT}, got {show(executor)}"
        )
    return (lambda: executor.get_executor(pure=False)) if hasattr(executor, "get_executor") else None


def _prepared(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a training as a worker needs them, whose environment is another."""
    if arguments.get("fast") is None:
        arguments["fast"] = from_environment()
    if isinstance(arguments.get("rng"), np.random.RandomState):  # draw the seed here, and once
        arguments["rng"] = randomness.generator(arguments["rng"])
    return {"threads": 1, **arguments}


class Dispatcher:
    """Hands out trainings, and collects what they give.

    Parameters
    ----------
    trainings : sequence of tuple
        Each is (model, X, y, arguments).
    executor : Executor
    make : callable, optional
        Makes another executor if the workers of this one are lost.
    most : int
        The most trainings to hand out at a time.
    """

    trainings: Sequence[tuple[Model, Any, Any, dict[str, Any]]]
    executor: Any
    make: Callable[[], Any] | None
    most: int
    sender: Sender
    sent_before: set[str]
    waiting: deque[int]
    running: dict[Future[bytes], Sent]
    window: int
    broken: bool
    lonely: dict[int, int]

    def __init__(
        self,
        trainings: Sequence[tuple[Model, Any, Any, dict[str, Any]]],
        executor: Any,
        make: Callable[[], Any] | None,
        most: int,
    ) -> None:
        self.trainings, self.executor, self.make, self.most = trainings, executor, make, most
        self.sender, self.sent_before = Sender(), set[str]()
        self.waiting, self.running = deque(range(len(trainings))), dict[Future[bytes], Sent]()
        self.window, self.broken, self.lonely = most, False, dict[int, int]()
        self.histories: dict[int, History] = {}

    def run(self) -> list[History]:
        """Train all models, and return their histories in order."""
        while self.waiting or self.running:
            if self.broken and not self.running:
                self.renew()
            while self.waiting and len(self.running) < self.window and not self.broken:
                self.hand_out(self.waiting.popleft())
            done, _ = wait(self.running, return_when=FIRST_COMPLETED)
            self.collect(list(done))
        return [self.histories[number] for number in range(len(self.trainings))]

    def hand_out(self, number: int, worker: str | None = None, data: Sequence[str] = ()) -> None:
        """Submit a training: with these data for this worker, and with those that were never sent before."""
        contents = self.contents(number)
        needed = {each for some in contents.values() for each in some}
        data = sorted({*data, *(needed - self.sent_before)})
        alone = not self.running and (self.window == 1 or not self.waiting)
        call = self.task(number), contents, self.sender.parts(data), len(self.trainings), uuid.uuid4().hex
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Sending large graph")  # Dask's, of the data that are sent once
                future = self.executor.submit(work, *call)
        except BrokenExecutor as error:
            self.lose(number, error, alone=alone)
            return
        self.sent_before |= needed
        self.running[future] = Sent(number, worker, frozenset(data), alone)

    def collect(self, done: Sequence[Future[bytes]]) -> None:
        """Take the answers; have done again what was lost."""
        lost = False
        for future in done:
            sent = self.running.pop(future)
            try:
                answer = loads(future.result())
            except Exception as error:
                if not isinstance(error, LOST) and type(error).__name__ != "KilledWorker":  # Dask's
                    error.add_note(f"this was trainings[{sent.number}]")
                    raise
                self.lose(sent.number, error, alone=sent.alone)
                lost = True
            else:
                self.take(sent, answer)
        if lost and not self.broken:
            self.window = max(1, self.window // 4)

    def take(self, sent: Sent, answer: Answer) -> None:
        """Take the answer of a worker."""
        if isinstance(answer, Failed):
            answer.error.add_note(f"this was trainings[{sent.number}]")
            raise answer.error
        if isinstance(answer, Trained):
            model, _, _, arguments = self.trainings[sent.number]
            self.histories[sent.number] = adopt(model, arguments, answer)
            self.window = min(self.most, self.window + 2)
            return
        under_way = {each for other in self.running.values() if other.worker == answer.worker for each in other.data}
        if self.broken or under_way.issuperset(answer.checksums):
            self.waiting.appendleft(sent.number)
            self.window = max(1, len(self.running))
        else:
            self.hand_out(sent.number, answer.worker, answer.checksums)

    def lose(self, number: int, error: BaseException, *, alone: bool) -> None:
        """Have a training done again whose worker was lost, unless that has happened too often while no other was under way."""
        if isinstance(error, BrokenExecutor):
            self.broken = True
            if self.make is None:
                raise RuntimeError(
                    f"the executor takes no more work, as a worker has ended abruptly, and trainings[{number}] and others are not done:"
                    f" pass {HINT}, and a new one does them again"
                ) from error
        self.waiting.append(number)
        self.lonely[number] = self.lonely.get(number, 0) + alone
        if self.lonely[number] >= ATTEMPTS:
            raise RuntimeError(
                f"trainings[{number}] has ended {ATTEMPTS} workers that trained nothing else: it may need more memory than they have"
            ) from error

    def renew(self) -> None:
        """Replace an executor whose workers are lost."""
        assert self.make is not None
        self.executor.shutdown(wait=False)
        self.executor, self.broken, self.window = self.make(), False, max(1, self.window // 4)
        self.sent_before.clear()

    def stop(self) -> None:
        """Cancel what is under way; close the executor if it was made here."""
        for future in self.running:
            future.cancel()
        if self.make is not None:
            getattr(self.executor, "terminate_workers", lambda: None)()  # process pools have it since Python 3.14
            self.executor.shutdown(wait=False)

    def contents(self, number: int) -> Contents:
        """Return the checksums of the data of a training."""
        _, X, y, arguments = self.trainings[number]
        own = {name: arguments[name] for name in DATA if name in arguments}
        return {
            name: self._pack(number, name, self.sender.add, value) for name, value in {"X": X, "y": y, **own}.items()
        }

    def task(self, number: int) -> bytes:
        """Return the rest of a training as bytes: the model, and the arguments that are not data."""
        model, _, _, arguments = self.trainings[number]
        rest = {name: value for name, value in arguments.items() if name not in DATA}
        try:
            return dumps((model, rest))
        except Exception:
            for name, value in {"the model": model, **rest}.items():
                self._pack(number, name, dumps, value)
            raise

    def _pack(self, number: int, name: str, pack: Callable[[Any], Any], value: object) -> Any:
        """Return a value as bytes; raise TypeError if that is not possible."""
        try:
            return pack(value)
        except Exception as error:
            raise TypeError(
                f"trainings[{number}] cannot be sent to another process, because of {name}, {show(value)}: {error}"
            ) from error


def adopt(model: Model, arguments: Mapping[str, Any], answer: Trained) -> History:
    """Change a model, and what was passed with it, as if it had been trained here; return the history."""
    model.parameters, model.statistics, model.uncertainty = answer.parameters, answer.statistics, None
    model.freeze(*answer.frozen)
    rng, state = arguments.get("rng"), arguments.get("state")
    if answer.rng is not None:
        bits: Any = rng.bit_generator if isinstance(rng, np.random.Generator) else rng
        bits.state = answer.rng
    if state is None or state.parameters is not model.parameters:
        return answer.history
    assert answer.state is not None
    return _continued(state, answer.state)


def _continued(state: TrainingState, trained: TrainingState) -> History:
    """Bring a training state of the model itself to where a worker has brought its copy; return its history."""
    kept = {name: getattr(state, name) for name in ("parameters", "statistics", "rng", "history")}
    vars(state.history).update(vars(trained.history))
    state.rng.bit_generator.state = trained.rng.bit_generator.state
    vars(state).update(vars(trained) | kept)
    return state.history
