"""One BLAS thread where products are small, and as before afterwards."""

from threading import Barrier, Thread

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from whorl import SGD, CrossEntropy, Dense, Model, Softmax, threads


def in_use():
    """The number of threads of each BLAS in this process."""
    return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]


def test_a_small_training_uses_one_thread_and_leaves_the_setting_as_it_was():
    before, seen = in_use(), []

    def watch(y, p):
        seen.append(in_use())
        return 0.0

    model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    model.fit(
        np.zeros((8, 2)), np.zeros(8, int), loss=CrossEntropy(), optimizer=SGD(0.1), epochs=2, metrics=[watch], rng=0
    )
    assert seen == [[1] * len(before)] * 2
    assert in_use() == before


@pytest.mark.parametrize(
    ("largest", "kind"), [(0, threads.OneThread), (threads.SMALL - 1, threads.OneThread), (threads.SMALL, threads.AsIs)]
)
def test_what_is_small(largest, kind):
    assert type(threads.for_products(largest)) is kind


def test_blocks_that_overlap_in_two_threads_leave_the_setting_as_it_was():
    before, meet, inside = in_use(), Barrier(2), []

    def first():
        with threads.OneThread():
            meet.wait()
            meet.wait()

    def second():
        meet.wait()
        with threads.OneThread():
            meet.wait()
            helper.join()
            inside.append(in_use())

    helper = Thread(target=first)
    helper.start()
    second()
    assert inside == [[1] * len(before)]  # though the first is out
    assert in_use() == before


def test_an_error_inside_restores_the_setting_too():
    before = in_use()
    with pytest.raises(ZeroDivisionError), threads.OneThread():
        raise ZeroDivisionError
    assert in_use() == before


def test_without_threadpoolctl_nothing_changes(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    threads._controller.cache_clear()
    before = in_use()
    with threads.OneThread():
        assert in_use() == before
    threads._controller.cache_clear()
