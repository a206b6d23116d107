"""What a step frees is kept for the next one."""

import platform
import resource

import numpy as np

from whorl.memory import keep_freed_memory


def faults_of_a_step():
    """Pages that the system had to hand out for arrays like those of a step, once they had been there before."""

    def step():
        arrays = [np.ones((128, 512), np.float32) for _ in range(8)]  # 256 KiB each
        del arrays

    step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        step()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 10


def test_the_arrays_of_a_step_come_from_memory_that_was_kept():
    keep_freed_memory()
    assert faults_of_a_step() < 64 or platform.libc_ver()[0] != "glibc"  # of 512 pages
