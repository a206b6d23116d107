"""The contract that every layer fulfils. A new layer is tested by adding it to LAYERS."""

import copy
import pickle

import numpy as np
import pytest
from helpers import error, slopes

import whorl.layers
from whorl import (
    ELU,
    GELU,
    SELU,
    BatchNorm,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    LeakyReLU,
    Mish,
    Model,
    ReLU,
    Rescale,
    Residual,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Standardize,
    Tanh,
)
from whorl.initializers import Normal

LAYERS = [
    Dense(4),
    Dense(1, weight_l2=0.1, bias_l2=0.2, initializer=Normal(2.0)),
    ReLU(),
    Softmax(),
    Dropout(0.0),
    Dropout(0.3),
    Dropout(0.9),
    LeakyReLU(),
    LeakyReLU(0.3),
    ELU(),
    ELU(0.5),
    SELU(),
    GELU(),
    SiLU(),
    Mish(),
    Tanh(),
    Sigmoid(),
    Softplus(),
    BatchNorm(),
    BatchNorm(momentum=0.5, epsilon=0.1),
    LayerNorm(),
    LayerNorm(epsilon=0.1),
    Standardize(),
    Rescale(-3.0, 2.0),
    Flatten(),
    Embedding([3, 2], 4, columns=[2, 0]),
    Embedding([7], 1),
    Residual([Dense(4, weight_l1=0.1), Tanh(), Dense(5, max_norm=2.0)]),
    Residual([Residual([Dropout(0.5), LayerNorm()]), BatchNorm()]),
]

every_layer = pytest.mark.parametrize("layer", LAYERS, ids=repr)


def bound(layer, dtype=np.float64):
    """The layer in a model, with inputs (5,), and parameters and statistics off their first values."""
    model = Model([layer], inputs=5, rng=0, dtype=dtype)
    rng = np.random.default_rng(1)
    model.parameters += rng.normal(size=model.parameters.shape).astype(dtype)
    model.statistics += rng.uniform(0.5, 2, size=model.statistics.shape).astype(dtype)
    model.track_inputs()
    return model, model.layers[0]


def batch(layer, n=6, dtype=np.float64):
    """Samples of five numbers; where the layer wants categories, categories."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(n, 5))
    if isinstance(layer, Embedding):
        for column, categories in zip(layer.columns, layer.categories, strict=True):
            x[:, column] = rng.integers(categories, size=n)
    return x.astype(dtype)


def training():
    return np.random.default_rng(3)


def test_every_public_layer_is_here():
    public = {getattr(whorl.layers, name) for name in whorl.layers.__all__} - {Layer}
    assert public == {type(layer) for layer in LAYERS}


@every_layer
@pytest.mark.parametrize("mode", [training, lambda: None], ids=["training", "predicting"])
@pytest.mark.parametrize("n", [1, 6])
def test_gradients_agree_with_finite_differences(layer, mode, n):
    model, layer = bound(layer)
    x = batch(layer, n)
    y, backward = layer.forward(x, mode())
    upstream = np.random.default_rng(4).normal(size=y.shape)
    dx = backward(upstream.copy())

    def loss():
        return float((layer.forward(x, mode())[0] * upstream).sum())

    assert error(dx, slopes(loss, x)) < 1e-6
    for name, parameter in model.named_parameters().items():
        assert error(model.named_gradients()[name], slopes(loss, parameter)) < 1e-6


@every_layer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("mode", [training, lambda: None], ids=["training", "predicting"])
def test_the_float_type_stays(layer, dtype, mode):
    model, layer = bound(layer, dtype)
    y, backward = layer.forward(batch(layer, dtype=dtype), mode())
    assert y.dtype == dtype
    assert backward(np.ones_like(y)).dtype == dtype
    assert model.parameters.dtype == model.gradients.dtype == dtype


@every_layer
def test_the_input_is_never_overwritten(layer):
    _, layer = bound(layer)
    x = batch(layer)
    before = x.copy()
    y, backward = layer.forward(x, training())
    backward(np.ones_like(y))
    np.testing.assert_array_equal(x, before)


@every_layer
def test_two_forwards_before_one_backward(layer):
    model, layer = bound(layer)
    first, second = batch(layer), batch(layer, 3)[::-1]
    y, backward = layer.forward(first, training())
    alone = backward(np.ones_like(y)).copy(), model.gradients.copy()

    y, backward = layer.forward(first, training())
    layer.forward(second, training())
    np.testing.assert_array_equal(backward(np.ones_like(y)), alone[0])
    np.testing.assert_array_equal(model.gradients, alone[1])


@every_layer
def test_backward_may_be_called_again(layer):
    _, layer = bound(layer)
    y, backward = layer.forward(batch(layer), training())
    np.testing.assert_array_equal(backward(np.ones_like(y)), backward(np.ones_like(y)))


@every_layer
def test_the_declared_output_shape_is_the_one_that_comes_out(layer):
    _, layer = bound(layer)
    assert layer.forward(batch(layer), None)[0].shape[1:] == layer.output_shape((5,))


@every_layer
def test_its_arguments_make_a_twin(layer):
    twin = type(layer)(**layer.config())
    assert repr(twin) == repr(layer)
    assert repr(layer).startswith(type(layer).__name__)


@every_layer
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_of_a_bound_layer_is_a_description_again(layer, copied):
    _, layer = bound(layer)
    twin = copied(layer)
    assert repr(twin) == repr(layer)
    assert not any(isinstance(value, np.ndarray) for value in vars(twin).values())


@every_layer
def test_predicting_does_not_depend_on_the_other_samples_of_the_batch(layer):
    _, layer = bound(layer)
    x = batch(layer)
    whole = layer.forward(x, None)[0]
    np.testing.assert_allclose(np.concatenate([layer.forward(row[None], None)[0] for row in x]), whole, rtol=1e-12)
