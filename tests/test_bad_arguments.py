"""Each argument with each kind of invalid value, and each method with each kind of invalid data.

The error has the right type, and names the argument, what was expected, and the value. Neither the model nor a training in
progress changes.
"""

from math import inf, nan
from types import SimpleNamespace

import numpy as np
import pytest
from tests.checksums import checksum

import whorl
from whorl import (
    ELU,
    LBFGS,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Average,
    Averaged,
    BatchNorm,
    Checkpoint,
    Clip,
    Clipped,
    Constant,
    Cosine,
    CrossEntropy,
    Dense,
    Dropout,
    EarlyStopping,
    Embedding,
    Exponential,
    Hinge,
    Huber,
    InverseTime,
    LayerNorm,
    LeakyReLU,
    Lion,
    Model,
    NAdam,
    OneCycle,
    PeriodicEmbedding,
    Polynomial,
    Progress,
    Quantile,
    ReduceOnPlateau,
    ReLU,
    Rescale,
    RMSprop,
    Softmax,
    StopAt,
    TimeLimit,
    WarmUp,
    fit_many,
)
from whorl.glassbox import permutation_importance, saliency
from whorl.initializers import Normal, Uniform
from whorl.schedules import Step
from whorl.tables import Category, Number
from whorl.tracking import LivePlot, MLflow, TensorBoard

X, Y = whorl.datasets.spiral(20, rng=0)
ONE_HOT = np.eye(3)[Y]


def whole(minimum, *, optional=False):
    """Invalid values for an argument that must be a whole number."""
    expected = f"a whole number of at least {minimum}"
    yield from ((value, TypeError, expected) for value in (2.5, 2.0, "3", True, [3], nan, 1j, np.array([3])))
    yield from ((value, ValueError, expected) for value in (minimum - 1, -(10**30)))
    if not optional:
        yield None, TypeError, expected


def number(bounds, *outside, optional=False):
    """Invalid values for an argument that must be a finite number within bounds."""
    expected = f"a finite number {bounds}".rstrip()
    yield from ((value, TypeError, expected) for value in ("0.1", True, [0.1], 1j, np.array([0.1])))
    yield from ((value, ValueError, expected) for value in (nan, inf, -inf, *outside))
    if not optional:
        yield None, TypeError, expected


def truth():
    """Invalid values for an argument that must be True or False."""
    return ((value, TypeError, "True or False") for value in (1, 0, "yes", None, 1.0))


def rate():
    """Invalid values for a learning rate."""
    expected = "a finite number at least 0"
    yield from ((value, ValueError, expected) for value in (-0.1, nan, inf, -inf))
    yield from ((value, TypeError, expected) for value in ("0.1", None, [0.1], True))


def text():
    """Invalid values for an argument that must be text."""
    return ((value, TypeError, "text") for value in (3, None, ["a"], b"a"))


def fit(model, state, **options):
    return model.fit(
        X, Y, **{"loss": CrossEntropy(), "optimizer": Adam(0.01), "epochs": 9, "rng": 0, "state": state, **options}
    )


POSITIVE, FRACTION, SHARE = (
    ("above 0", 0, -1.0),
    ("at least 0 and below 1", -0.1, 1.0, 1.5),
    ("above 0 and below 1", 0, 1, -0.5),
)
AT_LEAST_0 = "at least 0", -1e-9, -1

# What is called with the value; the name of the argument; the invalid values.
ARGUMENTS = [
    (Dense, "units", whole(1)),
    (lambda v: Dense(3, weight_l1=v), "weight_l1", number(*AT_LEAST_0)),
    (lambda v: Dense(3, weight_l2=v), "weight_l2", number(*AT_LEAST_0)),
    (lambda v: Dense(3, bias_l1=v), "bias_l1", number(*AT_LEAST_0)),
    (lambda v: Dense(3, bias_l2=v), "bias_l2", number(*AT_LEAST_0)),
    (lambda v: Dense(3, max_norm=v), "max_norm", number(*POSITIVE, optional=True)),
    (Dropout, "rate", number(*FRACTION)),
    (LeakyReLU, "slope", number(*FRACTION)),
    (ELU, "alpha", number(*AT_LEAST_0)),
    (lambda v: BatchNorm(momentum=v), "momentum", number("above 0 and at most 1", 0, 1.1)),
    (lambda v: BatchNorm(epsilon=v), "epsilon", number(*POSITIVE)),
    (lambda v: LayerNorm(epsilon=v), "epsilon", number(*POSITIVE)),
    (lambda v: Embedding([3], v), "dimension", whole(1)),
    (lambda v: Embedding([v], 2), "categories[0]", whole(1)),
    (lambda v: Embedding([3], 2, columns=[v]), "columns[0]", whole(0)),
    (lambda v: PeriodicEmbedding(columns=[v]), "columns[0]", whole(0)),
    (lambda v: Average([ReLU()], v), "members", whole(1)),
    (lambda v: Clip(v, 1e300), "low", number("")),
    (lambda v: Clip(-1e300, v), "high", number("")),
    (lambda v: Rescale(v, 0.0), "factor", number("")),
    (lambda v: Rescale(1.0, [0.5, v]), "offset[1]", number("")),
    (Normal, "std", number(*POSITIVE)),
    (Uniform, "limit", number(*POSITIVE)),
    (lambda v: CrossEntropy(label_smoothing=v), "label_smoothing", number(*FRACTION)),
    (lambda v: Huber(delta=v), "delta", number(*POSITIVE)),
    (lambda v: Hinge(margin=v), "margin", number(*POSITIVE)),
    (lambda v: Quantile((v, 0.5)), "q[0]", number(*SHARE)),
    *((kind, "learning_rate", rate()) for kind in (SGD, Adam, AdamW, NAdam, RMSprop, Adagrad, Lion, LBFGS)),
    (lambda v: SGD(momentum=v), "momentum", number(*FRACTION)),
    (lambda v: SGD(0.1, nesterov=v), "nesterov", truth()),
    (lambda v: Adam(beta1=v), "beta1", number(*FRACTION)),
    (lambda v: Adam(beta2=v), "beta2", number(*FRACTION)),
    (lambda v: Adam(epsilon=v), "epsilon", number(*POSITIVE)),
    (lambda v: AdamW(weight_decay=v), "weight_decay", number(*AT_LEAST_0)),
    (lambda v: NAdam(momentum_decay=v), "momentum_decay", number(*AT_LEAST_0)),
    (lambda v: RMSprop(alpha=v), "alpha", number(*FRACTION)),
    (lambda v: RMSprop(momentum=v), "momentum", number(*FRACTION)),
    (lambda v: Adagrad(epsilon=v), "epsilon", number(*POSITIVE)),
    (lambda v: Lion(beta2=v), "beta2", number(*FRACTION)),
    (lambda v: LBFGS(history=v), "history", whole(1)),
    (lambda v: Clipped(SGD(0.1), norm=v), "norm", number(*POSITIVE)),
    (lambda v: Averaged(SGD(0.1), decay=v), "decay", number(*SHARE)),
    (Constant, "learning_rate", number(*AT_LEAST_0)),
    (lambda v: InverseTime(0.1, decay=v), "decay", number(*AT_LEAST_0)),
    (lambda v: Exponential(0.1, decay=v), "decay", number("above 0 and at most 1", 0, 1.1)),
    (lambda v: Step(0.1, every=v), "every", number(*POSITIVE, optional=True)),
    (lambda v: Step(0.1, factor=v, every=1), "factor", number("above 0 and at most 1", 0, 1.1)),
    (lambda v: Step(0.1, milestones=[v]), "milestones[0]", number(*POSITIVE)),
    (lambda v: Polynomial(0.1, epochs=v), "epochs", number(*POSITIVE)),
    (lambda v: Polynomial(0.1, epochs=9, power=v), "power", number(*POSITIVE)),
    (lambda v: Cosine(0.1, epochs=v), "epochs", number(*POSITIVE)),
    (lambda v: Cosine(0.1, epochs=9, end=v), "end", number(*AT_LEAST_0)),
    (lambda v: Cosine(0.1, epochs=9, cycles=v), "cycles", whole(1)),
    (lambda v: Cosine(0.1, epochs=9, growth=v), "growth", number("at least 1", 0.9)),
    (lambda v: OneCycle(0.1, epochs=9, warmup=v), "warmup", number(*FRACTION)),
    (lambda v: WarmUp(0.1, epochs=v), "epochs", number(*POSITIVE)),
    (lambda v: WarmUp(0.1, epochs=5, start=v), "start", number(*AT_LEAST_0)),
    (lambda v: ReduceOnPlateau(0.1, factor=v), "factor", number(*SHARE)),
    (lambda v: ReduceOnPlateau(0.1, patience=v), "patience", whole(0)),
    (lambda v: ReduceOnPlateau(0.1, threshold=v), "threshold", number(*AT_LEAST_0)),
    (lambda v: EarlyStopping(patience=v), "patience", whole(0)),
    (lambda v: EarlyStopping(threshold=v), "threshold", number(*AT_LEAST_0)),
    (lambda v: StopAt("loss", v), "goal", number("")),
    (TimeLimit, "seconds", number(*POSITIVE)),
    (lambda v: Checkpoint("a.npz", every=v), "every", whole(1)),
    (lambda v: Checkpoint("a.npz", steps=v), "steps", whole(1, optional=True)),
    (lambda v: Checkpoint("a.npz", state=v), "state", truth()),
    (lambda v: TensorBoard("runs", histograms=v), "histograms", whole(1, optional=True)),
    (lambda v: MLflow(model=v), "model", truth()),
    (lambda v: LivePlot(every=v), "every", number(*AT_LEAST_0)),
    (Progress, "every", whole(1, optional=True)),
    (lambda v: Number("a", v), "fill", number("")),
    (lambda v: Number("a", 1, missing=v), "missing", truth()),
    (lambda v: Category("a", ["x", "y"], other=v), "other", truth()),
    (lambda v: Model([Dense(3)], inputs=v), "inputs", ((v, e, t) for v, e, t in whole(1) if v != [3] and not isinstance(v, np.ndarray))),
    (lambda v: Model([Dense(3)], inputs=(2, v)), "inputs[1]", whole(1)),
    (whorl.datasets.spiral, "samples", whole(1)),
    (lambda v: whorl.datasets.spiral(9, classes=v), "classes", whole(1)),
    (lambda v: whorl.datasets.spiral(9, noise=v), "noise", number(*AT_LEAST_0)),
    (lambda v: whorl.datasets.circles(9, factor=v), "factor", number(*FRACTION)),
    (lambda v: whorl.datasets.blobs(9, spread=v), "spread", number(*AT_LEAST_0)),
]  # fmt: skip

TRAINING = [
    ("epochs", whole(0)),
    ("batch_size", whole(1, optional=True)),
    ("accumulate", whole(1)),
    ("threads", whole(1, optional=True)),
    ("stratify", truth()),
    ("fast", ((v, e, t) for v, e, t in truth() if v is not None)),
    ("validation", ((v, e, t) for v, e, t in number(*SHARE, optional=True) if not isinstance(v, list | np.ndarray))),
    ("on_divergence", ((v, TypeError, "'raise' or 'stop' or 'skip'") for v in (None, 3, True, ["raise"]))),
    ("on_divergence", ((v, ValueError, "'raise' or 'stop' or 'skip'") for v in ("", "RAISE", "ignore"))),
    ("loss", ((v, TypeError, "a Loss, such as CrossEntropy()") for v in ("mse", None, CrossEntropy, 3, SGD(0.1)))),
    ("optimizer", ((v, TypeError, "an Optimizer, such as SGD(0.1)") for v in ("adam", None, Adam, 3, CrossEntropy()))),
    ("metrics", ((v, TypeError, "a list of names or functions") for v in ("accuracy", None, 3))),
    ("callbacks", ((v, TypeError, "a list of callbacks") for v in ("stop", None, 3))),
    ("rng", ((v, TypeError, "a whole number of at least 0") for v in ("seed", 1.0, True, [0]))),
    ("rng", ((v, ValueError, "a whole number of at least 0") for v in (-1, -(10**30)))),
]


def shown(value):
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and type {value.dtype}"
    return f"the class {value.__name__} itself" if isinstance(value, type) else repr(value)


def wrong_values():
    for call, name, values in ARGUMENTS:
        kind = getattr(call, "__name__", "").replace("<lambda>", "")
        for value, error, expected in values:
            yield pytest.param(
                lambda *_, v=value, c=call: c(v), name, value, error, expected, id=f"{kind}-{name}-{value!r}"
            )
    for name, values in TRAINING:
        for value, error, expected in values:
            call = lambda model, state, n=name, v=value: fit(model, state, **{n: v})  # noqa: E731
            yield pytest.param(call, name, value, error, expected, id=f"fit-{name}-{value!r}")


@pytest.fixture(scope="module")
def running():
    """A model, and a training of it in the middle of an epoch."""
    model = Model([BatchNorm(), Dense(6), ReLU(), Dropout(0.1), Dense(3), Softmax()], inputs=2, rng=0)
    model.freeze(1)
    callbacks = [EarlyStopping("loss")]
    training = model.training(
        X,
        Y,
        loss=CrossEntropy(),
        optimizer=Averaged(Adam(0.01)),
        epochs=9,
        rng=0,
        metrics=["accuracy"],
        callbacks=callbacks,
    )
    steps = training.steps()
    for _ in range(3):
        next(steps)
    steps.close()
    assert training.state.current is not None
    return SimpleNamespace(model=model, training=training, state=training.state)


@pytest.fixture
def unchanged(running):
    """Fails the test if it changes the model or the training."""
    before = checksum(running.model, running.state)
    yield
    assert checksum(running.model, running.state) == before


@pytest.mark.parametrize(("call", "name", "value", "error", "expected"), list(wrong_values()))
def test_a_wrong_value_is_refused(call, name, value, error, expected, running, unchanged):
    with pytest.raises((TypeError, ValueError)) as caught:
        call(running.model, running.state)
    assert caught.type is error
    message = str(caught.value)
    assert message.startswith(name)
    assert expected in message
    assert f", got {shown(value)}" in message


# Data


def spoilt(value, index=(3, 1)):
    array = X.copy()
    array[index] = value
    return array


BAD_X = {
    "one sample": (X[0], ValueError, "X must have shape (n, 2), got (2,)"),
    "transposed": (X.T, ValueError, "X must have shape (n, 2), got (2, 60)"),
    "one column": (X[:, :1], ValueError, "X must have shape (n, 2), got (60, 1)"),
    "three columns": (np.zeros((60, 3)), ValueError, "X must have shape (n, 2), got (60, 3)"),
    "one dimension more": (X[None], ValueError, "X must have shape (n, 2), got (1, 60, 2)"),
    "empty": (X[:0], ValueError, "X must hold at least one sample, got shape (0, 2)"),
    "ragged": ([[1, 2], [3]], ValueError, "X must be an array, with rows of equal length"),
    "text": (np.full((60, 2), "a"), TypeError, "X must hold real numbers, got an array of shape (60, 2) and type <U1; whorl.tables.table converts"),
    "objects": (X.astype(object), TypeError, "X must hold real numbers, got an array of shape (60, 2) and type object; use np.asarray(X, float)"),
    "complex": (X + 1j, TypeError, "X must hold real numbers, got an array of shape (60, 2) and type complex128"),
    "dates": (np.zeros((60, 2), "datetime64[s]"), TypeError, "X must hold real numbers"),
    "None": (None, TypeError, "X must hold real numbers"),
    "a mapping": ({"a": 1}, TypeError, "X must hold real numbers, got a mapping with the columns a; whorl.tables.table converts"),
    "NaN": (spoilt(nan), ValueError, "X must hold finite numbers, but X[3, 1] is nan (1 of 120"),
    "infinity": (spoilt(-inf, (0, 0)), ValueError, "X must hold finite numbers, but X[0, 0] is -inf (1 of 120"),
    "too large": (spoilt(1e39), ValueError, "X must hold finite numbers, but X[3, 1] is inf (1 of 120"),
    "masked": (np.ma.masked_less(X, 0), TypeError, "X must not be a masked array"),
}  # fmt: skip
BAD_Y = {
    "a column": (Y[:, None], ValueError, "y must have shape (n,), or (n, 3) if one-hot, got (60, 1); use y.ravel()"),
    "two columns": (ONE_HOT[:, :2], ValueError, "y must have shape (n,), or (n, 3) if one-hot, got (60, 2)"),
    "a number": (0, ValueError, "y must have shape (n,), or (n, 3) if one-hot, got ()"),
    "from 1": (Y + 1, ValueError, "y must hold labels from 0 to 2, one for each of the model's 3 outputs, but y[40] is 3"),
    "from -1": (Y - 1, ValueError, "y must hold labels from 0 to 2, one for each of the model's 3 outputs, but y[0] is -1"),
    "floats": (Y * 1.0, TypeError, "y must hold whole numbers from 0 to 2, got an array of shape (60,) and type float64; use np.asarray(y, int)"),
    "halves": (Y + 0.5, TypeError, "y must hold whole numbers from 0 to 2, got an array of shape (60,) and type float64"),
    "objects": (Y.astype(object), TypeError, "type object; use np.asarray(y, int)"),
    "digits": (Y.astype(str), TypeError, "; use np.asarray(y, int)"),
    "objects of text": (np.full(60, "red", object), TypeError, "; np.unique(y, return_inverse=True)[1] numbers labels; whorl.tables.table converts"),
    "NaN for a label": (np.where(Y == 0, nan, Y), TypeError, "y must hold whole numbers from 0 to 2"),
    "text": (np.full(60, "red"), TypeError, "y must hold whole numbers from 0 to 2, got an array of shape (60,) and type <U3; np.unique(y, return_inverse=True)[1] numbers labels; whorl.tables.table converts data frames with text and gaps, and so do the estimators of whorl.sklearn"),
    "not one-hot": (ONE_HOT * 0.5, ValueError, "y must be one-hot: one 1 in each row, the rest 0, but y[0] is [0.5"),
    "NaN": (np.where(ONE_HOT == 1, nan, 0), ValueError, "y must hold finite numbers, but y[0, 0] is nan"),
    "one too few": (Y[:-1], ValueError, "X and y must have the same number of samples, got 60 and 59"),
    "masked": (np.ma.masked_equal(Y, 0), TypeError, "y must not be a masked array"),
    "None": (None, ValueError, "y must have shape (n,), or (n, 3) if one-hot, got ()"),
}  # fmt: skip
BAD_WEIGHTS = {
    "one": ([1.0], ValueError, "sample_weight must have shape (60,), one for each sample, got (1,)"),
    "a column": (np.ones((60, 1)), ValueError, "sample_weight must have shape (60,), one for each sample, got (60, 1)"),
    "negative": (-np.ones(60), ValueError, "sample_weight must not be negative, but sample_weight[0] is -1.0"),
    "all 0": (np.zeros(60), ValueError, "sample_weight must be above 0 for at least one sample"),
    "NaN": (np.full(60, nan), ValueError, "sample_weight must hold finite numbers, but sample_weight[0] is nan"),
    "text": (np.full(60, "1"), TypeError, "type <U1; use np.asarray(sample_weight, float)"),
    "masked": (np.ma.masked_less(np.ones(60), 2), TypeError, "sample_weight must not be a masked array"),
}  # fmt: skip
OPTIONS = {"loss": CrossEntropy(), "optimizer": Averaged(Adam(0.01)), "rng": 0}
METHODS = {
    "predict": lambda r, X, y, **_: r.model.predict(X),
    "activations": lambda r, X, y, **_: r.model.activations(X),
    "adapt": lambda r, X, y, **_: r.model.adapt(X),
    "evaluate": lambda r, X, y, **more: r.model.evaluate(X, y, loss=CrossEntropy(), **more),
    "fit": lambda r, X, y, **more: r.model.fit(X, y, epochs=9, state=r.state, **OPTIONS, **more),
    "training": lambda r, X, y, **more: r.model.training(X, y, epochs=9, **OPTIONS, **more),
    "partial_fit": lambda r, X, y, **more: r.model.partial_fit(X, y, **OPTIONS, state=r.state, **more),
    "validation": lambda r, X, y, **more: fit(r.model, r.state, validation=(X, y, *more.values())),
    "check_gradients": lambda r, X, y, **_: whorl.check_gradients(r.model, X, y, loss=CrossEntropy()),
    "permutation_importance": lambda r, X, y, **_: permutation_importance(r.model, X, y, loss=CrossEntropy()),
    "saliency": lambda r, X, y, **_: saliency(r.model, X),
    "trace": lambda r, X, y, **more: whorl.trace(r.model, X, y, **OPTIONS, **more),
    "fit_many": lambda r, X, y, **more: fit_many([(r.model, (X, y))], epochs=1, **OPTIONS, **more),
}


def wrong_data():
    for method in METHODS:
        kinds = [("X", BAD_X)]
        if method not in ("predict", "activations", "adapt", "saliency"):
            kinds.append(("y", BAD_Y))
        if method not in ("predict", "activations", "adapt", "saliency", "check_gradients", "permutation_importance"):
            kinds.append(("sample_weight", BAD_WEIGHTS))
        for name, bad in kinds:
            for what, (value, error, message) in bad.items():
                if (method, what) == ("check_gradients", "too large"):  # it computes in float64
                    continue
                yield pytest.param(method, {name: value}, error, message, id=f"{method}-{name}-{what}")


@pytest.mark.parametrize(("method", "given", "error", "message"), list(wrong_data()))
def test_wrong_data_are_refused(method, given, error, message, running, unchanged):
    with pytest.raises((TypeError, ValueError)) as caught:
        METHODS[method](running, **({"X": X, "y": Y} | given))
    assert caught.type is error
    assert message in str(caught.value)
