import numpy as np
import pytest

from whorl._core.randomness import bits16, generator


def test_an_int_gives_numpys_own_generator():
    assert generator(5).random() == np.random.default_rng(5).random()
    assert generator(np.int64(5)).random() == np.random.default_rng(5).random()


def test_a_generator_is_used_as_it_is(rng):
    assert generator(rng) is rng


def test_a_legacy_state_lends_its_bits():
    legacy = np.random.RandomState(0)
    expected = np.random.Generator(np.random.RandomState(0)._bit_generator).random(3)
    np.testing.assert_array_equal(generator(legacy).random(3), expected)


def test_seed_sequences_bit_generators_and_none_are_taken():
    assert generator(np.random.SeedSequence(3)).random() == np.random.default_rng(3).random()
    assert generator(np.random.PCG64(3)).random() == np.random.default_rng(3).random()
    assert generator(None).random() != generator(None).random()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 1001])
@pytest.mark.parametrize("bit_generator", [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_bits16_are_uniform(bit_generator, count):
    rng = np.random.Generator(bit_generator(1))
    values = np.concatenate([bits16(rng, count) for _ in range(-(-40_000 // count))])
    assert values.dtype == np.uint16
    # Mean 32767.5, standard deviation 18918: over 40,000 draws the mean is within 95 of it, one time in three.
    assert values.mean() == pytest.approx(32767.5, abs=500)
    assert np.bincount(values >> 12, minlength=16) / len(values) == pytest.approx(np.full(16, 1 / 16), abs=0.01)


def test_no_global_random_state_is_touched(model, spiral_data):
    from whorl import SGD, CrossEntropy

    before = np.random.get_state()[1].copy()
    model.fit(*spiral_data, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, validation=0.2)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
