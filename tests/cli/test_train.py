"""``whorl train``: layers, optimizer, schedule and patience for every data set; tables without a line of names."""

import re
from pathlib import Path

import numpy as np
import pytest
from commands import flowers, out, refused

import whorl
from whorl.cli.presets import PRESETS, Blobs, Spiral

pytestmark = pytest.mark.usefixtures("own_directory", "no_picture")

QUICK = ["--samples", "40", "--epochs", "3"]


def layers(path="model.npz"):
    return [repr(layer) for layer in whorl.load(path).layers]


@pytest.mark.parametrize("data", ["spiral", "moons", "blobs"])
def test_layers_as_they_are_written_stand_between_the_recipes_own(data, capsys):
    out(capsys, "train", data, *QUICK, "--layers", "dense(8, weight_l2=1e-4) batch_norm relu dropout(0.1)")
    first = [] if data == "spiral" else ["Standardize()"]
    assert layers()[:-2] == [*first, "Dense(8, weight_l2=0.0001)", "BatchNorm()", "ReLU()", "Dropout(0.1)"]
    assert layers()[-2].startswith(f"Dense({2 if data == 'moons' else 3}, ")
    assert layers()[-1] == "Softmax()"


def test_layers_for_a_table(capsys):
    flowers("flowers.csv")
    out(capsys, "train", "flowers.csv", "--target", "price", "--epochs", "2", "--layers", "dense(4) tanh")
    assert [name.split("(")[0] for name in layers()] == ["Standardize", "Dense", "Tanh", "Dense", "Rescale"]


@pytest.mark.parametrize(
    "optimizer", ["sgd", "sgd(momentum=0.9, nesterov=True)", "lion", "clipped(averaged(adamw), norm=1.0)"]
)
@pytest.mark.parametrize("data", ["spiral", "moons"])
def test_the_optimizer_and_the_schedule_are_those_that_are_written(data, optimizer, capsys):
    lines = out(
        capsys,
        *["train", data, *QUICK, "--log-every", "1", "--optimizer", optimizer],
        *["--schedule", "warm_up(cosine(0.1, epochs=2), epochs=1)"],
    )
    assert [line.split()[-1] for line in lines[:4]] == ["0.00000", "0.10000", "0.05000", "0.00000"]


def test_the_same_numbers_as_by_hand(capsys):
    out(capsys, "train", "moons", *QUICK, "--optimizer", "adamw(0.02, weight_decay=0.5)", "--layers", "dense(9) elu")
    rng = np.random.default_rng(0)
    X, y = whorl.datasets.moons(40, noise=0.1, rng=rng)
    last = whorl.Dense(2, initializer=whorl.initializers.Normal(0.01))
    model = whorl.Model([whorl.Standardize(), whorl.Dense(9), whorl.ELU(), last, whorl.Softmax()], inputs=2, rng=rng)
    step = whorl.AdamW(0.02, weight_decay=0.5)
    model.fit(X, y, loss=whorl.CrossEntropy(), optimizer=step, epochs=3, batch_size=32, validation=0.2, rng=rng)
    np.testing.assert_array_equal(whorl.load("model.npz").parameters, model.parameters)


def test_what_a_recipe_trains_is_what_the_command_saves(capsys):
    out(capsys, "train", "spiral", *QUICK, "--seed", "3", "--patience", "0")
    model, problem, history = Spiral(samples=40, epochs=3, patience=0).train(3)
    np.testing.assert_array_equal(whorl.load("model.npz").parameters, model.parameters)
    assert len(problem.X) == 120
    assert len(history.epochs) <= 3


def test_patience_ends_the_training_and_the_best_parameters_are_saved(capsys):
    rates = ["--schedule", "chain([(1, 0.01), (99, 10)])"]  # after one good epoch, steps that spoil everything
    lines = out(capsys, "train", "moons", "--samples", "200", "--patience", "2", *rates)
    assert lines[-3].startswith("stopped after epoch 4: val_loss has not become better for 3 epochs")
    saved = re.fullmatch(r"saved model.npz, with its parameters of epoch 1: val loss (\d\.\d{3})", lines[-2])
    assert float(saved[1]) == float(re.findall(r"loss (\S+)", first_epoch(capsys, rates))[1])


def first_epoch(capsys, rates):
    lines = out(capsys, "train", "moons", "--samples", "200", "--epochs", "1", *rates, "--output", "other.npz")
    assert "saved other.npz" in lines  # without patience there is nothing to say
    np.testing.assert_array_equal(whorl.load("other.npz").parameters, whorl.load("model.npz").parameters)
    return lines[1]


def test_blobs_are_learned(capsys):
    lines = out(capsys, "train", "blobs", "--spread", "1", "--samples", "200", "--epochs", "5")
    assert float(re.findall(r"acc (\d\.\d{3})", lines[-3])[1]) == 1.0
    problems = [Blobs(classes=4, features=3, spread=0.0).problem(np.random.default_rng(seed)) for seed in (0, 1)]
    np.testing.assert_array_equal(problems[0].X, problems[1].X)  # the same clouds, whatever draws the points
    assert problems[0].X.shape == (4000, 3)


def test_a_table_without_a_line_of_names(capsys):
    flowers("named.csv")
    flowers("bare.csv", header="# measured by hand\n# in May\n")
    common = ["--target", "kind", "--ignore", "price", "--epochs", "3"]
    out(capsys, "train", "named.csv", *common, "--output", "named.npz")
    out(
        capsys,
        *["train", "bare.csv", *common, "--output", "bare.npz"],
        *["--skip", "2", "--columns", "length", "colour", "price", "kind"],
    )
    assert Path("named.npz").read_bytes() == Path("bare.npz").read_bytes()


@pytest.mark.parametrize("data", PRESETS)
def test_every_data_set_has_the_common_options(data, capsys):
    with pytest.raises(SystemExit):
        out(capsys, "train", data, "--help")
    help_text = capsys.readouterr().out
    for name in (
        "--layers",
        "--optimizer",
        "--schedule",
        "--patience",
        "--hidden",
        "--learning-rate",
        "reduce_on_plateau",
    ):
        assert name in help_text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["moons", "--layers", "dense(64) rely"], "argument --layers: 'rely' is not known; did you mean relu?"),
        (["moons", "--layers", "dense(0)"], "argument --layers: dense: units must be a whole number of at least 1"),
        (["moons", "--layers", "relu", "--hidden", "3"], "--layers takes the place of --hidden: leave one of them out"),
        (
            ["moons", "--layers", "embedding([2], 2, columns=[5])"],
            "layers[1], Embedding((2,), 2, columns=(5,)), does not fit",
        ),
        (["moons", "--optimizer", "adams"], "argument --optimizer: 'adams' is not known; did you mean adam?"),
        (["moons", "--optimizer", "constant(1)"], "argument --optimizer: must be an optimizer, got 'constant(1)'"),
        (
            ["moons", "--optimizer", "adam(0.1)", "--schedule", "constant(1)"],
            "--schedule sets the learning rate, but so does --optimizer, 'adam(0.1)': leave one of them out",
        ),
        (["spiral", "--optimizer", "adam(0.1)", "--decay", "1"], "--decay sets the learning rate, but so does"),
        (["moons", "--schedule", "cosine"], "argument --schedule: cosine: missing a required argument"),
        (
            ["moons", "--schedule", "constant(1)", "--learning-rate", "1"],
            "--schedule takes the place of --learning-rate",
        ),
        (["moons", "--patience", "-1"], "argument --patience: must be a whole number of at least 0, got -1"),
        (["moons", "--momentum", "0.9"], "unrecognized arguments: --momentum 0.9"),
        (["bare.csv", "--target", "kind", "--columns", "a", "b"], "columns must name the 4 columns of bare.csv, got 2"),
        (["bare.csv", "--target", "kind", "--task", "x"], "argument --task: must be 'classification' or 'regression'"),
        (["bare.csv", "--target", "kind", "--skip", "-1"], "argument --skip: must be a whole number of at least 0"),
        (["table", "--target", "kind"], "the following arguments are required: FILE"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(arguments, words, capsys):
    flowers("bare.csv", header="")
    assert words in refused(capsys, "train", *arguments)
    assert [path.name for path in Path().iterdir()] == ["bare.csv"]
