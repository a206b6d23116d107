import pytest

from whorl import Constant, InverseTime


def test_constant():
    assert {Constant(0.1)(epoch) for epoch in (0, 0.5, 1e6)} == {0.1}


@pytest.mark.parametrize(("epoch", "expected"), [(0, 0.05), (200, 0.05 / 1.05), (4000, 0.025), (0.5, 0.05 / 1.000125)])
def test_inverse_time(epoch, expected):
    assert InverseTime(0.05, decay=2.5e-4)(epoch) == pytest.approx(expected, rel=1e-15)


def test_repr_is_the_call():
    assert repr(InverseTime(0.05, decay=2.5e-4)) == "InverseTime(0.05, decay=0.00025)"
