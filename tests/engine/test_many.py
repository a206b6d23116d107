"""`fit_many`: the same as one after the other, to the bit."""

import sys
from contextlib import nullcontext

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from whorl import (
    SGD,
    Adam,
    Averaged,
    Callback,
    CrossEntropy,
    Dense,
    Dropout,
    EarlyStopping,
    Embedding,
    Model,
    ReLU,
    Softmax,
    fit_many,
)
from whorl._core.blas import single_threaded_blas

X = np.random.default_rng(0).standard_normal((120, 5))
Y = np.random.default_rng(1).integers(0, 3, 120)
OPTIONS = {"loss": CrossEntropy(), "epochs": 5, "batch_size": 16, "metrics": ["accuracy"], "validation": 0.25}


def models(count, width=20):
    return [
        Model([Dense(width), ReLU(), Dropout(0.2), Dense(3), Softmax()], inputs=5, rng=seed) for seed in range(count)
    ]


@pytest.mark.parametrize("workers", [1, 2, 3, None])
@pytest.mark.parametrize("fast", [True, False])
def test_it_gives_the_bits_of_training_one_by_one(workers, fast):
    several, single = models(7), models(7)
    optimizers = [SGD(0.1, momentum=0.9), Adam(0.01), Averaged(Adam(0.02), decay=0.9)] * 3
    trainings = [(own, (X, Y), {"rng": seed, "optimizer": optimizers[seed]}) for seed, own in enumerate(several)]
    histories = fit_many(trainings, workers=workers, fast=fast, **OPTIONS)
    for seed, own in enumerate(single):
        alone = own.fit(X, Y, optimizer=optimizers[seed], rng=seed, fast=fast, threads=1, **OPTIONS)
        assert (several[seed].parameters == own.parameters).all()
        assert list(histories[seed].items()) == list(alone.items())


def test_many_short_trainings_are_compiled_together():
    histories = fit_many(
        [(own, (X, Y), {"rng": 0}) for own in models(20)],
        loss=CrossEntropy(),
        optimizer=SGD(0.1),
        epochs=500,
        batch_size=30,
    )
    assert {history.engine.partition(" by ")[0] for history in histories} == {"compiled"}


def test_different_data_and_layers_and_those_without_kernels():
    plain = Model([Embedding([3], 2), Dense(3), Softmax()], inputs=1, rng=0)
    wide = models(1, width=200)[0]
    codes = np.arange(60)[:, None] % 3
    options = {"loss": CrossEntropy(), "optimizer": Adam(0.05), "epochs": 20}
    histories = fit_many([(plain, (codes, codes[:, 0])), (wide, (X, Y), {"epochs": 3})], rng=0, **options)
    assert [len(history["loss"]) for history in histories] == [20, 3]
    assert (plain.predict(codes).argmax(axis=1) == codes[:, 0]).all()


def test_callbacks_stop_only_their_own_training():
    stop = {"callbacks": [EarlyStopping("loss", patience=0)], "epochs": 300, "rng": 0}
    histories = fit_many(
        [(own, (X, Y), each) for own, each in zip(models(2), (stop, {"rng": 0}), strict=True)],
        optimizer=Adam(0.05),
        **OPTIONS,
    )
    assert histories[0].stopped
    assert len(histories[0].epochs) < 300
    assert histories[1].stopped is None
    assert len(histories[1].epochs) == 5


def test_an_error_ends_the_others_and_is_raised():
    class Fail(Callback):
        def on_epoch_end(self, training, epoch):
            raise ArithmeticError("failed on purpose")

    own = models(4)
    given = [(own[0], (X, Y), {"callbacks": [Fail()]}), *((each, (X, Y), {"epochs": 100_000}) for each in own[1:])]
    with pytest.raises(ArithmeticError, match="failed on purpose"):
        fit_many(given, workers=2, optimizer=Adam(0.01), **OPTIONS)


def refusal(given, **options):
    with pytest.raises((TypeError, ValueError)) as caught:
        fit_many(given, **{"optimizer": Adam(), **OPTIONS, **options})
    return str(caught.value)


def test_invalid_arguments_are_refused_before_any_training():
    first, second = models(2)
    before = first.parameters.copy()
    good, generator = (first, (X, Y)), np.random.default_rng(0)
    assert refusal([good, (second, (X, Y)), (first, (X, Y))]) == (
        "trainings[2] has the same model as trainings[0]: they run at once, so each needs its own"
    )
    assert refusal([good, (second, (X, Y))], rng=generator) == (
        "trainings[1] has the same rng as trainings[0]: they run at once, so each needs its own"
    )
    assert refusal([good, second]).startswith(
        "trainings[1] must be (model, (X, y)) or (model, (X, y), arguments), got Model("
    )
    assert refusal([good, (second, X)]).startswith("trainings[1] must be (model, (X, y))")
    assert (
        refusal([good, ("model", (X, Y))])
        == "trainings[1][0] must be a Model, such as Model([Dense(3)], inputs=2), got 'model'; did you mean Model()?"
    )
    assert refusal([good], workers=0) == "workers must be a whole number of at least 1, got 0"
    assert refusal([good, (second, (X, Y), {"epoch": 3})]).startswith("fit_many has no argument 'epoch'; did you mean")
    assert (first.parameters == before).all()


def test_no_trainings_give_no_histories():
    assert fit_many([], optimizer=Adam(), **OPTIONS) == []


class Threads(Callback):
    """Notes how many threads BLAS uses after each epoch."""

    def __init__(self):
        self.seen = []

    def on_epoch_end(self, training, epoch):
        self.seen.append(blas_threads())


def blas_threads():
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


@pytest.mark.parametrize("fails", [False, True])
def test_blas_has_one_thread_while_networks_train_side_by_side(fails):
    class Fail(Callback):
        def on_epoch_end(self, training, epoch):
            if fails:
                raise ArithmeticError("failed on purpose")

    noted = Threads()
    given = [(own, (X, Y), {"callbacks": [noted, Fail()]}) for own in models(2)]
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        assert before == {2}
        with pytest.raises(ArithmeticError) if fails else nullcontext():
            fit_many(given, optimizer=Adam(0.01), fast=False, **OPTIONS)
        assert blas_threads() == before
    assert noted.seen if fails else len(noted.seen) == 10
    assert set.union(*noted.seen) == {1}


def test_the_limit_of_blas_lasts_until_no_thread_needs_it():
    with threadpool_limits(2, user_api="blas"):
        one, other = single_threaded_blas(), single_threaded_blas()
        one.__enter__()
        other.__enter__()
        one.__exit__(None, None, None)
        assert blas_threads() == {1}
        other.__exit__(None, None, None)
        assert blas_threads() == {2}


def test_without_threadpoolctl_networks_train_all_the_same(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    noted = Threads()
    with threadpool_limits(2, user_api="blas"):
        fit_many([(models(1)[0], (X, Y), {"callbacks": [noted]})], optimizer=Adam(0.01), **OPTIONS)
    assert noted.seen == [{2}] * 5
