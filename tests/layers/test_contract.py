"""The contract that every layer fulfils. A new layer is tested by adding it to LAYERS in tests/catalogue.py."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from catalogue import LAYERS
from helpers import error, slopes

import whorl.layers
from whorl import Embedding, Layer, Model

every_layer = pytest.mark.parametrize("layer", LAYERS, ids=repr)


def in_model(layer, dtype=np.float64):
    """A model of this layer with inputs (5,), its numbers off their first values; and its views p and g."""
    model = Model([layer], inputs=5, rng=0, dtype=dtype)
    rng = np.random.default_rng(1)
    model.parameters += rng.normal(size=model.parameters.shape).astype(dtype)
    model.statistics += rng.uniform(0.5, 2, size=model.statistics.shape).astype(dtype)
    return model, model.p[0], model.gradient_views(inputs=True)[0]


def batch(layer, n=6, dtype=np.float64):
    """Samples of five numbers; where the layer wants categories, categories."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(n, 5))
    if isinstance(layer, Embedding):
        for column, categories in zip(layer.chosen, layer.categories, strict=True):
            x[:, column] = rng.integers(categories, size=n)
    return x.astype(dtype)


def training():
    return np.random.default_rng(3)


def predicting():
    return None


both_modes = pytest.mark.parametrize("mode", [training, predicting])


def test_every_public_layer_is_here():
    public = {getattr(whorl.layers, name) for name in whorl.layers.__all__} - {Layer}
    assert public == {type(layer) for layer in LAYERS}


@every_layer
@both_modes
@pytest.mark.parametrize("n", [1, 6])
def test_gradients_agree_with_finite_differences(layer, mode, n):
    model, p, g = in_model(layer)
    x = batch(layer, n)
    y, backward = layer.forward(x, p, mode())
    upstream = np.random.default_rng(4).normal(size=y.shape)
    dx = backward(upstream.copy(), g)

    def loss():
        return float((layer.forward(x, p, mode())[0] * upstream).sum())

    statistics = model.statistics.copy()
    assert error(dx, slopes(loss, x)) < 1e-6
    for name, parameter in model.named_parameters().items():
        assert error(model.named_gradients()[name], slopes(loss, parameter)) < 1e-6
    np.testing.assert_array_equal(model.statistics, statistics)  # forward changes nothing


@every_layer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@both_modes
def test_the_float_type_is_kept(layer, dtype, mode):
    model, p, g = in_model(layer, dtype)
    y, backward = layer.forward(batch(layer, dtype=dtype), p, mode())
    assert y.dtype == dtype
    assert backward(np.ones_like(y), g).dtype == dtype
    assert model.parameters.dtype == model.gradients.dtype == model.statistics.dtype == dtype


@every_layer
def test_the_input_is_never_overwritten(layer):
    _, p, g = in_model(layer)
    x = batch(layer)
    before = x.copy()
    y, backward = layer.forward(x, p, training())
    backward(np.ones_like(y), g)
    np.testing.assert_array_equal(x, before)


@every_layer
def test_two_forward_passes_before_the_backward_passes(layer):
    model, p, g = in_model(layer)
    batches = batch(layer), batch(layer, 3)[::-1]

    def result(backward, n):
        dx = backward(np.ones((n, *layer.output_shape((5,)))), g)
        return dx.copy(), model.gradients.copy()

    alone = [result(layer.forward(x, p, training())[1], len(x)) for x in batches]
    for order in ([0, 1], [1, 0]):
        backs = [layer.forward(x, p, training())[1] for x in batches]
        for i in order:
            for got, expected in zip(result(backs[i], len(batches[i])), alone[i], strict=True):
                np.testing.assert_array_equal(got, expected)


@every_layer
def test_backward_may_be_called_again(layer):
    model, p, g = in_model(layer)
    y, backward = layer.forward(batch(layer), p, training())
    dx, gradients = backward(np.ones_like(y), g).copy(), model.gradients.copy()
    np.testing.assert_array_equal(backward(np.ones_like(y), g), dx)
    np.testing.assert_array_equal(model.gradients, gradients)  # written, not added


@every_layer
def test_the_declared_output_shape_is_that_of_the_output(layer):
    model, p, _ = in_model(layer)
    assert layer.forward(batch(layer), p)[0].shape[1:] == layer.output_shape((5,)) == model.outputs


@every_layer
def test_a_prediction_does_not_depend_on_the_other_samples_of_the_batch(layer):
    _, p, _ = in_model(layer)
    x = batch(layer)
    whole = layer.forward(x, p)[0]
    np.testing.assert_allclose(np.concatenate([layer.forward(row[None], p)[0] for row in x]), whole, rtol=1e-12)


@every_layer
def test_passes_change_no_parameters_and_predictions_no_statistics(layer):
    model, p, g = in_model(layer)
    parameters, statistics = model.parameters.copy(), model.statistics.copy()
    for mode in (predicting, training):
        y, backward = layer.forward(batch(layer), p, mode())
        np.testing.assert_array_equal(model.statistics, statistics)
        if mode is training:
            backward(np.ones_like(y), g)
    np.testing.assert_array_equal(model.parameters, parameters)


@every_layer
def test_predictions_from_several_threads_are_equal(layer):
    model, _, _ = in_model(layer, np.float32)
    x = batch(layer, 64, np.float32)
    expected = model.predict(x)
    with ThreadPoolExecutor(8) as pool:
        for prediction in pool.map(model.predict, [x] * 40):
            np.testing.assert_array_equal(prediction, expected)
