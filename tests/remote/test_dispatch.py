"""Handing out trainings to workers that lack data and are lost, simulated by threads of this process."""

import random
import threading
import time
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor

import numpy as np
import pytest

from whorl import Adam, Callback, CrossEntropy, Dense, Dropout, Model, ReLU, Softmax, fit_many
from whorl.remote.parcels import Cache

X = np.random.default_rng(0).standard_normal((60, 5))
Y = np.random.default_rng(1).integers(0, 3, 60)
OPTIONS = {"loss": CrossEntropy(), "optimizer": Adam(0.01), "epochs": 2, "batch_size": 16, "fast": False, "rng": 0}


class Own(threading.local):
    """The data of each thread, as if it were a process."""

    def __init__(self):
        self.find = Cache().find


@pytest.fixture
def separate(monkeypatch):
    """Threads are workers with data of their own."""
    monkeypatch.setattr("whorl.remote.worker.RECEIVED", Own())
    monkeypatch.setattr("platform.node", lambda: threading.current_thread().name)


class Counting(ThreadPoolExecutor):
    """Counts how often arrays of some size were sent."""

    def __init__(self, workers):
        super().__init__(workers)
        self.sent = []

    def submit(self, function, task, contents, data, *others):
        self.sent += [part.nbytes for part in data.values()]
        return super().submit(function, task, contents, data, *others)


class Slow(Callback):
    def on_epoch_end(self, training, epoch):
        time.sleep(0.01)


def models(count):
    return [Model([Dense(8), ReLU(), Dropout(0.2), Dense(3), Softmax()], inputs=5, rng=seed) for seed in range(count)]


def assert_trained_as_here(own, data, histories):
    here = models(len(own))
    expected = fit_many([(each, data(k)) for k, each in enumerate(here)], **OPTIONS)
    for one, other in zip(own, here, strict=True):
        np.testing.assert_array_equal(one.parameters, other.parameters)
    assert [dict(each) for each in histories] == [dict(each) for each in expected]


@pytest.mark.parametrize("sets", [1, 2])
def test_each_worker_gets_each_data_set_about_once(separate, sets):
    """Of forty trainings; a worker that is just free may take what another one has asked for."""
    several = [X + k for k in range(sets)]

    def data(k):
        return several[k % sets].copy(), Y

    own = models(40)
    with Counting(4) as executor:
        histories = fit_many(
            [(each, data(k)) for k, each in enumerate(own)], executor=executor, callbacks=[Slow()], **OPTIONS
        )
    assert sets <= executor.sent.count(X.nbytes) <= 8 * sets
    assert_trained_as_here(own, data, histories)


def test_data_of_one_training_each_are_sent_at_once(separate):
    own = models(12)
    with Counting(3) as executor:
        fit_many([(each, (X + k, Y)) for k, each in enumerate(own)], executor=executor, **OPTIONS)
    assert executor.sent.count(X.nbytes) >= 12
    assert len(executor.sent) < 12 * 6


class KilledWorker(Exception):
    """Has the name of Dask's."""


class Unreliable(ThreadPoolExecutor):
    """Loses a third of the trainings, before or after they are done."""

    def __init__(self):
        super().__init__(2)
        self.chance, self.lost = random.Random(0), 0

    def submit(self, function, *arguments):
        kind = self.chance.choice([CancelledError(), KilledWorker("a worker"), None, None, None, None])
        if kind is None:
            return super().submit(function, *arguments)
        self.lost += 1
        if self.chance.random() < 0.5:
            function(*arguments)
        future = Future()
        future.set_exception(kind)
        return future


def test_lost_trainings_are_trained_again():
    own = models(30)
    with Unreliable() as executor:
        histories = fit_many([(each, (X, Y)) for each in own], executor=executor, workers=8, **OPTIONS)
    assert executor.lost > 5
    assert_trained_as_here(own, lambda k: (X, Y), histories)


def test_a_training_that_is_lost_again_and_again_is_named():
    class Loses(ThreadPoolExecutor):
        calls = 0

        def submit(self, function, *arguments):
            self.calls += 1
            if self.calls > 3:
                return super().submit(function, *arguments)
            future = Future()
            future.set_exception(KilledWorker())
            return future

    with Loses() as executor, pytest.raises(RuntimeError, match=r"trainings\[0\] has ended 3 workers") as caught:
        fit_many([(models(1)[0], (X, Y))], executor=executor, **OPTIONS)
    assert type(caught.value.__cause__) is KilledWorker
    assert executor.calls == 3


def test_what_an_executor_itself_raises_is_raised():
    class Refuses:
        def submit(self, *arguments):
            future = Future()
            future.set_exception(ModuleNotFoundError("No module named 'whorl'"))
            return future

    with pytest.raises(ModuleNotFoundError, match="whorl") as caught:
        fit_many([(models(1)[0], (X, Y))], executor=Refuses(), **OPTIONS)
    assert caught.value.__notes__ == ["this was trainings[0]"]


def test_no_trainings_give_no_histories():
    assert fit_many([], executor=ThreadPoolExecutor, **OPTIONS) == []
