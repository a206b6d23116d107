"""``whorl warm-up``: all kernels in the cache."""

import os
import re

import pytest
from commands import out, refused

from whorl.engine.compiling import cache_directory
from whorl.engine.kernels import KERNELS

pytestmark = pytest.mark.usefixtures("own_directory")


def test_it_compiles_all_kernels_and_says_where_they_are(capsys):
    (line,) = out(capsys, "warm-up")
    expected = rf"{len(KERNELS)} kernels for float32 are in {re.escape(cache_directory())} \(\d+\.\d s\)"
    assert re.fullmatch(expected, line)
    assert len(os.listdir(cache_directory())) > len(KERNELS)  # the loop is one more
    assert len({kernel.__name__ for kernel in KERNELS}) == len(KERNELS)


def test_other_types_are_refused(capsys):
    message = "whorl warm-up: error: --dtype must be float32 or float64, got 'float16'"
    assert message in refused(capsys, "warm-up", "--dtype", "float16")
