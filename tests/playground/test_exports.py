"""What a page takes along."""

import csv
import io
import sys

import numpy as np
import onnxruntime
import pytest
from PIL import Image

import whorl
from whorl.playground import animation
from whorl.playground.configuration import Circles, Configuration, Moons, Table
from whorl.playground.exports import export
from whorl.playground.run import Run
from whorl.playground.tables import Upload

LAYERS = ("Standardize()", "Dense(4)", "ReLU()", "Dense(2)", "Softmax()")


@pytest.fixture
def run():
    return Run(Configuration(data=Moons(samples=20), features=("x", "y", "xy"), layers=LAYERS))


def advance(run, epochs):
    for _ in range(epochs):
        run.advance("epoch")


def opened(content, tmp_path, name="model.npz"):
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def test_the_model_is_the_one_of_the_run(run, tmp_path):
    advance(run, 2)
    name, media, content = export(run, "npz")
    assert (name, media) == ("model.npz", "application/octet-stream")
    model = whorl.load(opened(content, tmp_path))
    assert model.parameters.tobytes() == run.model.parameters.tobytes()
    assert model.statistics.tobytes() == run.model.statistics.tobytes()


def test_the_model_of_a_table_has_its_preparation(tmp_path):
    text = "size,colour,kind\n" + "".join(
        f"{k % 7},{'red' if k % 3 else 'blue'},{'a' if k % 2 else 'b'}\n" for k in range(40)
    )
    upload = Upload.read("things.csv", text)
    configuration = Configuration(data=Table(digest=upload.digest, target="kind"), layers=LAYERS)
    run = Run(configuration, [upload])
    advance(run, 1)
    model = whorl.load(opened(export(run, "npz")[2], tmp_path))
    assert model.preparation == run.problem.data.preparation
    assert model.preparation.target.classes == ("a", "b")
    assert export(run, "script")[0] == "things.py"
    rows = {"size": [3.0], "colour": ["red"]}
    np.testing.assert_array_equal(model.predict(rows), run.model.predict(rows))


def test_onnx_predicts_the_same(run):
    advance(run, 2)
    name, _, content = export(run, "onnx")
    assert name == "model.onnx"
    x = run.problem.X[:5].astype(np.float32)
    (y,) = onnxruntime.InferenceSession(content).run(None, {"x": x})
    np.testing.assert_allclose(y, run.model.predict(x), atol=1e-6)


def test_the_script_has_the_edits_that_are_still_there(run):
    run.advance("batch")
    run.edit("w2", (0, 1), 0.5)
    run.advance("batch")
    run.edit("b2", (0,), -0.25)
    run.back(1)
    run.advance("batch")
    name, media, content = export(run, "script")
    assert (name, media) == ("moons.py", "text/x-python")
    text = content.decode()
    assert (
        '    if step.number == 1:\n        weights["w2"][0, 1] = 0.5\n    if step.number == 2:\n        break\n' in text
    )
    assert "b2" not in text


def repeated(run, tmp_path, monkeypatch):
    """Whether the script saves the same file as the run, byte for byte."""
    monkeypatch.chdir(tmp_path)
    exec(compile(export(run, "script")[2], "script.py", "exec"), {"__name__": "__main__"})
    return (tmp_path / "model.npz").read_bytes() == export(run, "npz")[2]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("optimizer", ["Adam(0.01)", "Averaged(SGD(Cosine(0.1, epochs=9), momentum=0.9))"])
def test_the_script_repeats_epochs_steps_edits_and_what_was_taken_back(compiled, optimizer, tmp_path, monkeypatch):
    layers = ("Standardize()", "Dense(8)", "BatchNorm()", "ReLU()", "Dropout(0.2)", "Dense(2)", "Softmax()")
    data = Moons(samples=30)
    run = Run(Configuration(data=data, layers=layers, optimizer=optimizer, batch_size=16, compiled=compiled))
    advance(run, 3)
    run.edit("w2", (1, 4), 0.75)
    run.advance("batch")
    run.edit("gamma3", (2,), -1.5)
    advance(run, 2)
    run.edit("w4", (0, 0), 100.0)
    run.back(run.training.step - 2)
    run.edit("b4", (1,), 0.125)
    advance(run, 4)
    assert [(each.step, each.name) for each in run.edits] == [(9, "w2"), (10, "gamma3"), (13, "b4")]
    assert run.training.step == 24
    assert repeated(run, tmp_path, monkeypatch)


@pytest.mark.parametrize("rate", [1e30, 1e6])
def test_the_script_of_a_run_that_has_diverged(rate, tmp_path, monkeypatch):
    layers = ("Dense(8)", "ReLU()", "Dense(8)", "ReLU()", "Dense(2)", "Softmax()")
    run = Run(Configuration(data=Moons(samples=40), layers=layers, optimizer=f"SGD({rate})", batch_size=8))
    while run.stopped is None and run.training.epoch < 50:
        run.advance("epoch")
    assert run.diverged
    assert repeated(run, tmp_path, monkeypatch)


def test_the_curves(run):
    advance(run, 3)
    name, media, content = export(run, "csv")
    assert (name, media) == ("curves.csv", "text/csv")
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    history = run.training.state.history
    assert [float(row["val_loss"]) for row in rows] == history["val_loss"]


def frames(content):
    with Image.open(io.BytesIO(content)) as image:
        found = []
        for k in range(image.n_frames):
            image.seek(k)
            found.append(np.asarray(image.convert("RGB"), float))
    return found


def test_the_picture_shows_the_states_and_the_current_network(run):
    advance(run, 1)
    run.save(now=True)
    advance(run, 30)
    name, media, content = export(run, "gif")
    assert (name, media) == ("moons.gif", "image/gif")
    pictures = frames(content)
    assert len(pictures) == 3  # steps 0 and 1, and now
    assert pictures[0].shape == (animation.SIZE + animation.BAR, animation.SIZE, 3)
    assert np.abs(pictures[0] - pictures[2]).mean() > 2
    assert len(frames(export(run, "gif")[2])) == 3


def test_the_colours_of_the_picture_are_those_of_the_probabilities():
    configuration = Configuration(data=Circles(samples=10, noise=0.0), layers=("Dense(2)", "Softmax()"))
    run = Run(configuration)
    run.edit("w1", (0, 0), 0.0)
    for index, value in (((0, 0), 0.0), ((0, 1), 0.0), ((1, 0), 50.0), ((1, 1), -50.0)):
        run.edit("w1", index, value)  # class 0 above, class 1 below
    (picture,) = frames(export(run, "gif")[2])
    colours = 255 * (1 - animation.STRENGTH * (1 - animation.rgb(2)))
    above, below = picture[animation.BAR + 5, 5], picture[-5, 5]
    np.testing.assert_allclose([above, below], colours, atol=6)


def test_a_long_run_has_a_picture_of_limited_length(run, monkeypatch):
    monkeypatch.setattr(animation, "FRAMES", 4)
    for _ in range(7):
        run.advance("batch")
        run.save(now=True)
    assert len(frames(export(run, "gif")[2])) == 4
    run.advance("batch")
    assert len(frames(export(run, "gif")[2])) == 4


@pytest.mark.parametrize(("what", "package", "extra"), [("onnx", "onnx", "onnx"), ("gif", "matplotlib.colors", "plot")])
def test_a_missing_package(run, what, package, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"whorl\[{extra}\]"):
        export(run, what)


def test_another_kind_of_file(run):
    with pytest.raises(ValueError, match="what must be one of script, npz, onnx, csv, gif, got 'exe'"):
        export(run, "exe")
