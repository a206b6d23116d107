"""Where randomness comes from: whatever is random takes `rng`, and nothing else is."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from whorl._core import validation
from whorl._core.types import Array

RNG: TypeAlias = (
    "int | np.random.Generator | np.random.RandomState | np.random.BitGenerator | np.random.SeedSequence | None"
)


def generator(rng: object) -> np.random.Generator:
    """Normalise `rng` to a `numpy.random.Generator`, as `numpy.random.default_rng` does (SPEC 7).

    An int gives the same numbers each time, a Generator is used as it is and moves on, and None
    takes fresh entropy from the operating system.
    """
    if isinstance(rng, np.random.RandomState):  # numpy.random.default_rng takes one since NumPy 2.2 only
        return np.random.Generator(rng._bit_generator)  # noqa: SLF001  # which is what default_rng does
    if isinstance(rng, int | np.integer) and not isinstance(rng, bool) and rng >= 0:
        return np.random.default_rng(int(rng))
    if rng is None or isinstance(rng, np.random.Generator | np.random.BitGenerator | np.random.SeedSequence):
        return np.random.default_rng(rng)
    wrong = ValueError if isinstance(rng, int | np.integer) and not isinstance(rng, bool) else TypeError
    raise wrong(
        f"rng must be a whole number of at least 0, a numpy.random.Generator or None, got {validation.show(rng)}"
    )


def bits16(rng: np.random.Generator, count: int) -> np.ndarray[Any, np.dtype[np.uint16]]:
    """Draw `count` whole numbers, uniform in [0, 65536).

    Four come out of each 64-bit word of the bit generator, without the rejection and the
    conversion that `Generator.random` needs: eight times faster, and as random.
    """
    bit_generator = rng.bit_generator
    if isinstance(bit_generator, np.random.MT19937):  # its raw words have 32 bits only
        words: Array = bit_generator.random_raw(-(-count // 2)).astype(np.uint32)
    else:
        words = bit_generator.random_raw(-(-count // 4))
    return words.view(np.uint16)[:count]


def divide(count: int, aside: int, rng: np.random.Generator, classes: Array | None = None) -> tuple[Array, Array]:
    """Draw which of `count` samples are set aside: return the numbers of those that stay, and of those set aside.

    With the classes (count,) of the samples, each class has the same part set aside, to within one sample.

    Examples
    --------
    >>> stay, aside = divide(6, 3, np.random.default_rng(0), np.array([0, 0, 1, 1, 2, 2]))
    >>> sorted(aside // 2)
    [np.int64(0), np.int64(1), np.int64(2)]
    """
    order = rng.permutation(count)
    if classes is None:
        return order[aside:], order[:aside]
    order = order[np.argsort(classes[order], kind="stable")]  # class by class, each in a random order
    chosen = np.diff(np.arange(count + 1) * aside // count).astype(bool)  # spread evenly over them
    return order[~chosen], order[chosen]
