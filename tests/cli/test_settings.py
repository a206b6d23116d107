"""What takes the place of what, and what is refused."""

from dataclasses import fields

import pytest

from whorl import Clipped, Constant, Cosine, Dense, Dropout, InverseTime, ReLU
from whorl.cli import settings
from whorl.cli.presets import PRESETS, Moons, Spiral, Tabular
from whorl.cli.settings import checked, in_force, option, settled


@pytest.mark.parametrize("recipe", [recipe for presets in PRESETS.values() for recipe in presets.values()])
def test_every_field_is_a_setting_and_every_preset_keeps_the_rules(recipe):
    assert sorted(settings.of(recipe)) == sorted(field.name for field in fields(recipe))
    values = {name: list(v) if isinstance(v, tuple) else v for name, v in in_force(recipe).items()}
    assert settled(type(recipe)(), checked(values, recipe)) == recipe


def test_layers_take_the_place_of_hidden_and_dropout_and_back():
    written = settled(Moons(), {"layers": "dense(5) relu"})
    assert repr(written.hidden_layers()) == "[Dense(5), ReLU()]"
    assert {"layers", "hidden", "dropout"} & set(in_force(written)) == {"layers"}
    back = settled(written, {"hidden": (7,), "dropout": 0.5})
    assert [type(layer) for layer in back.hidden_layers()] == [Dense, ReLU, Dropout]
    assert {"layers", "hidden", "dropout"} & set(in_force(back)) == {"hidden", "dropout"}
    assert settled(Moons(), {"layers": ""}).hidden_layers() == []


def test_a_schedule_takes_the_place_of_the_learning_rate_and_back():
    assert repr(Spiral().falling()) == repr(InverseTime(0.05, decay=2.5e-4))
    assert repr(Moons(epochs=7).solver().learning_rate) == repr(Cosine(0.01, epochs=7))
    written = settled(Spiral(), {"schedule": "constant(0.3)"})
    assert repr(written.solver().learning_rate) == repr(Constant(0.3))
    assert {"schedule", "learning_rate", "decay"} & set(in_force(written)) == {"schedule"}
    back = settled(written, {"learning_rate": 0.7})
    assert repr(back.solver().learning_rate) == repr(InverseTime(0.7, decay=2.5e-4))


def test_a_rate_in_the_optimizer_takes_the_place_of_both():
    written = settled(settled(Spiral(), {"schedule": "constant(0.3)"}), {"optimizer": "clipped(adam(0.2), norm=1)"})
    assert written.schedule is None
    solver = written.solver()
    assert isinstance(solver, Clipped)
    assert solver.rate(100) == 0.2
    assert not {"schedule", "learning_rate", "decay", "momentum"} & set(in_force(written))


def test_the_momentum_is_that_of_the_bare_sgd():
    assert Spiral(momentum=0.25).solver().momentum == 0.25
    assert Spiral(optimizer="sgd()", momentum=0.25).solver().momentum == 0.0
    assert Moons(optimizer="sgd").solver().momentum == 0.0
    assert "momentum" not in in_force(Spiral(optimizer="sgd(nesterov=True, momentum=0.5)"))


@pytest.mark.parametrize(
    ("recipe", "values", "words"),
    [
        (Moons(), {"layers": "relu", "hidden": (3,)}, "--layers takes the place of --hidden: leave one of them out"),
        (Moons(), {"layers": "relu", "dropout": 0.1}, "--layers takes the place of --dropout: leave one of them out"),
        (Moons(layers="relu"), {"dropout": 0.1}, "--dropout belongs to --hidden, but layers is 'relu'"),
        (
            Spiral(),
            {"schedule": "constant(1)", "learning_rate": 0.1},
            "--schedule takes the place of --learning-rate: leave one of them out",
        ),
        (Spiral(), {"schedule": "constant(1)", "decay": 0.1}, "--schedule takes the place of --decay"),
        (
            Spiral(schedule="constant(1)"),
            {"decay": 0.1},
            "--decay belongs to --learning-rate, but schedule is 'constant(1)'",
        ),
        (
            Moons(),
            {"optimizer": "adam(0.1)", "schedule": "constant(1)"},
            "--schedule sets the learning rate, but so does --optimizer, 'adam(0.1)': leave one of them out",
        ),
        (Moons(), {"optimizer": "adam(0.1)", "learning_rate": 0.1}, "--learning-rate sets the learning rate, but so"),
        (Moons(optimizer="adam(0.1)"), {"learning_rate": 0.1}, "--learning-rate sets the learning rate, but so does"),
        (
            Spiral(),
            {"optimizer": "sgd(nesterov=False)", "momentum": 0.1},
            "--momentum is for sgd alone: write it into --optimizer, 'sgd(nesterov=False)'",
        ),
    ],
)
def test_what_excludes_one_another(recipe, values, words):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the words are compared below
        settled(recipe, values, option)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"noise": 1}, ValueError, "there is no setting 'noise'; there are file, target, "),
        ({"hidden": 64}, TypeError, "hidden must be a list, got 64"),
        ({"hidden": [64, 0]}, ValueError, "hidden[1] must be a whole number of at least 1, got 0"),
        ({"hidden": [True]}, TypeError, "hidden[0] must be a whole number of at least 1, got True"),
        ({"epochs": "5"}, TypeError, "epochs must be a whole number of at least 1, got '5'"),
        ({"epochs": 5.0}, TypeError, "epochs must be a whole number of at least 1, got 5.0"),
        ({"dropout": 1}, ValueError, "dropout must be a finite number at least 0 and below 1, got 1"),
        ({"dropout": float("nan")}, ValueError, "dropout must be a finite number at least 0 and below 1, got nan"),
        ({"layers": 3}, TypeError, "layers must be text, got 3"),
        ({"layers": "rely"}, ValueError, "layers: 'rely' is not known; did you mean relu?"),
        ({"optimizer": "adam(x)"}, ValueError, "optimizer: an argument must be a number"),
        ({"schedule": "cosine(-1, epochs=2)"}, ValueError, "schedule: cosine: learning_rate must be"),
        ({"task": "ranking"}, ValueError, "task must be 'classification' or 'regression', got 'ranking'"),
        ({"ignore": ["a", 1]}, TypeError, "ignore[1] must be text, got 1"),
    ],
)
def test_what_a_file_may_say(values, error, words):
    with pytest.raises(error) as caught:
        checked(values, Tabular())
    assert words in str(caught.value)


def test_lists_become_tuples_and_text_stays_as_it_is():
    assert checked({"hidden": [3, 4], "file": "two  blanks.csv"}, Tabular()) == {
        "hidden": (3, 4),
        "file": "two  blanks.csv",
    }
