"""Options for the fields of a description."""

from __future__ import annotations

import argparse
from dataclasses import KW_ONLY
from typing import Literal

import pytest

from whorl import Adam, Dense, Dropout, ReLU
from whorl._core.description import Description, argument
from whorl._core.validation import integer, number, truth
from whorl.cli import options
from whorl.recipes import RECIPES
from whorl.tables import Preparation


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
    flour: Literal["spelt", "rye"] | None = None
    hours: tuple[float, ...] = (0.5, 2.0)


class Baguette(Bread):
    """Longer.

    Parameters
    ----------
    heat : float, optional
        HIGH heat.
    flour : {"spelt", "rye"}, optional
        The flour.
    """


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser()
    options.add(parser, "bread", Baguette(3))
    return parser


def test_help_is_taken_from_the_docstrings_of_a_class_and_its_bases():
    assert options.documented(Baguette) == {
        "loaves": "how many loaves, 100 % of the batch",
        "seeds": "Sesame and others",
        "heat": "HIGH heat",
        "flour": "the flour",
    }


def test_each_field_is_an_option_with_its_default_in_the_help(parser):
    text = " ".join(parser.format_help().split())
    assert "--loaves N how many loaves, 100 % of the batch [3]" in text
    assert "--seeds NAME [NAME ...] Sesame and others [sesame, rye]" in text
    assert (
        "--heat X HIGH heat --crust, --no-crust [True] --flour {spelt,rye} the flour --hours [X ...] [0.5, 2.0]" in text
    )


def test_only_what_was_given_is_there(parser):
    assert vars(parser.parse_args([])) == {}
    given = ["--loaves", "5", "--seeds", "oat", "--heat", "250", "--no-crust"]
    assert vars(parser.parse_args(given)) == {"loaves": 5, "seeds": ["oat"], "heat": 250.0, "crust": False}
    assert vars(parser.parse_args(["--hours", "1", "2.5"])) == {"hours": [1.0, 2.5]}
    assert vars(parser.parse_args(["--hours"])) == {"hours": []}
    assert vars(parser.parse_args(["--hours", "1", "long"])) == {"hours": [1.0, "long"]}
    assert vars(parser.parse_args(["--loaves", "many"])) == {"loaves": "many"}  # for the description to refuse


def test_a_choice_is_one_of_those_in_the_help(parser, capsys):
    assert vars(parser.parse_args(["--flour", "rye"])) == {"flour": "rye"}
    with pytest.raises(SystemExit):
        parser.parse_args(["--flour", "sand"])
    assert "argument --flour: invalid choice: 'sand' (choose from " in capsys.readouterr().err


def test_some_fields_may_be_left_out():
    parser = argparse.ArgumentParser()
    options.add(parser, "bread", Bread(), without=["heat", "crust"])
    assert "heat" not in parser.format_help()


def test_a_default_may_be_shown_in_words():
    parser = argparse.ArgumentParser()
    options.add(parser, "bread", Bread(), defaults={"heat": "as hot as it gets"})
    assert "--heat X [as hot as it gets]" in " ".join(parser.format_help().split())


def test_a_description_takes_what_was_given():
    arguments = argparse.Namespace(loaves=5, oven="old")
    assert options.given(Bread(), arguments, loaves=3, crust=False) == Bread(5, crust=False)


def test_new_rows_are_read_as_in_training_unless_told_otherwise():
    parser = argparse.ArgumentParser()
    options.add_reading(parser, without=["skip"])
    text = " ".join(parser.format_help().split())
    assert (
        "--stray {error,missing,category} what text in a column of numbers is: error, missing or category [as in training]"
        in text
    )
    assert not any(word in text for word in ("--skip", "--target", "--use", "--ignore", "--task"))
    preparation = Preparation.learn({"a": [1, 2]}, stray="missing")
    assert options.prepared(preparation, parser.parse_args([])).stray == "missing"
    assert options.prepared(preparation, parser.parse_args(["--stray", "error"])).stray == "error"


def changed(recipe, **given):
    return options.changed(recipe, argparse.Namespace(**given))


def test_settings_come_before_shortcuts():
    recipe = changed(RECIPES["moons"]["classic"], dropout=0.1, layers="Dense(4), ReLU()", epochs=3, noise=0.5)
    assert recipe.layers == (Dense(4), ReLU(), Dropout(0.1))
    assert (recipe.epochs, recipe.data.noise) == (3, 0.5)


def test_the_learning_rate_is_that_of_the_optimizer_that_was_given():
    assert changed(RECIPES["spiral"]["classic"], optimizer="Adam(0.3)", learning_rate=0.5).optimizer == Adam(0.5)


def test_shortcuts_change_the_layers():
    recipe = changed(RECIPES["spiral"]["classic"], hidden=[7, 8], dropout=0.2)
    penalties = {"weight_l2": 2e-6, "bias_l2": 2e-6}
    first = Dense(7, **penalties, initializer=RECIPES["spiral"]["classic"].layers[0].initializer)
    assert recipe.layers == (first, ReLU(), Dropout(0.2), Dense(8, **penalties), ReLU(), Dropout(0.2))
