"""Several threads: the same numbers, whatever interrupts them, and nothing left behind."""

import ctypes
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from whorl import (
    Adam,
    BatchNorm,
    Callback,
    Clipped,
    CrossEntropy,
    Dense,
    Dropout,
    Model,
    ReLU,
    Softmax,
    Tanh,
)
from whorl.engine import threads as threads_module
from whorl.engine.threads import Crew, compiled_steps

X = np.random.default_rng(0).standard_normal((203, 5))
Y = np.random.default_rng(1).integers(0, 3, 203)
NOISY = (
    Dense(18, weight_l2=1e-3),
    ReLU(),
    Dropout(0.3),
    Dense(11),
    Tanh(),
    BatchNorm(),
    Dropout(0.2),
    Dense(3),
    Softmax(),
)
QUIET = (Dense(18), ReLU(), Dense(3), Softmax())

LONG = np.random.default_rng(2).standard_normal((12_000, 5))
LONG_LABELS = np.random.default_rng(3).integers(0, 3, 12_000)

LIMIT = 60
"""Seconds after which a test that hangs fails."""


def prepare(threads, layers=NOISY, *, X=X, y=Y, **options):
    """Return a training of 3 epochs of 11 steps, the last one with 3 samples; with threads=0 on NumPy."""
    model = Model(layers, inputs=5, rng=2, dtype=np.float64)
    engine = {"fast": True, "threads": threads} if threads else {"fast": False}
    options = {"optimizer": Clipped(Adam(0.01), norm=1.0), "epochs": 3, "batch_size": 20, "rng": 3, **engine, **options}
    return model.training(X, y.copy(), loss=CrossEntropy(), **options)


def finish(training, *, together=False):
    """Train to the end, and return all that training leaves, to compare bit by bit."""
    for _ in training.blocks() if together else training:
        pass
    return result(training)


def result(training):
    """Return all that training has computed so far."""
    state = training.state
    losses = [epoch["loss"] for epoch in state.history.epochs]
    current = state.current and (state.current.samples, state.current.loss, state.current.penalty)
    arrays = [array.tobytes() for array in state.arrays()]
    return arrays, losses, state.rng.bit_generator.state, state.step, state.epoch, current


def deviation(a, b):
    return float(np.abs(a - b).max() / np.abs(b).max())


# Numbers.


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
def test_any_number_of_threads_gives_the_numbers_of_numpy(threads):
    one, numpy = prepare(threads), prepare(0)
    first, _ = finish(one), finish(numpy)
    for own, other in zip(one.state.arrays(), numpy.state.arrays(), strict=True):
        assert deviation(own, other) < 1e-10
    assert one.state.history["loss"] == pytest.approx(numpy.state.history["loss"], rel=1e-10)
    assert one.state.history["penalty"] == pytest.approx(numpy.state.history["penalty"], rel=1e-10)
    assert finish(prepare(threads)) == first


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize(("width", "batch_size"), [(1, 7), (3, 1), (6, 13), (7, 20), (13, 203), (16, 50)])
def test_dropout_draws_the_numbers_that_numpy_draws(threads, width, batch_size):
    layers = [Dropout(0.1), Dense(width), ReLU(), Dropout(0.3), Dense(width), Tanh(), Dropout(0.5), Dense(3), Softmax()]
    one, numpy = (prepare(each, layers, epochs=2, batch_size=batch_size) for each in (threads, 0))
    finish(one), finish(numpy)
    assert one.state.rng.bit_generator.state == numpy.state.rng.bit_generator.state
    assert deviation(one.model.parameters, numpy.model.parameters) < 1e-10


class Spy(Callback):
    """Calls a function after each epoch."""

    def __init__(self, function):
        self.function = function

    def on_epoch_end(self, training, epoch):
        self.function(training)


# Trainings in several Python threads.


@pytest.mark.parametrize("trainings", [2, 3])
def test_trainings_in_several_python_threads_give_what_each_gives_alone(trainings):
    expected = finish(prepare(3))
    together = threading.Barrier(trainings)

    def train():
        training = prepare(3)
        together.wait(LIMIT)
        return finish(training)

    with ThreadPoolExecutor(trainings) as pool:
        futures = [pool.submit(train) for _ in range(trainings)]
        assert [each.result(LIMIT) for each in futures] == [expected] * trainings


# Errors.


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("label", [3, -1, 10**12])
@pytest.mark.parametrize("layers", [QUIET, NOISY], ids=["quiet", "noisy"])
def test_labels_that_are_out_of_range_during_training_are_an_error_before_the_step(threads, label, layers):
    training = prepare(threads, layers, callbacks=[Spy(lambda training: training.train.target.__setitem__(7, label))])
    with pytest.raises(IndexError, match="labels"):
        finish(training)
    reached = int(np.flatnonzero(training.state.current.order == 7)[0]) // 20
    assert (training.state.epoch, training.state.step) == (1, 11 + reached)
    assert training.state.current.samples == 20 * reached

    expected = prepare(threads, layers)
    steps = expected.steps()
    for _ in range(11 + reached):
        next(steps)
    for own, other in zip(training.state.arrays(), expected.state.arrays(), strict=True):
        np.testing.assert_array_equal(own, other)  # the failed step changes nothing


@pytest.mark.parametrize("threads", [1, 2])
def test_training_continues_when_labels_are_right_again(threads):
    right = []

    def spoil(training):
        if not right:
            right.append(training.train.target[7])
            training.train.target[7] = 99

    training = prepare(threads, QUIET, callbacks=[Spy(spoil)])
    with pytest.raises(IndexError):
        finish(training)
    training.train.target[7] = right[0]
    assert finish(training) == finish(prepare(threads, QUIET))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("row", [203, -204, 10**12])
def test_an_order_that_is_out_of_range_is_an_error(threads, row):
    training = prepare(threads)
    next(training.steps())
    before, right = result(training), training.state.current.order
    training.state.current.order = right.copy()
    training.state.current.order[150] = row
    with pytest.raises(IndexError, match="order"):
        finish(training)
    assert result(training) == before
    training.state.current.order = right
    assert finish(training) == finish(prepare(threads))


@pytest.mark.parametrize("threads", [1, 2])
def test_training_continues_after_an_error_between_two_calls(threads, monkeypatch):
    training, run, calls = prepare(threads), Crew.run, []
    training.engine.longest = 3  # steps of a call, so an epoch has 4

    def fail(crew):
        calls.append(crew)
        if len(calls) == 7:
            raise MemoryError
        run(crew)

    monkeypatch.setattr(Crew, "run", fail)
    with pytest.raises(MemoryError):
        finish(training)
    assert (training.state.step, training.state.current.samples) == (11 + 6, 6 * 20)
    assert finish(training) == finish(prepare(threads))


# Interruptions.


def interrupted(crew, usual=Crew.run):
    """Run with Ctrl-C at the beginning and at the end."""
    signal.raise_signal(signal.SIGINT)
    usual(crew)
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_takes_effect_after_the_steps_of_one_call(threads, monkeypatch):
    training, handler, reached = prepare(threads), signal.getsignal(signal.SIGINT), []
    expected = finish(prepare(threads))
    training.engine.longest = 3
    monkeypatch.setattr(Crew, "run", interrupted)
    for _ in range(12):
        with pytest.raises(KeyboardInterrupt):
            finish(training)
        reached.append(training.state.step)
    finish(training)
    assert reached == [11 * epoch + step for epoch in range(3) for step in (3, 6, 9, 11)]
    assert signal.getsignal(signal.SIGINT) is handler
    assert result(training) == expected


@pytest.mark.parametrize("in_main_thread", [True, False])
def test_a_handler_of_ctrl_c_is_called_and_kept(in_main_thread, monkeypatch):
    expected, calls = finish(prepare(2)), []
    handler = lambda *given: calls.append(given)  # noqa: E731
    usual = signal.signal(signal.SIGINT, handler)
    monkeypatch.setattr(Crew, "run", interrupted)
    try:
        if in_main_thread:
            found = finish(prepare(2))
        else:
            with ThreadPoolExecutor(1) as pool:
                found = pool.submit(lambda: finish(prepare(2))).result(LIMIT)
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, usual)
    assert found == expected
    assert calls
    assert all(number == signal.SIGINT for number, _ in calls)


def test_ctrl_c_that_is_ignored_stays_ignored(monkeypatch):
    expected, usual = finish(prepare(2)), signal.signal(signal.SIGINT, signal.SIG_IGN)
    monkeypatch.setattr(Crew, "run", interrupted)
    try:
        assert finish(prepare(2)) == expected
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, usual)


@pytest.mark.parametrize("threads", [2, 3])
def test_the_other_threads_return_if_the_first_one_does_not_begin(threads, monkeypatch):
    training = prepare(threads)
    steps = training.steps()
    for _ in range(4):
        next(steps)
    before, job, began = result(training), training.engine.crew.runs, []

    def interrupted():
        def run(at, r):
            began.append(r)
            if r == job[0].ctypes.data:
                while len(began) < threads:  # the others wait at their first barrier, or come there
                    time.sleep(0.001)
                raise KeyboardInterrupt
            compiled_steps()(at, r)

        return run

    monkeypatch.setattr(threads_module, "compiled_steps", interrupted)
    with pytest.raises(KeyboardInterrupt):
        finish(training)
    assert len(began) == threads
    assert result(training) == before
    monkeypatch.undo()
    assert finish(training) == finish(prepare(threads))


def test_a_thread_that_waits_long_uses_little_processor_time():
    training = prepare(2)
    next(training.steps())  # writes the job
    crew, used = training.engine.crew, []
    crew.barrier[:] = 0
    crew.runs[:, threads_module.DONE] = 0

    def wait():
        begun = time.thread_time()
        compiled_steps()(crew.job.ctypes.data, crew.runs[1].ctypes.data)
        used.append(time.thread_time() - begun)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.5)
    assert thread.is_alive()
    assert crew.barrier[0] == 1  # it has arrived
    ctypes.c_int64.from_address(crew.barrier[2 * threads_module.LINE :].ctypes.data).value = 1
    thread.join(LIMIT)
    assert not thread.is_alive()
    assert crew.runs[1, threads_module.DONE] == 0
    assert used[0] < 0.25  # a loop without sleep uses all of the half second


# In processes of their own.


def run(script, *arguments):
    """Run a script that imports this module as `t`, and return what it prints."""
    start = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_threads as t\n"
    command = [sys.executable, "-W", "error", "-W", "ignore:.*fork:DeprecationWarning", "-c", start + script]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=2 * LIMIT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


INTERRUPTED = """
import _thread, os, random, signal, threading, time

chance = random.Random(0)
main = threading.main_thread().ident
ways = [
    lambda: os.kill(os.getpid(), signal.SIGINT),
    lambda: signal.pthread_kill(main, signal.SIGINT),
    _thread.interrupt_main,
]

def interrupt(seconds, way):
    time.sleep(seconds)
    way()

for threads in 1, 2:
    given = {"X": t.LONG[:6_000], "y": t.LONG_LABELS[:6_000], "batch_size": 4, "epochs": 1}
    expected = t.finish(t.prepare(threads, **given))
    training = t.prepare(threads, **given)
    training.engine.longest = 3
    take, caught = training.engine.take, 0

    def interrupted(*steps):  # while steps are taken, or where a thread waits for the interruption
        if training.state.current.samples == 6_000:
            return take(*steps)
        thread = threading.Thread(target=interrupt, args=(chance.uniform(0, 0.004), chance.choice(ways)))
        thread.start()
        try:
            return take(*steps)
        finally:
            thread.join()

    training.engine.take = interrupted
    while training.state.epoch == 0:
        try:
            t.finish(training)
        except KeyboardInterrupt:
            caught += 1
    assert t.result(training) == expected, threads
    print(caught)
"""


@pytest.mark.posix
def test_training_continues_after_interruptions_at_any_time():
    assert all(int(caught) > 0 for caught in run(INTERRUPTED))


EACH_LINE = """
import signal, sys

PARTS = "/engine/run.py", "/engine/threads.py", "/contextlib.py", "/futures/thread.py", "/futures/_base.py"

def interrupt_at(number, take):
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        if not frame.f_code.co_filename.endswith(PARTS):
            return None
        if event == "line":
            count += 1
            if count == number:
                sys.settrace(None)
                for _ in range(presses):  # the second one does not wait for the end of the step
                    signal.raise_signal(signal.SIGINT)
        return trace

    sys.settrace(trace)
    try:
        return take()
    finally:
        sys.settrace(None)

for threads, together, presses in (1, False, 2), (2, False, 2), (1, True, 2), (2, True, 2), (2, True, 1):
    given = {"batch_size": 60, "epochs": 4 if together else 1}
    expected = t.finish(t.prepare(threads, **given))
    number = interruptions = 0
    while number == interruptions:
        number += 1
        training = t.prepare(threads, **given)
        training.engine.longest = 3  # of 4 steps
        name = "take_epochs" if together else "take"
        take = getattr(training.engine, name)
        setattr(training.engine, name, lambda *steps: interrupt_at(number, lambda: take(*steps)))
        try:
            t.finish(training, together=together)
        except KeyboardInterrupt:
            interruptions += 1
        setattr(training.engine, name, take)
        found = t.finish(training, together=together)
        assert found == expected, (threads, together, presses, number)
    print(interruptions)
"""


def test_training_continues_after_an_interruption_at_any_line():
    one, two, one_together, two_together, _ = map(int, run(EACH_LINE))
    assert two > one > 50
    assert two_together > one_together > 50


FORKED = """
import multiprocessing, os, signal, threading, traceback

def child(_=None):
    signal.alarm(t.LIMIT)  # if it hangs
    found = t.finish(t.prepare(2))
    return found

def fork():
    number = os.fork()
    if number == 0:
        try:
            os._exit(0 if child() == expected else 1)
        except BaseException:
            traceback.print_exc()
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])

if __name__ == "__main__":
    expected = t.finish(t.prepare(2))
    print(fork(), fork())
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print([found == expected for found in pool.map_async(child, range(4)).get(t.LIMIT)] == [True] * 4)
    for threads in 1, 2:  # while another thread is in the middle of a call of compiled code
        training = t.prepare(threads, X=t.LONG, y=t.LONG_LABELS, epochs=10**6)
        began, stop = threading.Event(), False

        def train():
            for _ in training:
                began.set()
                if stop:
                    break

        thread = threading.Thread(target=train)
        thread.start()
        began.wait(t.LIMIT)
        print(*[fork() for _ in range(5)])
        stop = True
        thread.join(t.LIMIT)
        print(thread.is_alive())
"""


@pytest.mark.posix
def test_a_forked_process_trains_too():
    assert run(FORKED) == ["0"] * 2 + ["True"] + (["0"] * 5 + ["False"]) * 2
