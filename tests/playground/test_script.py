"""The script of a configuration, run in the current process or in a new one, gives the weights of the page to the bit."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import whorl
from whorl.playground.configuration import (
    FEATURES,
    Blobs,
    Circles,
    Configuration,
    Moons,
    Points,
    Spiral,
    Stop,
    Table,
    Xor,
)
from whorl.playground.layout import laid_out
from whorl.playground.problem import Problem
from whorl.playground.script import script
from whorl.playground.tables import Upload

FLOWERS = "size,colour,id,kind\n" + "".join(
    f"{k % 7 + 0.5},{'red' if k % 3 else 'blue'},{k},{'rose' if k % 7 > 3 else 'tulip'}\n" for k in range(60)
)
DATA = {
    "spiral": Spiral(samples=20, noise=0.3, seed=3),
    "moons": Moons(samples=20, noise=0.05, seed=1),
    "circles": Circles(samples=20, factor=0.25, seed=2),
    "xor": Xor(samples=20, noise=0.125, seed=4),
    "blobs": Blobs(samples=20, classes=3, spread=2.5, seed=5),
    "points": Points(points=((0.1, 0.2, 0), (-0.7, 1 / 3, 1), (1.5, -2.25, 2), (1e-17, 3.0, 1), (99.0, 0.5, 0))),
}


def run(text, folder):
    """Run a script in the current process, in a folder, and return the file that it saves."""
    exec(compile(text, "script.py", "exec"), {"__name__": "__main__"})
    return (folder / "model.npz").read_bytes()


def trained(problem, step, edits=()):
    """Train as the page does, and return the bytes of the saved model."""
    model = problem.model()
    training = problem.training(model)
    steps = training.steps()
    while True:
        for at, name, index, value in edits:
            if at == training.step:
                model.named_parameters()[name][index] = value
        if training.step == step:
            break
        next(steps)
    model.save("expected.npz")
    return Path("expected.npz").read_bytes()


DRAWN = {
    "spiral": lambda: whorl.datasets.spiral(20, 3, noise=0.3, rng=3),
    "moons": lambda: whorl.datasets.moons(20, noise=0.05, rng=1),
    "circles": lambda: whorl.datasets.circles(20, noise=0.1, factor=0.25, rng=2),
    "xor": lambda: whorl.datasets.xor(20, noise=0.125, rng=4),
    "blobs": lambda: whorl.datasets.blobs(20, 3, spread=2.5, rng=5),
    "points": lambda: (
        np.array([[x, y] for x, y, _ in DATA["points"].points]),
        np.array([label for *_, label in DATA["points"].points]),
    ),
}


@pytest.mark.parametrize("kind", DATA)
def test_every_kind_of_data(kind, own_directory, tmp_path):
    X, y = DRAWN[kind]()
    layers = ("Dense(5)", "Tanh()", f"Dense({y.max() + 1})", "Softmax()")
    problem = Problem.read(Configuration(data=DATA[kind], layers=layers))
    np.testing.assert_array_equal(problem.X, X)
    np.testing.assert_array_equal(problem.y, y)
    assert run(script(problem, 5), tmp_path) == trained(problem, 5)


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature(feature, own_directory, tmp_path):
    other = "y" if feature == "x" else "x"
    configuration = Configuration(data=DATA["moons"], features=(feature, other), layers=("Dense(2)", "Softmax()"))
    problem = Problem.read(configuration)
    assert run(script(problem, 4), tmp_path) == trained(problem, 4)


TRAININGS = {
    "dropout and batch norm, within an epoch": {
        "layers": ("Dense(8)", "BatchNorm()", "ReLU()", "Dropout(0.25)", "Dense(2)", "Softmax()"),
        "batch_size": 7,
        "step": 13,
    },
    "at the end of an epoch": {"layers": ("Dense(2)", "Softmax()"), "step": 8},
    "a schedule": {
        "layers": ("Dense(2)", "Softmax()"),
        "optimizer": "SGD(WarmUp(Cosine(0.1, epochs=5), epochs=2), momentum=0.9)",
    },
    "a schedule that depends on the loss": {
        "layers": ("Dense(2)", "Softmax()"),
        "optimizer": "Adam(ReduceOnPlateau(0.5, monitor='val_accuracy', patience=0))",
        "step": 20,
    },
    "averaged weights": {"layers": ("Dense(2)", "Softmax()"), "optimizer": "Averaged(Clipped(Adam(0.1), norm=0.5))"},
    "scaling, which is fitted, and penalties": {
        "layers": (
            "Standardize()",
            "Dense(4, weight_l2=0.01, initializer=Uniform(0.5))",
            "ReLU()",
            "Dense(1)",
            "Sigmoid()",
        ),
        "loss": "BinaryCrossEntropy()",
    },
    "no validation data": {"layers": ("Dense(2)", "Softmax()"), "validation": 0.0},
    "schedules that only their package has": {
        "layers": ("Dense(2)", "Softmax()"),
        "optimizer": "SGD(Step(0.1, every=1.0, factor=0.5))",
    },
    "edits": {
        "layers": ("Dense(3)", "ReLU()", "Dense(2)", "Softmax()"),
        "edits": [
            (0, "w1", (0, 1), 0.1),
            (3, "b1", (2,), -1e-7),
            (3, "w2", (2, 1), 12.5),
            (6, "w1", (1, 0), 1 / 3),
            (7, "w1", (0, 0), 9.0),
        ],
    },
    "compiled": {
        "layers": ("Dense(8)", "ReLU()", "Dropout(0.1)", "Dense(2)", "Softmax()"),
        "compiled": True,
        "step": 11,
    },
    "one-hot targets": {"layers": ("Dense(2)", "Softmax()"), "loss": "MeanSquaredError()"},
    "one-hot targets and features": {
        "layers": ("Dense(2)", "Softmax()"),
        "loss": "MeanSquaredError()",
        "features": ("xy", "x²"),
    },
    "all samples in a step": {"layers": ("Dense(2)", "Softmax()"), "optimizer": "LBFGS()", "step": 3},
    "another seed": {"layers": ("Dense(2)", "Softmax()"), "seed": 2**32 - 1},
}


@pytest.mark.parametrize("name", TRAININGS)
def test_every_kind_of_training(name, own_directory, tmp_path):
    given = dict(TRAININGS[name])
    step, edits = given.pop("step", 6), given.pop("edits", ())
    problem = Problem.read(Configuration(data=DATA["moons"], **given))
    assert run(script(problem, step, edits), tmp_path) == trained(problem, step, edits)


@pytest.mark.parametrize("use", [(), ("size",), ("colour", "size")])
def test_a_table(use, own_directory, tmp_path):
    (tmp_path / "flowers.csv").write_text(FLOWERS)
    upload = Upload.read("flowers.csv", FLOWERS)
    layers = ("Standardize()", "Dense(4)", "Tanh()", "Dense(2)", "Softmax()")
    data = Table(digest=upload.digest, target="kind", use=use, axes=(0, 0))
    problem = Problem.read(Configuration(data=data, layers=layers), [upload])
    assert run(script(problem, 5), tmp_path) == trained(problem, 5)
    preparation = whorl.load("model.npz").preparation
    assert preparation.target.classes == ("rose", "tulip")
    assert {column.name for column in preparation.columns} == (set(use) or {"size", "colour"})


def test_in_a_new_process(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    edits = [(2, "w1", (2, 3), 0.25)]
    problem = Problem.read(Configuration(data=DATA["spiral"], features=("x", "y", "radius"), stop=Stop(epochs=3)))
    (tmp_path / "spiral.py").write_text(script(problem, 5, edits))
    subprocess.run([sys.executable, "-W", "error", "spiral.py"], check=True, timeout=60)
    assert (tmp_path / "model.npz").read_bytes() == trained(problem, 5, edits)


def test_the_text_of_a_script_with_features_and_edits():
    configuration = Configuration(
        data=Moons(samples=50, noise=0.125, seed=7),
        validation=0,
        features=("x", "x²", "xy"),
        layers=("Dense(4, initializer=HeUniform())", "ELU()", "Dense(2)", "Softmax()"),
        optimizer="SGD(Cosine(0.1, epochs=20), momentum=0.9)",
        seed=1,
    )
    text = script(
        Problem.read(configuration), 30, [(30, "b1", (2,), 0.5), (0, "w1", (0, 3), -1.0), (31, "w1", (0, 0), 1.0)]
    )
    assert (
        text
        == """\
import numpy as np
import whorl
from whorl import ELU, SGD, Cosine, CrossEntropy, Dense, Model, Softmax
from whorl.initializers import HeUniform

points, labels = whorl.datasets.moons(50, noise=0.125, rng=7)
x, y = points.T
X = np.column_stack([x, x**2, x * y])

model = Model(
    [Dense(4, initializer=HeUniform()), ELU(), Dense(2), Softmax()],
    inputs=3,
    rng=1,
)
weights = model.named_parameters()
weights["w1"][0, 3] = -1.0
training = model.training(
    X,
    labels,
    loss=CrossEntropy(),
    optimizer=SGD(Cosine(0.1, epochs=20.0), momentum=0.9),
    epochs=10000,
    batch_size=32,
    metrics=["accuracy"],
    rng=1,
    fast=False,
)
for step in training.steps():
    if step.number == 30:
        weights["b1"][2] = 0.5
        break
model.save("model.npz")
"""
    )


def test_before_the_first_step_nothing_is_trained(own_directory, tmp_path):
    problem = Problem.read(Configuration(data=DATA["moons"], layers=("Dense(2)", "Softmax()"), seed=4))
    text = script(problem, 0)
    assert "training" not in text
    assert run(text, tmp_path) == trained(problem, 0)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("f('a', \"b'c\", 'd\"e')", 'f("a", "b\'c", \'d"e\')'),
        (f"f([{', '.join(['Dense(10)'] * 3)}])", "f([Dense(10), Dense(10), Dense(10)])"),
        (f"f(x=[{', '.join(['Dense(10)'] * 8)}])", "f(\n    x=[\n" + 8 * "        Dense(10),\n" + "    ],\n)"),
        ("(1,)", "(1,)"),
        ("-1 * x ** 2", "-1 * x**2"),
    ],
)
def test_layout(code, expected):
    assert laid_out(code) == expected
