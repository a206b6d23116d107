"""Which processes use a file: the locks of several file descriptions are those of several processes."""

import pytest

from whorl.sweeps.users import Users

pytestmark = pytest.mark.posix


def test_a_process_is_alone_only_while_no_other_uses_the_file(tmp_path):
    first, second, third = (Users(tmp_path / "study.log") for _ in range(3))
    assert first.alone()
    first.share()
    assert not second.alone()
    second.share()
    assert not third.alone()
    first.close()
    assert not third.alone()  # the second one is at work
    second.close()
    assert third.alone()
    third.close()


def test_of_those_that_end_together_one_is_alone(tmp_path):
    first, second = (Users(tmp_path / "study.log") for _ in range(2))
    first.share()
    second.share()
    assert not first.alone()  # and uses it no more
    assert second.alone()
    first.close()
    second.close()
