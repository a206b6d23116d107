"""Run by mpiexec: what one process meets, all take into account; and what must be equal is checked."""

import os
import signal
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from threading import Timer

import numpy as np
import pytest
from equal_results import SGD_, data, network, say, train
from mpi4py import MPI

from whorl import (
    SGD,
    Callback,
    Checkpoint,
    CrossEntropy,
    Dense,
    DivergenceError,
    Model,
    Progress,
    Softmax,
    StopTraining,
)
from whorl.layers import Layer
from whorl.training import TimeLimit

COMM = MPI.COMM_WORLD
LAST = COMM.size - 1


class StopOne(Callback):
    """Stops the training in the last process only."""

    def __init__(self, *, step=None, epoch=None):
        self.at_step, self.at_epoch = step, epoch

    @property
    def every_steps(self):
        return self.at_step and 1

    def on_step_end(self, training):
        if training.step == self.at_step and COMM.rank == LAST:
            raise StopTraining("enough steps")

    def on_epoch_end(self, training, epoch):
        if epoch.number == self.at_epoch and COMM.rank == LAST:
            raise StopTraining("enough epochs")


class Calls(Callback):
    """Counts its calls."""

    def __init__(self):
        self.calls = []

    def on_train_begin(self, training):
        self.calls.append("begin")

    def on_epoch_end(self, training, epoch):
        self.calls.append(epoch.number)

    def on_train_end(self, training, history):
        self.calls.append("end")


class MainCalls(Calls):
    main_process_only = True


class Interrupt(Callback):
    """Presses Ctrl-C in the last process only."""

    def on_step_end(self, training):
        if training.step == 3 and COMM.rank == LAST:
            signal.raise_signal(signal.SIGINT)


class InterruptAfterEpoch(Callback):
    """Presses Ctrl-C in the last process only, when the others have no reason to ask for it."""

    def on_epoch_end(self, training, epoch):
        if epoch.number == 1 and COMM.rank == LAST:
            signal.raise_signal(signal.SIGINT)


class InterruptLater(Callback):
    """Presses Ctrl-C in the last process only, a while after training has begun."""

    def on_train_begin(self, training):
        if COMM.rank == LAST:
            Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()


class Noise(Layer):
    """A layer of a user that draws random numbers for each sample."""

    def forward(self, x, p, rng=None):
        noise = 0 if rng is None else rng.normal(size=x.shape)
        return x + noise, lambda dy, g: dy


def everywhere(value):
    """The value, which must be the same in all processes."""
    values = COMM.allgather(value)
    assert all(each == values[0] for each in values), values
    return values[0]


def stop_after_a_step():
    callback = StopOne(step=5)
    model = network()
    training = model.training(
        *data(), loss=CrossEntropy(), optimizer=SGD_, epochs=3, rng=0, callbacks=[callback], distributed=True
    )
    list(training)
    assert everywhere((training.step, training.state.history.stopped)) == (5, "enough steps")
    everywhere(model.parameters.tolist())


def stop_after_an_epoch():
    history = train(network(), distributed=True, callbacks=[StopOne(epoch=2)])
    assert everywhere((len(history.epochs), history.stopped)) == (2, "enough epochs")


def time_limit():
    limit = TimeLimit(0.001 if COMM.rank == LAST else 1000.0)
    history = train(network(), distributed=True, callbacks=[limit])
    assert everywhere(len(history.epochs)) == 1
    assert everywhere(history.stopped) == "the time limit of 0.001 s has passed"


def one_process_writes():
    every, main = Calls(), MainCalls()
    train(network(), distributed=True, epochs=2, callbacks=[every, main])
    assert every.calls == ["begin", 1, 2, "end"]
    assert main.calls == (every.calls if COMM.rank == 0 else [])
    assert Progress.main_process_only
    assert Checkpoint.main_process_only


def interruption():
    model = network()
    with pytest.raises(KeyboardInterrupt):
        train(model, distributed=True, callbacks=[Interrupt()])
    everywhere(model.parameters.tolist())


def interruption_between_epochs():
    model = network()
    with pytest.raises(KeyboardInterrupt):
        train(model, distributed=True, callbacks=[InterruptAfterEpoch()])
    everywhere(model.parameters.tolist())
    training = model.training(*data(), loss=CrossEntropy(), optimizer=SGD_, epochs=9, rng=0, distributed=True)
    with pytest.raises(KeyboardInterrupt):
        press_after_epoch(2, training)
    everywhere((training.step, model.parameters.tolist()))
    assert training.epoch == 2
    assert len(list(training)) == 7  # the training can go on


def interruption_after_the_last_step():
    """It is raised where it was pressed; there is nothing left that the others could wait for."""
    training = network().training(*data(), loss=CrossEntropy(), optimizer=SGD_, epochs=1, rng=0, distributed=True)
    with pytest.raises(KeyboardInterrupt) if COMM.rank == LAST else nullcontext():
        press_after_epoch(1, training)


def press_after_epoch(number, training):
    """Train, and press Ctrl-C in the last process, in a loop of the user."""
    for epoch in training:
        if epoch.number == number and COMM.rank == LAST:
            signal.raise_signal(signal.SIGINT)


def interruption_told_with_the_next_step():
    """Without callbacks after steps, Ctrl-C is told with the sums of the next step."""
    model = network()
    with pytest.raises(KeyboardInterrupt):
        train(model, distributed=True, epochs=10**6, callbacks=[InterruptLater()])
    everywhere(model.parameters.tolist())


def divergence():
    X = np.random.default_rng(0).normal(size=(64, 2))
    y = (X[:, 0] > 0).astype(int)
    X[20] = 1e200
    arguments = {
        "loss": CrossEntropy(),
        "optimizer": SGD(1e200),
        "epochs": 2,
        "batch_size": 16,
        "rng": 0,
        "fast": False,
    }
    for action in ("skip", "stop", "raise"):
        results = []
        for distributed in (False, True):
            model = Model([Dense(2), Softmax()], inputs=2, rng=0, dtype=np.float64)
            try:
                history = model.fit(X, y, on_divergence=action, distributed=distributed, **arguments)
                results.append((history.skipped, history.stopped))
            except DivergenceError as error:
                results.append(str(error))
        assert results[0] == results[1], results
        everywhere(results[1])
    assert "step" in results[1]


def resume():
    directory = Path(everywhere(COMM.bcast(tempfile.mkdtemp() if COMM.rank == 0 else None)))
    path = directory / "within.npz"
    whole, first = network(), network()
    train(whole, distributed=True)
    train(first, distributed=True, callbacks=[StopOne(step=7), Checkpoint(path)])
    COMM.Barrier()
    assert sorted(os.listdir(directory)) == ["within.npz"]
    again, alone = network(), network()
    train(again, distributed=True, resume=path)
    assert np.array_equal(again.parameters, whole.parameters)
    train(alone, distributed=False, resume=path)  # on another number of processes
    np.testing.assert_allclose(alone.parameters, whole.parameters, rtol=1e-12, atol=1e-12)


def refused(message, call):
    with pytest.raises((TypeError, ValueError), match=message):
        call()


def checks():
    X, y = data()
    other = y.copy()
    other[3] = (other[3] + (COMM.rank == LAST)) % 3
    arguments = {"loss": CrossEntropy(), "optimizer": SGD_, "epochs": 1, "rng": 0, "distributed": True}
    where = f"differ in process {LAST}:" if COMM.size > 2 else "differ in process 1:"
    refused(
        f"the training samples must be equal in all processes, but {where}",
        lambda: network().fit(X, other, **arguments),
    )
    refused("rng must be equal", lambda: network().fit(X, y, **arguments | {"rng": COMM.rank}))
    refused("epochs must be equal", lambda: network().fit(X, y, **arguments | {"epochs": 1 + COMM.rank}))
    refused("can draw random numbers with dropout_mask only", lambda: network(Noise()).fit(X, y, **arguments))


CASES = [
    stop_after_a_step,
    stop_after_an_epoch,
    time_limit,
    one_process_writes,
    interruption,
    interruption_between_epochs,
    interruption_after_the_last_step,
    interruption_told_with_the_next_step,
    divergence,
    resume,
    checks,
]

if __name__ == "__main__":
    for case in CASES:
        if len(sys.argv) == 1 or case.__name__ in sys.argv:
            case()
            if COMM.rank == 0:
                say(f"ok {case.__name__}")
