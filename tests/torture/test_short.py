"""The short forms of what takes minutes."""

import pytest
from predictions import predict
from repeat import ENGINES, checksums
from steps import grow


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_seed_gives_the_same_file_in_each_process(engine, tmp_path):
    assert len(checksums(engine, 2, tmp_path)) == 1


def test_predictions_in_several_threads_are_those_of_one():
    made, wrong = predict(1.0)
    assert made > 20
    assert wrong == 0


@pytest.mark.parametrize("fast", [False, True])
def test_memory_and_open_files_do_not_grow_with_the_steps(fast, tmp_path):
    (early, opened), (late, opened_late) = grow(20_000, tmp_path, fast=fast)
    assert late < 1.05 * early  # the long form: 1.01 over a million
    assert opened == opened_late
