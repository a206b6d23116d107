import copy
import inspect

import numpy as np
import pytest

import whorl
from whorl import (
    SGD,
    Adam,
    BatchNorm,
    CrossEntropy,
    Dense,
    Layer,
    Model,
    Options,
    ReLU,
    Residual,
    Softmax,
    Standardize,
)
from whorl.initializers import Zeros
from whorl.parameters import Parameter


def test_assigned_values_are_copied_into_the_vectors(model):
    X = np.ones((3, 2))
    model.parameters = model.parameters * 2
    model.named_parameters()["w1"][:] = 3.0
    assert model.named_parameters()["w1"].dtype == np.float32
    np.testing.assert_array_equal(model.parameters[:32], 3)
    assert np.shares_memory(model.p[0].w, model.parameters)
    before = model.predict(X)
    model.parameters *= 0
    assert (model.predict(X) != before).any()
    model.gradients = 1.0
    assert (model.g[0].w == 1).all()
    with pytest.raises(ValueError, match="broadcast"):
        model.parameters = np.zeros(3)


def test_a_copy_keeps_attributes_that_users_add(model):
    model.note = ["mine"]
    other = copy.copy(model)
    assert other.note == ["mine"]
    assert other.note is not model.note


def test_standardize_is_fitted_to_the_training_samples_once(rng):
    X, y = rng.normal(5, 3, size=(40, 2)), np.arange(40) % 3
    model = Model([Standardize(), Dense(3), Softmax()], inputs=2, rng=0, dtype=np.float64)
    run = model.training(X, y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, validation=0.25, rng=0)
    assert not model.statistics[:2].any()  # not fitted yet
    list(run)
    layer = model.p[0]
    np.testing.assert_allclose(layer.mean, np.mean(run.train.x, axis=0))
    np.testing.assert_allclose(layer.scale, np.std(run.train.x, axis=0))
    assert layer.count == 30
    before = model.statistics.copy()
    model.fit(10 * X, y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, rng=0)
    np.testing.assert_array_equal(model.statistics, before)
    model.adapt(10 * X)
    np.testing.assert_allclose(layer.mean, 10 * X.mean(axis=0))


def test_standardize_with_constant_and_large_features():
    X = np.array([[0.1, 1e6], [0.1, 1e6 + 1], [0.1, 1e6 + 2]])
    model = Model([Standardize()], inputs=2)
    model.adapt(X)
    np.testing.assert_allclose(model.predict(X), [[0, -1.2247], [0, 0], [0, 1.2247]], atol=0.1)


def test_preprocessing_layers_are_fitted_to_the_outputs_of_earlier_layers(rng):
    X = rng.normal(size=(50, 2))
    model = Model([Standardize(), Dense(4), Standardize()], inputs=2, rng=0, dtype=np.float64)
    model.adapt(X)
    out = model.predict(X)
    np.testing.assert_allclose(out.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(out.std(axis=0), 1, rtol=1e-12)


def test_activations_of_all_layers(model, rng):
    X = rng.normal(size=(2000, 2))
    hidden = model.activations(X)
    assert [a.shape for a in hidden] == [(2000, 16), (2000, 16), (2000, 16), (2000, 3), (2000, 3)]
    np.testing.assert_array_equal(hidden[1], np.maximum(hidden[0], 0))
    np.testing.assert_array_equal(hidden[-1], model.predict(X))


@pytest.mark.parametrize("optimizer", [SGD(0.1, momentum=0.9), Adam(0.1)], ids=repr)
def test_frozen_layers_do_not_change(optimizer, spiral_data):
    layers = [Dense(6, weight_l2=0.1), BatchNorm(), ReLU(), Residual([Dense(6)]), Dense(3), Softmax()]
    model = Model(layers, inputs=2, rng=0)
    settings = {"loss": CrossEntropy(), "optimizer": optimizer, "epochs": 2, "rng": 0}
    model.fit(*spiral_data, **settings)
    model.freeze(0, 1, -3)
    before = {name: view.copy() for name, view in model.named_arrays().items()}
    model.fit(*spiral_data, **settings)
    changed = {name for name, view in model.named_arrays().items() if (view != before[name]).any()}
    assert changed == {"w4", "b4"}
    assert str(model.summary()).count("frozen") == 3
    model.freeze()
    model.fit(*spiral_data, **settings)
    assert {name for name, view in model.named_arrays().items() if (view != before[name]).any()} == set(before)


def test_max_norm_holds_after_each_step(spiral_data):
    model = Model([Dense(8, max_norm=0.5), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    for _ in model.training(*spiral_data, loss=CrossEntropy(), optimizer=SGD(1.0), epochs=2, rng=0).steps():
        norms = np.linalg.norm(model.named_parameters()["w1"], axis=0)
        assert norms.max() <= 0.5 * (1 + 1e-6)
    assert norms.max() > 0.49


def test_parameter_names_are_validated():
    class Mine(Layer):
        name: str

        def parameters(self, inputs):
            return {self.name: Parameter((2,), Zeros())}

        def forward(self, x, p, rng=None):
            return x, lambda dy, g: dy

    for name in ("a1", "not one", "parts", "inputs"):
        with pytest.raises(ValueError, match=f"name must be an identifier other than .*, got '{name}'"):
            Model([Mine(name)], inputs=2)


def test_a_layer_with_a_constructor_is_an_error():
    with pytest.raises(
        TypeError, match=r"Hidden must declare its arguments as fields, such as .*, and have no __init__"
    ):

        class Hidden(Layer):
            def __init__(self, factor):
                self.factor = factor

            def forward(self, x, p, rng=None):
                return x, lambda dy, g: dy


def test_a_copy_of_a_subclass_keeps_its_own_attributes():
    class Named(Model):
        pass

    model = Named([Dense(2)], inputs=3, rng=0)
    model._name = "mine"
    model.freeze(0)
    for route in (copy.copy, copy.deepcopy):
        other = route(model)
        assert type(other) is Named
        assert other._name == "mine"
        assert other.frozen == {0}


def test_frozen_layers_are_saved(model, tmp_path):
    model.freeze(0, -2)
    model.save(tmp_path / "model.npz")
    assert whorl.load(tmp_path / "model.npz").frozen == {0, 3}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_infinite_predictions_are_an_error(dtype):
    model = Model([Dense(4), ReLU(), Dense(3), Softmax()], inputs=2, rng=0, dtype=dtype)
    largest = np.finfo(dtype).max
    with (
        np.errstate(all="ignore"),
        pytest.raises(
            ValueError,
            match=f"the prediction is not finite: X is too large; the largest number in X is {largest:g}".replace(
                "+", r"\+"
            ),
        ),
    ):
        model.predict([[largest, largest]])
    model.parameters[0] = np.nan
    with pytest.raises(ValueError, match="the prediction is not finite: the parameters are not finite"):
        model.predict([[1.0, 1.0]])


def test_masked_labels_are_an_error(model, spiral_data):
    X, y = spiral_data
    with pytest.raises(TypeError, match="y must not be a masked array"):
        model.fit(X, np.ma.array(y, mask=y == 1), loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1)


def test_the_arguments_of_training_are_shown():
    fields = list(inspect.signature(Options).parameters)
    for method in (Model.fit, Model.training):
        assert list(inspect.signature(method).parameters) == ["self", "X", "y", *fields]
        assert all(name in Options.__doc__ for name in fields)
