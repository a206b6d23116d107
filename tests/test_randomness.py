"""Random number generators and what is drawn with them."""

import copy
from itertools import pairwise

import numpy as np
import pytest

from whorl._core.randomness import RowsGenerator, bits16, divide, folds, generator


def test_an_int_is_a_seed():
    assert generator(5).random() == np.random.default_rng(5).random()
    assert generator(np.int64(5)).random() == np.random.default_rng(5).random()


def test_a_generator_is_returned_unchanged(rng):
    assert generator(rng) is rng


def test_a_legacy_state_supplies_a_seed():
    legacy, same = np.random.RandomState(0), np.random.RandomState(0)
    first = generator(legacy).random(3)
    np.testing.assert_array_equal(first, generator(same).random(3))
    assert not np.array_equal(first, generator(legacy).random(3))  # the state has moved on
    assert legacy.random() != np.random.RandomState(0).random()


def test_seed_sequences_bit_generators_and_none_are_accepted():
    assert generator(np.random.SeedSequence(3)).random() == np.random.default_rng(3).random()
    assert generator(np.random.PCG64(3)).random() == np.random.default_rng(3).random()
    assert generator(None).random() != generator(None).random()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 1001])
@pytest.mark.parametrize("bit_generator", [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_bits16_are_uniform(bit_generator, count):
    rng = np.random.Generator(bit_generator(1))
    values = np.concatenate([bits16(rng, count) for _ in range(-(-40_000 // count))])
    assert values.dtype == np.uint16
    # Mean 32767.5, standard deviation 18918: over 40,000 draws the standard error of the mean is 95.
    assert values.mean() == pytest.approx(32767.5, abs=500)
    assert np.bincount(values >> 12, minlength=16) / len(values) == pytest.approx(np.full(16, 1 / 16), abs=0.01)


@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.PCG64DXSM, np.random.Philox, np.random.MT19937])
@pytest.mark.parametrize("width", [1, 3, 8])
def test_processes_draw_together_what_one_would(bits, width):
    rows, cuts = 11, [0, 3, 4, 11]
    whole = np.random.Generator(bits(7))
    whole.integers(0, 5, dtype=np.uint32)  # leaves half a word
    parts = [copy.deepcopy(whole) for _ in cuts[1:]]
    expected = bits16(whole, rows * width).tolist()
    shared = [RowsGenerator(rng, *ends, rows) for rng, ends in zip(parts, pairwise(cuts), strict=True)]
    drawn = [bits16(each, (each.stop - each.begin) * width) for each in shared]
    assert np.concatenate(drawn).tolist() == expected
    after = whole.integers(0, 100, 3, np.uint32).tolist()
    assert [rng.integers(0, 100, 3, np.uint32).tolist() for rng in parts] == [after] * len(parts)


def test_processes_do_not_draw_anything_else():
    shared = RowsGenerator(np.random.default_rng(0), 0, 2, 4)
    with pytest.raises(TypeError, match=r"can draw random numbers with dropout_mask only, got a call of rng.normal"):
        shared.normal(size=3)
    with pytest.raises(ValueError, match="a multiple of the 2 rows, got 3"):
        shared.bits16(3)


def test_no_global_random_state_is_touched(model, spiral_data):
    from whorl import SGD, CrossEntropy

    before = np.random.get_state()[1].copy()
    model.fit(*spiral_data, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, validation=0.2)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize(
    ("rng", "error", "shown"),
    [(-1, ValueError, "-1"), (True, TypeError, "True"), (1.0, TypeError, "1.0"), ("seed", TypeError, "'seed'")],
)
def test_what_is_not_a_source_of_random_numbers(rng, error, shown):
    message = f"^rng must be a whole number of at least 0, a numpy.random.Generator or None, got {shown}$"
    with pytest.raises(error, match=message):
        generator(rng)


@pytest.mark.parametrize(("count", "aside"), [(10, 0), (10, 3), (10, 10), (1, 0)])
def test_divide_splits_the_indices(count, aside, rng):
    stay, set_aside = divide(count, aside, rng)
    assert (len(stay), len(set_aside)) == (count - aside, aside)
    assert sorted([*stay, *set_aside]) == list(range(count))


def test_divide_takes_the_same_fraction_of_each_class(rng):
    classes = np.repeat([0, 1, 2], [50, 30, 20])[rng.permutation(100)]
    stay, set_aside = divide(100, 33, rng, classes)
    assert sorted([*stay, *set_aside]) == list(range(100))
    np.testing.assert_allclose(np.bincount(classes[set_aside]), [16.5, 9.9, 6.6], atol=1)


@pytest.mark.parametrize(("count", "parts"), [(10, 1), (10, 2), (10, 3), (103, 8), (5, 5)])
@pytest.mark.parametrize("classes", [None, 3], ids=["plain", "stratified"])
def test_folds_hold_each_index_once_and_are_of_equal_size(count, parts, classes, rng):
    found = folds(count, parts, rng, None if classes is None else rng.integers(classes, size=count))
    assert len(found) == parts
    assert {len(rows) for rows in found} <= {count // parts, -(-count // parts)}
    np.testing.assert_array_equal(np.sort(np.concatenate(found)), np.arange(count))
    for rows in found:
        np.testing.assert_array_equal(rows, np.sort(rows))


def test_folds_have_the_same_fraction_of_each_class(rng):
    classes = np.repeat([0, 1, 2], [50, 33, 6])[rng.permutation(89)]
    for rows in folds(89, 4, rng, classes):
        np.testing.assert_allclose(np.bincount(classes[rows], minlength=3), [12.5, 8.25, 1.5], atol=1)


def test_folds_are_random_and_the_same_for_a_seed():
    first, same, other = (folds(50, 5, np.random.default_rng(seed)) for seed in (0, 0, 1))
    for a, b, c in zip(first, same, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)
    assert not np.array_equal(np.diff(first[0]), np.full(9, 5))
