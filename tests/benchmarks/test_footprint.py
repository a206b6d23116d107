"""The sections of the page about size, memory and latency. Nothing here compares times."""

from argparse import Namespace
from contextlib import contextmanager

import numpy as np
import pytest
from benchmarks import footprint, processes
from benchmarks.__main__ import main
from benchmarks.footprint import installed, running

import whorl

QUICK = Namespace(rounds=2, seconds=0.001)


def answers(function):
    """Return what takes the place of `fresh`: a process that answers with this function of the argument."""

    class Process:
        def __init__(self, environment):
            self.environment = environment

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def submit(self, _, argument):
            return Namespace(result=lambda: function(argument, self.environment))

    return Process


def test_process_is_timed_or_its_error_is_shown():
    code = "import os; assert os.environ['WORD'] == 'hello'"
    assert processes.run(["-c", code], environment={"WORD": "hello"}) > 0
    with pytest.raises(RuntimeError, match=r"python -c 1/0 failed: (?s:.*)ZeroDivisionError"):
        processes.run(["-c", "1/0"])


def test_peak_memory_counts_what_was_held_and_given_back():
    code = (
        "import numpy as np; from benchmarks.processes import peak; before = peak(); held = np.ones(10_000_000); del held;"
        "assert before > 1e6; assert 75e6 < peak() - before < 120e6, (before, peak())"  # 80 MB
    )
    processes.run(["-c", code])


def test_random_pixels_are_brighter_by_class():
    X, y = running.pixels(3_000)
    assert (X.shape, X.dtype) == ((3_000, 784), np.float32)
    assert 0 <= X.min() < X.max() <= 1
    means = [X[y == label].mean() for label in range(10)]
    np.testing.assert_allclose(means, [(63.5 + 12 * label) / 255 for label in range(10)], atol=5e-3)
    assert running.MNIST.rows == 60_000


def test_random_images_are_read_like_mnist(tmp_path, monkeypatch):
    installed.write_images(tmp_path / "mnist")
    monkeypatch.setenv("WHORL_DATA", str(tmp_path))
    (X, y), (X_test, y_test) = whorl.datasets.mnist(cache=tmp_path / "none")
    assert (X.shape[0], y.shape, X_test.shape[0], y_test.shape) == (60_000, (60_000,), 10_000, (10_000,))
    assert set(np.unique(y)) == set(range(10))
    assert X_test.max() == 127 + 12 * 9


def test_requirements_of_a_package_are_counted_with_it():
    assert set(installed.requirements("numpy")) == {"numpy"}
    found = installed.requirements("pytest", "no-such-distribution")
    assert {"pytest", "pluggy", "packaging"} <= set(found)
    assert "no-such-distribution" not in found
    assert installed.size_of(found["pluggy"]) > 10_000
    assert installed.megabytes(57_812_345) == "57.8"


def test_sections_are_tables(monkeypatch):
    monkeypatch.setattr(installed, "IMPORTS", {})
    section = installed.imports(QUICK)
    assert [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| ")] == [
        *["| ", "| ---", "| nothing", "| NumPy", "| whorl"]
    ]
    assert "| whorl with NumPy | " in installed.size(QUICK)


def test_operations_of_a_shape_are_counted(monkeypatch):
    monkeypatch.setattr(running, "timed", lambda peer, seconds: lambda: 1000.0)  # a millisecond a step
    section = running.other_shapes(QUICK)
    # Forward and dW for 20·64 + 64·64 + 64·2, dX for the last two; two operations each, 128 rows.
    rate = 2 * 128 * (2 * (20 * 64 + 64 * 64 + 64 * 2) + 64 * 64 + 64 * 2) / 1e-3 / 1e9
    assert f"| width 64 | 1,000 (1,000–1,000) | 7.81 | {rate:.2f} |" in section
    assert "| batches of 2048 | 1,000 (1,000–1,000) | 0.488 |" in section


def test_epoch_is_timed_and_its_memory_measured():
    seconds, data, beyond = running.epoch_of(300)
    assert 0 < seconds < 1
    assert data == 300 * (20 * 4 + 8)
    assert beyond >= 0


def test_growth_with_rows_is_measured_in_fresh_processes(monkeypatch):
    def epoch(rows, environment):
        assert environment == {"OPENBLAS_NUM_THREADS": "1"}
        return rows * (2e-6 if rows < 1e6 else 2.6e-6), 88 * rows, 2e6

    monkeypatch.setattr(running, "fresh", answers(epoch))
    section = running.more_rows(Namespace(rounds=6))
    assert (
        "the time of an epoch is NOT proportional to the number of rows: the time for each row varies by 30%" in section
    )
    assert "| 1,000,000 | 2.60 | 2.60 (2.60–2.60) | 1.30 | 88.0 | 2.00 |" in section


def test_latency_of_one_row_is_a_time_and_of_many_a_speed(monkeypatch):
    @contextmanager
    def worker(name):
        yield lambda method, *arguments: {"prepare": 0.0, "predict": 20.0 if arguments == (1,) else 2_000.0}[method]

    monkeypatch.setattr(running, "worker", worker)
    monkeypatch.setattr(running, "CONTENDERS", ["straight"])
    assert "| straight-line NumPy | 20.0 | 5.00 | 20.0 | 5.00 |" in running.predictions(QUICK)


def test_memory_is_measured_beyond_that_of_the_data_alone(monkeypatch):
    peaks = {"": 230e6, "whorl": 238e6}
    monkeypatch.setattr(running, "fresh", answers(lambda name, _: (peaks.get(name, 500e6), 188_640_000, 2.0)))
    section = running.memory(QUICK)
    assert "| the data alone | 230 | 0 | — |" in section
    assert "| whorl, NumPy alone | 238 | 8.00 | 2.00 |" in section
    assert "784-256-128-10, batches of 125, Adam for one epoch on 60,000 random images, which take 189 MB" in section


def test_memory_of_a_peer_is_a_peak(monkeypatch):
    monkeypatch.setattr(running, "MNIST", running.replace(running.MNIST, batch=25, steps=40))
    most, data, seconds = running.memory_of("straight")
    assert most > data == 1_000 * (784 * 4 + 8)
    assert seconds > 0


def test_footprint_writes_what_was_measured_and_names_what_failed(tmp_path, monkeypatch):
    def broken(arguments):
        raise RuntimeError("no memory left")

    sections = {"disk": lambda arguments: f"## Disk\n\n{arguments.rounds} rounds", "shell": broken}
    monkeypatch.setattr(footprint, "SECTIONS", sections)
    assert main(["footprint", "--parts", "disk", "shell", "--rounds", "3", "--output", str(tmp_path)]) == 0
    text = (tmp_path / "footprint.md").read_text(encoding="utf-8")
    assert "## Disk\n\n3 rounds\n\n## Not measured: shell\n\nRuntimeError: no memory left\n" in text
    assert "Written by `python -m benchmarks footprint --parts disk shell --rounds 3 --seconds 0.2`" in text
