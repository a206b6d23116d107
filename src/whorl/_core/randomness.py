"""Random number generators: every function that draws random numbers takes `rng`; there is no global state."""

from __future__ import annotations

from typing import Any, Never, TypeAlias

import numpy as np

from whorl._core import validation
from whorl._core.types import Array

RNG: TypeAlias = (
    "int | np.random.Generator | np.random.RandomState | np.random.BitGenerator | np.random.SeedSequence | None"
)


def generator(rng: object) -> np.random.Generator:
    """Return `rng` as a `numpy.random.Generator`, as `numpy.random.default_rng` does (SPEC 7).

    Parameters
    ----------
    rng : int, Generator, BitGenerator, SeedSequence, RandomState or None
        An int of at least 0 is a seed and gives the same numbers each time; a Generator is returned unchanged; None uses
        fresh entropy from the operating system. A legacy RandomState supplies a seed; this is the only difference from
        ``default_rng``, which accepts one only since NumPy 2.2.

    Raises
    ------
    TypeError, ValueError
        If `rng` is none of these.

    Examples
    --------
    >>> generator(5).random() == np.random.default_rng(5).random()
    True
    """
    if isinstance(rng, np.random.RandomState):
        return np.random.default_rng(rng.randint(2**32, size=4, dtype=np.uint32))
    if isinstance(rng, int | np.integer) and not isinstance(rng, bool) and rng >= 0:
        return np.random.default_rng(int(rng))
    if rng is None or isinstance(rng, np.random.Generator | np.random.BitGenerator | np.random.SeedSequence):
        return np.random.default_rng(rng)
    wrong = ValueError if isinstance(rng, int | np.integer) and not isinstance(rng, bool) else TypeError
    raise wrong(
        f"rng must be a whole number of at least 0, a numpy.random.Generator or None, got {validation.show(rng)}"
    )


def bits16(rng: np.random.Generator, count: int) -> np.ndarray[Any, np.dtype[np.uint16]]:
    """Draw `count` integers, uniform in [0, 65536).

    Each 64-bit word of the bit generator gives four of them, which is several times faster than `Generator.random`.
    """
    if isinstance(rng, RowsGenerator):
        return rng.bits16(count)
    bit_generator = rng.bit_generator
    if isinstance(bit_generator, np.random.MT19937):  # its raw words have 32 bits only
        words: Array = bit_generator.random_raw(-(-count // 2)).astype(np.uint32)
    else:
        words = bit_generator.random_raw(-(-count // 4))
    return words.view(np.uint16)[:count]


class RowsGenerator:
    """Draws the numbers for some rows of a batch; the generator is then as if those of all its rows had been drawn.

    So several processes, each with rows of its own and an equal generator, draw together what one process would draw for all rows.
    Layers get it in place of a generator in such a training, and can draw with `bits16` only.

    Parameters
    ----------
    rng : Generator
    begin, stop, rows : int
        The rows from `begin` up to `stop`, of so many.

    Examples
    --------
    >>> whole, part = generator(0), generator(0)
    >>> bits16(whole, 8 * 5)[3 * 5 : 6 * 5].tolist() == bits16(RowsGenerator(part, 3, 6, 8), 3 * 5).tolist()
    True
    >>> whole.random() == part.random()
    True
    """

    def __init__(self, rng: np.random.Generator, begin: int, stop: int, rows: int) -> None:
        self.rng, self.begin, self.stop, self.rows = rng, begin, stop, rows

    def bits16(self, count: int) -> np.ndarray[Any, np.dtype[np.uint16]]:
        """Draw the integers for its rows, `count` in all and the same number for each row."""
        each, rest = divmod(count, self.stop - self.begin)
        if rest:
            raise ValueError(f"count must be a multiple of the {self.stop - self.begin} rows, got {count}")
        begin, stop, total = (rows * each for rows in (self.begin, self.stop, self.rows))
        generator = self.rng.bit_generator
        if not isinstance(generator, np.random.PCG64 | np.random.PCG64DXSM):
            return bits16(self.rng, total)[begin:stop]
        before: Any = generator.state
        first, last = begin // 4, -(-stop // 4)
        generator.advance(first)
        words = generator.random_raw(last - first)
        generator.advance(-(-total // 4) - last)
        if before["has_uint32"]:  # half a word that is left, which `advance` forgets
            after: Any = generator.state
            generator.state = after | {name: before[name] for name in ("has_uint32", "uinteger")}
        return words.view(np.uint16)[begin - 4 * first : stop - 4 * first]

    def __getattr__(self, name: str) -> Never:
        raise TypeError(
            f"with distributed=True, a layer can draw random numbers with dropout_mask only, got a call of rng.{name}: each process would"
            " draw the same numbers for other samples"
        )


def divide(count: int, aside: int, rng: np.random.Generator, classes: Array | None = None) -> tuple[Array, Array]:
    """Split the indices of samples at random into two parts.

    Parameters
    ----------
    count, aside : int
        Number of samples, and how many of them to set aside.
    rng : Generator
    classes : ndarray, shape (count,), optional
        The class of each sample. The same fraction of each class is then set aside, to within one sample.

    Returns
    -------
    stay, set_aside : ndarray of int
        The indices in random order; with `classes`, sorted by class.

    Examples
    --------
    >>> stay, aside = divide(6, 3, np.random.default_rng(0), np.array([0, 0, 1, 1, 2, 2]))
    >>> sorted(aside // 2)
    [np.int64(0), np.int64(1), np.int64(2)]
    """
    order = rng.permutation(count)
    if classes is None:
        return order[aside:], order[:aside]
    order = order[np.argsort(classes[order], kind="stable")]  # sorted by class, in random order within each class
    chosen = np.diff(np.arange(count + 1) * aside // count).astype(bool)  # `aside` of them, evenly spaced
    return order[~chosen], order[chosen]


def folds(count: int, parts: int, rng: np.random.Generator, classes: Array | None = None) -> list[Array]:
    """Split the indices of samples at random into parts of equal size, to within one sample.

    Parameters
    ----------
    count, parts : int
        Number of samples, and of parts, at most as many.
    rng : Generator
    classes : ndarray, shape (count,), optional
        The class of each sample. Each part then has the same fraction of each class, to within one sample.

    Returns
    -------
    list of ndarray of int
        The indices in each part, sorted.

    Examples
    --------
    >>> [len(rows) for rows in folds(7, 3, np.random.default_rng(0))]
    [3, 2, 2]
    """
    order = rng.permutation(count)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    return [np.sort(order[k::parts]) for k in range(parts)]
