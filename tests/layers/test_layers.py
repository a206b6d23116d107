"""What each layer computes, in numbers worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from whorl import Dense, Dropout, Model, ReLU, Softmax
from whorl.functions import zeros
from whorl.layers.dropout import dropout_mask


def test_dense_by_hand():
    model = Model([Dense(2)], inputs=2, dtype=np.float64)
    model.track_inputs()
    layer = model.layers[0]
    layer.w[:] = [[1, 2], [3, 4]]
    layer.b[:] = [10, 20]
    y, backward = layer.forward(np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 5.0]]), None)
    # rows: (1+3+10, 2+4+20), (2+10, 4+20), (15+10, 20+20)
    np.testing.assert_array_equal(y, [[14, 26], [12, 24], [25, 40]])
    dx = backward(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    np.testing.assert_array_equal(dx, [[1, 3], [2, 4], [3, 7]])  # dy Wᵀ
    np.testing.assert_array_equal(layer.dw, [[1 * 1 + 2 * 0 + 0, 2], [1 + 5, 5]])  # xᵀ dy
    np.testing.assert_array_equal(layer.db, [2, 2])


def test_the_first_dense_layer_works_out_no_input_gradient():
    model = Model([Dense(2), Dense(2)], inputs=2)
    first, second = model.layers
    _, backward = first.forward(np.ones((1, 2), np.float32), None)
    assert backward(np.ones((1, 2), np.float32)) is None
    _, backward = second.forward(np.ones((1, 2), np.float32), None)
    assert backward(np.ones((1, 2), np.float32)).shape == (1, 2)


def test_relu_has_slope_0_at_0():
    y, backward = ReLU().forward(np.array([[-2.0, -0.0, 0.0, 3.0]]), None)
    np.testing.assert_array_equal(y, [[0, 0, 0, 3]])
    np.testing.assert_array_equal(backward(np.ones((1, 4))), [[0, 0, 0, 1]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_of_huge_scores(dtype):
    p, backward = Softmax().forward(np.array([[1e4, -1e4, 0], [1e4, 1e4, -1e4]], dtype), None)
    np.testing.assert_array_equal(p, [[1, 0, 0], [0.5, 0.5, 0]])
    assert np.isfinite(backward(np.ones((2, 3), dtype))).all()


@given(arrays(np.float64, (3, 4), elements=st.floats(-50, 50)), st.floats(-100, 100))
def test_softmax_gives_probabilities_and_does_not_feel_a_shift(z, shift):
    p, _ = Softmax().forward(z, None)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    assert (p >= 0).all()
    np.testing.assert_allclose(Softmax().forward(z + shift, None)[0], p, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", [0.05, 0.1, 1 / 3, 0.5, 0.99])
def test_a_dropout_mask_has_two_values_and_mean_1(dtype, rate, rng):
    mask = dropout_mask((1000, 1000), rate, np.dtype(dtype), rng)
    assert mask.dtype == dtype
    dropped = (mask == 0).mean()
    # The standard deviation of a share over 1e6 draws is at most 5e-4.
    assert abs(dropped - rate) < 3e-3
    np.testing.assert_allclose(mask[mask > 0], 1 / (1 - rate), rtol=1e-4 / (1 - rate))
    expected = (1 - round(rate * 65536) / 65536) * mask.max()
    np.testing.assert_allclose(expected, 1, rtol=1e-6)


def test_the_highest_rate_still_keeps_one_in_65536(rng):
    mask = dropout_mask((1000, 1000), 0.9999999, np.dtype(np.float64), rng)
    assert set(np.unique(mask)) == {0, 65536}


@pytest.mark.parametrize("bit_generator", [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_dropout_drops_alike_at_all_places_whatever_the_bit_generator(bit_generator):
    mask = dropout_mask((10_000, 8), 0.5, np.dtype(np.float32), np.random.Generator(bit_generator(0)))
    # Sixteen-bit words are cut from longer ones: the place in the word must not matter.
    np.testing.assert_allclose((mask > 0).mean(axis=0), 0.5, atol=0.03)


def test_dropout_is_the_identity_when_predicting_and_at_rate_0(rng):
    x = rng.normal(size=(4, 5))
    for layer, training in [(Dropout(0.5), None), (Dropout(0.0), rng)]:
        y, backward = layer.forward(x, training)
        np.testing.assert_array_equal(y, x)
        np.testing.assert_array_equal(backward(x.copy()), x)


def test_dropout_draws_anew_each_pass_and_the_same_from_the_same_seed(rng):
    x = np.ones((10, 10))
    layer = Dropout(0.5)
    assert (layer.forward(x, rng)[0] != layer.forward(x, rng)[0]).any()
    once, again = (layer.forward(x, np.random.default_rng(7))[0] for _ in range(2))
    np.testing.assert_array_equal(once, again)


def test_an_unbound_layer_says_where_its_parameters_come_from():
    with pytest.raises(AttributeError, match=r"Dense has no attribute 'w'; a layer gets its parameters when a Model"):
        _ = Dense(3).w
    with pytest.raises(AttributeError, match=r"Dense has no attribute 'weights'$"):
        _ = Model([Dense(3)], inputs=2).layers[0].weights


@pytest.mark.parametrize("shape", [(5,), (128, 512), (2**19,), (2**10, 2**9), (2**10, 2**5, 2**5)])
def test_relu_is_the_positive_part_of_few_and_of_many(shape):
    x = np.random.default_rng(0).standard_normal(shape, np.float32)
    np.testing.assert_array_equal(ReLU().forward(x, None)[0], np.where(x > 0, x, 0))


def test_shared_zeros_cannot_be_written_to():
    for shape, found in [((3, 4), (3, 4)), ((2**17, 4), (4,))]:
        shared = zeros(shape, np.dtype(np.float32))
        assert shared.shape == found
        with pytest.raises(ValueError, match="read-only"):
            shared += 1
