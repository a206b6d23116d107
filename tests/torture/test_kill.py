import hashlib

import pytest
from kill import ENGINES, kill, train


@pytest.mark.parametrize("engine", ENGINES, ids=str)
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_killed_trainings_continue_to_the_same_bits(engine, tmp_path):
    within, left = kill(5, tmp_path, engine=engine)
    assert within > 0
    assert left <= 1  # of the last one


def test_the_same_seed_gives_the_same_bits(tmp_path):
    assert len({hashlib.sha256(train(tmp_path / "run.npz")).digest() for _ in range(3)}) == 1
