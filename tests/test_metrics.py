import numpy as np
import pytest

from whorl.metrics import accuracy, named


def test_accuracy_by_hand():
    p = [[0.9, 0.1, 0.0], [0.2, 0.3, 0.5], [0.4, 0.4, 0.2]]  # the last is a tie: the first class counts
    assert accuracy([0, 2, 0], p) == 1
    assert accuracy([0, 2, 1], p) == pytest.approx(2 / 3)
    assert accuracy(np.eye(3)[[1, 2, 0]], p) == pytest.approx(2 / 3)


def test_names_and_functions():
    def hits(y, prediction):
        return 0.0

    assert named(["accuracy", hits]) == {"accuracy": accuracy, "hits": hits}
    assert named([]) == {}
