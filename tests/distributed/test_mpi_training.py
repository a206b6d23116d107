"""One training in several processes, by a real mpiexec: each test starts it once, with a script that makes the checks."""

import re

import numpy as np
import pytest

from whorl import load
from whorl.cli import main
from whorl.recipes import RECIPES


def passed(lines):
    """The cases that a script has come through; an error in one makes its status, and so the test, fail."""
    return [line.removeprefix("ok ") for line in lines if line.startswith("ok ")]


def test_three_processes_have_the_results_of_one(start):
    assert len(passed(start("equal_results.py", processes=3))) > 20


def test_processes_agree(start):
    assert len(passed(start("agreements.py", processes=2))) == 11


def test_an_error_in_one_process_ends_all(start):
    lines = start("failures.py", "raise", "1", processes=2, status=None)
    assert "OSError: no space left on device" in lines
    assert not any("not reached" in line for line in lines)


def test_an_error_in_the_arguments_of_one_process_ends_all(start):
    lines = start("failures.py", "arguments", "1", processes=2, status=None)
    assert any(line.startswith("ValueError: ") and "202" in line for line in lines)


def test_processes_that_differ_are_named(start):
    lines = start("failures.py", "drift", "1", processes=3, status=None)
    message = "RuntimeError: the training states of process 1 differ from those of the others before step 21: "
    assert len([line for line in lines if line.startswith(message)]) >= 1


def test_slow_processes_are_named(start):
    lines = start("failures.py", "slow", "1", processes=3)
    assert [line.partition(" for ")[0] for line in lines if "slow" in line] == ["process 1 is slow: it computed"]


def test_program_ends_by_finalizing_mpi(start):
    assert start("ends.py", processes=2) == ["finalized: True"] * 2


def test_command_trains_in_all_processes_and_one_writes(start, tmp_path, no_picture, capfd):
    words = ["train", "moons", "--epochs", "3", "--seed", "2", "--log-every", "1", "--output"]
    lines = start("-m", "whorl", *words, str(tmp_path / "shared"), processes=2)
    assert re.findall(r"epoch (\d) \| train", "".join(lines)) == ["0", "1", "2", "3"]
    assert sorted(path.name for path in (tmp_path / "shared").iterdir()) == ["model.npz", "model.toml", "moons.png"]
    assert main([*words, str(tmp_path / "alone")]) == 0
    shared, alone = (load(tmp_path / name / "model.npz") for name in ("shared", "alone"))
    np.testing.assert_allclose(shared.parameters, alone.parameters, atol=1e-5)


def test_several_processes_have_no_limit_of_time(spiral_data):
    with pytest.raises(ValueError, match="planned by the clock, which several processes cannot do: give epochs"):
        RECIPES["spiral"]["best"].replace(time=9.0).fitted(*spiral_data, distributed=True)
