"""Layers of a user's own: their arguments are fields, and what they declare comes back as views."""

import re

import numpy as np
import pytest

import whorl
from whorl import SGD, CrossEntropy, Dense, Layer, MeanSquaredError, Model, Residual, Softmax, check_gradients
from whorl.initializers import Normal, Ones, Zeros
from whorl.parameters import Parameter


class Sine(Layer):
    amplitude: float = 1.0

    def forward(self, x, p, rng=None):
        def backward(dy, g):
            return dy * self.amplitude * np.cos(x)

        return self.amplitude * np.sin(x), backward


class Gate(Layer):
    """y = slope · x · a, and counts the samples that it has met."""

    slope: float
    penalty: float = 0.0

    def parameters(self, inputs):
        return {
            "a": Parameter(inputs, Normal(1.0), l2=self.penalty),
            "met": Parameter((1,), Zeros(), trained=False),
        }

    def forward(self, x, p, rng=None):
        def backward(dy, g):
            p.met[:] += len(x)
            np.sum(dy * x, axis=0, out=g.a)
            g.a *= self.slope
            return dy * p.a * self.slope

        return self.slope * x * p.a, backward


class OutOfOrder(Layer):
    """Returns arrays whose elements lie in memory column by column."""

    def forward(self, x, p, rng=None):
        return np.asfortranarray(2 * x), lambda dy, g: np.asfortranarray(2 * dy)


X, Y = np.random.default_rng(0).normal(size=(12, 3)), np.arange(12) % 3


def test_it_trains_and_its_gradients_are_right():
    layers = [Gate(0.5, penalty=0.1), Dense(5), Sine(2.0), Residual([Gate(-1.0), OutOfOrder()]), Dense(3), Softmax()]
    model = Model(layers, inputs=3, rng=0, dtype=np.float64)
    assert list(model.named_parameters()) == ["a1", "w2", "b2", "a3", "w4", "b4"]
    assert list(model.named_statistics()) == ["met1", "met3"]
    assert max(check_gradients(model, X, Y, loss=CrossEntropy()).values()) < 1e-6
    history = model.fit(X, Y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=20, batch_size=5, rng=0)
    assert history["loss"][-1] < history["loss"][0]
    np.testing.assert_array_equal(model.statistics, [12 * 20, 12 * 20])
    assert history["penalty"][0] > 0


def test_its_arguments_are_its_own_in_each_object():
    x = np.array([[0.5]])
    assert Sine(3.0).forward(x, None)[0] == 3 * Sine().forward(x, None)[0]


def test_settings_may_be_added_to_a_layer_of_the_library():
    class Doubled(Dense):
        factor: float = 2.0

        def forward(self, x, p, rng=None):
            y, back = super().forward(x, p, rng)
            return self.factor * y, lambda dy, g: back(self.factor * dy, g)

    assert Doubled(3, 4.0, weight_l2=0.1) == Doubled(3, factor=4.0, weight_l2=0.1) != Doubled(3, weight_l2=0.1)
    assert repr(Doubled(3, 4.0)) == "Doubled(3, factor=4.0)"
    model = Model([Doubled(3)], inputs=3, rng=0, dtype=np.float64)
    plain = Model([Dense(3)], inputs=3, rng=0, dtype=np.float64)
    np.testing.assert_array_equal(model.predict(X), 2 * plain.predict(X))
    assert max(check_gradients(model, X, X, loss=MeanSquaredError()).values()) < 1e-6


@pytest.mark.parametrize("name", ["w1", "2", "a-b", "", "parts", "inputs", "frozen"])
def test_names_that_the_model_cannot_use_are_refused(name):
    class Named(Layer):
        def parameters(self, inputs):
            return {name: Parameter((1,), Ones())}

        def forward(self, x, p, rng=None):
            raise NotImplementedError

    words = (
        f"layers[1], Named(): a parameter's name must be an identifier other than 'parts', 'inputs', 'frozen', 'epoch' and 'batch',"
        f" and not end in a digit, since the model adds a number, got {name!r}"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        Model([Dense(2), Named()], inputs=2)


class Positive(Layer):
    """Has a parameter that no step makes negative."""

    def parameters(self, inputs):
        return {"a": Parameter(inputs, Ones())}

    def forward(self, x, p, rng=None):
        def backward(dy, g):
            np.sum(dy * x, axis=0, out=g.a)
            return dy * p.a

        return p.a * x, backward

    def constrain(self, p):
        np.maximum(p.a, 0, out=p.a)


def test_its_constraint_holds_after_each_step():
    model = Model([Positive(), Residual([Positive()])], inputs=3, rng=0, dtype=np.float64)
    run = model.training(X, -X, loss=MeanSquaredError(), optimizer=SGD(1.0), epochs=3, batch_size=5, rng=0)
    assert [model.parameters.min() for _ in run.steps()] == [0.0] * 9


def test_a_layer_without_forward_cannot_be_made():
    class Unfinished(Layer):
        units: int = 3

    with pytest.raises(TypeError, match=r"abstract method '?forward"):
        Unfinished()


def test_a_numpy_number_as_a_setting_becomes_a_number_of_python(tmp_path):
    class Factor(Layer):
        factor: float

        def forward(self, x, p, rng=None):
            return self.factor * x, lambda dy, g: self.factor * dy

    model = Model([Factor(np.sqrt(2.0))], inputs=2)
    assert type(model.layers[0].factor) is float
    assert model.predict([[1.0, 2.0]]).dtype == np.float32
    model.save(tmp_path / "m.npz")
    assert whorl.load(tmp_path / "m.npz", custom=[Factor]).layers == model.layers


def own(forward):
    """A model with a layer that has this forward pass, between two others."""

    class Own(Layer):
        slope: float = 0.1

        def forward(self, x, p, rng=None):
            return forward(self, x)

    return Model([Dense(4), Own(), Dense(3), Softmax()], inputs=2, rng=0)


@pytest.mark.parametrize(
    ("forward", "words", "note"),
    [
        (
            lambda self, x: (x * np.where(x > 0, 1, self.slope), lambda dy, g: dy),
            "y has type float64 for inputs of type float32: convert it",
            "in the forward pass of layers[1], Own()",
        ),
        (
            lambda self, x: x**3,
            "too many values to unpack",
            "in the forward pass of layers[1], Own()",
        ),
        (
            lambda self, x: (x**3, 3 * x**2),
            "forward must return y and the function backward, got (array(",
            "in the forward pass of layers[1], Own()",
        ),
        (
            lambda self, x: (x, lambda dy, g: None),
            "backward must return dL/dx, got None",
            "in the backward pass of layers[1], Own()",
        ),
        (
            lambda self, x: (x, lambda dy: dy),
            "takes 1 positional argument but 2 were given",
            "in the backward pass of layers[1], Own()",
        ),
        (
            lambda self, x: (x, lambda dy, g: dy[:, :2]),
            "output array has wrong dimensions",
            "in the backward pass of layers[0], Dense(4), got dL/dy of shape (6, 2) and type float32 from layers[1], Own()",
        ),
        (
            lambda self, x: setattr(self, "x", x),
            "cannot assign to field 'x': a Own never changes. What a layer's forward pass computes",
            "in the forward pass of layers[1], Own()",
        ),
    ],
)
def test_a_mistake_in_a_layer_names_the_layer_and_what_to_write(forward, words, note):
    model = own(forward)
    with pytest.raises((TypeError, ValueError, AttributeError)) as caught:
        model.fit(np.ones((6, 2)), np.arange(6) % 3, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1)
    assert words in str(caught.value)
    assert any(each.startswith(note) for each in caught.value.__notes__)


def test_a_layer_cannot_change_the_inputs_of_the_caller():
    def halve(self, x):
        x /= 2
        return x, lambda dy, g: dy / 2

    class Halve(Layer):
        def forward(self, x, p, rng=None):
            return halve(self, x)

    X = np.ones((3, 2), np.float32)
    model = Model([Halve(), Dense(1)], inputs=2, rng=0)
    with pytest.raises(ValueError, match="read-only") as caught:
        model.predict(X)
    assert caught.value.__notes__[0].startswith("in the forward pass of layers[0], Halve()")
    np.testing.assert_array_equal(X, 1)


def test_a_setting_without_its_type_is_refused():
    with pytest.raises(TypeError, match=r"Swish.beta = 1.5 is no setting without its type: write beta: float = 1.5"):

        class Swish(Layer):
            beta = 1.5

            def forward(self, x, p, rng=None):
                return x, lambda dy, g: dy


def test_custom_classes_are_a_list(tmp_path):
    Model([Sine()], inputs=2).save(tmp_path / "a.npz")
    with pytest.raises(TypeError, match=r"custom must be a list of classes, such as \[Wave\], got <class"):
        whorl.load(tmp_path / "a.npz", custom=Sine)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (
            np.zeros(2),
            "the parameter a must be a Parameter, such as Parameter((3,), Zeros()), got an array of shape (2,)",
        ),
        (lambda: Parameter(2, Zeros()), "shape must be a tuple of integers, such as (3,), got 2"),
        (lambda: Parameter((2,), np.ones), "initializer must be an Initializer, such as Zeros(), got "),
    ],
)
def test_what_is_no_declaration_of_a_parameter_is_refused(declared, words):
    class Own(Layer):
        def parameters(self, inputs):
            return {"a": declared() if callable(declared) else declared}

        def forward(self, x, p, rng=None):
            return x, lambda dy, g: dy

    with pytest.raises(TypeError) as caught:
        Model([Own()], inputs=2)
    assert words in str(caught.value)
