"""What a step frees is kept for the next one."""

import platform
import resource

import numpy as np

from whorl import Adam, Dense, Model
from whorl.memory import aligned_zeros, keep_freed_memory


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


def test_aligned_zeros_are_zeros_that_can_be_written_to():
    vector = aligned_zeros(5, np.float64)
    assert vector.dtype == np.float64
    assert vector.tolist() == [0.0] * 5
    vector += 1
    assert vector.tolist() == [1.0] * 5


def test_the_vectors_of_a_step_begin_with_cache_lines_in_different_places_of_their_pages():
    model, adam = Model([Dense(3)], inputs=7), Adam()
    adam.step(model.parameters, model.gradients, 0.1)
    addresses = [vector.ctypes.data for vector in (model.parameters, model.gradients, *adam._moments)]
    assert all(address % 64 == 0 for address in addresses)
    assert len({address % 4096 for address in addresses}) == 4
