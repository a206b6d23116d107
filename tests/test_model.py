import copy
import pickle
import threading

import numpy as np
import pytest
from helpers import error, slopes

import whorl
from whorl import (
    SGD,
    CrossEntropy,
    Dense,
    Dropout,
    Layer,
    Model,
    ReLU,
    Residual,
    Softmax,
)
from whorl.losses import Loss
from whorl.passes import loss_pass


def test_layout_of_the_vectors(model):
    assert {name: view.shape for name, view in model.named_parameters().items()} == {
        "w1": (2, 16),
        "b1": (16,),
        "w2": (16, 3),
        "b2": (3,),
    }
    assert model.parameters.shape == model.gradients.shape == (2 * 16 + 16 + 16 * 3 + 3,)
    assert model.outputs == (3,)
    model.parameters[:] = np.arange(99)
    np.testing.assert_array_equal(model.named_parameters()["w1"], np.arange(32).reshape(2, 16))
    np.testing.assert_array_equal(model.p[0].b, np.arange(32, 48))
    model.g[3].b[:] = 7
    np.testing.assert_array_equal(model.gradients[-3:], 7)


def test_parameters_depend_on_the_seed_only():
    one, same, other = (Model([Dense(4)], inputs=3, rng=seed).parameters for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_several_models_can_share_layers():
    layers = [Dense(4), Dense(4)]
    one, two = Model(layers, inputs=4, rng=0), Model(layers, inputs=4, rng=1)
    one.parameters[:] = 0
    assert two.parameters.any()
    shared = Dense(4)
    model = Model([shared, shared], inputs=4, rng=0)
    assert (model.p[0].w != model.p[1].w).any()


def saved_and_loaded(model, tmp_path):
    model.save(tmp_path / "model.npz")
    return whorl.load(tmp_path / "model.npz")


ROUTES = {
    "copy": lambda model, _: copy.copy(model),
    "deepcopy": lambda model, _: copy.deepcopy(model),
    "pickle": lambda model, _: pickle.loads(pickle.dumps(model)),
    "load": saved_and_loaded,
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
def test_copies_are_complete_and_independent(route, dtype, tmp_path, spiral_data):
    X, y = spiral_data
    model = Model([Dense(8, weight_l2=0.1), ReLU(), Dropout(0.1), Dense(3), Softmax()], inputs=2, rng=0, dtype=dtype)
    model.fit(X, y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, rng=0)
    other = route(model, tmp_path)
    assert repr(other) == repr(model)
    np.testing.assert_array_equal(other.predict(X), model.predict(X))

    for i in (0, 3):  # the views share the vectors' memory
        assert np.shares_memory(other.p[i].w, other.parameters)
        assert np.shares_memory(other.g[i].b, other.gradients)
    assert not np.shares_memory(other.parameters, model.parameters)

    for each in (model, other):  # both continue training identically
        each.fit(X, y, loss=CrossEntropy(), optimizer=SGD(0.1, momentum=0.9), epochs=2, rng=1)
    np.testing.assert_array_equal(other.parameters, model.parameters)


def test_predict_works_in_chunks(model, rng):
    X = rng.normal(size=(2500, 2))
    one_by_one = np.concatenate([model.predict(row[None]) for row in X[::100]])
    np.testing.assert_allclose(model.predict(X)[::100], one_by_one, rtol=1e-5)
    assert model.predict(X).shape == (2500, 3)


def test_predict_from_several_threads(model, rng):
    batches = [rng.normal(size=(50, 2)) for _ in range(8)]
    expected = [model.predict(X) for X in batches]
    results = [None] * 8

    def work(i):
        for _ in range(50):
            results[i] = model.predict(batches[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(results, expected)


@pytest.mark.parametrize("unfused", [False, True], ids=["fused", "unfused"])
def test_gradients_are_those_of_the_reported_loss(unfused, spiral_data):
    class CustomSoftmax(Softmax):
        """A subclass, which is not fused with the loss, so that its backward is used."""

    layers = [Dense(8, weight_l2=0.01, bias_l2=0.02), ReLU(), Dropout(0.3), Dense(3, weight_l2=0.03)]
    model = Model([*layers, CustomSoftmax() if unfused else Softmax()], inputs=2, rng=0, dtype=np.float64)
    model.parameters += 0.1
    X, y = spiral_data[0][1::7] + 0.01, spiral_data[1][1::7]

    def loss():
        return loss_pass(model, X, y, CrossEntropy(), rng=np.random.default_rng(5))

    loss().backward()
    gradients = model.gradients.copy()
    assert error(gradients, slopes(lambda: loss().loss, model.parameters)) < 1e-6


def test_fused_and_unfused_losses_agree(spiral_data):
    class Unfused(CrossEntropy):
        """A subclass, which is not fused with `Softmax`."""

    X, y = spiral_data
    model = Model([Dense(8), ReLU(), Dense(3), Softmax()], inputs=2, rng=0, dtype=np.float64)
    results = []
    for loss in (CrossEntropy(), Unfused()):
        value, penalty, prediction, backward = loss_pass(model, X, y, loss)
        backward()
        results.append((value, penalty, prediction, model.gradients.copy()))
    for fused, unfused in zip(*results, strict=True):
        np.testing.assert_allclose(fused, unfused, rtol=1e-12, atol=1e-15)


def test_training_skips_the_backward_pass_before_the_first_parameters(spiral_data):
    class NoBackward(Layer):
        def forward(self, x, p, rng=None):
            def backward(dy, g):
                raise AssertionError("backward was called")

            return x, backward

    X, y = spiral_data
    model = Model([NoBackward(), Dropout(0.1), Dense(3), Softmax()], inputs=2, rng=0)
    model.fit(X, y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, rng=0)
    assert model.gradients.any()
    done = loss_pass(model, X.astype(np.float32), y, CrossEntropy(), rng=np.random.default_rng(0), inputs=True)
    with pytest.raises(AssertionError, match="backward was called"):
        done.backward()


def test_gradients_accumulate_over_half_batches(spiral_data):
    X, y = spiral_data
    model = Model([Dense(8), ReLU(), Dense(3), Softmax()], inputs=2, rng=0, dtype=np.float64)
    sums = np.zeros_like(model.gradients)
    for half in (slice(0, 60), slice(60, 120)):
        loss_pass(model, X[half], y[half], CrossEntropy()).backward()
        sums += model.gradients / 2
    loss_pass(model, X, y, CrossEntropy()).backward()
    np.testing.assert_allclose(model.gradients, sums, rtol=1e-10, atol=1e-14)


def test_two_forwards_before_two_backwards(spiral_data, model):
    X, y = spiral_data[0].astype(np.float32), spiral_data[1]
    halves = [(X[:50], y[:50]), (X[50:], y[50:])]
    expected = []
    for x, target in halves:
        loss_pass(model, x, target, CrossEntropy()).backward()
        expected.append(model.gradients.copy())
    backwards = [loss_pass(model, x, target, CrossEntropy()).backward for x, target in halves]
    for backward, gradients in zip(reversed(backwards), reversed(expected), strict=True):
        backward()
        np.testing.assert_array_equal(model.gradients, gradients)


def test_evaluate_by_hand(spiral_data):
    X, y = spiral_data
    model = Model([Dense(3, weight_l2=0.5), Softmax()], inputs=2, rng=0, dtype=np.float64)
    w, b = model.named_parameters().values()
    z = X @ w + b
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    measured = model.evaluate(X, y, loss=CrossEntropy(), metrics=["accuracy", lambda y, p: p.max()])
    penalty = 0.5 * (w**2).sum()
    assert measured == {
        "loss": pytest.approx(-np.log(p[np.arange(120), y]).mean() + penalty, rel=1e-12),
        "penalty": pytest.approx(penalty, rel=1e-12),
        "accuracy": (p.argmax(axis=1) == y).mean(),
        "<lambda>": pytest.approx(p.max()),
    }


def test_sample_weights_in_evaluate(spiral_data):
    X, y = spiral_data
    model = Model([Dense(3), Softmax()], inputs=2, rng=0, dtype=np.float64)
    only_first = np.where(np.arange(120) < 10, 3.0, 0.0)
    weighted = model.evaluate(X, y, loss=CrossEntropy(), sample_weight=only_first)["loss"]
    assert weighted == pytest.approx(model.evaluate(X[:10], y[:10], loss=CrossEntropy())["loss"], rel=1e-12)


def test_inputs_can_be_integers_and_lists():
    model = Model([Dense(2)], inputs=3, rng=0)
    X = [[1, 2, 3], [4, 5, 6]]
    np.testing.assert_array_equal(model.predict(X), model.predict(np.array(X, np.int8)))
    assert model.predict(X).dtype == np.float32


def test_a_model_without_parameters_predicts():
    model = Model([Softmax()], inputs=2)
    np.testing.assert_array_equal(model.predict([[0, 0]]), [[0.5, 0.5]])
    assert model.parameters.size == 0
    assert model.evaluate([[0, 0]], [1], loss=CrossEntropy())["loss"] == pytest.approx(np.log(2))


def test_inputs_of_several_dimensions():
    model = Model([ReLU()], inputs=(2, 3))
    assert model.predict(np.ones((4, 2, 3))).shape == (4, 2, 3)


def test_a_custom_loss(spiral_data):
    class SquaredError(Loss):
        def targets(self, y, outputs, dtype):
            return np.eye(outputs[0], dtype=dtype)[np.asarray(y)]

        def forward(self, prediction, target, weight=None):
            difference = prediction - target
            return float((difference**2).sum() / len(target)), lambda: 2 * difference / len(target)

    model = Model([Dense(4), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    errors = whorl.check_gradients(model, spiral_data[0][::9], spiral_data[1][::9], loss=SquaredError())
    assert max(errors.values()) < 1e-6


def test_repr_and_summary(model):
    assert repr(model) == (
        "Model([Dense(16, weight_l2=0.001, bias_l2=0.001), ReLU(), Dropout(0.1), Dense(3, weight_l2=0.001), Softmax()],"
        " inputs=2)"
    )
    assert repr(Model([ReLU()], inputs=(2, 3), dtype=np.float64)) == "Model([ReLU()], inputs=(2, 3), dtype='float64')"
    rows = str(model.summary()).splitlines()
    assert rows[0].split() == ["layer", "output", "parameters"]
    assert rows[2].endswith("48  w1 (2, 16)  b1 (16,)")
    assert rows[-1].split() == ["total", "99", "float32,", "99", "trained", "by", "gradients"]
    assert repr(model.summary()) == str(model.summary())
    assert "2 x 3" in str(Model([ReLU()], inputs=(2, 3)).summary())


def test_the_summary_indents_layers_inside_others():
    nested = Model([Residual([ReLU(), Residual([Dense(2)])]), Dense(1)], inputs=2)
    names = [line.split("(")[0] for line in str(nested.summary()).splitlines()[2:-1]]
    assert names == ["Residual", "  ReLU", "  Residual", "    Dense", "Dense"]
    assert "white-space:pre-wrap" in nested._repr_html_()
    assert ">    Dense(2)<" in nested._repr_html_()


@pytest.mark.parametrize("name", ["stop_training", "trainable", "optimizer"])
def test_attributes_of_keras_are_not_set_without_effect(model, name):
    with pytest.raises(AttributeError, match=f"Model has no attribute '{name}' to set; "):
        setattr(model, name, True)


def test_arrays_are_written_into_and_not_replaced(model):
    for named in (model.named_parameters(), model.named_gradients(), model.named_statistics(), model.named_arrays()):
        with pytest.raises(TypeError, match=r"to change w1, write into its array: \['w1'\]\[\.\.\.\] = values"):
            named["w1"] = 0
    model.named_parameters()["w1"][...] = 2
    assert (model.parameters[:32] == 2).all()


def test_one_output_may_have_flat_targets():
    line, X = Model([Dense(1)], inputs=2, rng=0, dtype=np.float64), np.random.default_rng(0).normal(size=(20, 2))
    flat, column = (line.evaluate(X, y, loss=whorl.MeanSquaredError(), metrics=["r2"]) for y in (X[:, 0], X[:, :1]))
    assert flat == column
    histories = [
        Model([Dense(1)], inputs=2, rng=0).fit(
            X, y, loss=whorl.MeanSquaredError(), optimizer=SGD(0.1), epochs=2, validation=(X, y), metrics=["mae"], rng=0
        )
        for y in (X[:, 0], X[:, :1])
    ]
    assert histories[0]["val_mae"] == histories[1]["val_mae"]


def test_classes_of_a_regression_are_refused():
    with pytest.raises(ValueError, match=r"with one and Sigmoid\(\), got outputs of shape \(1,\) of Dense\(1\)"):
        Model([Dense(1)], inputs=2).predict_classes([[1.0, 2.0]])
    assert Model([Dense(1), whorl.Sigmoid()], inputs=2, rng=0).predict_classes([[1.0, 2.0]]).tolist() in ([0], [1])


def test_an_error_of_a_metric_names_it():
    with pytest.raises(ValueError, match="metrics: 'accuracy' does not fit these labels: y must hold 0 and 1 only"):
        Model([Dense(1)], inputs=2).evaluate(
            np.ones((3, 2)), np.full((3, 1), 0.5), loss=whorl.MeanSquaredError(), metrics=["accuracy"]
        )
