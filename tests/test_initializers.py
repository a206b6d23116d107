import numpy as np
import pytest

from whorl import Dense, Model, ReLU
from whorl.initializers import HeNormal, Normal, Zeros


def test_zeros(rng):
    np.testing.assert_array_equal(Zeros()((2, 3), rng), np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("initializer", "std"), [(Normal(0.3), 0.3), (HeNormal(), np.sqrt(2 / 200))], ids=["Normal", "HeNormal"]
)
def test_mean_and_deviation(initializer, std, rng):
    values = initializer((200, 500), rng)
    assert abs(values.mean()) < 5 * std / np.sqrt(values.size)
    assert values.std() == pytest.approx(std, rel=5 / np.sqrt(2 * values.size))


def test_he_keeps_the_mean_square_through_twenty_relu_layers(rng):
    layers = [layer for _ in range(20) for layer in (Dense(512), ReLU())]
    model = Model([*layers, Dense(512)], inputs=512, rng=0)
    out = model.predict(rng.normal(size=(64, 512)))
    # Before each ReLU the mean square is twice that of the unit inputs, whatever the depth.
    assert np.mean(out**2) == pytest.approx(2, rel=0.5)
