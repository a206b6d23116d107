"""What the page about weight is made of; nothing here compares times."""

import json
import sys

import numpy as np
import pytest
from benchmarks.footprint import __main__ as command
from benchmarks.footprint import disk, growth, latency, memory, processes, start

import whorl


def test_a_process_gives_what_it_prints_or_why_it_failed():
    seconds, printed = processes.run(["-c", "import os; print(os.environ['WORD'])"], environment={"WORD": "hello"})
    assert printed == "hello\n"
    assert seconds > 0
    with pytest.raises(RuntimeError, match=r"python -c 1/0 failed: (?s:.*)ZeroDivisionError"):
        processes.run(["-c", "1/0"])


def test_the_peak_of_memory_counts_what_was_held_and_given_back():
    code = (
        "import numpy as np; from benchmarks.footprint.processes import peak; before = peak();"
        "held = np.ones(10_000_000); del held; print(before, peak())"  # 80 MB
    )
    before, after = map(int, processes.run(["-c", code])[1].split())
    assert before > 1e6
    assert 75e6 < after - before < 120e6


def test_the_data_in_the_making_take_no_more_memory_than_the_data():
    X, y = memory.images(3_000)
    assert (X.shape, X.dtype) == ((3_000, 784), np.float32)
    assert 0 <= X.min() < X.max() <= 1
    means = [X[y == label].mean() for label in range(10)]
    np.testing.assert_allclose(means, [(63.5 + 12 * label) / 255 for label in range(10)], atol=5e-3)
    assert memory.CASE.rows == 60_000


def test_random_images_pass_for_mnist(tmp_path, monkeypatch):
    start.write_images(tmp_path / "mnist")
    monkeypatch.setenv("WHORL_DATA", str(tmp_path))
    (X, y), (X_test, y_test) = whorl.datasets.mnist(cache=tmp_path / "none")
    assert (X.shape[0], y.shape, X_test.shape[0], y_test.shape) == (60_000, (60_000,), 10_000, (10_000,))
    assert set(np.unique(y)) == set(range(10))
    assert X_test.max() == 127 + 12 * 9


def test_what_a_package_requires_is_counted_with_it():
    assert set(disk.closure(["numpy"])) == {"numpy"}
    found = disk.closure(["pytest", "no-such-distribution"])
    assert {"pytest", "pluggy", "packaging"} <= set(found)
    assert "no-such-distribution" not in found
    assert disk.files(found["pluggy"]) > 10_000
    assert disk.mega(57_812_345) == "57.8"


def test_the_sections_are_tables(monkeypatch):
    monkeypatch.setattr(start, "IMPORTS", {})
    section = start.imports(1)
    assert [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| ")] == [
        *["| ", "| ---", "| nothing", "| NumPy", "| whorl"]
    ]
    assert "| whorl with NumPy | " in disk.section()


def test_the_cost_of_a_shape_is_counted(monkeypatch):
    monkeypatch.setattr(growth, "timed", lambda peer, seconds: lambda: 1000.0)  # a millisecond a step
    section = growth.shape_section(2, 0.1)
    # Forward and dW for 20·64 + 64·64 + 64·2, dX for the last two; two operations each, 128 rows.
    rate = 2 * 128 * (2 * (20 * 64 + 64 * 64 + 64 * 2) + 64 * 64 + 64 * 2) / 1e-3 / 1e9
    assert f"| width 64 | 1,000 (1,000–1,000) | 7.81 | {rate:.2f} |" in section
    assert "| batches of 2048 | 1,000 (1,000–1,000) | 0.488 |" in section


def test_more_rows_are_trained_in_processes_of_their_own(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["growth", "300"])
    growth.main()
    found = json.loads(capsys.readouterr().out)
    assert found["data"] == 300 * (20 * 4 + 8)
    assert found["seconds"] > 0

    def run(words, environment):
        assert environment == {"OPENBLAS_NUM_THREADS": "1", "WHORL_FAST": "0"}
        rows = int(words[-1])
        return 1.0, json.dumps({"data": 88 * rows, "beyond": 2e6, "seconds": rows * (2e-6 if rows < 1e6 else 2.6e-6)})

    monkeypatch.setattr(growth, "run", run)
    section = growth.rows_section(2)
    assert "the time of an epoch is NOT linear in the rows: the time for each row strays by 30%" in section
    assert "| 1,000,000 | 2.60 | 2.60 (2.60–2.60) | 1.30 | 88.0 | 2.00 |" in section


def test_one_row_is_a_time_and_many_are_a_speed():
    assert latency.amount(20.0, 1) == "20.0"
    assert latency.amount(2_000.0, 10_000) == "5.00"


def test_memory_is_taken_beyond_that_of_the_data_alone(monkeypatch):
    peaks = {"data": 230e6, "whorl": 238e6}

    def run(words, environment):
        taken = {"peak": peaks.get(words[-1], 500e6), "data": 188_640_000, "seconds": 2.0}
        return 1.0, "something else\n" + json.dumps(taken)

    monkeypatch.setattr(memory, "run", run)
    section = memory.section()
    assert "| the data alone | 230 | 0 | — |" in section
    assert "| whorl, NumPy alone | 238 | 8.00 | 2.00 |" in section
    assert "784-256-128-10, batches of 125, Adam for one epoch on 60,000 random images, which are 189 MB" in section


def test_the_command_writes_what_was_measured_and_names_what_was_not(tmp_path, monkeypatch, capsys):
    def broken(rounds, seconds):
        raise RuntimeError("no memory left")

    sections = {"disk": lambda rounds, seconds: f"## Disk\n\n{rounds} rounds", "shell": broken}
    monkeypatch.setattr(command, "SECTIONS", sections)
    command.main(["--rounds", "3", "--output", str(tmp_path)])
    page = (tmp_path / "footprint.md").read_text(encoding="utf-8")
    assert "## Disk\n\n3 rounds\n\n## Not measured: shell\n\nno memory left\n" in page
    assert "Written by `python -m benchmarks.footprint --rounds 3`" in page
    with pytest.raises(SystemExit, match="2"):
        command.main(["--parts", "weight"])
    assert "invalid choice: 'weight'" in capsys.readouterr().err
