"""Several networks in ``whorl train``: what is printed, saved and drawn, and what Ctrl-C leaves of them."""

import os
import re
import signal
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
from commands import checkpoint, flowers, out, refused
from PIL import Image

import whorl
from whorl.calibration import Intervals, Sets
from whorl.cli import main, networks
from whorl.recipes import RECIPES
from whorl.training import Callback, Epoch, History

pytestmark = pytest.mark.usefixtures("no_picture")

SMALL = ["--members", "4", "--folds", "2", "--scales", "0.2", "2", "--epochs", "3"]
KIND = ["train", "flowers.csv", "--target", "kind", "--ignore", "price", *SMALL]
PRICE = ["train", "flowers.csv", "--target", "price", "--ignore", "kind", *SMALL]


@pytest.fixture(autouse=True)
def table(own_directory):
    flowers("flowers.csv", rows=120)


def trained(lines):
    """The lines of the networks, which end in any order."""
    return sorted(line for line in lines if line.startswith("network "))


def test_a_line_for_each_network_and_the_scores_at_the_end(capsys):
    lines = out(capsys, *KIND)
    assert lines[0] == "120 rows, classification of kind"
    assert [line.split()[0] for line in lines[1:6]] == ["column", "length", "colour", "price", "kind"]
    assert lines[6:10] == [line for line in lines if line.startswith("network ")]
    for number, line in enumerate(trained(lines), start=1):  # two scales, each with both folds
        score = r"val acc [01]\.\d{3} loss \d+\.\d{3}"
        assert re.fullmatch(rf"network {number} of 4 \| best of 3 epochs: [123] \| {score}", line)
    assert lines[10:12] == ["saved model.npz", "saved model.toml"]
    assert re.fullmatch(r"held-out samples: acc [01]\S* loss \d\S* calibration error \d\S*", lines[12])
    assert len(lines) == 13
    assert {path.name for path in Path().iterdir()} == {"flowers.csv", "model.npz", "model.toml"}


def test_the_model_is_the_calibrated_average(capsys):
    lines = out(capsys, *KIND)
    model = whorl.load("model.npz")
    expected, _, history, _ = (
        RECIPES["table"]["default"]
        .replace(file="flowers.csv", target="kind", ignore=["price"], members=4, folds=2, scales=(0.2, 2.0), epochs=3)
        .train(0)
    )
    np.testing.assert_array_equal(model.parameters, expected.parameters)
    assert [type(layer) for layer in model.layers] == [whorl.Average, whorl.Rescale, whorl.Softmax]
    assert model.layers[0].members == 4
    assert isinstance(model.uncertainty, Sets)
    found = re.search(r"acc (\S+) loss (\S+) calibration error (\S+)", lines[-1])
    scores = [history.held_out[name] for name in ("accuracy", "loss", "calibration_error")]
    assert [float(number) for number in found.groups()] == pytest.approx(scores, rel=1e-3)
    assert list(model.classes) == ["lily", "rose"]


def test_its_predictions_say_at_once_how_sure_they_are(capsys):
    out(capsys, *PRICE)
    model = whorl.load("model.npz")
    assert isinstance(model.uncertainty, Intervals)
    names, *rows = out(capsys, "predict", "model.npz", "flowers.csv", "--interval", "0.9")
    assert names == "price,low,high"
    found = np.array([[float(cell) for cell in row.split(",")] for row in rows])
    expected = model.predict(model.preparation.transform("flowers.csv"), interval=0.9)
    np.testing.assert_allclose(found, np.column_stack(expected), rtol=1e-5)
    assert out(capsys, "evaluate", "model.npz", "flowers.csv")[0].startswith("120 rows of flowers.csv: r2 ")
    inspected = out(capsys, "inspect", "model.npz")
    assert inspected[-1] == "Intervals of predictions, from 120 held-out samples"
    assert [line.split("(")[0] for line in inspected if line.startswith(("Av", "Re", "Cl"))] == [
        "Average",
        "Rescale",
        "Clip",
    ]
    out(capsys, *KIND)
    names, *rows = out(capsys, "predict", "model.npz", "flowers.csv", "--interval", "0.9")
    assert names == "kind,lily,rose,set"
    assert {row.split(",")[-1] for row in rows} <= {"lily", "rose", "lily|rose"}
    assert "rows  precision" in " ".join(out(capsys, "evaluate", "model.npz", "flowers.csv"))


def test_settings_change_what_is_trained(capsys):
    lines = out(capsys, *KIND, "--scales", "--keep", "last", "--no-calibrate")
    assert [line.partition(" | val")[0] for line in trained(lines)] == [
        f"network {k} of 4 | epoch 3" for k in (1, 2, 3, 4)
    ]
    model = whorl.load("model.npz")
    assert model.uncertainty is None
    assert [type(layer) for layer in model.layers] == [whorl.Average, whorl.Softmax]
    out(capsys, *PRICE, "--no-clip")
    assert [type(layer) for layer in whorl.load("model.npz").layers] == [whorl.Average, whorl.Rescale]
    lines = out(capsys, *KIND, "--members", "3", "--folds", "3", "--scales", "0.5", "1", "4", "--max-steps", "1")
    assert len(trained(lines)) == 3
    (embedding,) = (x for x in whorl.load("model.npz").layers[0].layers if isinstance(x, whorl.PeriodicEmbedding))
    assert embedding.scale == 0.5


def test_shortcuts_leave_the_kinds_of_networks(capsys):
    out(capsys, *KIND, "--hidden", "16", "8")
    settings = tomllib.loads(Path("model.toml").read_text())["settings"]
    assert (settings["scales"], settings["dropouts"]) == ([0.2, 2.0], [0.1, 0.1, 0.1, 0.3])
    assert "NTKDense(16)" in settings["layers"]
    out(capsys, *KIND, "--dropout", "0.25")
    settings = tomllib.loads(Path("model.toml").read_text())["settings"]
    assert (settings["scales"], settings["dropouts"]) == ([0.2, 2.0], [])
    assert settings["layers"].count("Dropout(0.25)") == 3
    error = refused(capsys, *KIND, "--dropout", "0.25", "--dropouts", "0.1")
    assert "argument --dropout: not allowed with --dropouts" in error
    out(capsys, *KIND[:-7], "--members", "2", "--epochs", "1", "--layers", "Dense(4), ReLU(), Dropout(0.2)")
    settings = tomllib.loads(Path("model.toml").read_text())["settings"]
    assert (settings["scales"], settings["dropouts"]) == ([], [])


def test_a_table_that_is_too_small_for_folds_has_one_network(capsys):
    flowers("flowers.csv", rows=60)
    lines = out(capsys, *KIND)
    assert trained(lines) == []
    assert next(line for line in lines if line.startswith("epoch 3 | train acc "))
    best = re.fullmatch(r"saved model.npz, with the parameters of epoch (\d): val loss (\S+)", lines[-3])
    (line,) = (line for line in lines if line.startswith(f"epoch {best[1]} |"))
    assert f" loss {best[2]} | lr" in line
    assert not any(isinstance(layer, whorl.Average) for layer in whorl.load("model.npz").layers)


def test_the_preset_fast_is_calibrated_too(capsys):
    lines = out(capsys, *KIND[: -len(SMALL)], "--preset", "fast", "--epochs", "3")
    assert next(line for line in lines if line.startswith("epoch 3 | train acc "))
    assert lines[-1].startswith("held-out samples: acc ")
    assert isinstance(whorl.load("model.npz").uncertainty, Sets)


def test_patience(capsys):
    lines = out(capsys, *KIND, "--epochs", "60", "--patience", "1")
    pattern = r"network \d of 4 \| best of (\d+) epochs: (\d+) \| .*: val_accuracy has not improved for 2 epochs"
    found = [re.fullmatch(pattern, line) for line in trained(lines)]
    assert all(int(each[1]) == int(each[2]) + 2 for each in found)


def test_time(capsys):
    lines = out(capsys, *KIND, "--epochs", "1000000", "--time", "1")  # of which no processor is capable
    assert trained(lines)
    assert len(whorl.load("model.npz").predict(np.zeros((1, 4)))) == 1


def test_quiet(capsys):
    lines = out(capsys, *KIND, "--quiet")
    assert lines[:2] == ["saved model.npz", "saved model.toml"]
    assert [line.partition(":")[0] for line in lines[2:]] == ["held-out samples"]


def test_the_animation_is_of_the_first_network(capsys):
    lines = out(capsys, "train", "moons", *SMALL, "--samples", "60", "--gif")
    assert len(trained(lines)) == 4
    assert "saved moons.gif" in lines
    with Image.open("moons.gif") as image:
        assert image.n_frames == 4


def test_which_epoch_a_network_keeps():
    history = History()
    for number, (loss, accuracy) in enumerate([(0.6, 0.7), (0.4, 0.8), (0.5, 0.8), (0.7, 0.6)], start=1):
        history.append(Epoch(number, 0.1, {"val_loss": loss, "val_accuracy": accuracy}))
    recipe = RECIPES["table"]["default"]
    assert networks.kept(recipe, history).number == 3  # the last one of the most accurate
    assert networks.kept(recipe.replace(keep="last"), history).number == 4
    assert networks.kept(recipe.replace(keep="last", patience=9), history).number == 2


class Press(Callback):
    """Presses Ctrl-C after a step, and waits until the command has received it."""

    def __init__(self, stop, step):
        self.stop, self.step = stop, step

    def on_step_end(self, training):
        if training.step == self.step and not self.stop.received:
            os.kill(os.getpid(), signal.SIGINT)
            while not self.stop.received:
                time.sleep(0.001)


def interrupted(words, network, step):
    """Train, and press Ctrl-C after a step of one network; return the exit code."""
    usual = networks.callbacks

    def callbacks(recipe, stop, *arguments, **named):
        of = usual(recipe, stop, *arguments, **named)
        return lambda k: [*of(k), *([Press(stop, step)] if k == network else [])]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks, "callbacks", callbacks)
        return main(words)


@pytest.mark.parametrize("number", [0, 3])
@pytest.mark.parametrize("words", [KIND, PRICE], ids=["classes", "numbers"])
def test_an_interrupted_ensemble_continues_to_the_same_bits(words, number, capsys):
    words = [*words, "--batch-size", "32"]
    whole = out(capsys, *words, "--output", "whole")
    assert interrupted([*words, "--output", "parts"], number, 4) == 130  # in the second epoch
    captured = capsys.readouterr()
    assert captured.err.count("stopping after this step") == 1
    assert whorl.load("parts/model.npz").uncertainty is not None  # is complete
    (line,) = (line for line in captured.out.splitlines() if line.startswith("to continue: "))
    left = sorted(str(path) for path in Path("parts").glob("*.checkpoint-*.npz"))
    more = f" and {len(left) - 1} more" if len(left) > 1 else ""
    assert line.endswith(f"the same command with --resume, which reads parts/model.checkpoint-1.npz{more}")
    assert any(line.endswith(": interrupted by Ctrl-C") for line in trained(captured.out.splitlines()))
    again = out(capsys, *words, "--output", "parts", "--resume")
    assert trained(again) == trained(whole)
    assert Path("parts/model.npz").read_bytes() == Path("whole/model.npz").read_bytes()
    assert {path.name for path in Path("parts").iterdir()} == {"model.npz", "model.toml"}


def test_a_network_that_has_not_begun_leaves_no_checkpoint(monkeypatch, capsys):
    monkeypatch.setattr("whorl.many.cores", lambda: 1)  # one after the other
    assert interrupted([*KIND, "--members", "8", "--batch-size", "16"], 0, 1) == 130
    lines = capsys.readouterr().out.splitlines()
    assert trained(lines) == []  # none has completed an epoch
    assert lines[-1].startswith("held-out samples: ")  # and no remark on what was not learned
    assert "interrupted_after_epoch = 0" in Path("model.toml").read_text()
    assert [path.name for path in Path().glob("*.checkpoint-*.npz")] == ["model.checkpoint-1.npz"]
    assert interrupted([*KIND, "--members", "8", "--batch-size", "16", "--resume"], 5, 2) == 130
    left = {path.name for path in Path().glob("*.checkpoint-*.npz")}
    assert left == {f"model.checkpoint-{k}.npz" for k in range(1, 7)}


@pytest.mark.parametrize("number", ["1", "3"])
def test_another_number_of_networks_cannot_be_resumed_but_replaces_what_is_left(number, capsys):
    checkpoint("model.checkpoint-12.npz")  # of an earlier training
    checkpoint("another.checkpoint-1.npz")
    assert interrupted(KIND, 2, 1) == 130
    capsys.readouterr()
    error = refused(capsys, *KIND, "--members", number, "--resume")
    assert "argument --resume: the settings must be those of the training in model.toml, where members is 4" in error
    assert Path("model.checkpoint-1.npz").exists()
    assert main([*KIND, "--members", number]) == 0
    assert (
        "model.checkpoint-1.npz is of a training that was interrupted: --resume continues it" in capsys.readouterr().err
    )
    assert [path.name for path in Path().glob("*.checkpoint*")] == ["another.checkpoint-1.npz"]


def test_a_training_that_is_completed_leaves_no_checkpoint_of_any_number(capsys):
    assert interrupted(KIND, 2, 1) == 130
    checkpoint("model.checkpoint-12.npz")  # of an earlier training
    assert main([*KIND, "--resume"]) == 0
    assert list(Path().glob("*.checkpoint*")) == []


def test_a_training_that_the_clock_has_planned_cannot_be_resumed(capsys):
    checkpoint("model.checkpoint-1.npz")
    error = refused(capsys, *KIND, "--time", "5", "--resume")
    assert "argument --resume: a training with --time is planned by the clock, so it cannot be continued" in error


def test_fewer_than_100_rows_are_learned_by_one_network_and_it_says_so(capsys):
    flowers("few.csv", rows=60)
    lines = out(capsys, "train", "few.csv", "--target", "kind", "--epochs", "2")
    assert "fewer than 100 rows: one network, which is not calibrated" in lines
    assert whorl.load("model.npz").uncertainty is None


def test_a_network_that_tells_rare_classes_apart_is_not_called_useless(capsys):
    rows = [f"{i % 7},{'rare' if i % 200 == 0 else 'usual'},{1.0 if i % 200 == 0 else 0.0}" for i in range(1000)]
    Path("rare.csv").write_text("\n".join(["size,kind,sign", *rows]))
    lines = out(capsys, "train", "rare.csv", "--target", "kind", "--members", "2", "--scales", "--epochs", "30")
    assert re.search(r" acc (1|0\.99[89]) ", next(line for line in lines if line.startswith("held-out samples")))
    assert not any("no better than" in line for line in lines)


def test_a_quantile_is_not_judged_by_the_mean(capsys):
    lines = out(capsys, *PRICE, "--loss", "Quantile(0.95)")
    assert not any("no better than" in line for line in lines)
