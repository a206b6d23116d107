"""Recipes with other settings inside."""

import pytest

from whorl import (
    GELU,
    SGD,
    Adam,
    AdamW,
    Averaged,
    Clipped,
    Cosine,
    Dense,
    Dropout,
    InverseTime,
    Lion,
    ReLU,
    Residual,
    WarmUp,
)
from whorl.initializers import Normal
from whorl.layers import BatchNorm
from whorl.recipes import RECIPES, classification
from whorl.recipes.edits import stretched, with_dropout, with_hidden, with_learning_rate
from whorl.schedules import Chain, Step


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (Adam(0.1), Adam(0.3)),
        (Adam(Cosine(0.1, epochs=5)), Adam(Cosine(0.3, epochs=5))),
        (
            Clipped(Averaged(Lion(WarmUp(0.1, epochs=5))), norm=1),
            Clipped(Averaged(Lion(WarmUp(0.3, epochs=5))), norm=1),
        ),
    ],
)
def test_the_learning_rate_is_changed_inside_wrappers_and_schedules(optimizer, expected):
    assert with_learning_rate(optimizer, 0.3) == expected


def test_a_learning_rate_that_is_no_number_cannot_be_changed():
    with pytest.raises(ValueError, match=r"there is no learning_rate to change in Chain\("):
        with_learning_rate(Clipped(Adam(Chain([(5, 0.1), (5, 0.01)])), norm=1), 0.1)


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (Adam(Cosine(0.1, epochs=50)), Adam(Cosine(0.1, epochs=150))),
        (Adam(WarmUp(Cosine(0.1, epochs=45), epochs=5)), Adam(WarmUp(Cosine(0.1, epochs=135), epochs=15))),
        (Averaged(Adam(0.1)), Averaged(Adam(0.1))),
        (SGD(InverseTime(0.1, decay=0.5)), SGD(InverseTime(0.1, decay=0.5))),
        (SGD(Step(0.1, every=10)), SGD(Step(0.1, every=10))),
        (SGD(Chain([(5, 0.1), (5, Cosine(0.1, epochs=5))])), SGD(Chain([(15, 0.1), (15, Cosine(0.1, epochs=15))]))),
        (AdamW(0.1, weight_decay=Cosine(0.1, epochs=50)), AdamW(0.1, weight_decay=Cosine(0.1, epochs=150))),
        (
            (Dense(8), Residual([Dropout(Cosine(0.1, epochs=50))])),
            (Dense(8), Residual([Dropout(Cosine(0.1, epochs=150))])),
        ),
    ],
)
def test_schedules_are_stretched(optimizer, expected):
    assert stretched(optimizer, 50, 150) == expected


def test_another_number_of_epochs_stretches_the_schedules_of_layers_that_are_not_replaced():
    falling = Dropout(Cosine(0.2, epochs=100))
    recipe = classification().replace(epochs=100, layers=[Dense(8), falling])
    assert recipe.replace(epochs=50).layers == (Dense(8), Dropout(Cosine(0.2, epochs=50)))
    assert recipe.replace(epochs=50, layers=[falling]).layers == (falling,)
    assert recipe.replace(epochs=50, optimizer=SGD(0.1)).layers[1] == Dropout(Cosine(0.2, epochs=50))
    table = RECIPES["table"]["default"]
    assert table.replace(epochs=10).scales == table.scales  # the same layers, so several kinds of networks


START = Normal(2.0)


@pytest.mark.parametrize(
    ("layers", "sizes", "expected"),
    [
        ([Dense(64), ReLU()], [5], [Dense(5), ReLU()]),
        ([Dense(64), ReLU(), Dense(32), GELU()], [5], [Dense(5), ReLU()]),
        (
            [Dropout(0.2), Dense(64, weight_l2=0.1, initializer=START), BatchNorm(), ReLU()],
            [5, 6],
            [
                *[Dropout(0.2), Dense(5, weight_l2=0.1, initializer=START), BatchNorm(), ReLU()],
                *[Dense(6, weight_l2=0.1), BatchNorm(), ReLU()],
            ],
        ),
        (
            [Dense(64, initializer=START), ReLU(), Dense(64, initializer=START), GELU()],
            [5, 6, 7],
            [Dense(5, initializer=START), ReLU(), Dense(6, initializer=START), GELU(), Dense(7), GELU()],
        ),
    ],
)
def test_hidden_layers_of_other_sizes(layers, sizes, expected):
    assert with_hidden(layers, sizes) == tuple(expected)


def test_without_a_dense_layer_there_is_no_size_to_change():
    with pytest.raises(ValueError, match=r"there is no Dense layer to change in \[ReLU\(\)\]"):
        with_hidden([ReLU()], [5])


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (0.0, [Dropout(0.2), Dense(4), ReLU(), Dense(5), BatchNorm(), ReLU()]),
        (0.3, [Dropout(0.2), Dense(4), ReLU(), Dropout(0.3), Dense(5), BatchNorm(), ReLU(), Dropout(0.3)]),
    ],
)
def test_dropout_at_the_end_of_each_hidden_layer(rate, expected):
    layers = [Dropout(0.2), Dense(4), ReLU(), Dropout(0.5), Dense(5), BatchNorm(), ReLU()]
    assert with_dropout(layers, rate) == tuple(expected)
