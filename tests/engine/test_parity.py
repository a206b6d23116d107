"""The compiled engine against NumPy: the same shuffles, the same masks, and the same numbers up to rounding."""

import numpy as np
import pytest
from catalogue import LAYERS, LOSSES, OPTIMIZERS
from hypothesis import given, settings
from hypothesis import strategies as st

import whorl
from whorl import (
    ELU,
    GELU,
    SELU,
    SGD,
    Adam,
    AdamW,
    Averaged,
    BatchNorm,
    BinaryCrossEntropy,
    Clipped,
    Cosine,
    CrossEntropy,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Hinge,
    Huber,
    InverseTime,
    LayerNorm,
    LeakyReLU,
    Lion,
    MeanAbsoluteError,
    MeanSquaredError,
    Mish,
    Model,
    NAdam,
    NTKDense,
    Parametric,
    ReLU,
    Rescale,
    Residual,
    RMSprop,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Standardize,
    Tanh,
)
from whorl.engine.layers import supported
from whorl.initializers import Normal

COMPILED, NUMPY = True, False
"""The engines, as `fast` chooses them."""

NOT_COMPILED = {"Average", "Clip", "Hinge", "Quantile", "Poisson", "LBFGS"}
"""The public layers, losses and optimizers that have no compiled kernels."""
PARTLY = {"Parametric"}
"""Those that have them for some arguments: an element-wise activation."""


def train(engine, layers, loss, optimizer, y, *, X=None, dtype=np.float64, frozen=(), inputs=5, noise=0, **options):
    """Return the model and the state after training on one engine: by default 60 steps, the last of each epoch shorter.

    The noise is added to the initial parameters.
    """
    rng = np.random.default_rng(1)
    X = rng.standard_normal((len(y), inputs)) if X is None else X
    model = Model(layers, inputs=inputs, rng=2, dtype=dtype)
    model.parameters += noise * rng.uniform(-1, 1, model.parameters.size)
    model.freeze(*frozen)
    options = {"epochs": 12, "batch_size": 9, "rng": 3, "validation": 0.2, **options}
    training = model.training(X, y, loss=loss, optimizer=optimizer, fast=engine, **options)
    for _ in training:
        pass
    assert training.state.history.engine.startswith("compiled" if engine else "NumPy")
    return model, training.state


def deviation(a, b):
    """The largest difference of two arrays, as a fraction of the largest value; below 1e-3 all are rounding errors of 0."""
    return float(np.abs(a - b).max(initial=0) / max(np.abs(b).max(initial=0), 1e-3))


def compare(*arguments, tolerance=1e-10, threads=1, **options):
    """Train on NumPy, and compiled, with one number of threads or several, and compare all that training leaves."""
    plain, plain_state = train(NUMPY, *arguments, **options)
    for count in np.atleast_1d(threads).tolist():
        fast, fast_state = train(COMPILED, *arguments, threads=count, **options)
        assert deviation(fast.parameters, plain.parameters) < tolerance, f"with {count} threads"
        assert deviation(fast.gradients, plain.gradients) < tolerance * 100  # small near a minimum
        assert deviation(fast.statistics, plain.statistics) < tolerance
        for a, b in zip(fast_state.arrays(), plain_state.arrays(), strict=True):
            assert deviation(a, b) < tolerance * 100
        assert fast_state.rng.bit_generator.state == plain_state.rng.bit_generator.state
        assert (fast_state.step, fast_state.epoch) == (plain_state.step, plain_state.epoch)
        for name, values in plain_state.history.items():
            assert fast_state.history[name] == pytest.approx(values, rel=tolerance, abs=tolerance), name


CLASSES = np.random.default_rng(0).integers(0, 3, 56)
NUMBERS = np.random.default_rng(0).standard_normal((56, 3))
FIRST = [layer for layer in LAYERS if supported(layer) and not isinstance(layer, Embedding)]  # which takes categories


AT_KNOTS = {"RankScale"}
"""Layers that are fitted with knots at their inputs. Further inside, rounding decides on which side of a knot an input is."""


@pytest.mark.parametrize("layer", [each for each in FIRST if type(each).__name__ not in AT_KNOTS], ids=repr)
def test_each_layer_gives_the_numbers_of_numpy(layer):
    outputs = 5 if not isinstance(layer, Dense | NTKDense) else layer.units
    layers = [
        Dense(5, initializer=Normal(0.5)),
        layer,
        Dense(outputs, initializer=Normal(0.5)),
        Tanh(),
        Dense(3),
        Softmax(),
    ]
    compare(layers, CrossEntropy(), SGD(0.01, momentum=0.5), CLASSES)


@pytest.mark.parametrize("layer", FIRST, ids=repr)
def test_each_layer_can_be_the_first(layer):
    compare([layer, Dense(3), Softmax()], CrossEntropy(), SGD(0.02), CLASSES)


@pytest.mark.parametrize(
    "loss",
    [
        CrossEntropy(),
        CrossEntropy(label_smoothing=0.1),
        BinaryCrossEntropy(),
        MeanSquaredError(),
        MeanAbsoluteError(),
        Huber(),
        Huber(delta=0.3),
    ],
    ids=repr,
)
@pytest.mark.parametrize("weighted", [False, True])
def test_each_loss_gives_the_numbers_of_numpy(loss, weighted):
    last = {CrossEntropy: [Softmax()], BinaryCrossEntropy: [Sigmoid()]}.get(type(loss), [])
    y = CLASSES if isinstance(loss, CrossEntropy) else np.clip(NUMBERS, 0, 1) if last else NUMBERS
    weight = np.random.default_rng(5).random(len(y)) if weighted else None
    compare([Dense(8), GELU(), Dense(3), *last], loss, Adam(0.01), y, sample_weight=weight)


@pytest.mark.parametrize(
    "optimizer",
    [each for each in OPTIMIZERS if "LBFGS" not in repr(each) and not isinstance(each, RMSprop)]
    + [
        SGD(0.1, momentum=0.5),
        RMSprop(0.005, alpha=0.9, momentum=0.5),
        Averaged(Clipped(NAdam(Cosine(0.01, epochs=30)), norm=0.05), decay=0.8),
        Clipped(Averaged(Averaged(Lion(1e-3, weight_decay=0.1), decay=0.5)), norm=0.1),
        Clipped(Clipped(RMSprop(InverseTime(0.01, decay=0.1)), norm=0.5), norm=0.2),
    ],
    ids=repr,
)
@pytest.mark.parametrize("frozen", [(), (0,), (0, 2)])
def test_each_optimizer_gives_the_numbers_of_numpy(optimizer, frozen):
    layers = [
        Dense(8, weight_l2=0.01, bias_l1=0.02),
        Tanh(),
        Dense(6, max_norm=0.9, weight_l1=0.01),
        Tanh(),
        Dense(3),
        Softmax(),
    ]
    compare(layers, CrossEntropy(), optimizer, CLASSES, frozen=frozen)


def test_metrics_class_weights_and_validation_agree():
    compare(
        [Standardize(), Dense(16), ReLU(), Dropout(0.3), BatchNorm(), Dense(3), Softmax()],
        CrossEntropy(label_smoothing=0.1),
        AdamW(0.01),
        CLASSES,
        metrics=["accuracy", "balanced_accuracy"],
        class_weight="balanced",
        threads=[1, 2, 3],
    )


@pytest.mark.parametrize("layers", [[BatchNorm(), Dense(3)], [Dense(3), BatchNorm(), Tanh(), Dense(3)]], ids=repr)
def test_a_last_batch_of_one_sample_is_normalized_by_the_running_means(layers):
    compare([*layers, Softmax()], CrossEntropy(), SGD(0.1), CLASSES[:28], validation=None)  # batches of 9, 9, 9 and 1


@pytest.mark.parametrize("frozen", [(0,), (1,), (2,), (0, 1, 2, 3)])
def test_frozen_layers_work_as_in_prediction(frozen):
    layers = [Dense(6), Residual([BatchNorm(), Dropout(0.5), Dense(6)]), BatchNorm(), Dropout(0.5), Dense(3), Softmax()]
    compare(layers, CrossEntropy(), Averaged(SGD(0.02, momentum=0.5), decay=0.9), CLASSES, frozen=frozen)


@pytest.mark.parametrize("optimizer", [SGD(0.02, momentum=0.5), Averaged(Adam(0.005), decay=0.9)], ids=repr)
@pytest.mark.parametrize("threads", [1, 2])
def test_layers_may_be_frozen_and_unfrozen_during_training(optimizer, threads):
    X, models = np.random.default_rng(1).standard_normal((56, 5)), []
    for fast in (COMPILED, NUMPY):
        model = Model([Dense(8), ReLU(), Dropout(0.2), Dense(3), Softmax()], inputs=5, rng=0, dtype=np.float64)
        training = model.training(
            X,
            CLASSES,
            loss=CrossEntropy(),
            optimizer=optimizer,
            epochs=9,
            batch_size=9,
            rng=0,
            fast=fast,
            threads=threads,
        )
        for epoch in training:
            model.freeze(*{3: (0,), 6: (3,), 8: ()}.get(epoch.number, model.frozen))
        models.append(model)
    assert deviation(models[0].parameters, models[1].parameters) < 1e-10


def test_images_are_flattened_and_standardized():
    X = np.random.default_rng(0).standard_normal((56, 2, 3))
    layers = [Standardize(), ReLU(), Flatten(), Dense(3), Softmax()]
    compare(layers, CrossEntropy(), SGD(0.1), CLASSES, X=X, inputs=(2, 3))


@pytest.mark.parametrize("sizes", [(5, 1, 1), (5, 7, 8), (5, 9, 9), (5, 64, 3), (17, 65, 33), (8, 8, 8), (200, 3, 120)])
def test_products_of_all_shapes_agree(sizes):
    inputs, *hidden = sizes
    layers = [layer for size in hidden for layer in (Dense(size), ReLU())]
    compare([*layers, Dense(3), Softmax()], CrossEntropy(), SGD(0.02), CLASSES, inputs=inputs, threads=[1, 2])


WIDE = [
    [Dense(200, weight_l2=1e-3, bias_l1=1e-3), ReLU(), Dropout(0.3), Dense(33), ReLU()],
    [Dense(131), Tanh(), Dropout(0.5), BatchNorm(), Dense(3, max_norm=0.5)],
    [
        Dense(197, max_norm=0.8),
        ReLU(),
        Dense(9),
        LayerNorm(),
        Dense(300),
        GELU(),
        Rescale(0.9, 0.1),
        Dense(2),
        Rescale(2.0, (0.5, -1.0)),
        Dense(20),
        ReLU(),
    ],
    [Residual([Dense(256), ReLU(), Dropout(0.2), Dense(15)]), Dense(130, weight_l1=1e-4), Dense(130), ReLU()],
]


@pytest.mark.parametrize("layers", WIDE, ids=repr)
@pytest.mark.parametrize(
    "optimizer", [SGD(0.01), Averaged(Clipped(SGD(0.01, momentum=0.5), norm=1.0), decay=0.9)], ids=repr
)
@pytest.mark.parametrize("large", [2**20, 1], ids=["by samples", "by columns"])
def test_threads_share_wide_layers_by_samples_or_by_columns(layers, optimizer, large, monkeypatch):
    monkeypatch.setattr("whorl.engine.dense_writer.LARGE", large)
    options = {"inputs": 15, "epochs": 4, "threads": [2, 3], "metrics": ["accuracy"]}
    for frozen in ((), (0, 2)):
        compare([*layers, Dense(3), Softmax()], CrossEntropy(), optimizer, CLASSES, frozen=frozen, **options)


# float32: every step adds rounding errors of a few eps, relative to the largest parameter, from sums in another order. The
# network does not amplify them here (it learns slowly, with smooth activations), so they add up like a random walk: after T
# steps about √T times the error of one. An error of one step is at most about k eps for sums of k terms.


@pytest.mark.parametrize("optimizer", [SGD(0.01, momentum=0.9), Adam(0.001), RMSprop(0.001), NAdam(0.001)], ids=repr)
def test_float32_agrees_within_its_rounding(optimizer):
    steps, terms = 200, 32
    tolerance = np.sqrt(steps) * terms * np.finfo(np.float32).eps
    layers = [Dense(32, weight_l2=1e-3), GELU(), Dropout(0.2), Dense(16), Tanh(), Dense(3), Softmax()]
    given = layers, CrossEntropy(), optimizer, CLASSES
    fast, plain = (train(engine, *given, dtype=np.float32, epochs=steps // 5)[0] for engine in (COMPILED, NUMPY))
    assert fast.parameters.dtype == np.float32
    assert deviation(fast.parameters, plain.parameters) < tolerance


ACTIVATIONS = [ReLU(), LeakyReLU(0.2), ELU(), SELU(), GELU(), SiLU(), Mish(), Tanh(), Sigmoid(), Softplus()]
MIXED = [Parametric(each, multiple=0.5) for each in ACTIVATIONS]
SIMPLE = st.sampled_from(
    [*ACTIVATIONS, *MIXED, Dropout(0.25), BatchNorm(), LayerNorm(), Standardize(), Rescale(0.5, 0.1)]
)
PENALTIES = st.sampled_from([{}, {"weight_l2": 1e-3}, {"weight_l1": 1e-3, "bias_l2": 1e-2}, {"max_norm": 1.0}])


@st.composite
def blocks(draw):
    """A Dense or NTKDense layer, what follows it, and perhaps a residual block of the same width."""
    width = draw(st.integers(2, 12))
    first = draw(st.sampled_from([Dense(width, **draw(PENALTIES)), NTKDense(width)]))
    layers = [first, *draw(st.lists(SIMPLE, max_size=3))]
    if draw(st.booleans()):
        layers.append(Residual([*draw(st.lists(SIMPLE, max_size=2)), Dense(width, **draw(PENALTIES)), draw(SIMPLE)]))
    return layers


# Where a gradient is 0 but for rounding, as that of a bias before batch norm, Adam would divide one rounding error by another.
ADAM = Adam(0.01, epsilon=1e-3)
RULES = st.sampled_from([SGD(0.02), SGD(0.02, momentum=0.8, nesterov=True), ADAM, RMSprop(0.01, epsilon=1e-3)])


@st.composite
def trainings(draw):
    """An architecture, an optimizer and the options of a training."""
    layers = [layer for block in draw(st.lists(blocks(), min_size=1, max_size=3)) for layer in block]
    optimizer = draw(RULES)
    if draw(st.booleans()):
        optimizer = Clipped(optimizer, norm=draw(st.sampled_from([0.1, 10.0])))
    if draw(st.booleans()):
        optimizer = Averaged(optimizer, decay=0.9)
    options = {
        "batch_size": draw(st.integers(8, 60)),
        "epochs": 3,
        "validation": draw(st.sampled_from([None, 0.25])),
        "metrics": draw(st.sampled_from([[], ["accuracy"]])),
        "sample_weight": np.linspace(0.1, 2, 56) if draw(st.booleans()) else None,
        "frozen": tuple(draw(st.sets(st.integers(0, len(layers) - 1), max_size=2))),
        "threads": draw(st.integers(1, 3)),
    }
    return layers, optimizer, options


@settings(max_examples=60)
@given(trainings())
def test_any_supported_training_gives_the_numbers_of_numpy(drawn):
    layers, optimizer, options = drawn
    given = [*layers, Dense(3), Softmax()], CrossEntropy(), optimizer, CLASSES
    plain, disturbed = (train(NUMPY, *given, noise=noise, **options)[0] for noise in (0, 1e-15))
    amplified = deviation(disturbed.parameters, plain.parameters)  # of a rounding error: some networks are chaotic
    compare(*given, tolerance=1e-10 + 100 * amplified, **options)


def test_every_public_class_is_compiled_or_listed_as_not():
    kinds = (whorl.Layer, whorl.losses.Loss, whorl.optimizers.Optimizer)
    public = {
        each for name in whorl.__all__ if isinstance(each := getattr(whorl, name), type) and issubclass(each, kinds)
    }
    examples = [*LAYERS, *LOSSES, *OPTIMIZERS[:-1]]  # the last one is LBFGS, wrapped twice
    assert {type(each) for each in examples} == public - {whorl.Layer}
    refused, compiled = set(), set()
    for each in examples:
        loss, last = each if isinstance(each, whorl.losses.Loss) else CrossEntropy(), Softmax()
        if isinstance(loss, BinaryCrossEntropy):
            last = Sigmoid()
        elif not isinstance(loss, CrossEntropy):
            last = Softplus()
        y = CLASSES if isinstance(loss, CrossEntropy | Hinge) else np.abs(NUMBERS).clip(0, 1)
        layers = [Flatten(), each] if isinstance(each, whorl.Layer) and not isinstance(each, Embedding) else [each]
        optimizer = each if isinstance(each, whorl.optimizers.Optimizer) else SGD()
        X = np.zeros((56, 5)) if isinstance(each, Embedding) else None
        layers = layers if isinstance(each, whorl.Layer) else []
        try:
            train(COMPILED, [*layers, Dense(3), last], loss, optimizer, y, X=X, epochs=1, batch_size=None)
        except ValueError:
            refused.add(type(each).__name__)
        else:
            compiled.add(type(each).__name__)
    assert refused - compiled == NOT_COMPILED
    assert refused & compiled == PARTLY
