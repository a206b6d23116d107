"""Text such as ``Adam(Cosine(0.1, epochs=50))`` is read back as what it says, and anything else is refused."""

import ast
import contextlib
import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whorl import initializers, layers, losses, optimizers, schedules
from whorl._core import notation
from whorl._core.notation import LONGEST, concrete, parse, parse_list, parse_one
from whorl.initializers import Initializer
from whorl.layers import Layer
from whorl.losses import Loss
from whorl.optimizers import Optimizer
from whorl.schedules import Schedule

SCHEDULES = concrete(schedules, Schedule)
OPTIMIZERS = concrete(optimizers, Optimizer) | SCHEDULES
LAYERS = concrete(layers, Layer) | concrete(initializers, Initializer)
LOSSES = concrete(losses, Loss)


@pytest.mark.parametrize(
    ("known", "some", "not_one"),
    [
        (LAYERS, {"Dense", "BatchNorm", "LeakyReLU", "Residual", "Zeros", "HeNormal"}, "Layer"),
        (OPTIMIZERS, {"SGD", "AdamW", "Clipped", "Averaged", "LBFGS"}, "Optimizer"),
        (SCHEDULES, {"InverseTime", "OneCycle", "ReduceOnPlateau", "WarmUp"}, "Schedule"),
        (LOSSES, {"CrossEntropy", "Huber", "Quantile"}, "Loss"),
    ],
)
def test_concrete_lists_the_classes_that_can_be_made(known, some, not_one):
    assert some <= set(known)
    assert not_one not in known
    assert all(kind.__name__ == name for name, kind in known.items())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Constant(0.1)", "Constant(0.1)"),
        (" InverseTime( 0.05,decay = 2.5e-4 ) ", "InverseTime(0.05, decay=0.00025)"),
        ("Exponential(1, decay=0.9)", "Exponential(1.0, decay=0.9)"),
        ("Step(0.1, milestones=[30, 60])", "Step(0.1, milestones=(30.0, 60.0))"),
        ("Step(0.1, milestones=None, every=3)", "Step(0.1, every=3.0)"),
        ("Polynomial(learning_rate=+0.1, epochs=9)", "Polynomial(0.1, epochs=9.0)"),
        ("Cosine(0.1, epochs=5, cycles=3, growth=2)", "Cosine(0.1, epochs=5.0, cycles=3, growth=2.0)"),
        ("OneCycle(0.1,\n  epochs=5)", "OneCycle(0.1, epochs=5.0)"),
        ("WarmUp(Cosine(0.1, epochs=45), epochs=5)", "WarmUp(Cosine(0.1, epochs=45.0), epochs=5.0)"),
        ("Chain([(5, 0.1), [9, Constant(1)]])", "Chain(((5.0, Constant(0.1)), (9.0, Constant(1.0))))"),
        (
            "ReduceOnPlateau(0.1, monitor='val_accuracy', higher_is_better=True)",
            "ReduceOnPlateau(0.1, monitor='val_accuracy', higher_is_better=True)",
        ),
    ],
)
def test_schedules_are_read(text, expected):
    assert repr(parse_one(text, SCHEDULES, Schedule)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Adam", "Adam()"),
        ("SGD(momentum=0.9, nesterov=True)", "SGD(momentum=0.9, nesterov=True)"),
        ("AdamW(0.01, weight_decay=0.05)", "AdamW(0.01, weight_decay=0.05)"),
        ("Adam(Cosine(0.2, epochs=9))", "Adam(Cosine(0.2, epochs=9.0))"),
        ("Clipped(Averaged(Lion(Constant(0.1))), norm=1)", "Clipped(Averaged(Lion(Constant(0.1))), norm=1.0)"),
    ],
)
def test_optimizers_are_read(text, expected):
    assert repr(parse_one(text, OPTIMIZERS, Optimizer)) == expected.replace("Adam()", repr(optimizers.Adam()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("[]", []),
        ("ReLU", [layers.ReLU()]),
        ("Dense(64), ReLU, Dropout(0.1)", [layers.Dense(64), layers.ReLU(), layers.Dropout(0.1)]),
        ("[Dense(64), ReLU(),]", [layers.Dense(64), layers.ReLU()]),
        (" Dense( 64,\tweight_l2 = 1e-4 ),\n BatchNorm()  ", [layers.Dense(64, weight_l2=1e-4), layers.BatchNorm()]),
        ("LeakyReLU(0.2), GELU,SELU()", [layers.LeakyReLU(0.2), layers.GELU(), layers.SELU()]),
        ("Residual([Dense(4), ReLU]), Tanh", [layers.Residual([layers.Dense(4), layers.ReLU()]), layers.Tanh()]),
        ("Dense(8, initializer=Normal(0.1))", [layers.Dense(8, initializer=initializers.Normal(0.1))]),
    ],
)
def test_layers_are_read_with_or_without_brackets(text, expected):
    assert parse_list(text, LAYERS, Layer) == expected


def test_lists_tuples_dicts_and_constants_are_read():
    assert parse("[1, -2.5, (True, None), {'a': 'b', 3: []}, 'c']", {}) == [
        1,
        -2.5,
        (True, None),
        {"a": "b", 3: []},
        "c",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Dense(64), Rely()", "'Rely' is not known; did you mean 'ReLU'?"),
        ("dense(64), relu", "'dense' is not known; did you mean 'Dense'?"),
        ("dense(64) relu dropout(0.1)", "'dense' is not known; did you mean 'Dense'?"),
        ("Dense(64) relu", "'relu' is not known; did you mean 'ReLU'?"),
        ("batch_norm", "'batch_norm' is not known; did you mean 'BatchNorm'?"),
        ("Linear(64)", "'Linear' is not known; did you mean 'Dense'?"),
        ("Dense(64) ReLU()", "cannot be read: invalid syntax, in 'Dense(64) ReLU()'"),
        ("64, ReLU", "must list only Layer objects (Average, BatchNorm, Clip, Dense, "),
        ("Dense(64, ReLU", "cannot be read: '(' was never closed"),
        ("Dense(64)), ReLU", "cannot be read: unmatched ')'"),
        ("Dense(64)), (ReLU", "cannot be read: unmatched ')'"),
        ("Normal(0.1)", "must list only Layer objects (Average, BatchNorm, Clip, Dense, "),
        ("Dense(0)", "Dense: units must be a whole number of at least 1, got 0"),
        (
            "Dense(64, activation='relu')",
            "Dense has no argument 'activation'; an activation is a layer of its own, after this one: [Dense(64), ReLU()]; its usage is Dense(units, *, ",
        ),
        (
            "Dense(64, kernel_initializer=Zeros)",
            "Dense has no argument 'kernel_initializer'; did you mean 'initializer'?",
        ),
        ("__import__('os')", "'__import__' is not known"),
    ],
)
def test_other_layers_are_refused(text, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        parse_list(text, LAYERS, Layer)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("adam(0.1)", "'adam' is not known; did you mean 'Adam'?"),
        ("Adams", "'Adams' is not known; did you mean 'Adam'?"),
        ("Cosine(0.1, epochs=9)", "must be one of Adagrad, Adam, AdamW, Averaged, "),
        ("0.1", "must be one of Adagrad, Adam, AdamW, Averaged, "),
        ("Clipped(Adam)", "argument: 'norm'; its usage is Clipped(optimizer, *, norm)"),  # the rest is Python's
        ("Clipped(0.1, norm=1)", "Clipped: optimizer must be an Optimizer, such as SGD(0.1), got 0.1"),
        ("SGD(momentum=1)", "SGD: momentum must be a finite number at least 0 and below 1, got 1"),
        ("SGD(lr=1)", "SGD has no argument 'lr'; did you mean 'learning_rate'?"),
        (
            "Adam(ReduceOnPlateau(0.1, min_delta=0.1))",
            "has no argument 'min_delta'; threshold is the smallest improvement",
        ),
        ("", "cannot be read: invalid syntax, in ''"),
    ],
)
def test_other_optimizers_are_refused(text, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        parse_one(text, OPTIMIZERS, Optimizer)


WRONG = [
    ("Cosine(0.1, epochs=5", "cannot be read: '(' was never closed, in 'Cosine(0.1, epochs=5'"),
    ("Cosine(0.1) Cosine(0.1)", "cannot be read: invalid syntax"),
    ("a\0b", "cannot be read: source code"),
    ("x" * 10001, "must have at most 10000 characters, got 10001"),
    ("Cosine", "Cosine: missing a required argument: 'learning_rate'; its usage is Cosine(learning_rate, *, epochs"),
    ("Sine", "'Sine' is not known; did you mean 'Cosine'?"),
    ("0.1", "must be one of Chain, Constant, Cosine, "),
    ("lambda: 1", "must be made of numbers, text in quotes, lists and calls of Chain, Constant, "),
    ("[Constant(1)]", "must be one of Chain, Constant, "),
    ("Cosin(0.1)", "'Cosin' is not known; did you mean 'Cosine'?"),
    ("eval('1')", "'eval' is not known; known are Chain, Constant"),
    ("__import__('os').system('true')", "\"__import__('os').system\" is not known"),
    ("Cosine.mro()", "'Cosine.mro' is not known"),
    ("Constant(1)(2)", "'Constant(1)' is not known"),
    ("(lambda: 1)()", "'lambda: 1' is not known"),
    ("Constant(eval('1'))", "'eval' is not known"),
    ("Constant(x)", "'x' is not known; known are Chain, Constant"),
    ("Constant(1 + 1)", "got '1 + 1'"),
    ("Constant(not 1)", "got 'not 1'"),
    ("Constant(-'1')", "got \"-'1'\""),
    ("Constant(1j)", "got '1j'"),
    ("Constant(b'1')", "got \"b'1'\""),
    ("Constant(...)", "got '...'"),
    ("Constant({x: 2})", "got '{x: 2}'"),
    ("Constant([i for i in x])", "got '[i for i in x]'"),
    ("Constant(f'{x}')", "got \"f'{x}'\""),
    ("Constant((y := 1))", "got '(y := 1)'"),
    ("Constant(*[1])", "got '*[1]'"),
    ("Constant(**{'learning_rate': 1})", "Constant: arguments must be written out, got **{'learning_rate': 1}"),
    ("WarmUp(Constant, epochs=1)", "Constant: missing a required argument: 'learning_rate'; its usage is Constant("),
    ("WarmUp(sine, epochs=1)", "'sine' is not known; did you mean 'Cosine'?"),
    ("Constant()", "Constant: missing a required argument: 'learning_rate'; its usage is Constant(learning_rate)"),
    ("Constant(1, 2)", "Constant: too many positional arguments"),
    ("Constant(1, learning_rate=2)", "Constant: multiple values for argument 'learning_rate'"),
    ("Cosine(1, epochs=1, epochs=2)", "Cosine: epochs is given twice"),
    (
        "Cosine(1, epoch=1)",
        "Cosine has no argument 'epoch'; did you mean 'epochs'?; its usage is Cosine(learning_rate,",
    ),
    ("Cosine(1, epochs=0)", "Cosine: epochs must be a finite number above 0, got 0"),
    ("Constant(1e999)", "Constant: learning_rate must be a finite number at least 0, got inf"),
    ("Constant(True)", "Constant: learning_rate must be a finite number at least 0, got True"),
    ("WarmUp(Cosine(1, epochs='5'), epochs=1)", "Cosine: epochs must be a finite number above 0, got '5'"),
    ("Chain([1])", "Chain: parts[0] must be (epochs, schedule), got 1"),
]


@pytest.mark.parametrize(("text", "words"), WRONG, ids=[row[0][:30] for row in WRONG])
def test_other_schedules_are_refused(text, words):
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        parse_one(text, SCHEDULES, Schedule)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["(" * LONGEST, "-" * 9980 + "1", "Constant(" + "-" * 9980 + "1)", "a" + ".a" * 4980 + "()"]
)
def test_deep_nesting_is_refused(text):
    with pytest.raises(ValueError, match=r"nested|cannot be read|must be made of|is not known"):
        parse_one(text, SCHEDULES, Schedule)


@given(st.text(alphabet="Constaie_=()[]{}*,.-+1e0'\"\\ :#\n\t", max_size=40) | st.text(max_size=20))
def test_any_text_gives_an_object_or_an_error_message(text):
    for written in (text, f"Constant({text})"):
        with contextlib.suppress(ValueError):
            assert isinstance(parse_one(written, SCHEDULES, Schedule), Schedule)
        with contextlib.suppress(ValueError):
            assert all(isinstance(layer, Layer) for layer in parse_list(written, LAYERS, Layer))


POSITIVE = st.floats(1e-6, 1e6)
BELOW_ONE = st.floats(0, 0.999)
RATES = st.one_of(
    st.builds(schedules.Constant, POSITIVE),
    st.builds(schedules.InverseTime, POSITIVE, decay=BELOW_ONE),
    st.builds(schedules.Exponential, POSITIVE, decay=st.floats(0.1, 1)),
    st.builds(schedules.Step, POSITIVE, factor=st.floats(0.1, 0.9), every=POSITIVE),
    st.builds(schedules.Step, POSITIVE, milestones=st.lists(POSITIVE, min_size=1, max_size=3, unique=True).map(sorted)),
    st.builds(schedules.Polynomial, POSITIVE, epochs=POSITIVE),
    st.builds(schedules.Cosine, POSITIVE, epochs=POSITIVE, cycles=st.integers(1, 9), growth=st.floats(1, 3)),
    st.builds(schedules.OneCycle, POSITIVE, epochs=POSITIVE),
    st.builds(schedules.ReduceOnPlateau, POSITIVE, patience=st.integers(0, 99)),
)
SCHEDULE = st.recursive(
    RATES,
    lambda inner: (
        st.builds(schedules.WarmUp, inner, epochs=POSITIVE)
        | st.builds(schedules.Chain, st.lists(st.tuples(POSITIVE, inner), min_size=1, max_size=3))
    ),
    max_leaves=4,
)
OPTIMIZER = st.recursive(
    st.one_of(
        st.builds(optimizers.SGD, SCHEDULE | POSITIVE, momentum=BELOW_ONE),
        st.builds(optimizers.Adam, SCHEDULE | POSITIVE, beta1=BELOW_ONE),
        st.builds(optimizers.AdamW, SCHEDULE | POSITIVE, weight_decay=BELOW_ONE),
    ),
    lambda inner: st.builds(optimizers.Clipped, inner, norm=POSITIVE) | st.builds(optimizers.Averaged, inner),
    max_leaves=3,
)
LAYER = st.recursive(
    st.one_of(
        st.builds(
            layers.Dense,
            st.integers(1, 9999),
            weight_l2=BELOW_ONE,
            max_norm=st.none() | POSITIVE,
            initializer=st.builds(initializers.Normal, POSITIVE) | st.just(initializers.Zeros()),
        ),
        st.builds(layers.Dropout, BELOW_ONE),
        st.builds(layers.Embedding, st.lists(st.integers(1, 99), min_size=1, max_size=3), st.integers(1, 9)),
        st.sampled_from(
            [
                layers.ReLU(),
                layers.BatchNorm(),
                layers.Standardize(),
                layers.Rescale(-2.0, 1e-300),
                layers.Rescale(2.0, (0.5, -1.0)),
            ]
        ),
    ),
    lambda inner: st.builds(layers.Residual, st.lists(inner, min_size=1, max_size=3)),
    max_leaves=4,
)
LOSS = st.one_of(
    st.builds(losses.CrossEntropy, label_smoothing=BELOW_ONE),
    st.builds(losses.Huber, delta=POSITIVE),
    st.builds(losses.MeanSquaredError),
)


@pytest.mark.parametrize(
    ("objects", "known"),
    [(SCHEDULE, SCHEDULES), (OPTIMIZER, OPTIMIZERS), (LAYER, LAYERS), (LOSS, LOSSES)],
    ids=["schedules", "optimizers", "layers", "losses"],
)
def test_what_repr_writes_is_read_back(objects, known):
    @given(objects)
    def check(value):
        again = parse(repr(value), known, limit=100_000)
        assert again == value
        assert repr(again) == repr(value)

    check()


def test_nothing_is_evaluated_or_imported():
    tree = ast.parse(inspect.getsource(notation))
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & {"eval", "exec", "compile", "__import__", "globals", "getattr"}
