"""`fit_many` in other processes: the same as in this one, to the bit."""

import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor

from whorl import (
    SGD,
    Adam,
    Averaged,
    BatchNorm,
    Callback,
    Checkpoint,
    CrossEntropy,
    Dense,
    DivergenceError,
    Dropout,
    EarlyStopping,
    Model,
    ReLU,
    Softmax,
    Standardize,
    Stored,
    fit_many,
)
from whorl.tables import Preparation
from whorl.training import sources

X = np.random.default_rng(0).standard_normal((120, 5))
Y = np.random.default_rng(1).integers(0, 3, 120)
OPTIONS = {"loss": CrossEntropy(), "optimizer": Adam(0.01), "epochs": 4, "batch_size": 16, "metrics": ["accuracy"]}
OPTIONS |= {"validation": 0.25, "fast": False}
CONTEXT = get_context(
    "forkserver" if os.name == "posix" else "spawn"
)  # other tests have threads, which a fork would copy halfway
if os.name == "posix":
    CONTEXT.set_forkserver_preload(["whorl.remote.worker"])
PROCESSES = {"mp_context": CONTEXT}


def models(count, *, layers=(BatchNorm(), Dense(20), ReLU(), Dropout(0.2), Dense(3), Softmax())):
    return [Model([Standardize(), *layers], inputs=5, rng=seed) for seed in range(count)]


class Counting:
    """An executor that counts how often data were sent."""

    def __init__(self, executor):
        self.executor, self.calls, self.sent = executor, 0, []

    def submit(self, function, task, contents, data, *others):
        self.calls += 1
        self.sent += [(each, part.nbytes) for each, part in data.items()]
        return self.executor.submit(function, task, contents, data, *others)


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2, **PROCESSES) as executor:
        list(executor.map(abs, range(2)))
        yield executor


def assert_equal(one, other):
    """Two models, and what they have learned, are the same to the bit."""
    np.testing.assert_array_equal(one.parameters, other.parameters)
    np.testing.assert_array_equal(one.statistics, other.statistics)
    assert one.frozen == other.frozen
    assert one.uncertainty is other.uncertainty is None


def compare(processes, trainings, **options):
    """Train here and there: what is left must be the same. `trainings` returns new ones."""
    here, there = trainings(), trainings()
    expected = fit_many(here, **OPTIONS | options)
    found = fit_many(there, executor=processes, **OPTIONS | options)
    for (one, *_), (other, *_) in zip(here, there, strict=True):
        assert_equal(one, other)
    assert [dict(each) for each in found] == [dict(each) for each in expected]
    assert [each.stopped for each in found] == [each.stopped for each in expected]
    assert [each.engine for each in found] == [each.engine for each in expected]
    return here, there, found


@pytest.mark.parametrize("fast", [True, False])
def test_it_gives_the_bits_of_this_process(processes, fast):
    optimizers = [SGD(0.1, momentum=0.9), Adam(0.01), Averaged(Adam(0.02), decay=0.9)] * 2

    def trainings():
        return [(own, (X, Y), {"rng": k, "optimizer": optimizers[k]}) for k, own in enumerate(models(6))]

    compare(processes, trainings, fast=fast)


def test_frozen_layers_weights_and_what_stops_a_training(processes):
    def trainings():
        own = models(3)
        own[0].freeze(1, 2)
        own[2].uncertainty = "what was learned with other parameters"
        stop = {"callbacks": [EarlyStopping("loss", patience=0)], "optimizer": SGD(1.0)}
        weights = {"sample_weight": np.arange(1, 121), "validation": (X[:9], Y[:9])}
        return list(zip(own, [(X, Y)] * 3, [{"rng": 1}, stop | {"rng": 2}, weights | {"rng": 3}], strict=True))

    *_, histories = compare(processes, trainings, epochs=9)
    assert histories[1].stopped.startswith("loss has not improved")


@pytest.mark.parametrize("chosen", [True, False])
def test_samples_in_files(processes, tmp_path, monkeypatch, chosen):
    monkeypatch.setattr(sources, "IN_MEMORY", 1000)  # X and Y are larger, and of that size only
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    counting = Counting(processes)

    def trainings():
        x, y = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "xy")
        data = (Stored(x, block=10, buffer=3), Stored(y, block=10)) if chosen else (x, y)
        return [(own, data) for own in models(3)]

    compare(counting, trainings, rng=0)
    assert max(size for _, size in counting.sent) < 1000  # where the files are, not what they hold


def test_the_columns_of_a_table(processes):
    frame = {f"x{k}": X[:, k].tolist() for k in range(5)}
    preparation = Preparation.learn(frame)

    def trainings():
        own = models(2, layers=[Dense(3), Softmax()])
        for each in own:
            each.preparation = preparation
        return [(each, (frame, Y.tolist())) for each in own]

    compare(processes, trainings, rng=0)


@pytest.mark.parametrize("kind", [np.random.default_rng, np.random.PCG64, np.random.RandomState])
def test_what_draws_random_numbers_goes_on_as_here(processes, kind):
    drawn = []
    for executor in (None, processes):
        rngs = [kind(k) for k in range(2)]
        own = models(2)
        for _ in range(2):
            fit_many(
                [(each, (X, Y), {"rng": rng}) for each, rng in zip(own, rngs, strict=True)],
                executor=executor,
                **OPTIONS,
            )
        drawn.append(
            (own, [rng.random_raw() if hasattr(rng, "random_raw") else rng.random(3).tolist() for rng in rngs])
        )
    (here, expected), (there, found) = drawn
    assert found == expected
    assert_equal(here[1], there[1])


@pytest.mark.parametrize("copied", [True, False])
def test_training_states_go_on_as_here(processes, copied):
    left = []
    for executor in (None, processes):
        (own,) = models(1)
        rng = np.random.default_rng(5)
        state = own.partial_fit(X, Y, rng=rng, **{name: each for name, each in OPTIONS.items() if name != "epochs"})
        history, given = state.history, state.copy() if copied else state
        for epochs in (3, 5):
            (last,) = fit_many(
                [(own, (X, Y), {"state": given, "rng": rng})], executor=executor, **OPTIONS | {"epochs": epochs}
            )
        assert (last is given.history) is not copied
        assert given.parameters is not own.parameters if copied else given.parameters is own.parameters
        left.append((own, given, dict(last), dict(history), rng.random(), given.rng.random()))
    (here, one, *expected), (there, other, *found) = left
    assert found == expected
    assert_equal(here, there)
    assert (one.epoch, one.step) == (other.epoch, other.step) == ((1, 6) if copied else (5, 30))
    for a, b in zip(one.arrays(), other.arrays(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_checkpoints_are_written_and_continued(processes, tmp_path):
    def trainings(place):
        return [
            (own, (X, Y), {"callbacks": [Checkpoint(tmp_path / f"{place}{k}.npz")]}) for k, own in enumerate(models(2))
        ]

    options = OPTIONS | {"rng": 3}
    fit_many(trainings("here"), **options)
    fit_many(trainings("there"), executor=processes, **options | {"epochs": 2})
    others = [Model(each.layers, inputs=5, rng=9) for each in models(2)]
    fit_many(
        [(own, (X, Y), {"resume": tmp_path / f"there{k}.npz"}) for k, own in enumerate(others)],
        executor=processes,
        **options,
    )
    for k, own in enumerate(others):
        with np.load(tmp_path / f"here{k}.npz") as file:
            for name, view in own.named_arrays().items():
                np.testing.assert_array_equal(view, file[name])


def test_equal_data_are_sent_once_to_each_worker(processes):
    """In forty trainings with copies of the same data, and two workers."""
    counting, big = Counting(processes), np.random.default_rng(2).standard_normal((4000, 5))
    labels = np.arange(4000) % 3
    trainings = [(own, (big.copy(), labels.copy())) for own in models(40)]
    fit_many(trainings, executor=counting, **OPTIONS | {"rng": 0, "epochs": 2, "batch_size": 200})
    large = [size for _, size in counting.sent if size >= big.nbytes]
    assert big.nbytes * len(large) == sum(large)
    assert 1 <= len(large) <= 4  # two, unless one worker takes what the other has asked for


def test_a_few_trainings_are_handed_out_at_a_time():
    """And a pool of threads trains in this process."""
    most, count, lock = 0, 0, threading.Lock()

    class Watched(ThreadPoolExecutor):
        def submit(self, function, *arguments):
            nonlocal most, count
            with lock:
                count += 1
                most = max(most, count)

            def call():
                nonlocal count
                with lock:
                    count -= 1
                return function(*arguments)

            return super().submit(call)

    own, other = models(9), models(9)
    with Watched(1) as executor:
        fit_many([(each, (X, Y)) for each in own], executor=executor, workers=3, rng=0, **OPTIONS)
    assert most <= 3
    fit_many([(each, (X, Y)) for each in other], rng=0, **OPTIONS)
    for one, two in zip(own, other, strict=True):
        assert_equal(one, two)


def test_what_runs_without_compiled_kernels_here_does_so_there(processes, monkeypatch):
    monkeypatch.setenv("WHORL_FAST", "0")
    histories = fit_many([(each, (X, Y)) for each in models(2)], executor=processes, rng=0, **OPTIONS | {"fast": None})
    assert {each.engine for each in histories} == {"NumPy: fast=False"}


class Fails(Callback):
    def __init__(self, kind, *arguments):
        self.kind, self.arguments = kind, arguments

    def on_epoch_end(self, training, epoch):
        raise self.kind(*self.arguments)


class Odd(Exception):
    """An exception that cannot be made from its arguments alone."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def failure(executor, *error):
    own = models(3)
    trainings = [(own[0], (X, Y)), (own[1], (X, Y), {"callbacks": [Fails(*error)]}), (own[2], (X, Y))]
    with pytest.raises(error[0] if error[0] is not Odd else RuntimeError) as caught:
        fit_many(trainings, executor=executor, rng=0, **OPTIONS)
    return caught.value, own


def test_an_error_says_where_it_was_raised(processes):
    error, own = failure(processes, ArithmeticError, "failed on purpose")
    assert (type(error), str(error)) == (ArithmeticError, "failed on purpose")
    worker, training = error.__notes__
    assert worker.startswith("in the worker ")
    assert "on_epoch_end" in worker
    assert training == "this was trainings[1]"
    assert (own[1].parameters == models(2)[1].parameters).all()
    error, _ = failure(processes, Odd, 1, 2)
    assert (type(error), str(error)) == (RuntimeError, "Odd: 1 and 2")


def test_a_training_that_diverges_and_data_that_do_not_fit(processes):
    with pytest.raises(DivergenceError, match="became"), np.errstate(all="ignore"):
        fit_many([(models(1)[0], (X, Y))], executor=processes, rng=0, **OPTIONS | {"optimizer": SGD(1e30)})
    with pytest.raises(ValueError, match="X and y must have the same number of samples, got 120 and 119"):
        fit_many([(models(1)[0], (X, Y[:-1]))], executor=processes, rng=0, **OPTIONS)


class Ends(Callback):
    """Ends its process; with a file, only where there is none, which it makes."""

    def __init__(self, path=None):
        self.path = path

    def on_epoch_end(self, training, epoch):
        if self.path is None or not Path(self.path).exists():
            if self.path is not None:
                Path(self.path).touch()
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.posix
def test_what_a_lost_process_was_training_is_trained_again(tmp_path):
    made = []

    def make():
        made.append(Counting(ProcessPoolExecutor(2, **PROCESSES)))
        made[-1].shutdown = made[-1].executor.shutdown
        return made[-1]

    own, expected = models(8), models(8)
    ends = [{"callbacks": [Ends(tmp_path / f"{k}")]} if k in {2, 5} else {} for k in range(8)]
    histories = fit_many(
        [(each, (X, Y), end) for each, end in zip(own, ends, strict=True)], executor=make, rng=0, **OPTIONS
    )
    fit_many([(each, (X, Y)) for each in expected], rng=0, **OPTIONS)
    assert len(made) in {2, 3}  # both may be lost at once
    assert [len(each["loss"]) for each in histories] == [4] * 8
    for one, other in zip(own, expected, strict=True):
        assert_equal(one, other)
    with pytest.raises(RuntimeError, match="shutdown"):
        made[-1].submit(abs, 1, {}, {})


@pytest.mark.posix
def test_a_training_that_ends_its_process_again_and_again_is_named():
    own = models(4)
    trainings = [(each, (X, Y), {"callbacks": [Ends()] if k == 1 else []}) for k, each in enumerate(own)]
    with pytest.raises(RuntimeError, match=r"trainings\[1\] has ended 3 workers that trained nothing else") as caught:
        fit_many(trainings, executor=partial(ProcessPoolExecutor, 2, **PROCESSES), workers=2, rng=0, **OPTIONS)
    assert type(caught.value.__cause__).__name__ == "BrokenProcessPool"
    assert [bool((each.parameters == new.parameters).all()) for each, new in zip(own, models(4), strict=True)] == [
        False,
        True,
        False,
        False,
    ]


@pytest.mark.posix
def test_an_executor_that_breaks_needs_a_callable():
    with (
        ProcessPoolExecutor(1, **PROCESSES) as executor,
        pytest.raises(RuntimeError, match=r"pass a callable that makes it, such as .*partial"),
    ):
        fit_many([(models(1)[0], (X, Y), {"callbacks": [Ends()]})], executor=executor, rng=0, **OPTIONS)


class Unsendable(Callback):
    def __init__(self):
        self.lock = threading.Lock()


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        (
            "callbacks",
            [Unsendable()],
            r"trainings\[1\] cannot be sent to another process, because of callbacks, .*lock",
        ),
        ("sample_weight", (k for k in Y), r"trainings\[1\] cannot be sent .* because of sample_weight, <generator"),
    ],
)
def test_what_cannot_be_sent_is_named(processes, argument, value, message):
    trainings = [(each, (X, Y), {argument: value} if k else {}) for k, each in enumerate(models(2))]
    with pytest.raises(TypeError, match=message):
        fit_many(trainings, executor=processes, rng=0, **OPTIONS)


def test_the_executor_of_joblib():
    executor = get_reusable_executor(max_workers=2)
    try:
        compare(executor, lambda: [(each, (X, Y)) for each in models(4)], rng=0)
    finally:
        executor.shutdown()


def test_functions_and_classes_of_a_script_are_sent(processes):
    def spread(target, prediction):
        return float(np.ptp(prediction))

    (history,) = fit_many([(models(1)[0], (X, Y))], executor=processes, rng=0, **OPTIONS | {"metrics": [spread]})
    (expected,) = fit_many([(models(1)[0], (X, Y))], rng=0, **OPTIONS | {"metrics": [spread]})
    assert dict(history) == dict(expected)


def test_what_is_no_executor_is_refused():
    with pytest.raises(TypeError, match=r"executor must be an executor of concurrent.futures, .*, got 4"):
        fit_many([], executor=4, **OPTIONS)


def test_an_interruption_cancels_what_waits(processes):
    class Interrupted(Counting):
        def submit(self, *arguments):
            futures.append(super().submit(*arguments))
            if len(futures) == 20:
                raise KeyboardInterrupt
            return futures[-1]

    futures = []
    with pytest.raises(KeyboardInterrupt):
        fit_many([(each, (X, Y)) for each in models(30)], executor=Interrupted(processes), rng=0, **OPTIONS)
    assert sum(future.cancelled() for future in futures) >= 10
