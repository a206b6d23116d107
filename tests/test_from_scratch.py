"""The page and the library are the same mathematics."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from whorl import SGD, CrossEntropy, Dense, Dropout, InverseTime, Model, ReLU, Softmax, datasets
from whorl.layers.dropout import dropout_mask

PAGE = Path(__file__).parents[1] / "from_scratch"


@pytest.fixture
def page(monkeypatch):
    monkeypatch.syspath_prepend(str(PAGE))
    monkeypatch.delitem(sys.modules, "dataset", raising=False)
    specification = importlib.util.spec_from_file_location("best_implementation", PAGE / "best_implementation.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_library_follows_the_pages_losses_step_by_step(page):
    l2, rate, lr, decay, momentum, epochs, batch = 1e-3, 0.2, 0.1, 0.05, 0.9, 4, 32
    X, y = datasets.spiral(50, classes=3, rng=0)
    mine = Model(
        [Dense(16, weight_l2=l2, bias_l2=l2), ReLU(), Dropout(rate), Dense(3, weight_l2=l2, bias_l2=l2), Softmax()],
        inputs=2,
        rng=1,
        dtype=np.float64,
    )
    optimizer = SGD(InverseTime(lr, decay=decay), momentum=momentum)
    run = mine.training(X, y, loss=CrossEntropy(), optimizer=optimizer, epochs=epochs, batch_size=batch, rng=2)

    # The page, with the library's start weights, batches and dropout masks: both draw from a generator of seed 2.
    rng = np.random.default_rng(2)
    first, last = page.Dense(2, 16, 1, l2, rng), page.Dense(16, 3, 1, l2, rng)
    first.w, first.b, last.w, last.b = (view.copy() for view in mine.named_parameters().values())
    dropout = page.Dropout(rate, rng)
    rng = dropout.rng = np.random.default_rng(2)
    dropout.draw_mask = lambda shape: dropout_mask(shape, rate, np.dtype(np.float64), rng)
    network = page.Network([first, page.ReLU(), dropout, last])
    sgd = page.SGD(lr, decay, momentum)

    losses = []
    for epoch in range(epochs):
        order = rng.permutation(len(X))
        for start in range(0, len(X), batch):
            rows = order[start : start + batch]
            losses.append(network.train_step(X[rows], y[rows], sgd, epoch + start / len(X)))
    np.testing.assert_allclose([step.loss for step in run.steps()], losses, rtol=0, atol=1e-10)
    assert losses[-1] < losses[0]
    np.testing.assert_allclose(mine.named_parameters()["w1"], first.w, rtol=0, atol=1e-10)

    accuracy, loss = network.evaluate(X, y)
    measured = mine.evaluate(X, y, loss=CrossEntropy(), metrics=["accuracy"])
    assert (measured["accuracy"], measured["loss"]) == (accuracy, pytest.approx(loss, abs=1e-10))


def test_the_pages_data_are_the_librarys(page):
    X, y = datasets.spiral(20, classes=4, rng=3)
    x, labels = page.spiral(20, 4, np.random.default_rng(3))
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(labels, y)


def test_the_page_is_short_and_stands_alone():
    text = "".join(path.read_text() for path in sorted(PAGE.glob("*.py")))
    assert len(text.splitlines()) <= 210
    assert "whorl" not in text


def test_the_script_trains_prints_saves_and_draws(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    page.main(hidden=32, epochs=3, log_every=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in lines] == [
        "epoch 0",
        "epoch 2",
        "epoch 3",
        "saved model.npz",
        "saved spiral.png",
    ]
    with np.load("model.npz") as archive:
        assert {name: array.shape for name, array in archive.items()} == {
            "w1": (2, 32),
            "b1": (32,),
            "w2": (32, 3),
            "b2": (3,),
        }
    assert Path("spiral.png").read_bytes().startswith(b"\x89PNG")


def test_the_script_does_without_matplotlib(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    page.main(hidden=8, epochs=1)
    assert capsys.readouterr().out.splitlines()[-1] == "no picture: matplotlib is not installed"


def test_the_script_loads_numpy_and_the_standard_library_only():
    code = (
        f"import sys; sys.path.insert(0, {str(PAGE)!r}); import best_implementation;"
        "print(*{name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names))"
    )
    out = subprocess.run([sys.executable, "-Ic", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(out) <= {"numpy", "best_implementation", "dataset", "__main__", "_distutils_hack", "sitecustomize"}
