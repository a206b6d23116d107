"""Processes that are killed: with the fault tolerance of Open MPI, the others go on."""

from importlib.util import find_spec

import pytest

COMPILED = find_spec("numba") is not None


def test_the_others_finish_if_processes_are_killed(start):
    lines = start("failures.py", "kill", "0,2", processes=4, options=("--with-ft", "ulfm"))
    assert sorted(line for line in lines if "done" in line) == ["process 1 is done", "process 3 is done"]
    lost = [line.partition(": the other ")[0].rpartition("lost ")[2] for line in lines if "the other" in line]
    assert lost == ["process 0 of 4 in step 8", "process 2 of 4 in step 13"]
    printed = [line.partition("epoch ")[2].partition(" |")[0] for line in lines if "val acc" in line]
    assert printed == ["0", "0", "2", "4"]  # the new first process begins with a line too


@pytest.mark.parametrize("how", ["files", "compiled"])
def test_samples_in_files_and_compiled_gradients(start, how):
    words = ("kill", "0,2", how) if how == "files" or COMPILED else ("kill", "0,2")
    lines = start("failures.py", *words, processes=4, options=("--with-ft", "ulfm"))
    assert sorted(line for line in lines if "done" in line) == ["process 1 is done", "process 3 is done"]


def test_program_that_tolerates_losses_does_not_wait_for_the_others_at_its_end(start):
    assert start("ends.py", processes=2, options=("--with-ft", "ulfm")) == ["finalized: False"] * 2
