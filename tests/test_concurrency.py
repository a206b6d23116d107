"""Several processes and threads at one file, or at one model."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from whorl import SGD, Adam, BatchNorm, Checkpoint, CrossEntropy, Dense, Model, ReLU, Softmax, datasets, load

X, Y = datasets.spiral(60, rng=0)
LAYERS = [Dense(16), BatchNorm(), ReLU(), Dense(3), Softmax()]
ENGINES = [{"fast": False}, {"fast": True, "threads": 1}, {"fast": True, "threads": 2}]

WRITER = """
import sys
from whorl import Dense, Model
model = Model([Dense(40)], inputs=40, rng=0)
for number in range(60):
    model.parameters[:] = int(sys.argv[2]) + number / 100
    model.save(sys.argv[1])
"""


def test_processes_that_write_the_same_file_leave_a_whole_one_at_any_time(tmp_path):
    path = tmp_path / "a.npz"
    first = Model([Dense(40)], inputs=40, rng=0)
    first.parameters[:] = 0
    first.save(path)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(number)]) for number in (1, 2, 3)]
    reads = []
    while any(writer.poll() is None for writer in writers):
        reads.append(np.unique(load(path).parameters))  # a file that is not whole is an error
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert len(reads) > 3
    assert all(len(each) == 1 for each in reads)  # of one writer, of one time
    assert len(np.unique(load(path).parameters)) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_threads_that_write_the_same_file_leave_a_whole_one(tmp_path):
    path = tmp_path / "a.npz"
    models = [Model([Dense(40)], inputs=40, rng=seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda model: [model.save(path) for _ in range(10)], models))
    assert any((load(path).parameters == model.parameters).all() for model in models)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("engine", ENGINES, ids=str)
def test_a_model_predicts_and_is_saved_while_it_trains(engine, tmp_path):
    """The predictions are those of parameters under way, but always probabilities, and the training is not disturbed."""
    settings = {"loss": CrossEntropy(), "optimizer": Adam(0.01), "epochs": 60, "batch_size": 20, "rng": 0, **engine}
    undisturbed, model = (Model(LAYERS, inputs=2, rng=0) for _ in range(2))
    undisturbed.fit(X, Y, **settings)
    done, failures, predictions = threading.Event(), [], []

    def predict():
        try:
            while not done.is_set():
                found = model.predict(X[:50])
                predictions.append(np.abs(found.sum(axis=1) - 1).max())
                model.evaluate(X, Y, loss=CrossEntropy(), metrics=["accuracy"])
        except Exception as error:  # noqa: BLE001  # whatever it is, it fails the test
            failures.append(error)

    def save(number):
        try:
            while not done.is_set():
                model.save(tmp_path / f"{number}.npz")
                load(tmp_path / f"{number}.npz")
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=predict) for _ in range(4)] + [threading.Thread(target=save, args=(0,))]
    for thread in threads:
        thread.start()
    model.fit(X, Y, **settings)
    done.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert max(predictions) < 1e-5
    np.testing.assert_array_equal(model.parameters, undisturbed.parameters)
    np.testing.assert_array_equal(model.statistics, undisturbed.statistics)


TRAIN = """
import json, os, sys
from whorl import CrossEntropy, Dense, Model, SGD, Softmax, datasets

X, y = datasets.spiral(60, rng=0)
options = {"loss": CrossEntropy(), "optimizer": SGD(0.1), "epochs": 3, "rng": 0, "fast": sys.argv[1] == "fast"}

def train():
    model = Model([Dense(8), Dense(3), Softmax()], inputs=2, rng=0)
    model.fit(X, y, **options)
    return model.parameters.tobytes().hex()

first = train()
read, write = os.pipe()
if os.fork() == 0:
    with os.fdopen(write, "w") as file:
        json.dump(train(), file)
    os._exit(0)
os.close(write)
with os.fdopen(read) as file:
    child = json.load(file)
print(json.dumps([first == child, first == train(), os.wait()[1]]))
"""


@pytest.mark.posix
@pytest.mark.parametrize("engine", ["numpy", "fast"])
def test_a_process_that_forks_after_training_trains_in_both(engine):
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, engine], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [True, True, 0]


def test_two_trainings_with_checkpoints_at_one_path(tmp_path):
    path, models = tmp_path / "run.npz", [Model(LAYERS, inputs=2, rng=seed) for seed in range(2)]
    options = {"loss": CrossEntropy(), "optimizer": SGD(0.1), "epochs": 8, "rng": 0, "fast": False}

    def train(model):
        model.fit(X, Y, callbacks=[Checkpoint(path, steps=1)], **options)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(train, models))
    other = Model(LAYERS, inputs=2, rng=9)
    other.fit(X, Y, resume=path, **{**options, "epochs": 8})
    assert any((other.parameters == model.parameters).all() for model in models)
    assert [each.name for each in Path(tmp_path).iterdir()] == ["run.npz"]
