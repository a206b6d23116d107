"""What must hold for every network, whatever its layers, sizes and numbers: files, order, scale, and parts of a batch."""

import copy
import pickle

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.checksums import checksum

from whorl import (
    ELU,
    GELU,
    SELU,
    SGD,
    Adam,
    BatchNorm,
    BinaryCrossEntropy,
    CrossEntropy,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Huber,
    LayerNorm,
    LeakyReLU,
    MeanSquaredError,
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
    load,
)
from whorl.passes import loss_pass

SEEDS = st.integers(0, 2**32 - 1)
SMALL = settings(max_examples=60)


def simple_layers():
    """Layers that keep the shape of flat inputs, or have one of their own."""
    plain = st.sampled_from(
        [ReLU(), LeakyReLU(0.2), ELU(), SELU(), GELU(), SiLU(), Mish(), Tanh(), Sigmoid(), Softplus()]
    )
    norms = st.sampled_from([BatchNorm(), LayerNorm(), Rescale(0.5, 1.0), Dropout(0.3), Standardize()])
    strengths = st.sampled_from([0.0, 0.01])
    dense = st.builds(
        Dense, st.integers(1, 9), weight_l2=strengths, bias_l1=strengths, max_norm=st.sampled_from([None, 2.0])
    )
    return st.one_of(plain, norms, dense)


@st.composite
def models(draw, hidden=None, dtype=None, ends=None):
    """A model that has been adapted to some samples and has statistics of its own."""
    inputs = draw(st.sampled_from([1, 3, 6, (2, 3)]))
    first = [] if isinstance(inputs, int) else [Flatten()]
    if inputs == 6 and hidden is None and draw(st.booleans()):
        first = [Embedding([3, 4], 2, columns=[0, 2])]
    width = draw(st.integers(1, 7))
    inside = draw(st.lists(simple_layers() if hidden is None else hidden, max_size=4))
    block = [Residual([Dense(width), Tanh()])] if draw(st.booleans()) else []
    ends = ends or st.sampled_from([[Softmax()], [Sigmoid()], []])
    layers = [*first, *inside, Dense(width), *block, Dense(draw(st.integers(2, 4))), *draw(ends)]
    dtype = dtype or draw(st.sampled_from(["float32", "float64"]))
    model = Model(layers, inputs=inputs, rng=draw(SEEDS), dtype=dtype)
    model.adapt(samples(model, 40, draw(SEEDS)))
    return model


def samples(model, count, seed):
    X = np.random.default_rng(seed).standard_normal((count, *model.inputs))
    if isinstance(model.layers[0], Embedding):
        X[:, [0, 2]] = np.random.default_rng(seed).integers(0, 3, (count, 2))
    return X.astype(model.dtype)


def problem(model, count, seed):
    """Samples, targets, and a loss that fits the last layer."""
    rng, k = np.random.default_rng(seed), model.outputs[0]
    X = samples(model, count, seed)
    if isinstance(model.layers[-1], Softmax):
        return X, rng.integers(0, k, count), CrossEntropy()
    if isinstance(model.layers[-1], Sigmoid):
        return X, rng.integers(0, 2, (count, k)), BinaryCrossEntropy()
    return X, rng.standard_normal((count, k)), MeanSquaredError()


def gradients(model, X, y, loss, weight=None):
    """The loss and a copy of its gradients, without dropout."""
    target = loss.targets(y, model.outputs, model.dtype)
    done = loss_pass(model, X, target, loss, weight)
    done.backward()
    return done.loss, model.gradients.copy()


def close(a, b, dtype, scale=None):
    tolerance = 1e-10 if dtype == np.float64 else 2e-4
    scale = max(1e-3, float(np.abs(a).max(initial=0)), float(np.abs(b).max(initial=0))) if scale is None else scale
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * scale)


# Files and copies


@SMALL
@given(models(), st.integers(1, 50), SEEDS, st.integers(0, 2))
def test_a_saved_model_predicts_to_the_bit(tmp_path_factory, model, count, seed, steps):
    X, y, loss = problem(model, 30, seed)
    model.freeze(0)
    model.fit(X, y, loss=loss, optimizer=Adam(0.01), epochs=steps, rng=seed, fast=False)
    path = tmp_path_factory.mktemp("save") / "a.npz"
    model.save(path)
    other = load(path)
    new = samples(model, count, seed + 1)
    for each in other, copy.deepcopy(model), pickle.loads(pickle.dumps(model)):
        assert each.predict(new).tobytes() == model.predict(new).tobytes()
        assert each.dtype == model.dtype
        assert each.layers == model.layers
        assert each.frozen == model.frozen
    again = path.with_name("b.npz")
    other.save(again)
    assert again.read_bytes() == path.read_bytes()


@SMALL
@given(models(), SEEDS)
def test_a_copy_shares_nothing(model, seed):
    X, y, loss = problem(model, 20, seed)
    before, other = checksum(model), copy.deepcopy(model)
    other.fit(X, y, loss=loss, optimizer=SGD(0.1), epochs=1, rng=0, fast=False)
    assert checksum(model) == before


# Order


@SMALL
@given(models(), st.integers(2, 40), SEEDS)
def test_the_order_of_the_samples_does_not_matter(model, count, seed):
    X, y, loss = problem(model, count, seed)
    order = np.random.default_rng(seed).permutation(count)
    close(model.predict(X)[order], model.predict(X[order]), model.dtype)
    assert_same(gradients(model, X, y, loss), gradients(model, X[order], y[order], loss), model.dtype)
    one, other = (model.evaluate(X[rows], y[rows], loss=loss)["loss"] for rows in (slice(None), order))
    close(np.array(one), np.array(other), model.dtype)


def assert_same(one, other, dtype):
    """The same loss and gradients, up to rounding."""
    close(np.array(one[0]), np.array(other[0]), dtype)
    close(one[1], other[1], dtype)


@SMALL
@given(models(), st.integers(1, 2500), SEEDS)
def test_a_prediction_does_not_depend_on_the_other_samples(model, count, seed):
    X = samples(model, count, seed)
    row = np.random.default_rng(seed).integers(count)
    close(model.predict(X)[row], model.predict(X[row][None])[0], model.dtype)


@SMALL
@given(st.integers(1, 6), st.integers(1, 8), SEEDS)
def test_the_order_of_the_hidden_units_does_not_matter(inputs, units, seed):
    rng = np.random.default_rng(seed)
    one, other = (
        Model([Dense(units), GELU(), Dense(3), Softmax()], inputs=inputs, rng=seed, dtype="float64") for _ in range(2)
    )
    order, p, q = rng.permutation(units), one.named_parameters(), other.named_parameters()
    q["w1"][...], q["b1"][...], q["w2"][...] = p["w1"][:, order], p["b1"][order], p["w2"][order]
    X, y = rng.standard_normal((20, inputs)), rng.integers(0, 3, 20)
    close(one.predict(X), other.predict(X), one.dtype)
    g, h = (each.named_gradients() for each in (one, other) if gradients(each, X, y, CrossEntropy()))
    close(g["w1"][:, order], h["w1"], one.dtype)
    close(g["w2"][order], h["w2"], one.dtype)


# Parts of a batch


@SMALL
@given(models(), st.integers(2, 40), st.data(), SEEDS)
def test_the_gradient_of_a_batch_is_the_mean_of_those_of_its_parts(model, count, data, seed):
    X, y, loss = problem(model, count, seed)
    cut = data.draw(st.integers(1, count - 1))
    whole = gradients(model, X, y, loss)
    first, second = (gradients(model, X[part], y[part], loss) for part in (slice(cut), slice(cut, None)))
    share = cut / count
    mixed = tuple(share * a + (1 - share) * b for a, b in zip(first, second, strict=True))
    assert_same(whole, mixed, model.dtype)


@SMALL
@given(models(), st.integers(1, 30), SEEDS, st.integers(0, 3))
def test_a_weight_of_a_whole_number_is_that_many_copies(model, count, seed, most):
    X, y, loss = problem(model, count, seed)
    times = np.random.default_rng(seed).integers(0, most + 1, count)
    times[0] += 1
    rows = np.repeat(np.arange(count), times)
    one = model.evaluate(X, y, loss=loss, sample_weight=times)["loss"]
    other = model.evaluate(X[rows], y[rows], loss=loss)["loss"]
    close(np.array(one), np.array(other), model.dtype)


@SMALL
@given(models(), st.integers(1, 30), SEEDS, st.floats(1e-6, 1e6))
def test_only_the_ratios_of_the_weights_matter(model, count, seed, factor):
    X, y, loss = problem(model, count, seed)
    weight = np.random.default_rng(seed).random(count) + 0.1
    one, other = (model.evaluate(X, y, loss=loss, sample_weight=w)["loss"] for w in (weight, weight * factor))
    close(np.array(one), np.array(other), model.dtype)


# Scale


@SMALL
@given(st.integers(1, 5), st.integers(1, 9), SEEDS, st.floats(0.1, 10), st.sampled_from([ReLU(), LeakyReLU(0.1)]))
def test_scaled_weights_before_a_relu_scale_its_output(inputs, units, seed, factor, activation):
    model = Model([Dense(units), activation, Dense(2)], inputs=inputs, rng=seed, dtype="float64")
    X, y = samples(model, 20, seed), np.random.default_rng(seed).standard_normal((20, 2))
    model.named_parameters()["b1"][...] = np.random.default_rng(seed).standard_normal(units)
    before, (_, slopes) = model.predict(X), gradients(model, X, y, MeanSquaredError())
    w1, b1, w2 = (model.named_parameters()[name] for name in ("w1", "b1", "w2"))
    w1 *= factor
    b1 *= factor
    w2 /= factor
    close(model.predict(X), before, model.dtype)
    model.gradients = slopes
    old = {name: view.copy() for name, view in model.named_gradients().items()}
    gradients(model, X, y, MeanSquaredError())
    g = model.named_gradients()
    close(g["w1"] * factor, old["w1"], model.dtype)
    close(g["w2"] / factor, old["w2"], model.dtype)
    close(g["b2"], old["b2"], model.dtype)


@SMALL
@given(st.integers(2, 6), st.integers(1, 20), SEEDS, st.floats(-1e3, 1e3))
def test_a_constant_added_to_all_scores_changes_no_probability(k, count, seed, shift):
    model = Model([Dense(k), Softmax()], inputs=3, rng=seed, dtype="float64")
    X, y = samples(model, count, seed), np.random.default_rng(seed).integers(0, k, count)
    before, (loss, slopes) = model.predict(X), gradients(model, X, y, CrossEntropy())
    model.named_parameters()["b1"][...] += shift
    np.testing.assert_allclose(model.predict(X), before, atol=1e-12)
    again, slopes_again = gradients(model, X, y, CrossEntropy())
    np.testing.assert_allclose(again, loss, atol=1e-11)
    np.testing.assert_allclose(slopes_again, slopes, atol=1e-11)


@SMALL
@given(st.integers(1, 5), SEEDS, st.floats(0.01, 100), st.floats(-10, 10))
def test_standardized_inputs_may_have_any_unit(inputs, seed, factor, offset):
    X = np.random.default_rng(seed).standard_normal((30, inputs))
    found = []
    for given_X in (X, X * factor + offset):
        model = Model([Standardize(), Dense(4), Tanh(), Dense(2)], inputs=inputs, rng=seed, dtype="float64")
        model.adapt(given_X)
        found.append(model.predict(given_X))
    np.testing.assert_allclose(*found, rtol=1e-7, atol=1e-9)


@SMALL
@given(st.integers(1, 3), st.integers(1, 20), SEEDS, st.floats(0.01, 100))
def test_losses_of_scaled_errors(k, count, seed, factor):
    rng = np.random.default_rng(seed)
    y, prediction = rng.standard_normal((2, count, k))
    error = MeanSquaredError()
    np.testing.assert_allclose(error(prediction * factor, y * factor), factor**2 * error(prediction, y), rtol=1e-10)
    huber, scaled = Huber(delta=0.7), Huber(delta=0.7 * factor)
    np.testing.assert_allclose(scaled(prediction * factor, y * factor), factor**2 * huber(prediction, y), rtol=1e-10)


# Training


@SMALL
@given(SEEDS, st.integers(2, 20), st.integers(1, 4))
def test_accumulated_batches_are_one_batch(seed, size, accumulate):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((40, 3)), rng.integers(0, 3, 40)
    found = []
    for options in ({"batch_size": size, "accumulate": accumulate}, {"batch_size": size * accumulate}):
        model = Model([Dense(5), Tanh(), Dense(3), Softmax()], inputs=3, rng=seed, dtype="float64")
        model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(0.01), epochs=2, rng=0, fast=False, **options)
        found.append(model.parameters)
    np.testing.assert_allclose(*found, rtol=1e-6, atol=1e-8)


@SMALL
@given(SEEDS, st.integers(1, 40))
def test_labels_and_one_hot_rows_train_alike(seed, size):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((40, 3)), rng.integers(0, 3, 40)
    found = []
    for labels in (y, np.eye(3)[y], y.astype(np.uint8)):
        model = Model([Dense(5), Tanh(), Dense(3), Softmax()], inputs=3, rng=seed)
        model.fit(X, labels, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=2, batch_size=size, rng=seed, fast=False)
        found.append(model.parameters.tobytes())
    assert len(set(found)) == 1
