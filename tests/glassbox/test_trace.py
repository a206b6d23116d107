"""`trace`: every number that it shows follows from its formula, and is what the library computes."""

import re
from pathlib import Path

import numpy as np
import pytest
from catalogue import LAYERS, LOSSES, OPTIMIZERS

import whorl
from whorl import (
    SGD,
    Adam,
    Average,
    BatchNorm,
    BinaryCrossEntropy,
    CrossEntropy,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Hinge,
    MeanSquaredError,
    Model,
    Poisson,
    ReLU,
    Residual,
    Sigmoid,
    Softmax,
    Softplus,
    Tanh,
)
from whorl.glassbox import Trace
from whorl.optimizers import LBFGS, Optimizer

THEORY = Path(__file__).parents[2] / "docs" / "theory"
rng = np.random.default_rng(0)
X, LABELS = rng.standard_normal((4, 5)), np.array([0, 1, 2, 1])
TARGETS = np.abs(rng.random((4, 3)))


def network(*layers, inputs=5, dtype=np.float64, seed=1):
    """A model whose parameters are all different from their first values."""
    model = Model(layers, inputs=inputs, rng=0, dtype=dtype)
    model.parameters = 0.5 * np.random.default_rng(seed).standard_normal(model.parameters.shape)
    return model


def step(model, x=X, y=LABELS, loss=None, optimizer=None, **options):
    return whorl.trace(model, x, y, loss=loss or CrossEntropy(), optimizer=optimizer or SGD(0.1), **options)


def anchor(heading):
    """The address of a heading, as GitHub writes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


HEADINGS = {
    f"{page.name}#{anchor(line[3:])}"
    for page in THEORY.glob("*.md")
    for line in page.read_text(encoding="utf-8").splitlines()
    if line.startswith("## ")
}
PAGES = {"", *(page.name for page in THEORY.glob("*.md"))} | HEADINGS


def check(traced, tolerance=1e-12):
    """Every formula, evaluated from the arrays that are shown, gives the numbers that are shown, and every link leads to a heading."""
    assert {section.page for section in traced.sections} <= PAGES
    formulas = [name for name in traced if traced[name].formula]
    assert len(formulas) >= 5
    for name in formulas:
        shown, found = traced.arrays[name], traced.evaluate(name)
        size = max(1.0, np.abs(shown).max(initial=0))
        words = f"{name} = {traced[name].formula}"
        np.testing.assert_allclose(found, shown, rtol=0, atol=tolerance * size, err_msg=words)


def check_why(traced):
    """The contributions to the gradient of each parameter add up to it, whether summed by sample or by path."""
    parameters = traced.step.model.named_parameters()
    for name in [*parameters][:4]:
        parameter = parameters[name]
        index = tuple(size - 1 for size in parameter.shape)
        why, gradient = traced.why(name, index), traced.arrays[f"d{name}"][index]
        for parts in (why.by_sample, why.by_path):
            np.testing.assert_allclose(parts.sum(), gradient, rtol=1e-9, atol=1e-12)
        assert why.gradient == pytest.approx(gradient + why.penalty, rel=1e-12, abs=1e-15)
        assert why.change == traced.arrays[f"{name}_new"][index] - parameter[index]


def inputs_of(layer):
    return np.abs(np.rint(X)) % 2 if isinstance(layer, Embedding) else X


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_formulas_of_each_layer(layer):
    """As the first layer and as an inner one; the model is not changed, and its own results are shown."""
    if not isinstance(layer, Embedding):
        traced = step(network(Dense(5), Tanh(), layer, Dense(3), Softmax()), rng=3)
        check(traced)
        check_why(traced)
        assert str(traced).count(" = ") >= 6
    model, x = network(layer, Dense(3), Softmax()), np.abs(np.rint(X)) % 2 if isinstance(layer, Embedding) else X
    model.adapt(x, rng=0)
    before = model.parameters.copy(), model.statistics.copy()
    traced = step(model, x, rng=3)
    check(traced)
    assert not [name for name in traced if "computed by" in traced[name].note]
    for own, kept in zip((model.parameters, model.statistics), before, strict=True):
        np.testing.assert_array_equal(own, kept)
    loss, gradients = model.loss_and_gradients(x, LABELS, loss=CrossEntropy(), rng=3)
    assert traced.loss == loss
    for name, gradient in gradients.items():
        np.testing.assert_array_equal(traced.arrays.get(f"g_{name}", traced.arrays[f"d{name}"]), gradient)
        if layer != LAYERS[-4]:  # whose max-norm changes the weights once more
            after = model.named_parameters()[name] - 0.1 * gradient
            np.testing.assert_allclose(traced.arrays[f"{name}_new"], after, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_formulas_of_each_loss(loss):
    """After each kind of last layer, fused with it or not, with weights of the samples and without."""
    y = LABELS if isinstance(loss, CrossEntropy | Hinge) else TARGETS
    lasts = [[Softmax()], [Softmax(), Sigmoid(), Softmax()]]
    if not isinstance(loss, CrossEntropy):
        lasts += [[Sigmoid()], [Sigmoid(), ReLU()]]
    if not isinstance(loss, CrossEntropy | BinaryCrossEntropy):
        lasts += [[Softplus()]]
    for last in lasts:
        model = network(Dense(3), *last)
        for weight in (None, [1.0, 2.0, 3.0, 0.5]):
            traced = step(model, y=y, loss=loss, sample_weight=weight)
            check(traced)
            assert traced.loss == model.evaluate(X, y, loss=loss, sample_weight=weight)["loss"] == traced.arrays["L"]


def test_the_loss_after_a_step_to_predictions_that_it_refuses():
    model = Model([Dense(1)], inputs=1, dtype=np.float64)
    model.parameters = [0.5, 0.0]
    assert np.isnan(step(model, [[1.0]], [[1.0]], BinaryCrossEntropy(), SGD(10.0)).loss_after)


@pytest.mark.parametrize(
    ("loss", "y", "last"),
    [
        (CrossEntropy(), [1, 0], []),
        (CrossEntropy(label_smoothing=0.2), [1, 0], []),
        (BinaryCrossEntropy(), [[0.0, 1.0], [1.0, 0.3]], []),
        (Poisson(), [[0.0, 1.0], [1.0, 0.3]], []),
        (CrossEntropy(), [1, 0], [Softmax()]),
        (BinaryCrossEntropy(), [[0.0, 1.0], [1.0, 0.3]], [Sigmoid()]),
    ],
    ids=str,
)
def test_losses_of_impossible_predictions(loss, y, last):
    """Where the logarithm is clipped; and scores of ±1e4."""
    x = np.array([[1e4, -1e4], [1e4, -1e4]]) if last else np.array([[1.0, 0.0], [1.0, 0.0]])
    check(step(network(Flatten(), *last, inputs=2), x, y, loss))


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_formulas_of_each_optimizer_are_its_steps(optimizer, dtype):
    """With penalties, a constraint and factors of the weight decay; the first step, and one with a memory of others."""
    layers = [Dense(4, weight_l2=0.1, bias_l1=0.01, max_norm=0.7, bias_decay=0.0), Tanh(), Dense(3), Softmax()]
    model = network(*layers, dtype=dtype)
    tolerance = 1e-12 if dtype is np.float64 else 2e-6
    training = model.training(
        X, LABELS, loss=CrossEntropy(), optimizer=optimizer, epochs=9, batch_size=4, rng=0, fast=False
    )
    epochs = iter(training)
    for passed in (0, 4):
        for _ in range(passed):
            next(epochs)
        traced = step(model, optimizer=optimizer, state=training.state if passed else None)
        check(traced, tolerance)
        state = training.state
        next(epochs)
        average = [name for name in traced if name.startswith("average_") and name.endswith("_new")]
        for name, values in model.named_parameters().items():
            new = f"average_{name}_new" if average else f"{name}_new"
            np.testing.assert_allclose(traced.arrays[new], values, rtol=0, atol=tolerance)
        if average:
            found = np.concatenate([traced.arrays[f"{name}_new"].ravel() for name in model.named_parameters()])
            np.testing.assert_allclose(found, state.stepped, rtol=0, atol=tolerance)
    assert np.abs(traced.arrays["w1_new"]).max() > 0
    assert np.linalg.norm(traced.arrays["w1_new"], axis=0).max() <= 0.7 * (1 + 1e-6)


def test_the_running_statistics_are_shown():
    model = network(Dense(3), BatchNorm(momentum=0.25), Dense(3), Softmax())
    traced = step(model)
    check(traced)
    z = X @ model.named_parameters()["w1"] + model.named_parameters()["b1"]
    np.testing.assert_allclose(traced.arrays["mean2_new"], 0.25 * z.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(traced.arrays["variance2_new"], 0.75 + 0.25 * z.var(axis=0, ddof=1), rtol=1e-12)


def test_a_batch_of_one_and_frozen_layers_use_the_running_statistics():
    model = network(Dense(3), BatchNorm(), Dropout(0.5), Dense(3), Softmax())
    check(step(model, X[:1], LABELS[:1]))
    assert "mean2_new" not in step(model, X[:1], LABELS[:1]).arrays
    model.freeze(0, 1, 2)
    traced = step(model, optimizer=SGD(0.1, momentum=0.9))
    check(traced)
    assert traced["h2"].formula == "(z1 - mean2) / sqrt(variance2 + epsilon)"
    assert traced["a2"].formula == "z2"  # no dropout
    np.testing.assert_array_equal(traced.arrays["w1_new"], traced.arrays["w1"])
    np.testing.assert_array_equal(traced.arrays["g_w1"], 0)
    why = traced.why("w1", (0, 0))
    assert why.gradient == why.penalty == why.change == 0
    assert "stays" in str(why)
    np.testing.assert_allclose(why.by_sample.sum(), traced.arrays["dw1"][0, 0], rtol=1e-12)


def test_images_pass_through():
    images = rng.standard_normal((2, 3, 4))
    traced = step(network(Flatten(), Dense(3), Softmax(), inputs=(3, 4)), images, LABELS[:2])
    check(traced)
    assert traced.arrays["dx"].shape == (2, 3, 4)


def test_a_step_worked_by_hand():
    """x = 2, w₁ = 0.5, z₁ = 1, w₂ = 3, z₂ = 3, target 1: L = 4, dz₂ = 4, dw₂ = 4, dz₁ = 12, dw₁ = 24."""
    model = Model([Dense(1), ReLU(), Dense(1)], inputs=1, dtype=np.float64)
    model.parameters = [0.5, 0.0, 3.0, 0.0]
    traced = step(model, [[2.0]], [[1.0]], MeanSquaredError(), SGD(0.01))
    numbers = {
        name: float(traced.arrays[name].item())
        for name in ("z1", "a1", "z2", "L", "dz2", "dw2", "dz1", "dw1", "w1_new")
    }
    assert numbers == {"z1": 1, "a1": 1, "z2": 3, "L": 4, "dz2": 4, "dw2": 4, "dz1": 12, "dw1": 24, "w1_new": 0.26}
    after = (2 * 0.26 - 0.12) * 2.96 - 0.04  # the biases are −0.12 and −0.04
    assert traced.loss_after == pytest.approx((after - 1) ** 2, rel=1e-12)
    assert traced.why("w1", (0, 0)).contributions.tolist() == [[24]]


def test_contributions_of_samples_are_the_gradients_of_their_losses():
    model = network(Dense(4), Tanh(), Residual([Dense(4), Tanh()]), Dense(3), Softmax())
    traced = step(model)
    for name, index in (("w1", (2, 3)), ("b1", (1,)), ("w2", (0, 1)), ("w3", (3, 2))):
        alone = [
            model.loss_and_gradients(X[s : s + 1], LABELS[s : s + 1], loss=CrossEntropy())[1][name][index] / 4
            for s in range(4)
        ]
        np.testing.assert_allclose(traced.why(name, index).by_sample, alone, rtol=1e-9, atol=1e-15)


def test_paths_lead_through_the_units_of_the_next_layer_with_parameters():
    model = network(Dense(4), ReLU(), Dense(3), Softmax())
    traced = step(model)
    why, arrays = traced.why("w1", (1, 2)), traced.arrays
    assert why.layer == "z2"
    through = X[:, 1, None] * (arrays["z1"][:, 2, None] > 0) * arrays["dz2"] * arrays["w2"][2]
    np.testing.assert_allclose(why.contributions, through, rtol=1e-12, atol=1e-18)
    last = traced.why("w2", (0, 1))
    assert last.layer == "z2"
    assert (last.by_path != 0).tolist() == [False, True, False]


def test_the_penalty_of_a_weight():
    traced = step(network(Dense(3, weight_l2=0.1, weight_l1=0.2), Softmax()))
    weight = traced.arrays["w1"][0, 1]
    assert traced.why("w1", (0, 1)).penalty == pytest.approx(0.2 * weight + 0.2 * np.sign(weight), rel=1e-12)
    assert (
        traced.penalty
        == traced.arrays["R"]
        == pytest.approx(sum([0.1 * w**2 + 0.2 * abs(w) for w in traced.arrays["w1"].flat]))
    )


def test_the_update_of_a_weight_with_its_numbers():
    traced = step(network(Dense(3), Softmax()), optimizer=SGD(0.5, momentum=0.9))
    why = traced.why("b1", 2)
    v, w, new = (traced.arrays[name][2] for name in ("v_b1_new", "b1", "b1_new"))

    def shown(value):
        return f"{value:.6g}".replace("-", "−")

    def operand(value):
        return f"({shown(value)})" if value < 0 else shown(value)

    assert why.update == (
        f"v[b₁]′ = μ · v[b₁] + db₁ = 0.9 · 0 + {operand(v)} = {shown(v)}",
        f"b₁′ = b₁ − η · v[b₁]′ = {operand(w)} − 0.5 · {operand(v)} = {shown(new)}",
    )
    assert all(line in str(why) for line in why.update)


class Sine(whorl.Layer):
    def parameters(self, inputs):
        return {"k": whorl.Parameter(inputs, whorl.initializers.Ones())}

    def forward(self, x, p, rng=None):
        def backward(dy, g):
            g.k[...] = np.sum(dy * x * np.cos(p.k * x), axis=0)
            return dy * p.k * np.cos(p.k * x)

        return np.sin(p.k * x), backward


class Backwards(Optimizer):
    def step(self, parameters, gradients, state, learning_rate, objective=None, /):
        parameters += learning_rate * gradients


class Wide(Dense):
    def constrain(self, p):
        p.w[...] = 1


def squared(prediction, target):
    return ((prediction - target) ** 2).mean(), 2 * (prediction - target) / prediction.size


def test_layers_losses_and_optimizers_of_ones_own_are_shown_without_formulas():
    model = network(Dense(4), Average([Sine(), Dense(3)], 2))
    traced = step(model, X, TARGETS, squared, Backwards(0.1))
    check(traced)
    check_why(traced)
    notes = {traced[name].note for name in traced if not traced[name].formula}
    assert {
        "computed by Sine.forward",
        "computed by Sine.backward",
        "computed by squared",
        "computed by Backwards.step",
    } <= notes
    loss, gradients = model.loss_and_gradients(X, TARGETS, loss=squared)
    assert traced.loss == loss
    np.testing.assert_array_equal(traced.arrays["dk2"], gradients["k2"])
    np.testing.assert_array_equal(traced.arrays["w1_new"], model.named_parameters()["w1"] + 0.1 * gradients["w1"])


def test_a_constraint_of_ones_own():
    traced = step(network(Wide(3, max_norm=2.0), Softmax()))
    assert traced["w1_new"].note == "computed by the constraint of Wide(3, max_norm=2.0)"
    np.testing.assert_array_equal(traced.arrays["w1_new"], 1)


def test_lbfgs_with_pairs_and_at_a_minimum():
    model = network(Dense(3))
    training = model.training(X, TARGETS, loss=MeanSquaredError(), optimizer=LBFGS(), epochs=60, rng=0, fast=False)
    for epoch in training:
        if epoch.number in (3, 60):
            check(step(model, X, TARGETS, MeanSquaredError(), LBFGS(), state=training.state), 1e-9)


def test_names():
    traced = step(network(Dense(4), ReLU(), Dropout(0.5), Dense(3), Softmax()), rng=0)
    assert list(traced.arrays)[:9] == ["x", "w1", "b1", "z1", "a1", "M1", "a1_2", "w2", "b2"]
    assert traced["z2"].operands == ["a1_2", "w2", "b2"]
    assert traced["w1_new"].operands == ["w1", "dw1"]
    assert len(traced) == len(list(traced)) == len(traced.arrays)
    with pytest.raises(ValueError, match="read-only"):
        traced.arrays["z1"][0, 0] = 1
    assert isinstance(traced, Trace)


def test_invalid_arguments():
    model = network(Dense(3), Softmax())
    traced = step(model)
    with pytest.raises(TypeError, match="optimizer must be"):
        step(model, optimizer="sgd")
    with pytest.raises(TypeError, match="state must be"):
        step(model, state={})
    other = network(Dense(4), Softmax()).training(X, LABELS, loss=CrossEntropy(), optimizer=SGD(), epochs=1)
    with pytest.raises(ValueError, match="state must be of a training of this model, with 18 parameters, got 24"):
        step(model, state=other.state)
    with pytest.raises(ValueError, match="there is no parameter 'w2'"):
        traced.why("w2", 0)
    for index, message in (
        ((0,), "must hold 2 numbers"),
        ((0, 3), "must be within the shape"),
        ((0, 1.5), "must be a whole number"),
    ):
        with pytest.raises((ValueError, TypeError), match=message):
            traced.why("w1", index)
    with pytest.raises(KeyError, match="there is no array 'z9'"):
        traced["z9"]
    with pytest.raises(ValueError, match="w1 has no formula: it is parameter"):
        traced.evaluate("w1")


def test_a_formula_that_is_wrong_is_noticed():
    from whorl.glassbox.tracing import layer_rules

    rules = dict(layer_rules.FIXED)
    for right, wrong in (("x @ w + b", "x @ w"), ("x.T @ dy", "-x.T @ dy"), ("dy @ w.T", "dy @ w.T / 2")):
        rule = rules[Dense]
        changed = type(rule)(
            rule.forward.replace(right, wrong), rule.backward.replace(right, wrong), rule.page, rule.letter
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(layer_rules.FIXED, Dense, changed)
            traced = step(network(Dense(3), Dense(3), Softmax()), optimizer=Adam())
        with pytest.raises(AssertionError, match="tolerance"):
            check(traced)
