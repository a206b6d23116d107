"""Options for the fields of a description."""

from __future__ import annotations

import argparse
from dataclasses import KW_ONLY

import pytest

from whorl import SGD, Adam, Averaged, Dense, Dropout, InverseTime, ReLU
from whorl._core.description import Description, argument
from whorl._core.validation import integer, number, truth
from whorl.cli import options
from whorl.recipes import RECIPES


class Bread(Description):
    """Dough in an oven.

    Parameters
    ----------
    loaves : int, optional
        How many loaves,
        100 % of the batch.
    seeds : sequence of str, optional
        `Sesame` and others.

    Notes
    -----
    heat : float
        Not a parameter here.
    """

    loaves: int = argument(integer, default=2)
    _: KW_ONLY
    seeds: tuple[str, ...] = ("sesame", "rye")
    heat: float | None = argument(number, default=None)
    crust: bool = argument(truth, default=True)


class Baguette(Bread):
    """Longer.

    Parameters
    ----------
    heat : float, optional
        HIGH heat.
    """


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser()
    options.add(parser, "bread", Baguette(3))
    return parser


def test_help_is_taken_from_the_docstrings_of_a_class_and_its_bases():
    assert options.documented(Baguette) == {
        "loaves": "how many loaves, 100 % of the batch",
        "seeds": "sesame and others",
        "heat": "HIGH heat",
    }


def test_each_field_is_an_option_with_its_default_in_the_help(parser):
    text = " ".join(parser.format_help().split())
    assert "--loaves N how many loaves, 100 % of the batch [3]" in text
    assert "--seeds NAME [NAME ...] sesame and others [sesame, rye]" in text
    assert "--heat X HIGH heat --crust, --no-crust [True]" in text


def test_only_what_was_given_is_there(parser):
    assert vars(parser.parse_args([])) == {}
    given = ["--loaves", "5", "--seeds", "oat", "--heat", "250", "--no-crust"]
    assert vars(parser.parse_args(given)) == {"loaves": 5, "seeds": ["oat"], "heat": 250.0, "crust": False}
    assert vars(parser.parse_args(["--loaves", "many"])) == {"loaves": "many"}  # for the description to refuse


def test_some_fields_may_be_left_out():
    parser = argparse.ArgumentParser()
    options.add(parser, "bread", Bread(), without=["heat", "crust"])
    assert "heat" not in parser.format_help()


def changed(recipe, **given):
    return options.changed(recipe, argparse.Namespace(**given))


def test_settings_come_before_shortcuts():
    recipe = changed(RECIPES["moons"]["classic"], dropout=0.1, layers="Dense(4), ReLU()", epochs=3, noise=0.5)
    assert recipe.layers == (Dense(4), ReLU(), Dropout(0.1))
    assert (recipe.epochs, recipe.data.noise) == (3, 0.5)


@pytest.mark.parametrize(
    ("given", "optimizer"),
    [
        ({"learning_rate": 0.5}, Averaged(SGD(InverseTime(0.5, decay=0.1), momentum=0.8), decay=0.9)),
        ({"decay": 0.5}, Averaged(SGD(InverseTime(0.2, decay=0.5), momentum=0.8), decay=0.9)),
        ({"momentum": 0.5}, Averaged(SGD(InverseTime(0.2, decay=0.1), momentum=0.5), decay=0.9)),
        ({"optimizer": "Adam(0.3)", "learning_rate": 0.5}, Adam(0.5)),
    ],
)
def test_shortcuts_change_the_optimizer(given, optimizer):
    text = "Averaged(SGD(InverseTime(0.2, decay=0.1), momentum=0.8), decay=0.9)"
    recipe = RECIPES["spiral"]["classic"].replace(optimizer=text)
    assert changed(recipe, **given).optimizer == optimizer


def test_shortcuts_change_all_dense_layers():
    recipe = changed(RECIPES["spiral"]["best"], weight_l2=0.5, bias_l2=0.25, hidden=[7, 8])
    dense = [layer for layer in (*recipe.layers, recipe.output_layer) if isinstance(layer, Dense)]
    assert [(layer.units, layer.weight_l2, layer.bias_l2) for layer in dense] == [
        (7, 0.5, 0.25),
        (8, 0.5, 0.25),
        (3, 0.5, 0.25),
    ]
