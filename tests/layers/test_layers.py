"""What single layers compute, compared with numbers worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from whorl import BatchNorm, Dense, Dropout, Flatten, Model, ReLU, Rescale, Softmax
from whorl.layers.dropout import dropout_mask
from whorl.rows import zeros


def test_dense_by_hand():
    model = Model([Dense(2)], inputs=2, dtype=np.float64)
    (layer,), (p,), (g,) = model.layers, model.p, model.gradient_views(inputs=True)
    p.w[:] = [[1, 2], [3, 4]]
    p.b[:] = [10, 20]
    y, backward = layer.forward(np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 5.0]]), p)
    # rows: (1+3+10, 2+4+20), (2+10, 4+20), (15+10, 20+20)
    np.testing.assert_array_equal(y, [[14, 26], [12, 24], [25, 40]])
    dx = backward(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), g)
    np.testing.assert_array_equal(dx, [[1, 3], [2, 4], [3, 7]])  # dy Wᵀ
    np.testing.assert_array_equal(g.w, [[1 * 1 + 2 * 0 + 0, 2], [1 + 5, 5]])  # xᵀ dy
    np.testing.assert_array_equal(g.b, [2, 2])


def test_the_first_layer_with_parameters_computes_no_input_gradient():
    model = Model([Flatten(), Dense(2), Dense(2)], inputs=2)
    one = np.ones((1, 2), np.float32)
    _, backward = model.layers[1].forward(one, model.p[1])
    assert backward(one.copy(), model.g[1]) is None
    assert backward(one.copy(), model.gradient_views(inputs=True)[1]).shape == (1, 2)
    assert backward(one.copy(), model.g[1]) is None  # the model's own views are as before
    _, backward = model.layers[2].forward(one, model.p[2])
    assert backward(one.copy(), model.g[2]).shape == (1, 2)


def test_relu_has_slope_0_at_0():
    y, backward = ReLU().forward(np.array([[-2.0, -0.0, 0.0, 3.0]]), None)
    np.testing.assert_array_equal(y, [[0, 0, 0, 3]])
    np.testing.assert_array_equal(backward(np.ones((1, 4)), None), [[0, 0, 0, 1]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_of_huge_scores(dtype):
    p, backward = Softmax().forward(np.array([[1e4, -1e4, 0], [1e4, 1e4, -1e4]], dtype), None)
    np.testing.assert_array_equal(p, [[1, 0, 0], [0.5, 0.5, 0]])
    assert np.isfinite(backward(np.ones((2, 3), dtype), None)).all()


@given(arrays(np.float64, (3, 4), elements=st.floats(-50, 50)), st.floats(-100, 100))
def test_softmax_gives_probabilities_which_a_shift_of_the_scores_does_not_change(z, shift):
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
def test_dropout_treats_all_positions_alike_for_every_bit_generator(bit_generator):
    mask = dropout_mask((10_000, 8), 0.5, np.dtype(np.float32), np.random.Generator(bit_generator(0)))
    # Sixteen-bit words are cut from longer ones: the place in the word must not matter.
    np.testing.assert_allclose((mask > 0).mean(axis=0), 0.5, atol=0.03)


def test_dropout_is_the_identity_when_predicting_and_at_rate_0(rng):
    x = rng.normal(size=(4, 5))
    for layer, training in [(Dropout(0.5), None), (Dropout(0.0), rng)]:
        y, backward = layer.forward(x, None, training)
        np.testing.assert_array_equal(y, x)
        np.testing.assert_array_equal(backward(x.copy(), None), x)


def test_dropout_draws_a_new_mask_for_each_pass_and_the_same_from_the_same_seed(rng):
    x = np.ones((10, 10))
    layer = Dropout(0.5)
    assert (layer.forward(x, None, rng)[0] != layer.forward(x, None, rng)[0]).any()
    once, again = (layer.forward(x, None, np.random.default_rng(7))[0] for _ in range(2))
    np.testing.assert_array_equal(once, again)


def test_a_layer_has_the_arrays_that_it_declared_and_no_others():
    model = Model([Dense(3), BatchNorm()], inputs=2)
    dense, norm = model.p
    assert set(vars(dense)) - {"parts", "inputs", "frozen"} == {"w", "b"}
    assert set(vars(norm)) - {"parts", "inputs", "frozen"} == {"gamma", "beta", "mean", "variance"}
    assert set(vars(model.g[1])) - {"parts", "inputs", "frozen"} == {
        "gamma",
        "beta",
    }  # what is not trained has no gradient
    with pytest.raises(AttributeError, match="has no attribute 'weights'"):
        _ = dense.weights
    assert not hasattr(model.layers[0], "w")


@pytest.mark.parametrize("shape", [(5,), (128, 512), (2**19,), (2**10, 2**9), (2**10, 2**5, 2**5)])
def test_relu_is_the_positive_part_of_small_and_of_large_arrays(shape):
    x = np.random.default_rng(0).standard_normal(shape, np.float32)
    np.testing.assert_array_equal(ReLU().forward(x, None)[0], np.where(x > 0, x, 0))


def test_shared_zeros_cannot_be_written_to():
    for shape, found in [((3, 4), (3, 4)), ((2**17, 4), (4,))]:
        shared = zeros(shape, np.dtype(np.float32))
        assert shared.shape == found
        with pytest.raises(ValueError, match="read-only"):
            shared += 1


def test_rescale_has_an_offset_for_each_feature():
    model = Model([Rescale(2.0, [0.5, -0.5])], inputs=2, rng=0)
    assert model.layers == (Rescale(2.0, (0.5, -0.5)),) == (Rescale(2.0, np.array([0.5, -0.5])),)
    np.testing.assert_array_equal(model.predict([[1.0, 1.0], [0.0, 3.0]]), [[2.5, 1.5], [0.5, 5.5]])
    with pytest.raises(ValueError, match=r"Rescale has 2 offsets, one for each feature, got inputs of shape \(3,\)"):
        Model([Rescale(2.0, [0.5, -0.5])], inputs=3)
    with pytest.raises(ValueError, match=r"offset must be a number, or a sequence of at least one, got \[\]"):
        Rescale(2.0, [])
    with pytest.raises(TypeError, match="offset must be a finite number, got None"):
        Rescale(2.0, None)
