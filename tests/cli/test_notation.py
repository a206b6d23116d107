"""Layers, optimizers and schedules as text."""

import pytest

from whorl import Cosine, initializers, layers, optimizers
from whorl.cli.notation import INITIALIZERS, LAYERS, OPTIMIZERS, has_rate, optimizer, schedule, stack


@pytest.mark.parametrize(
    ("known", "some", "not_one"),
    [
        (LAYERS, {"dense": layers.Dense, "batch_norm": layers.BatchNorm, "leaky_relu": layers.LeakyReLU}, "layer"),
        (OPTIMIZERS, {"sgd": optimizers.SGD, "adamw": optimizers.AdamW, "clipped": optimizers.Clipped}, "optimizer"),
        (INITIALIZERS, {"zeros": initializers.Zeros, "he_normal": initializers.HeNormal}, "initializer"),
    ],
)
def test_what_can_be_written(known, some, not_one):
    assert some.items() <= known.items()
    assert not_one not in known
    assert list(known) == sorted(known)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "[]"),
        ("relu", "[ReLU()]"),
        ("dense(64) relu dropout(0.1)", "[Dense(64), ReLU(), Dropout(0.1)]"),
        (" dense( 64,\tweight_l2 = 1e-4 )\n batch_norm()  ", "[Dense(64, weight_l2=0.0001), BatchNorm()]"),
        ("leaky_relu(0.2), gelu,selu()", "[LeakyReLU(0.2), GELU(), SELU()]"),
        ("residual([dense(4), relu, dense(2)]) tanh", "[Residual((Dense(4), ReLU(), Dense(2))), Tanh()]"),
        ("dense(8, initializer=normal(0.1))", "[Dense(8, initializer=Normal(0.1))]"),
    ],
)
def test_layers_in_a_row(text, expected):
    assert repr(stack(text)) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dense(64) rely", "'rely' is not known; did you mean relu?"),
        ("dense(64)relu", "cannot be read: invalid syntax, in 'dense(64)relu'"),
        ("dense (64)", "dense: missing a required argument: 'units'"),
        ("64 relu", "must be a call, got '64'"),
        ("dense(64 relu", "cannot be read"),
        ("dense(64)) relu", "cannot be read: unmatched ')'"),
        ("normal(0.1)", "must hold layers, got Normal(0.1); there are batch_norm, dense, "),
        ("dense(0)", "dense: units must be a whole number of at least 1, got 0"),
        ("dense(64, activation='relu')", "dense has no argument 'activation'; it is written dense(units, *, "),
        ("__import__('os')", "'__import__' is not known"),
    ],
)
def test_other_layers_are_refused(text, words):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the words are compared below
        stack(text)
    assert words in str(caught.value)


COSINE = Cosine(0.1, epochs=9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("adam", "Adam(Cosine(0.1, epochs=9.0))"),
        ("sgd(momentum=0.9, nesterov=True)", "SGD(Cosine(0.1, epochs=9.0), momentum=0.9, nesterov=True)"),
        ("adamw(0.01, weight_decay=0.05)", "AdamW(0.01, weight_decay=0.05)"),
        ("adam(constant(0.2))", "Adam(Constant(0.2))"),
        ("clipped(averaged(lion), norm=1)", "Clipped(Averaged(Lion(Cosine(0.1, epochs=9.0))), norm=1.0)"),
        ("averaged(adam(learning_rate=0.3), decay=0.9)", "Averaged(Adam(0.3), decay=0.9)"),
    ],
)
def test_the_schedule_goes_to_the_innermost_optimizer_unless_it_has_a_rate(text, expected):
    assert repr(optimizer(text, COSINE)) == expected
    assert has_rate(text) is ("Cosine" not in expected)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("adams", "'adams' is not known; did you mean adam?"),
        ("cosine(0.1, epochs=9)", "must be an optimizer, got 'cosine(0.1, epochs=9)'; there are adagrad, adam, "),
        ("clipped(adam)", "argument: 'norm'; it is written clipped(optimizer, *, norm)"),  # the rest is Python's
        ("clipped(0.1, norm=1)", "clipped: optimizer must be an Optimizer, such as SGD(0.1), got 0.1"),
        ("sgd(momentum=1)", "sgd: momentum must be a finite number at least 0 and below 1, got 1"),
        ("", "cannot be read"),
    ],
)
def test_other_optimizers_are_refused(text, words):
    for read in (has_rate, lambda text: optimizer(text, COSINE)):
        with pytest.raises(ValueError) as caught:  # noqa: PT011  # the words are compared below
            read(text)
        assert words in str(caught.value)


def test_a_schedule():
    assert repr(schedule("warm_up(cosine(0.1, epochs=9), epochs=1)")) == "WarmUp(Cosine(0.1, epochs=9.0), epochs=1.0)"
    with pytest.raises(ValueError, match="'adam' is not known"):
        schedule("adam")
