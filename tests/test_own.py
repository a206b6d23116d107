"""Loops, losses and callbacks of one's own."""

import numpy as np
import pytest

from whorl import (
    SGD,
    Adam,
    BatchNorm,
    Callback,
    Checkpoint,
    CrossEntropy,
    Dense,
    Dropout,
    EarlyStopping,
    Layer,
    MeanSquaredError,
    Model,
    ReLU,
    Softmax,
    check_gradients,
    datasets,
)
from whorl.losses.function import FunctionLoss

X, Y = datasets.spiral(30, rng=0)
LINE = np.random.default_rng(0).standard_normal((40, 3))
TARGET = LINE @ np.array([[1.0], [2.0], [-1.0]])


def squared(prediction, target):
    error = prediction - target
    return (error**2).mean(), 2 * error / error.size


def network(layers=(Dense(8, weight_l2=0.01), ReLU(), Dense(3), Softmax()), dtype="float32"):
    return Model(layers, inputs=2, rng=0, dtype=dtype)


# loss_and_gradients


def test_the_gradients_are_those_of_one_step_of_sgd():
    model, other = network(dtype="float64"), network(dtype="float64")
    loss, gradients = model.loss_and_gradients(X, Y, loss=CrossEntropy())
    before = {name: view.copy() for name, view in model.named_parameters().items()}
    history = other.fit(X, Y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, batch_size=len(X), rng=0)
    assert loss == pytest.approx(history["loss"][0], rel=1e-12)
    for name, view in other.named_parameters().items():
        np.testing.assert_allclose(view, before[name] - 0.1 * gradients[name], rtol=1e-10)


def test_gradients_agree_with_finite_differences_with_weights():
    model, weight = network(dtype="float64"), np.random.default_rng(0).random(len(X))
    given = {"loss": CrossEntropy(), "sample_weight": weight}
    _, gradients = model.loss_and_gradients(X, Y, **given)
    w, h = model.named_parameters()["w1"], 1e-6
    w[0, 3] += h
    above = model.evaluate(X, Y, **given)["loss"]
    w[0, 3] -= 2 * h
    below = model.evaluate(X, Y, **given)["loss"]
    assert gradients["w1"][0, 3] == pytest.approx((above - below) / (2 * h), rel=1e-6)


def test_gradients_are_copies_and_zero_for_frozen_layers():
    model = network()
    model.freeze(0)
    _, first = model.loss_and_gradients(X, Y, loss=CrossEntropy())
    kept = first["w2"].copy()
    model.loss_and_gradients(X[:5], Y[:5], loss=CrossEntropy())
    np.testing.assert_array_equal(first["w2"], kept)
    assert not first["w1"].any()
    assert first["w2"].dtype == np.float32


def test_with_rng_layers_act_as_in_training():
    model = network([Dense(8), BatchNorm(), ReLU(), Dropout(0.5), Dense(3), Softmax()])
    before, statistics = model.parameters.copy(), model.statistics.copy()
    quiet = model.loss_and_gradients(X, Y, loss=CrossEntropy())[0]
    assert quiet == model.evaluate(X, Y, loss=CrossEntropy())["loss"]
    np.testing.assert_array_equal(model.statistics, statistics)
    one, two = (model.loss_and_gradients(X, Y, loss=CrossEntropy(), rng=seed)[0] for seed in (1, 1))
    other = model.loss_and_gradients(X, Y, loss=CrossEntropy(), rng=2)[0]
    assert one == two != other
    assert (model.statistics != statistics).any()
    np.testing.assert_array_equal(model.parameters, before)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"X": X[:, :1]}, r"X must have shape \(n, 2\), got \(90, 1\)"),
        ({"y": Y[:5]}, "X and y must have the same number of samples, got 90 and 5"),
        ({"loss": "mse"}, "loss must be a Loss, such as CrossEntropy.., got 'mse'; did you mean MeanSquaredError"),
        ({"rng": "seed"}, "rng must be a whole number"),
        ({"sample_weight": [1.0]}, r"sample_weight must have shape \(90,\)"),
    ],
)
def test_wrong_arguments_are_named(given, message):
    with pytest.raises((TypeError, ValueError), match=message):
        network().loss_and_gradients(**{"X": X, "y": Y, "loss": CrossEntropy(), **given})


# A function as a loss


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_function_trains_like_the_loss_that_it_is(dtype):
    found = []
    for loss in (squared, MeanSquaredError(), FunctionLoss(squared)):
        model = Model([Dense(4), ReLU(), Dense(1)], inputs=3, rng=0, dtype=dtype)
        history = model.fit(
            LINE, TARGET, loss=loss, optimizer=Adam(0.01), epochs=5, batch_size=16, validation=0.25, rng=0, fast=False
        )
        found.append((model.parameters.copy(), history["val_loss"]))
        assert model.parameters.dtype == dtype
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-4 if dtype == "float32" else 1e-10)
    assert found[0][1] == pytest.approx(found[1][1], rel=1e-4)
    assert found[0][1] == found[2][1]
    assert model.evaluate(LINE, TARGET, loss=squared)["loss"] == pytest.approx(
        model.evaluate(LINE, TARGET, loss=MeanSquaredError())["loss"], rel=1e-5
    )


def test_a_function_is_checked_by_finite_differences():
    model = Model([Dense(4), ReLU(), Dense(1)], inputs=3, rng=0)
    assert max(check_gradients(model, LINE[:5], TARGET[:5], loss=squared).values()) < 1e-6
    wrong = check_gradients(model, LINE[:5], TARGET[:5], loss=lambda p, y: (squared(p, y)[0], squared(p, y)[1] * 3))
    assert wrong["w1"] == pytest.approx(2 / 3, rel=1e-3)


def test_a_function_gets_labels_as_they_are():
    seen = []

    def of_labels(prediction, target):
        seen.append((target.dtype.kind, prediction.dtype))
        chosen = prediction[np.arange(len(target)), target]
        slope = np.zeros_like(prediction)
        slope[np.arange(len(target)), target] = -1 / chosen / len(target)
        return -np.log(chosen).mean(), slope

    one, other = network(dtype="float64"), network(dtype="float64")
    loss, gradients = one.loss_and_gradients(X, Y, loss=of_labels)
    expected, slopes = other.loss_and_gradients(X, Y, loss=CrossEntropy())
    assert seen == [("i", np.float64)]
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradients["w1"], slopes["w1"], rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda p, y: 3.0, TypeError, "<lambda> must return the loss and its derivative, got 3.0"),
        (lambda p, y: (p, p), ValueError, r"must return the mean loss of the samples, a number, got shape \(32, 1\)"),
        (lambda p, y: (1.0, p[0]), ValueError, r"of the shape of the prediction, \(32, 1\), got \(1,\)"),
    ],
)
def test_what_a_function_returns_is_checked(function, error, message):
    with pytest.raises(error, match=message):
        Model([Dense(1)], inputs=3, rng=0).fit(LINE, TARGET, loss=function, optimizer=SGD(0.1), epochs=1, rng=0)


def test_a_function_has_no_weights_and_is_not_compiled():
    model = Model([Dense(1)], inputs=3, rng=0)
    given = {"loss": squared, "optimizer": SGD(0.1), "epochs": 1, "rng": 0}
    with pytest.raises(ValueError, match="sample_weight and class_weight need a Loss, not the function squared"):
        model.fit(LINE, TARGET, sample_weight=np.ones(40), **given)
    with pytest.raises(ValueError, match=r"FunctionLoss\(squared\) has no compiled kernel"):
        model.fit(LINE, TARGET, fast=True, **given)
    with pytest.raises(ValueError, match=r"y must have a value for each sample"):
        model.fit(LINE, 3.0, **given)


def test_a_training_with_a_function_continues_from_a_checkpoint_to_the_same_bits(tmp_path):
    given = {"loss": squared, "optimizer": Adam(0.01), "epochs": 3, "batch_size": 16, "rng": 0}
    whole, parts = (Model([Dense(4), ReLU(), Dense(1)], inputs=3, rng=seed) for seed in (0, 9))
    begun = Model([Dense(4), ReLU(), Dense(1)], inputs=3, rng=0)
    whole.fit(LINE, TARGET, **given)
    steps = begun.training(LINE, TARGET, callbacks=[Checkpoint(tmp_path / "run.npz", steps=2)], **given).steps()
    for _ in range(4):
        next(steps)
    parts.fit(LINE, TARGET, resume=tmp_path / "run.npz", **given)
    np.testing.assert_array_equal(whole.parameters, parts.parameters)


# Callbacks


def test_on_step_end_is_called_after_each_step_unless_it_says_otherwise():
    class Each(Callback):
        def on_step_end(self, training):
            seen.append(training.step)

    class Second(Each):
        every_steps = 2

    for kind, expected in ((Each, [1, 2, 3, 4, 5, 6]), (Second, [2, 4, 6])):
        seen = []
        network().fit(X, Y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=2, batch_size=40, callbacks=[kind()], rng=0)
        assert seen == expected
    assert EarlyStopping().every_steps is None


def test_on_epoch_end_is_called_after_each_epoch_unless_it_says_otherwise():
    class Each(Callback):
        def on_epoch_end(self, training, epoch):
            seen.append((training.epoch, epoch.number))

    class Second(Each):
        every_epochs = 2

    for kind, expected in ((Each, [1, 2, 3, 4, 5]), (Second, [2, 4])):
        seen = []
        network().fit(X, Y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=5, batch_size=40, callbacks=[kind()], rng=0)
        assert seen == [(number, number) for number in expected]
    assert Callback().every_epochs is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [("on_batch_end", "on_step_end"), ("on_train_batch_end", "on_step_end"), ("on_epoch_ends", "on_epoch_end")],
)
def test_a_method_that_would_never_be_called_is_an_error(name, meant):
    with pytest.raises(TypeError, match=rf"Own.{name} would never be called; did you mean '{meant}'"):
        type("Own", (Callback,), {name: lambda self: None})


def test_a_function_that_takes_the_targets_first_is_refused():
    def keras_mse(y_true, y_pred):
        return ((y_pred - y_true) ** 2).mean(), 2 * (y_pred - y_true) / y_true.size

    model = Model([Dense(1)], inputs=2, rng=0)
    expected = r"a function takes the predictions first, keras_mse\(prediction, target\), got y_true, y_pred"
    with pytest.raises(TypeError, match=expected):
        model.evaluate(np.ones((3, 2)), np.ones((3, 1)), loss=keras_mse)
    assert model.evaluate(np.ones((3, 2)), np.ones((3, 1)), loss=lambda a, b: keras_mse(b, a))["loss"] >= 0
    with pytest.raises(TypeError, match="a function takes the predictions first"):
        model.evaluate(np.ones((3, 2)), np.ones((3, 1)), loss=lambda y, p: keras_mse(y_true=y, y_pred=p))
    assert model.evaluate(np.ones((3, 2)), np.ones((3, 1)), loss=lambda y, t: keras_mse(t, y))["loss"] >= 0


def test_a_function_gets_flat_targets_of_one_output_as_a_column():
    def squared(prediction, target):
        error = prediction - target
        return (error**2).mean(), 2 * error / error.size

    X, model = np.random.default_rng(0).normal(size=(9, 2)), Model([Dense(1)], inputs=2, rng=0)
    flat, column = (model.evaluate(X, y, loss=squared)["loss"] for y in (X[:, 0], X[:, :1]))
    assert flat == column == pytest.approx(model.evaluate(X, X[:, 0], loss=MeanSquaredError())["loss"], rel=1e-6)


def test_a_setting_of_a_layer_may_have_a_word_of_the_library_as_its_name():
    class Tile(Layer):
        rows: int = 2
        members: int = 3

        def forward(self, x, p, rng=None):
            return self.rows * x, lambda dy, g: self.rows * dy

    assert (Tile().rows, Tile(5).rows, Tile(5).members) == (2, 5, 3)
    assert Model([Tile(5)], inputs=1, dtype=np.float64).predict([[1.0]]) == [[5.0]]
