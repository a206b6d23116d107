"""The compiled layers for tables: the numbers of NumPy, in what follows them and around them."""

import numpy as np
import pytest
from test_parity import ACTIVATIONS, CLASSES, NUMBERS, compare

from whorl import (
    SELU,
    SGD,
    AdamW,
    Averaged,
    Clipped,
    Cosine,
    CrossEntropy,
    Dense,
    Dropout,
    EarlyStopping,
    Flatten,
    Lion,
    LogCosine,
    MeanSquaredError,
    Mish,
    Model,
    NTKDense,
    Parametric,
    PeriodicEmbedding,
    RankScale,
    ReLU,
    Residual,
    RobustScale,
    Scale,
    Softmax,
    Tanh,
    fit_many,
)
from whorl.schedules import Chain

WIDTHS = [1, 7, 8, 9, 33]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("after", [[], [ReLU()], [ReLU(), Dropout(0.2)], [Tanh(), Dropout(0.2)]], ids=repr)
def test_a_layer_of_the_tangent_kernel_of_any_width_with_what_is_computed_together_with_it(width, after):
    layers = [NTKDense(width), *after, NTKDense(20, multiple=2.0), *after, NTKDense(width), *after, NTKDense(3)]
    compare(layers, MeanSquaredError(), SGD(0.02), NUMBERS, threads=[1, 2])


@pytest.mark.parametrize("frozen", [(0,), (1, 2), (0, 4)])
def test_frozen_layers_of_the_tangent_kernel_pass_their_gradients(frozen):
    layers = [NTKDense(20), ReLU(), NTKDense(12), Residual([NTKDense(12), Tanh()]), NTKDense(3), Softmax()]
    compare(layers, CrossEntropy(), AdamW(0.01), CLASSES, frozen=frozen)


@pytest.mark.parametrize("large", [2**20, 1], ids=["by samples", "by columns"])
def test_threads_share_wide_layers_of_the_tangent_kernel(large, monkeypatch):
    monkeypatch.setattr("whorl.engine.dense_writer.LARGE", large)
    layers = [NTKDense(200), ReLU(), Dropout(0.3), NTKDense(33), Dense(9, max_norm=0.8), NTKDense(130), Tanh()]
    for frozen in [(), (0, 3)]:
        compare(
            [*layers, NTKDense(3), Softmax()],
            CrossEntropy(),
            SGD(0.01),
            CLASSES,
            inputs=15,
            epochs=10,
            threads=2,
            frozen=frozen,
        )


FALLING = Chain([(3, 0.4), (9, Cosine(0.4, epochs=9))])


@pytest.mark.parametrize("frozen", [(), (0,), (3, 4)])
@pytest.mark.parametrize("validation", [0.2, None])  # without it, a call of the engine takes several epochs
@pytest.mark.parametrize(
    "optimizer",
    [
        AdamW(Cosine(0.01, epochs=12), weight_decay=FALLING),
        AdamW(0.01, weight_decay=0.5),
        Averaged(Clipped(Lion(1e-3, weight_decay=FALLING), norm=0.5), decay=0.9),
        SGD(0.02),
    ],
    ids=repr,
)
def test_schedules_and_factors_of_decay(optimizer, validation, frozen):
    layers = [
        PeriodicEmbedding(multiple=0.1, decay=0.01),
        Scale(multiple=6.0, decay=36.0),
        NTKDense(20, bias_decay=0.0),
        Parametric(Mish(), multiple=0.1, decay=0.5),
        Dropout(FALLING),
        Dense(12, bias_decay=0.25, weight_l2=1e-3),
        ReLU(),
        Dropout(FALLING),
        Residual([Dropout(FALLING), NTKDense(12)]),
        NTKDense(3),
        Softmax(),
    ]
    compare(layers, CrossEntropy(), optimizer, CLASSES, validation=validation, frozen=frozen, threads=[1, 2])


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_each_activation_can_be_learned(activation):
    layers = [Dense(13), Parametric(activation, multiple=0.1), Dropout(0.15), Dense(3), Parametric(activation)]
    compare(layers, MeanSquaredError(), AdamW(0.01), NUMBERS, threads=[1, 2], noise=0.3)


@pytest.mark.parametrize("frozen", [(1,), (0,), (1, 2)])
def test_a_frozen_learned_activation_passes_its_gradients(frozen):
    layers = [NTKDense(9), Parametric(SELU()), Residual([Parametric(Mish(), multiple=0.1)]), NTKDense(3), Softmax()]
    compare(layers, CrossEntropy(), AdamW(0.01), CLASSES, frozen=frozen, noise=0.3)


def test_a_learned_activation_of_images_has_a_share_for_each_pixel():
    X = np.random.default_rng(0).standard_normal((56, 2, 3))
    layers = [Parametric(SELU()), Flatten(), Dense(3), Softmax()]
    compare(layers, CrossEntropy(), SGD(0.1), CLASSES, X=X, inputs=(2, 3), threads=2)


@pytest.mark.parametrize("frozen", [(), (1,), (2,), (1, 2), (0, 4)])
def test_dropout_after_a_learned_activation_has_the_masks_of_numpy(frozen):
    block = [Parametric(Mish(), multiple=0.1), Dropout(0.15), Parametric(SELU()), Dropout(0.0), Parametric(Tanh())]
    layers = [NTKDense(19), *block, Dropout(0.5), NTKDense(3), Softmax()]
    compare(layers, CrossEntropy(), AdamW(0.01), CLASSES, frozen=frozen, threads=[1, 2], noise=0.3)


def test_only_element_wise_activations_are_compiled():
    model = Model([Dense(4), Parametric(Softmax()), Dense(3), Softmax()], inputs=5, rng=0)
    with pytest.raises(ValueError, match=r"fast=True: Parametric\(Softmax\(\)\) has no compiled kernel"):
        model.fit(np.zeros((56, 5)), CLASSES, loss=CrossEntropy(), optimizer=SGD(), epochs=1, fast=True)


@pytest.mark.parametrize("layer", [RankScale(), RankScale(7), RankScale(2)], ids=repr)
def test_ranks_are_those_of_numpy_also_of_constants_ties_and_outliers(layer):
    X = np.random.default_rng(0).lognormal(0, 2, (56, 5))
    X[:, 1], X[:, 2], X[:, 3] = 7.0, X[:, 2].round(), np.where(np.arange(56) % 9, 0, X[:, 3])
    compare([layer, Dense(9), Tanh(), Dense(3), Softmax()], CrossEntropy(), SGD(0.05), CLASSES, X=X, threads=[1, 2, 3])


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_ranks_further_inside_pass_their_gradients_between_the_knots(threads):
    """Fitted to other samples, before a layer that it follows has begun to learn: hardly an input is at a knot."""
    X, start = np.random.default_rng(1).standard_normal((56, 5)), np.random.default_rng(2).standard_normal((90, 5))
    models = []
    for fast in (True, False):
        model = Model([Dense(6), RankScale(7), Dense(3), Softmax()], inputs=5, rng=0, dtype=np.float64)
        model.adapt(start)
        before = model.parameters.copy()
        options = {"loss": CrossEntropy(), "optimizer": SGD(0.02), "epochs": 20, "batch_size": 9, "rng": 3}
        model.fit(X, CLASSES, **options, fast=fast, threads=threads)
        assert np.abs(model.named_parameters()["w1"] - before[:30].reshape(5, 6)).max() > 1e-3
        models.append(model)
    np.testing.assert_allclose(models[0].parameters, models[1].parameters, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(models[0].statistics, models[1].statistics)


@pytest.mark.parametrize(
    "layer", [PeriodicEmbedding(2, 3, scale=1.0), PeriodicEmbedding(3, 2, columns=[3, 0], multiple=0.1)], ids=repr
)
@pytest.mark.parametrize("frozen", [(), (0,), (1,), (2,), (0, 1, 2)])
def test_embedded_columns_pass_and_get_gradients(layer, frozen):
    layers = [Dense(5), layer, Scale(multiple=6.0), RobustScale(), Dense(3), Softmax()]
    compare(layers, CrossEntropy(), AdamW(0.01, epsilon=1e-3), CLASSES, frozen=frozen, threads=[1, 2, 3], epochs=10)


@pytest.mark.parametrize("batch_size", [9, 300, 700, None])
def test_many_samples_are_embedded_in_blocks(batch_size):
    y = np.random.default_rng(0).integers(0, 3, 700)
    layers = [RobustScale(), PeriodicEmbedding(5, 3, columns=[0, 2, 3]), Dense(3), Softmax()]
    compare(layers, CrossEntropy(), SGD(0.1), y, batch_size=batch_size, threads=[1, 2, 3], epochs=3)


def test_fewer_columns_than_threads_are_embedded():
    layers = [PeriodicEmbedding(columns=[1]), Dense(3), Softmax()]
    compare(layers, CrossEntropy(), SGD(0.1), CLASSES, threads=3)


def test_float32_stays_close():
    steps, terms = 200, 32
    first = [RobustScale(), PeriodicEmbedding(multiple=0.1, columns=[0, 1, 3]), Scale(multiple=6.0)]
    layers = [*first, NTKDense(32), Parametric(Mish(), multiple=0.1), Dropout(0.15), NTKDense(3), Softmax()]
    compare(
        layers,
        CrossEntropy(),
        SGD(0.01, momentum=0.9),
        CLASSES,
        epochs=steps // 5,
        dtype=np.float32,
        tolerance=np.sqrt(steps) * terms * np.finfo(np.float32).eps,
    )


def network(last, activation, outputs=3):
    blocks = [each for _ in range(3) for each in (NTKDense(24), Parametric(activation, multiple=0.1), Dropout(0.15))]
    first = [RobustScale(), PeriodicEmbedding(multiple=0.1, columns=[0, 1, 3]), Scale(multiple=6.0)]
    return [*first, *blocks, NTKDense(outputs), *last]


def optimizer(**changed):
    return AdamW(LogCosine(0.04, epochs=8), **{"beta2": 0.95, "weight_decay": 0.02, **changed})


@pytest.mark.parametrize(
    ("loss", "last", "activation", "y"),
    [
        (CrossEntropy(label_smoothing=0.1), [Softmax()], SELU(), CLASSES),
        (MeanSquaredError(), [], Mish(), NUMBERS),
    ],
    ids=["classes", "numbers"],
)
def test_the_network_for_tables_gives_the_numbers_of_numpy(loss, last, activation, y):
    metrics = ["accuracy"] if last else ["r2"]
    given = network(last, activation), loss, optimizer(epsilon=1e-3), y
    callbacks = [EarlyStopping("val_loss", patience=3)]
    compare(
        *given, threads=[1, 2, 3], epochs=8, metrics=metrics, callbacks=callbacks, sample_weight=np.linspace(0.1, 2, 56)
    )


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_network_for_tables_has_the_same_bits_again_and_when_it_is_continued(threads, dtype):
    X = np.random.default_rng(1).standard_normal((56, 5))
    models = []
    for stop in (None, None, 4):
        model = Model(network([Softmax()], Mish()), inputs=5, rng=0, dtype=dtype)
        options = {"loss": CrossEntropy(), "optimizer": optimizer(), "epochs": 8, "batch_size": 9, "rng": 3}
        training = model.training(X, CLASSES, **options, fast=True, threads=threads)
        for epoch in training:
            if epoch.number == stop:
                break
        if stop:
            for _ in model.training(X, CLASSES, **options, fast=True, threads=threads, state=training.state):
                pass
        models.append(model)
    for other in models[1:]:
        np.testing.assert_array_equal(models[0].parameters, other.parameters)
        np.testing.assert_array_equal(models[0].statistics, other.statistics)


def test_networks_for_tables_side_by_side_are_as_alone():
    X = np.random.default_rng(1).standard_normal((56, 5))
    options = {"loss": CrossEntropy(), "optimizer": optimizer(), "epochs": 8, "batch_size": 9, "rng": 3, "fast": True}
    alone, together = (Model(network([Softmax()], SELU()), inputs=5, rng=0) for _ in range(2))
    alone.fit(X, CLASSES, **options, threads=1)
    other = Model(network([Softmax()], Mish()), inputs=5, rng=1)
    fit_many([(together, (X, CLASSES), {}), (other, (X, CLASSES), {})], **options)
    np.testing.assert_array_equal(together.parameters, alone.parameters)
