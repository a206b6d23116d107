"""The short forms of what takes minutes."""

import pytest
from predictions import predict
from repeat import ENGINES, checksums


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_seed_gives_the_same_file_in_each_process(engine, tmp_path):
    assert len(checksums(engine, 3, tmp_path)) == 1


def test_predictions_in_several_threads_are_those_of_one():
    made, wrong = predict(1.0)
    assert made > 20
    assert wrong == 0
