"""The script in from_scratch computes the same results as the library."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from whorl import SGD, CrossEntropy, Dense, Dropout, InverseTime, Model, ReLU, Softmax, datasets
from whorl.layers.dropout import dropout_mask

FOLDER = Path(__file__).parents[1] / "from_scratch"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.delitem(sys.modules, "dataset", raising=False)
    specification = importlib.util.spec_from_file_location("best_implementation", FOLDER / "best_implementation.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_script_and_library_have_the_same_loss_in_every_step(script):
    l2, rate, lr, decay, momentum, epochs, batch = 1e-3, 0.2, 0.1, 0.05, 0.9, 4, 32
    X, y = datasets.spiral(50, classes=3, rng=0)
    model = Model(
        [Dense(16, weight_l2=l2, bias_l2=l2), ReLU(), Dropout(rate), Dense(3, weight_l2=l2, bias_l2=l2), Softmax()],
        inputs=2,
        rng=1,
        dtype=np.float64,
    )
    optimizer = SGD(InverseTime(lr, decay=decay), momentum=momentum)
    run = model.training(X, y, loss=CrossEntropy(), optimizer=optimizer, epochs=epochs, batch_size=batch, rng=2)

    # Give the script the library's initial weights, batches and dropout masks: both use a generator with seed 2.
    rng = np.random.default_rng(2)
    first, last = script.Dense(2, 16, 1, l2, rng), script.Dense(16, 3, 1, l2, rng)
    first.w, first.b, last.w, last.b = (view.copy() for view in model.named_parameters().values())
    dropout = script.Dropout(rate, rng)
    rng = dropout.rng = np.random.default_rng(2)
    dropout.draw_mask = lambda shape: dropout_mask(shape, rate, np.dtype(np.float64), rng)
    network = script.Network([first, script.ReLU(), dropout, last])
    sgd = script.SGD(lr, decay, momentum)

    losses = []
    for epoch in range(epochs):
        order = rng.permutation(len(X))
        for start in range(0, len(X), batch):
            rows = order[start : start + batch]
            losses.append(network.train_step(X[rows], y[rows], sgd, epoch + start / len(X)))
    np.testing.assert_allclose([step.loss for step in run.steps()], losses, rtol=0, atol=1e-10)
    assert losses[-1] < losses[0]
    np.testing.assert_allclose(model.named_parameters()["w1"], first.w, rtol=0, atol=1e-10)

    accuracy, loss = network.evaluate(X, y)
    measured = model.evaluate(X, y, loss=CrossEntropy(), metrics=["accuracy"])
    assert (measured["accuracy"], measured["loss"]) == (accuracy, pytest.approx(loss, abs=1e-10))


def test_script_and_library_create_the_same_data(script):
    X, y = datasets.spiral(20, classes=4, rng=3)
    x, labels = script.spiral(20, 4, np.random.default_rng(3))
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(labels, y)


def test_the_script_is_short_and_independent():
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.py")))
    assert len(text.splitlines()) <= 215
    assert "whorl" not in text


def test_the_script_trains_prints_saves_and_plots(script, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    script.main(hidden=32, epochs=3, log_every=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in lines] == [
        "epoch 0",
        "epoch 2",
        "epoch 3",
        "saved from_scratch.npz",
        "saved from_scratch.png",
    ]
    with np.load("from_scratch.npz") as archive:
        assert {name: array.shape for name, array in archive.items()} == {
            "w1": (2, 32),
            "b1": (32,),
            "w2": (32, 3),
            "b2": (3,),
        }
    assert Path("from_scratch.png").read_bytes().startswith(b"\x89PNG")


def test_the_plot_has_equal_axes_and_a_colour_for_each_class(script, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    x, y = script.spiral(20, 3, np.random.default_rng(0))
    network = script.Network([script.Dense(2, 3, std=1, l2=0, rng=np.random.default_rng(0))])
    script.plot(network, x, y, tmp_path / "plot.png")
    ax = plt.gca()
    assert ax.get_aspect() == 1
    points = ax.collections[0].get_facecolors()[:, :3] * 255
    okabe_ito = [[0, 114, 178], [0, 158, 115], [230, 159, 0]]
    np.testing.assert_allclose(points, np.array(okabe_ito)[y])
    (background,) = ax.images
    cell = background.get_array()
    np.testing.assert_allclose(cell[0, 0] * 255, okabe_ito[network.forward(np.array([[-1.05, -1.05]])).argmax()])
    np.testing.assert_allclose(cell[-1, 0] * 255, okabe_ito[network.forward(np.array([[-1.05, 1.05]])).argmax()])
    plt.close()


def test_the_script_runs_without_matplotlib(script, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    script.main(hidden=8, epochs=1)
    assert capsys.readouterr().out.splitlines()[-1] == "no plot: matplotlib is not installed"


def test_the_script_imports_only_numpy_and_the_standard_library():
    code = (
        f"import sys; sys.path.insert(0, {str(FOLDER)!r}); import best_implementation;"
        "print(*{name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names))"
    )
    out = subprocess.run([sys.executable, "-Ic", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(out) <= {"numpy", "best_implementation", "dataset", "__main__", "_distutils_hack", "sitecustomize"}
