"""Models in Keras and back, compared with Keras itself: predictions, training, and what is refused.

With TensorFlow, Keras computes in float64 throughout, with other backends in float32.
"""

import doctest
import sys
import warnings
from contextlib import contextmanager

import keras
import numpy as np
import pytest
from keras import layers as kl
from networks import ALL, CHANGED, draws, everything, examples, model_with, samples, table_model

import whorl
from whorl import (
    ELU,
    GELU,
    SELU,
    SGD,
    BatchNorm,
    Clip,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    LeakyReLU,
    MeanSquaredError,
    Mish,
    Model,
    RankScale,
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
from whorl.formats import from_keras, keras_layers, to_keras

DTYPE = "float64" if keras.backend.backend() == "tensorflow" else "float32"
TOLERANCE = 1e-6 if DTYPE == "float32" else 1e-7  # TensorFlow's own leaky ReLU and GELU have constants in float32

CHANGED = CHANGED | {
    "Dense(1, weight_l2=0.1, bias_l2=0.2, initializer=Normal(2.0))": Dense(1, weight_l2=0.1, bias_l2=0.2),
    "Residual((Dense(4, weight_l1=0.1), Tanh(), Dense(5, max_norm=2.0)))": Residual([Dense(4, weight_l1=0.1), Tanh(), Dense(5)]),
    "Average((Dense(4, weight_l2=0.1), Tanh(), Dropout(0.5), Dense(3)))": whorl.Average([Dense(4, weight_l2=0.1), Tanh(), Dropout(0.5), Dense(3)]),
}  # fmt: skip


def set_type(name):
    keras.config.set_floatx(name)
    keras.config.set_dtype_policy(name)


set_type(DTYPE)


@contextmanager
def quiet():
    """Without the warning of NumPy about the way in which Keras converts tensors."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        yield


def assert_same(made, model, X):
    x = np.asarray(X, keras.config.floatx())
    tolerance = max(TOLERANCE, 8 * np.finfo(x.dtype).eps)
    expected = model.predict(x)
    with quiet():
        found = keras.ops.convert_to_numpy(made(x, training=False))
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * max(1, np.abs(expected).max()))


@pytest.fixture
def floatx():
    """The default type of Keras."""
    set_type("float32")
    yield
    set_type(DTYPE)


def sequential(*layers, inputs=(5,)):
    return keras.Sequential([keras.Input(inputs), *layers])


@pytest.mark.parametrize("layer", ALL, ids=repr)
def test_every_layer_predicts_the_same_and_comes_back(layer):
    model = model_with(layer, Dense(2), dtype=DTYPE)
    X, made = samples(layer, seed=2), to_keras(model)
    assert_same(made, model, X)
    again = from_keras(made)
    assert (again.layers, again.dtype) == ((CHANGED.get(repr(layer), layer), Dense(2)), model.dtype)
    np.testing.assert_allclose(again.predict(X), model.predict(X), rtol=0, atol=TOLERANCE * 4)


TRAINED = [layer for layer in ALL if not draws(layer) and type(layer) is not whorl.PeriodicEmbedding]


@pytest.mark.parametrize("layer", [*TRAINED, whorl.PeriodicEmbedding(3, 2, columns=[3, 0])], ids=repr)
def test_both_train_every_layer_alike(layer):
    X, y = samples(layer), np.random.default_rng(3).normal(size=(50, 2))
    first = [] if isinstance(layer, Embedding) else [Dense(5, weight_l2=0.1)]
    made = to_keras(model_with(*first, layer, Dense(2, bias_l1=0.01), dtype=DTYPE))
    model = from_keras(made)
    made.compile(optimizer=keras.optimizers.SGD(0.02), loss="mse", run_eagerly=True)
    for _ in range(2):
        made.train_on_batch(X.astype(DTYPE), y.astype(DTYPE))
    model.fit(X, y, loss=MeanSquaredError(), optimizer=SGD(0.02), epochs=2, batch_size=50, fast=False)
    for name, array in from_keras(made).named_arrays().items():
        if not name.startswith("variance"):  # the biased one there
            np.testing.assert_allclose(
                array, model.named_arrays()[name], rtol=10 * TOLERANCE, atol=10 * TOLERANCE, err_msg=name
            )


@pytest.mark.parametrize("layer", [Standardize(), RankScale(3), whorl.RobustScale(), whorl.Scale()], ids=repr)
def test_inputs_with_several_dimensions(layer):
    X = np.random.default_rng(0).normal(size=(30, 2, 3))
    model = model_with(layer, Flatten(), Dense(2), inputs=(2, 3), X=X, dtype=DTYPE)
    assert_same(to_keras(model), model, X)
    assert from_keras(to_keras(model)).inputs == (2, 3)


def test_ranks_beyond_the_training_samples_and_of_a_constant():
    for X in (np.array([[0.0], [1.0], [1.0], [4.0], [10.0]]), np.ones((9, 1))):
        model = model_with(RankScale(), inputs=1, X=X, dtype=DTYPE)
        assert_same(to_keras(model), model, [[-1.0], [0.0], [1.0], [2.0], [4.0], [10.0], [11.0]])


def test_the_network_of_a_table(tmp_path, floatx):
    model, X = table_model(tmp_path / "table.csv")
    made = to_keras(model)
    assert_same(made, model, X)
    assert from_keras(made).preparation is None


@pytest.mark.parametrize(
    "wrap", [lambda inner: Residual([inner]), whorl.Parametric, lambda inner: whorl.Average([inner], 2)]
)
def test_layers_inside_know_whether_they_are_trained(wrap):
    made, x = to_keras(model_with(wrap(Dropout(0.5)), dtype=DTYPE)), np.ones((20, 5), DTYPE)
    with quiet():
        found = [keras.ops.convert_to_numpy(made(x, training=training)) for training in (True, False)]
    assert not np.allclose(*found)


def test_files_and_copies(tmp_path):
    model, X = everything(DTYPE)
    made = to_keras(model)
    with quiet():
        made.save(tmp_path / "a.keras")
    assert_same(keras.models.load_model(tmp_path / "a.keras"), model, X)
    again = from_keras(made)
    made.layers[-1].bias.assign(np.ones(4))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_frozen_layers():
    model = model_with(Dense(4), ReLU(), BatchNorm(), Residual([Dense(4)]), Dense(2))
    model.freeze(0, 2, 3)
    made = to_keras(model)
    assert len(made.trainable_weights) == 2
    assert from_keras(made).frozen == {0, 2, 3}
    nested = sequential(kl.Identity(), keras.Sequential([kl.Dense(3, activation="relu", trainable=False), kl.Dense(2)]))
    assert from_keras(nested).frozen == {0}


FUNCTIONS = {
    "relu": ReLU(),
    "relu6": Clip(0.0, 6.0),
    "leaky_relu": LeakyReLU(0.2),
    "elu": ELU(),
    "selu": SELU(),
    "silu": SiLU(),
    "swish": SiLU(),
    "mish": Mish(),
    "tanh": Tanh(),
    "sigmoid": Sigmoid(),
    "softplus": Softplus(),
    "softmax": Softmax(),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_activations(name):
    made = sequential(kl.Dense(3, activation=name), kl.Activation(name), kl.Dense(2, activation="linear"))
    model = from_keras(made)
    assert model.layers == (Dense(3), FUNCTIONS[name], FUNCTIONS[name], Dense(2))
    assert_same(made, model, 3 * samples(None))


NATIVE = {
    "no bias": ([kl.Dense(3, use_bias=False)], [Dense(3)]),
    "penalties": ([kl.Dense(3, kernel_regularizer=keras.regularizers.L1(0.1), bias_regularizer=keras.regularizers.L2(0.3)), kl.Dense(2, kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2))], [Dense(3, weight_l1=0.1, bias_l2=0.3), Dense(2, weight_l1=0.1, weight_l2=0.2)]),
    "batch norm": ([kl.BatchNormalization(momentum=0.9, center=False), kl.BatchNormalization(axis=1, scale=False)], [BatchNorm(epsilon=1e-3), BatchNorm(momentum=0.01, epsilon=1e-3)]),
    "layer norm": ([kl.LayerNormalization(center=False, scale=False), kl.LayerNormalization(axis=[1], epsilon=0.1)], [LayerNorm(epsilon=1e-3), LayerNorm(epsilon=0.1)]),
    "rectifiers": ([kl.ReLU(), kl.Dense(5), kl.ReLU(negative_slope=0.25), kl.ReLU(max_value=0.5), kl.LeakyReLU(), kl.ELU(0.5)], [ReLU(), Dense(5), LeakyReLU(0.25), Clip(0.0, 0.5), LeakyReLU(0.3), ELU(0.5)]),
    "rescaling": ([kl.Rescaling(0.5), kl.Rescaling(2.0, [1.0, 2.0, 3.0, 4.0, 5.0])], [Rescale(0.5, 0.0), Rescale(2.0, (1.0, 2.0, 3.0, 4.0, 5.0))]),
    "nested": ([kl.Identity(), keras.Sequential([kl.Dense(4), kl.Dropout(0.5), keras.Sequential([kl.Softmax()])])], [Dense(4), Dropout(0.5), Softmax()]),
    "tanh gelu": ([kl.Dense(4, activation=keras_layers.gelu)], [Dense(4), GELU()]),
    "given": ([kl.Normalization(mean=[1.0] * 5, variance=[4.0, 1.0, 2.0, 1e-20, 3.0])], [Standardize()]),
    "one mean": ([kl.Normalization(axis=None, mean=1.0, variance=4.0)], [Standardize()]),
    "not adapted": ([kl.Normalization()], [Standardize()]),
}  # fmt: skip


@pytest.mark.parametrize("name", NATIVE)
def test_layers_of_keras(name):
    layers, expected = NATIVE[name]
    made = sequential(*layers)
    for weight in made.weights:  # running means of their own
        if "moving" in weight.path:
            weight.assign(np.random.default_rng(0).uniform(0.5, 2, weight.shape))
    model = from_keras(made)
    assert list(model.layers) == expected
    assert_same(made, model, samples(None))
    if isinstance(expected[0], Standardize):
        assert (model.named_statistics()["count1"] == 0) == (name == "not adapted")


def test_adapted_normalization():
    normalization, X = kl.Normalization(), samples(None).astype(DTYPE)
    normalization.adapt(3 + 2 * X)
    made = sequential(normalization)
    model = from_keras(made)
    np.testing.assert_allclose(model.predict(3 + 2 * X), (X - X.mean(0)) / X.std(0), atol=1e-5)
    assert_same(to_keras(model), model, X)


def deprecated():
    made = kl.LayerNormalization()
    made.rms_scaling = True
    return made


def layer(**options):
    return kl.Dense(5, **options)


REFUSED = {
    "convolution": (kl.Conv1D(2, 3), (5, 4), "layer 0, <Conv1D name=conv1d, built=True>: whorl has no layer that is equal to Conv1D"),
    "inside": (keras.Sequential([kl.GaussianNoise(0.1)]), (5,), "layer 0.0, <GaussianNoise name=gaussian_noise, built=True>"),
    "gelu": (layer(activation="gelu"), (5,), "differs by less than 5e-4: layer.activation = whorl.formats.keras_layers.gelu"),
    "softsign": (layer(activation="softsign"), (5,), "no layer that is equal to the activation softsign"),
    "axis": (kl.Softmax(axis=0), (5,), "axis must be -1, got 0"),
    "root mean square": (deprecated(), (5,), "rms_scaling must be False, got True"),
    "channels": (kl.Flatten(data_format="channels_first"), (5, 4), "data_format must be 'channels_last', got 'channels_first'"),
    "inverse": (kl.Normalization(invert=True), (5,), "invert must be False, got True"),
    "threshold": (kl.ReLU(threshold=1.0), (5,), "max_value together with negative_slope, and threshold, have no equal in whorl"),
    "both": (kl.ReLU(max_value=1.0, negative_slope=0.1), (5,), "have no equal in whorl"),
    "momentum": (kl.BatchNormalization(momentum=1.0), (5,), "momentum must be a finite number above 0 and at most 1, got 0.0"),
    "factors": (kl.Rescaling([1.0, 2.0, 1.0, 1.0, 1.0]), (5,), "factor must be a finite number, got [1.0, 2.0"),
    "axes": (kl.Dense(3), (4, 5), "does not fit: Dense takes flat inputs of shape (n_in,), got inputs of shape (4, 5)"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_equal_is_refused_by_name(name):
    refused, inputs, words = REFUSED[name]
    with pytest.raises((TypeError, ValueError)) as caught:
        from_keras(sequential(refused, inputs=inputs))
    assert words in str(caught.value)


def quantized():
    made = sequential(kl.Dense(3))
    with quiet():
        made.layers[0].quantize("int8")
    return made


def functional():
    x = keras.Input((5,))
    return keras.Model(x, kl.Dense(3)(x))


WRONG = {
    "a path": (lambda: "a.keras", TypeError, "model must be a keras.Sequential, got 'a.keras'; load it first: from_keras(keras.models.load_model(path))"),
    "functional": (functional, TypeError, "; if its layers are a chain, write from_keras(keras.Sequential(model.layers))"),
    "not built": (lambda: keras.Sequential([kl.Dense(3)]), ValueError, "model must know the shape of its inputs: call model.build((None, 2)), for two features"),
    "any length": (lambda: sequential(kl.ReLU(), inputs=(None, 3)), ValueError, "model must know the shape of its inputs"),
    "halves": (lambda: sequential(kl.Dense(3, dtype="float16")), ValueError, "all numbers must be float32, or all float64, got float16"),
    "quantized": (quantized, ValueError, "built=True>: it is quantized: int8"),
    "mixed": (lambda: sequential(kl.Dense(3, dtype="mixed_bfloat16")), ValueError, "got bfloat16, float32; build the model with such a dtype"),
    "ours": (lambda: Model([Dense(3)], inputs=2), TypeError, "model must be a keras.Sequential, got Model([Dense(3)], inputs=2)"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments(name):
    make, error, words = WRONG[name]
    with pytest.raises(error) as caught:
        from_keras(make())
    assert words in str(caught.value)


def test_a_chain_of_a_functional_model():
    made = functional()
    assert_same(made, from_keras(keras.Sequential(made.layers)), samples(None))


def test_models_that_keras_cannot_have():
    class Wave(Layer):
        def forward(self, x, p, rng=None):
            return np.sin(x), lambda dy, g: dy * np.cos(x)

    with pytest.raises(TypeError, match=r"but Wave\(\) is of a class of your own, which Keras does not have"):
        to_keras(Model([Dense(3), Wave()], inputs=2))
    model = Model([Standardize()], inputs=2)
    for scale in (1e-9, 1e30):
        model.named_statistics()["scale1"][1] = scale
        with pytest.raises(
            ValueError,
            match="Keras's Normalization needs deviations of at least 1e-07, and squares that float32 can hold",
        ):
            to_keras(model)


def test_examples(floatx):
    assert doctest.testmod(sys.modules["whorl.formats.keras"]).failed == 0
    with quiet():
        exec(compile(examples("Keras"), "docs/exchange.md", "exec"), {})
