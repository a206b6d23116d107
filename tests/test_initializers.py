import numpy as np
import pytest

from whorl import Dense, Model, ReLU
from whorl._core.notation import concrete
from whorl.initializers import (
    Full,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Initializer,
    LecunNormal,
    Normal,
    Ones,
    Uniform,
    Zeros,
)

SHAPE = (200, 500)  # inputs, outputs

# The initializer, its standard deviation for this shape, and the largest value that is possible.
RANDOM = [
    (Normal(0.3), 0.3, np.inf),
    (Uniform(0.3), 0.3 / np.sqrt(3), 0.3),
    (HeNormal(), np.sqrt(2 / 200), np.inf),
    (HeUniform(), np.sqrt(2 / 200), np.sqrt(6 / 200)),
    (GlorotNormal(), np.sqrt(2 / 700), np.inf),
    (GlorotUniform(), np.sqrt(2 / 700), np.sqrt(6 / 700)),
    (LecunNormal(), np.sqrt(1 / 200), np.inf),
]


def test_every_initializer_is_here():
    import whorl.initializers

    assert set(concrete(whorl.initializers, Initializer).values()) == {Zeros, Ones, Full} | {
        type(row[0]) for row in RANDOM
    }


@pytest.mark.parametrize(("initializer", "value"), [(Zeros(), 0), (Ones(), 1), (Full(-0.3), -0.3)], ids=repr)
def test_constants(initializer, value, rng):
    np.testing.assert_array_equal(initializer((2, 3), rng), np.full((2, 3), value))


@pytest.mark.parametrize(("initializer", "std", "limit"), RANDOM, ids=repr)
def test_mean_deviation_and_limit(initializer, std, limit, rng):
    values = initializer(SHAPE, rng)
    assert values.shape == SHAPE
    assert values.dtype == np.float64
    assert abs(values.mean()) < 5 * std / np.sqrt(values.size)
    assert values.std() == pytest.approx(std, rel=5 / np.sqrt(2 * values.size))
    assert np.abs(values).max() <= limit
    assert np.abs(values).max() > 0.999 * min(limit, 3 * std)  # the normal ones have tails


@pytest.mark.parametrize("initializer", [row[0] for row in RANDOM], ids=repr)
def test_the_same_generator_gives_the_same_values(initializer):
    first, again, other = (initializer((3, 4), np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()


def test_he_keeps_the_mean_square_through_twenty_relu_layers(rng):
    layers = [layer for _ in range(20) for layer in (Dense(512), ReLU())]
    model = Model([*layers, Dense(512)], inputs=512, rng=0)
    out = model.predict(rng.normal(size=(64, 512)))
    # Before each ReLU the mean square is twice that of the unit inputs, whatever the depth.
    assert np.mean(out**2) == pytest.approx(2, rel=0.5)
