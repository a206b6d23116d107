"""The search space of a recipe: what is found in it, between which limits, and that changes reach the right place."""

import pytest

from whorl import (
    LBFGS,
    SGD,
    AdamW,
    BatchNorm,
    Clipped,
    Constant,
    Cosine,
    Dense,
    Dropout,
    Exponential,
    NTKDense,
    PeriodicEmbedding,
    ReLU,
    Residual,
)
from whorl.recipes import RECIPES, Recipe, classification
from whorl.sweeps import Range, space
from whorl.sweeps.search_space import SETTINGS, changed, own_values

PRESETS = {f"{data} {preset}": recipe for data, presets in RECIPES.items() for preset, recipe in presets.items()}


def recipe(layers, optimizer=None):
    return Recipe(layers, optimizer=optimizer or SGD(0.1), epochs=10, batch_size=32)


@pytest.mark.parametrize("name", PRESETS)
def test_a_recipe_has_its_own_values_and_takes_those_at_the_limits(name):
    own = PRESETS[name]
    ranges = space(own)
    assert {"learning_rate", "units", "hidden_layers", "batch_size"} <= set(ranges) <= set(SETTINGS)
    assert changed(own, own_values(own, ranges)) is own
    for end in ("low", "high"):
        values = {each: limits.rounded(getattr(limits, end)) for each, limits in ranges.items()}
        assert own_values(changed(own, values), ranges) == values


def test_each_setting_is_changed_where_it_is():
    penalties = {"weight_l2": 1e-4, "bias_l2": 1e-5}
    start = recipe(
        [
            Dropout(0.2),
            Dense(64, **penalties),
            BatchNorm(),
            ReLU(),
            Dropout(0.1),
            Dense(16, **penalties),
            ReLU(),
            Dropout(0.1),
        ],
        Clipped(SGD(Cosine(0.1, epochs=10), momentum=0.9), norm=1.0),
    ).replace(output_layer=Dense(1, weight_l2=1e-3))
    values = {"learning_rate": 0.5, "units": 32, "hidden_layers": 3, "dropout": 0.4, "weight_l2": 2e-4, "batch_size": 8}
    penalties["weight_l2"] = 2e-4
    block = [ReLU(), Dropout(0.4)]
    assert changed(start, values) == recipe(
        [
            Dropout(0.2),
            Dense(32, **penalties),
            BatchNorm(),
            *block,
            Dense(8, **penalties),
            *block,
            Dense(8, **penalties),
            *block,
        ],
        Clipped(SGD(Cosine(0.5, epochs=10), momentum=0.9), norm=1.0),
    ).replace(output_layer=Dense(1, weight_l2=2e-3), batch_size=8)


def test_weight_decay_and_the_scale_of_an_embedding():
    start = recipe([PeriodicEmbedding(scale=0.5), NTKDense(8), ReLU()], Clipped(AdamW(0.01), norm=1.0))
    found = changed(start, {"weight_decay": 0.2, "scale": 2.0, "hidden_layers": 2})
    assert found.optimizer == Clipped(AdamW(0.01, weight_decay=0.2), norm=1.0)
    assert found.layers == (PeriodicEmbedding(scale=2.0), NTKDense(8), ReLU(), NTKDense(8), ReLU())


@pytest.mark.parametrize(
    ("layers", "optimizer", "missing"),
    [
        ([Dense(8), ReLU(), Residual([Dense(8)])], SGD(0.1), {"units", "hidden_layers"}),
        ([Dense(8), Dropout(Cosine(0.5, epochs=10))], SGD(0.1), {"dropout"}),
        ([ReLU()], SGD(0.1), {"units", "hidden_layers", "dropout"}),
        ([Dense(8)], SGD(lambda epoch: 0.1), {"learning_rate"}),
        ([Dense(8)], SGD(0.0), {"learning_rate"}),
        ([Dense(8)], LBFGS(), {"batch_size"}),
    ],
)
def test_what_cannot_be_searched_is_left_out(layers, optimizer, missing):
    whole = {"learning_rate", "units", "hidden_layers", "dropout", "batch_size"}
    assert whole - set(space(recipe(layers, optimizer))) == missing


def test_a_penalty_or_a_decay_is_searched_only_if_there_is_one():
    assert "weight_l2" not in space(recipe([Dense(8)]))
    assert "weight_l2" in space(recipe([Dense(8, weight_l2=1e-3)]))
    assert "weight_decay" in space(recipe([Dense(8)], AdamW()))
    assert "weight_decay" not in space(recipe([Dense(8)], AdamW(weight_decay=Exponential(0.1, decay=0.5))))
    assert "weight_decay" not in space(recipe([Dense(8)], AdamW(weight_decay=0.0)))


def test_what_several_networks_take_in_turn_is_not_searched():
    table = RECIPES["table"]["default"]
    assert not {"dropout", "scale"} & set(space(table))
    assert {"dropout", "scale"} < set(space(table.replace(members=1)))
    assert {"dropout", "scale"} < set(space(table.replace(scales=(), dropouts=())))
    kept = changed(table, {"units": 32, "hidden_layers": 2})
    assert (kept.scales, kept.dropouts, kept.members) == (table.scales, table.dropouts, 32)


def test_the_learning_rate_is_found_within_schedules():
    assert own_values(recipe([Dense(8)], SGD(Constant(0.3))), {"learning_rate": Range(0, 1)}) == {"learning_rate": 0.3}


def test_values_are_brought_within_the_limits_and_rounded():
    assert own_values(classification(), {"units": Range(8, 100, whole=True), "dropout": Range(0.2, 0.3)}) == {
        "units": 100,
        "dropout": 0.2,
    }
    assert Range(0.1, 1).rounded(0.123456) == 0.123
    assert Range(0.0001234567, 1).rounded(0.0001234567) == 0.0001234567
    assert Range(1, 10_000, whole=True).rounded(1234) == 1234


@pytest.mark.parametrize(
    ("low", "high", "options", "message"),
    [
        (1, 0, {}, "high must be a finite number at least 1, got 0"),
        (0, 1, {"log": True}, "low must be a finite number above 0, got 0"),
        (0, 1.5, {"whole": True}, "high must be a whole number, got 1.5"),
        (0, float("nan"), {}, "high must be a finite number, got nan"),
    ],
)
def test_invalid_ranges(low, high, options, message):
    with pytest.raises(ValueError, match=message):
        Range(low, high, **options)
