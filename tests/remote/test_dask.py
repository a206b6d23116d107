"""Many networks on a cluster of Dask: two worker processes, with a scheduler and nannies."""

import os
import signal
import warnings
from pathlib import Path

import dask
import numpy as np
import pytest
from dask.distributed import Client, LocalCluster
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV

from whorl import Adam, Callback, CrossEntropy, Dense, Dropout, Model, ReLU, Softmax, fit_many
from whorl.sklearn import NetworkClassifier

X = np.random.default_rng(0).standard_normal((120, 5))
Y = np.random.default_rng(1).integers(0, 3, 120)
OPTIONS = {"loss": CrossEntropy(), "optimizer": Adam(0.01), "epochs": 3, "batch_size": 16, "fast": False}

pytestmark = pytest.mark.filterwarnings("default")  # of Dask and what it loads


@pytest.fixture(scope="module")
def client():
    settings = {"distributed.scheduler.allowed-failures": 0, "distributed.worker.memory.terminate": False}
    with warnings.catch_warnings(), dask.config.set(settings):
        warnings.simplefilter("ignore")
        quiet = {"dashboard_address": None, "silence_logs": "CRITICAL"}
        with LocalCluster(n_workers=2, threads_per_worker=1, **quiet) as cluster, Client(cluster) as client:
            yield client


def models(count):
    layers = [Dense(20), ReLU(), Dropout(0.2), Dense(3), Softmax()]
    return [Model(layers, inputs=5, rng=seed) for seed in range(count)]


def assert_trained_as_here(executor, arguments=lambda k: {}, count=8, **options):
    own, here = models(count), models(count)
    found = fit_many(
        [(each, (X, Y), arguments(k)) for k, each in enumerate(own)], executor=executor, rng=0, **OPTIONS, **options
    )
    expected = fit_many([(each, (X, Y)) for each in here], rng=0, **OPTIONS, **options)
    for one, other in zip(own, here, strict=True):
        np.testing.assert_array_equal(one.parameters, other.parameters)
    assert [dict(each) for each in found] == [dict(each) for each in expected]


def test_a_client_and_its_executor_give_the_bits_of_this_process(client):
    assert_trained_as_here(client)
    assert_trained_as_here(client.get_executor(), metrics=["accuracy"], validation=0.2)


def test_a_search_of_scikit_learn_gives_what_it_gives_here(client):
    network = NetworkClassifier([Dense(8), ReLU()], epochs=2, fast=False, random_state=0)
    grid = {"optimizer": [Adam(0.001), Adam(0.1)]}
    here = GridSearchCV(network, grid, cv=2).fit(X, Y)
    with parallel_config(backend="dask"):
        there = GridSearchCV(network, grid, cv=2).fit(X, Y)
    assert there.best_params_ == here.best_params_
    np.testing.assert_array_equal(there.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(there.predict_proba(X), here.predict_proba(X))


class EndsOnce(Callback):
    """Ends its process, but only where there is no such file, which it makes."""

    def __init__(self, path):
        self.path = path

    def on_epoch_end(self, training, epoch):
        if not Path(self.path).exists():
            Path(self.path).touch()
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.posix
def test_what_a_killed_worker_was_training_is_trained_again(client, tmp_path):
    """The scheduler gives it up at once, as it may not be tried again there."""
    assert_trained_as_here(client, lambda k: {"callbacks": [EndsOnce(tmp_path / "ended")]} if k == 5 else {})
    assert (tmp_path / "ended").exists()
