import numpy as np
import pytest

import whorl
from whorl import (
    SGD,
    BatchNorm,
    CrossEntropy,
    Dense,
    Dropout,
    Hinge,
    Layer,
    LeakyReLU,
    MeanAbsoluteError,
    Model,
    Parameter,
    ReLU,
    Residual,
    Softmax,
    Standardize,
    Tanh,
    check_gradients,
)
from whorl.initializers import Ones


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_right_model_passes_on_a_fresh_spiral(dtype):
    # The spiral's first points lie at 0 and fresh biases are 0: every ReLU would be on its kink.
    X, y = whorl.datasets.spiral(10, rng=0)
    layers = [Dense(64, weight_l2=0.01, bias_l2=0.02), ReLU(), Dropout(0.2), Dense(3, weight_l2=0.1), Softmax()]
    model = Model(layers, inputs=2, rng=0, dtype=dtype)
    errors = check_gradients(model, X, y, loss=CrossEntropy(), sample_weight=np.arange(1, 31))
    assert list(errors) == ["w1", "b1", "w2", "b2", "inputs"]
    assert max(errors.values()) < 1e-6


class WrongDense(Dense):
    """Its bias gradient is a mean instead of a sum."""

    def forward(self, x, p, rng=None):
        y, right = super().forward(x, p, rng)

        def backward(dy, g):
            dx = right(dy, g)
            g.b /= len(dy)
            return dx

        return y, backward


class WrongReLU(ReLU):
    """Its backward pass lets all gradients through."""

    def forward(self, x, p, rng=None):
        return super().forward(x, p, rng)[0], lambda dy, g: dy


def test_it_finds_what_is_wrong_and_where(spiral_data):
    X, y = spiral_data[0][::5], spiral_data[1][::5]
    errors = check_gradients(Model([WrongDense(4), Softmax()], inputs=2, rng=0), X, y, loss=CrossEntropy())
    assert errors["b1"] > 0.5
    assert errors["w1"] < 1e-6
    model = Model([Dense(8), WrongReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    errors = check_gradients(model, X, y, loss=CrossEntropy())
    assert min(errors["w1"], errors["b1"], errors["inputs"]) > 1e-2
    assert max(errors["w2"], errors["b2"]) < 1e-6


def test_a_network_that_is_sure_of_its_answers_is_not_called_wrong(spiral_data):
    X = spiral_data[0][20:24]
    model = Model([Dense(2), Softmax()], inputs=2, rng=0)
    for size in (10, 50, 1000):
        model.parameters = size * np.sign(model.parameters)
        assert max(check_gradients(model, X, model.predict(X).argmax(axis=1), loss=CrossEntropy()).values()) < 1e-6


def test_the_model_is_not_changed(model, spiral_data):
    model.freeze(0)
    arrays = model.parameters, model.gradients, model.statistics
    before = [array.copy() for array in arrays]
    wanted = [g.inputs for g in model.g]
    check_gradients(model, spiral_data[0][:6], spiral_data[1][:6], loss=CrossEntropy())
    for array, values in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, values)
    assert [g.inputs for g in model.g] == wanted
    assert model.frozen == {0}


def test_statistics_and_layers_inside_others_are_checked_too(spiral_data):
    layers = [Standardize(), Dense(6), BatchNorm(), Residual([Dense(6), Tanh(), Dropout(0.3)]), Dense(3), Softmax()]
    model = Model(layers, inputs=2, rng=0)
    model.adapt(spiral_data[0])
    errors = check_gradients(model, spiral_data[0][::9], spiral_data[1][::9], loss=CrossEntropy())
    assert list(errors) == ["w2", "b2", "gamma3", "beta3", "w4", "b4", "w5", "b5", "inputs"]
    assert max(errors.values()) < 1e-6


def test_no_gradient_at_all_is_no_error():
    class Silent(Layer):
        def forward(self, x, p, rng=None):
            return np.zeros_like(x), lambda dy, g: np.zeros_like(dy)

    errors = check_gradients(Model([Silent(), Softmax()], inputs=2), [[1.0, 2.0]], [0], loss=CrossEntropy())
    assert errors == {"inputs": 0.0}


class Scale(Layer):
    """y = a x, with a way to write the gradient of a that is chosen by its name."""

    way: str

    def parameters(self, inputs):
        return {"a": Parameter(inputs, Ones())}

    def forward(self, x, p, rng=None):
        def backward(dy, g):
            slope = np.sum(dy * x, axis=0)
            if self.way == "adds":
                g.a += slope
            elif self.way == "replaces":
                g.a = slope
            else:
                g.a[...] = np.nan if self.way == "is not finite" else slope
            return dy * p.a

        return p.a * x, backward


@pytest.mark.parametrize(("way", "right"), [("writes", True), ("adds", False), ("is not finite", False)])
def test_the_way_a_layer_writes_its_gradients_is_checked(way, right, spiral_data):
    model = Model([Dense(4), Scale(way), Dense(3), Softmax()], inputs=2, rng=0)
    errors = whorl.check_gradients(model, spiral_data[0][::9], spiral_data[1][::9], loss=CrossEntropy())
    assert (errors["a2"] < 1e-6) == right


def test_replacing_a_view_is_an_error(spiral_data):
    model = Model([Dense(4), Scale("replaces"), Dense(3), Softmax()], inputs=2, rng=0)
    with pytest.raises(TypeError, match=r"a is a view of the model's vector: write into it, a\[\.\.\.\] = …"):
        model.fit(*spiral_data, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1)


# Networks with kinks. A step of 1e-5 meets ten times as many of them as the default, and is as exact.
KINKED = {
    "ReLU": ([Dense(8), ReLU(), Dense(3), Softmax()], CrossEntropy()),
    "LeakyReLU": ([Dense(8), LeakyReLU(0.1), Dense(3), Softmax()], CrossEntropy()),
    "Hinge": ([Dense(8), ReLU(), Dense(3)], Hinge()),
    "MeanAbsoluteError": ([Dense(8), ReLU(), Dense(2)], MeanAbsoluteError()),
    "max-norm": ([Dense(8, max_norm=1.0), ReLU(), Dropout(0.2), Dense(3), Softmax()], CrossEntropy()),
}


def drawn(seed, loss):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((12, 2))
    return X, rng.standard_normal((12, 2)) if isinstance(loss, MeanAbsoluteError) else rng.integers(3, size=12)


@pytest.mark.parametrize("kind", KINKED)
def test_a_step_over_a_kink_is_no_error(kind):
    layers, loss = KINKED[kind]
    for seed in range(0, 200, 8):  # all 200 pass
        model = Model(layers, inputs=2, rng=seed)
        errors = check_gradients(model, *drawn(seed, loss), loss=loss, step=1e-5, rng=seed)
        assert max(errors.values()) < 1e-6, (seed, errors)


class WrongLeakyReLU(LeakyReLU):
    """Its slope is one percent off."""

    def forward(self, x, p, rng=None):
        y, _ = super().forward(x, p, rng)
        return y, lambda dy, g: dy * np.where(x > 0, 1, 1.01 * self.slope)


class LateReLU(ReLU):
    """Its gradient begins at 0.5 instead of 0."""

    def forward(self, x, p, rng=None):
        y, _ = super().forward(x, p, rng)
        return y, lambda dy, g: dy * (x > 0.5)


@pytest.mark.parametrize("step", [1e-6, 1e-5])
@pytest.mark.parametrize(("wrong", "least"), [(WrongReLU(), 0.01), (WrongLeakyReLU(0.5), 1e-4), (LateReLU(), 0.01)])
def test_a_wrong_gradient_next_to_kinks_is_an_error(wrong, least, step):
    for seed in range(0, 20, 5):
        model = Model([Dense(8), wrong, Dense(3), Softmax()], inputs=2, rng=seed)
        errors = check_gradients(model, *drawn(seed, CrossEntropy()), loss=CrossEntropy(), step=step, rng=seed)
        assert errors["w1"] > least, seed
        assert errors["w2"] < 1e-6, seed
