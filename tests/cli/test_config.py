"""``model.toml``: what a training wrote, it can be repeated from."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import flowers, out, refused

import whorl
from whorl import Dense, ReLU
from whorl.cli import config
from whorl.cli.config import Run, read, write
from whorl.recipes import RECIPES, find

pytestmark = pytest.mark.usefixtures("own_directory", "no_picture")

QUICK = ["--samples", "40", "--epochs", "3"]
MADE_WITH = {**config.versions(), "engine": "NumPy"}
"""What a short training records."""

FEW = ["--preset", "fast", "--epochs", "2"]
ALL = [
    *[
        "--members",
        "3",
        "--folds",
        "3",
        "--scales",
        "0.5",
        "1",
        "--dropouts",
        "0.2",
        "--keep",
        "last",
        "--no-calibrate",
        "--no-clip",
    ],
    *["--max-steps", "12", "--time", "600", "--epochs", "9"],
]
"""All settings of several networks."""

RUNS = [
    ["spiral", *QUICK],
    ["spiral", *QUICK, "--preset", "best", "--seed", "5", "--noise", "0.1", "--hidden", "6", "7"],
    ["spiral", *QUICK, "--optimizer", "SGD(0.1, nesterov=True, momentum=0.5)", "--layers", "Dense(9), Tanh()"],
    ["moons", *QUICK, "--optimizer", "Adam(ReduceOnPlateau(0.1, monitor='val_loss'))", "--patience", "1"],
    ["blobs", *QUICK, "--clouds", "3", "--layers", ""],
    ["digits", "--epochs", "1", "--batch-size", "100", "--optimizer", "Averaged(Adam(0.01))"],
    ["flowers.csv", "--target", "price", "--epochs", "2", "--members", "2", "--scales"],
    ["flowers.csv", "--target", "kind", *ALL],
    ["flowers.csv", "--target", "kind", *FEW, "--ignore", "price", "colour", "--task", "classification"],
    ["bare.csv", "--target", "d", *FEW, "--skip", "1", "--columns", "a", "b", "c", "d"],
]


@pytest.mark.parametrize("arguments", RUNS, ids=" ".join)
def test_it_repeats_the_training_to_the_byte(arguments, capsys):
    flowers("flowers.csv")
    flowers("bare.csv")
    lines = out(capsys, "train", *arguments, "--output", "first.npz")
    assert "saved first.toml" in lines
    out(capsys, "train", "--config", "first.toml", "--output", "again.npz")
    assert Path("again.npz").read_bytes() == Path("first.npz").read_bytes()
    assert Path("again.toml").read_text() == Path("first.toml").read_text().replace("first", "again")


def test_what_it_says(capsys):
    out(capsys, "train", "moons", *QUICK, "--layers", "Dense(9), Tanh()", "--seed", "7")
    text = Path("model.toml").read_text()
    assert text.startswith("# whorl train --config model.toml repeats this training; further options change it.\n")
    assert tomllib.loads(text) == {
        "data": "moons",
        "preset": "classic",
        "seed": 7,
        "settings": {
            "samples": 40,
            "noise": 0.1,
            "layers": "Dense(9), Tanh()",
            "output_layer": "Dense(1, initializer=Normal(0.01))",
            "scaling": "standardize",
            "loss": "CrossEntropy()",
            "optimizer": "Adam(Cosine(0.01, epochs=3.0))",
            "epochs": 3,
            "batch_size": 32,
            "validation": 0.2,
            "members": 1,
            "folds": 5,
            "scales": [],
            "dropouts": [],
            "keep": "last",
            "calibrate": False,
            "clip": False,
        },
        "made_with": {"whorl": whorl.__version__, "numpy": np.__version__, "engine": "NumPy"},
    }


@pytest.mark.parametrize("data", RECIPES)
def test_what_is_written_is_read(data):
    for name, recipe in RECIPES[data].items():
        run = Run(data, name, 3, recipe, "abc")
        write(run, Path("a.toml"))
        assert read("a.toml") == run


def test_the_settings_of_several_networks_are_written_and_read(capsys):
    flowers("flowers.csv")
    out(capsys, "train", "flowers.csv", "--target", "kind", *ALL)
    wanted = {
        "members": 3,
        "folds": 3,
        "scales": (0.5, 1.0),
        "dropouts": (0.2,),
        "keep": "last",
        "calibrate": False,
        "clip": False,
        "max_steps": 12,
        "time": 600.0,
        "epochs": 9,
    }
    settings = tomllib.loads(Path("model.toml").read_text())["settings"]
    assert {name: settings[name] for name in wanted} == wanted | {"scales": [0.5, 1.0], "dropouts": [0.2]}
    assert read("model.toml").recipe == find("table").replace(file="flowers.csv", target="kind", **wanted)
    out(capsys, "train", "--config", "model.toml", "--scales", "--calibrate", "--clip", "--keep", "best")
    changed = {"scales": (), "calibrate": True, "clip": True, "keep": "best"}
    assert read("model.toml").recipe == find("table").replace(file="flowers.csv", target="kind", **wanted | changed)


def test_options_override_it(capsys):
    out(capsys, "train", "moons", *QUICK, "--layers", "Dense(9)", "--seed", "7", "--optimizer", "SGD(0.5)")
    for form in (["--config", "model.toml"], ["--config=model.toml"]):
        out(capsys, "train", *form, "--hidden", "5", "--epochs", "2", "--output", "other.npz")
    out(capsys, "train", "moons", "--config", "model.toml", "--seed", "8", "--output", "seed.npz")
    out(capsys, "train", "--optimizer", "Adam(0.1)", "--config", "model.toml", "--output", "adam.npz")
    runs = [read(f"{name}.toml") for name in ("model", "other", "seed", "adam")]
    base = find("moons").replace(samples=40, epochs=3, layers="Dense(9)", optimizer="SGD(0.5)")
    assert runs[0] == Run("moons", "classic", 7, base, made_with=MADE_WITH)
    assert runs[1].recipe == base.replace(epochs=2, layers="Dense(5)")
    assert (runs[2].seed, runs[2].recipe) == (8, base)
    assert runs[3].recipe == base.replace(optimizer="Adam(0.1)")


def test_it_may_be_written_by_hand_and_say_little(capsys):
    Path("mine.toml").write_text('data = "moons"\n[settings]\nepochs = 2\nsamples = 20\n')
    expected = Run("moons", "classic", 0, find("moons").replace(epochs=2, samples=20))
    assert read("mine.toml").recipe == expected.recipe
    out(capsys, "train", "--config", "mine.toml")
    assert read("model.toml") == replace(expected, made_with=MADE_WITH)


def test_layers_may_be_written_on_several_lines():
    Path("mine.toml").write_text('data = "moons"\n[settings]\nlayers = """\n  Dense(64),\n  ReLU(),\n"""\n')
    assert read("mine.toml").recipe == find("moons").replace(layers="Dense(64), ReLU()")


def test_deep_networks_are_written_and_read():
    recipe = find("moons").replace(layers=[Dense(64, weight_l2=1e-4), ReLU()] * 100)
    write(Run("moons", "classic", 0, recipe), Path("deep.toml"))
    assert read("deep.toml").recipe == recipe


def test_a_changed_file_is_refused_unless_it_is_named(capsys):
    flowers("flowers.csv")
    out(capsys, "train", "flowers.csv", "--target", "kind", "--epochs", "1", "--members", "1")
    before = Path("model.npz").read_bytes()
    flowers("flowers.csv", rows=299)
    message = refused(capsys, "train", "--config", "model.toml")
    assert "flowers.csv has changed: its SHA-256 is " in message
    assert "to train on it as it is now, name it too: whorl train flowers.csv --config FILE" in message
    assert Path("model.npz").read_bytes() == before
    old = read("model.toml")
    out(capsys, "train", "flowers.csv", "--config", "model.toml")
    new = read("model.toml")
    assert new.file_sha256 == config.sha256("flowers.csv") != old.file_sha256
    assert new.recipe == old.recipe == find("table").replace(file="flowers.csv", target="kind", epochs=1, members=1)


def test_other_versions_are_reported(capsys):
    recipe = find("moons").replace(epochs=1, samples=20)
    write(Run("moons", "classic", 0, recipe, made_with={"numpy": "1.0"}), Path("old.toml"))
    assert whorl.cli.main(["train", "--config", "old.toml"]) == 0
    words = f"the last digits may differ: old.toml was made with numpy 1.0, not {np.__version__}"
    assert capsys.readouterr().err.strip() == words


def test_an_interrupted_training_is_repeated_to_its_end(capsys):
    recipe = find("moons").replace(epochs=2, samples=20)
    made_with = {**config.versions(), "interrupted_after_epoch": 1}
    write(Run("moons", "classic", 0, recipe, made_with=made_with), Path("old.toml"))
    assert whorl.cli.main(["train", "--config", "old.toml"]) == 0
    words = "old.toml is of a training that was interrupted after epoch 1: this one runs to the end"
    assert capsys.readouterr().err.strip() == words
    assert read("model.toml").made_with == MADE_WITH


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data = moons", "bad.toml is not TOML: "),
        ("\xff", "bad.toml is not TOML: "),
        ("", "bad.toml: data must be text, got None"),
        ('data = ["moons"]', "bad.toml: data must be text, got ['moons']"),
        ('data = "moon"', "bad.toml: there is no data set 'moon'; did you mean 'moons'?"),
        ('data = "moons"\nepochs = 5', "bad.toml: there is no key 'epochs'; there are data, preset, seed, "),
        ('data = "moons"\nsetings = 5', "bad.toml: there is no key 'setings'; did you mean 'settings'?"),
        ('data = "moons"\npreset = "best"', "bad.toml: moons has no preset 'best'; it has classic"),
        ('data = "moons"\npreset = 5', "bad.toml: preset must be text, got 5"),
        ('data = "moons"\nseed = -1', "bad.toml: seed must be a whole number of at least 0, got -1"),
        ('data = "moons"\nseed = true', "bad.toml: seed must be a whole number of at least 0, got True"),
        ('data = "moons"\nsettings = 5', "bad.toml: settings must be a table, got 5"),
        ('data = "moons"\nfile_sha256 = 5', "bad.toml: file_sha256 must be text, got 5"),
        ('data = "moons"\n[settings]\nepoch = 5', "bad.toml: there is no setting 'epoch'; did you mean 'epochs'?"),
        ('data = "moons"\n[settings]\nepochs = "5"', "bad.toml: epochs must be a whole number of at least 1, got '5'"),
        ('data = "moons"\n[settings]\nlayers = "rely"', "bad.toml: layers: 'rely' is not known; did you mean 'ReLU'?"),
        ('data = "moons"\n[settings]\nhidden = [3]', "bad.toml: there is no setting 'hidden'; there are samples, "),
        ('data = "table"\n[settings]\nignore = "kind"', "bad.toml: ignore must be a list of column names, got 'kind'"),
        ('data = "table"\n[settings]\ntarget = "kind"', "the following arguments are required: FILE"),
        ('data = "table"\n[settings]\nfile = "gone.csv"\ntarget = "kind"', "there is no file 'gone.csv'"),
    ],
)
def test_a_wrong_file_is_refused(text, words, capsys):
    Path("bad.toml").write_bytes(text.encode("latin-1"))
    assert words in refused(capsys, "train", "--config", "bad.toml")
    assert [path.name for path in Path().iterdir()] == ["bad.toml"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--config nothing.toml", "there is no file 'nothing.toml'"),
        ("--config", "argument --config: expected one argument"),
        ("moons --config", "argument --config: expected one argument"),
        ("spiral --config a.toml", "argument --config: a.toml is for moons, got spiral"),
        ("--config a.toml --preset classic", "argument --preset: not allowed with argument --config"),
        ("--config a.toml --noise x", "noise must be a finite number at least 0, got 'x'"),
        ("--config a.toml --clouds 1", "unrecognized arguments: --clouds 1"),
        ("--config a.toml spiral", "unrecognized arguments: spiral"),
    ],
)
def test_a_wrong_command_is_refused(arguments, words, capsys):
    write(Run("moons", "classic", 0, find("moons")), Path("a.toml"))
    assert words in refused(capsys, "train", *arguments.split())
