"""The pictures of ``whorl train``: what is drawn, and of which samples."""

import re
import sys
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.commands import QUICK, flowers, out, refused

from whorl.cli import pictures

pytestmark = pytest.mark.usefixtures("own_directory")


@pytest.fixture
def figures(monkeypatch):
    """The figures that the command draws."""
    drawn, report = [], pictures.report

    def recorded(*arguments, **named):
        drawn.append(report(*arguments, **named))
        return drawn[-1]

    monkeypatch.setattr(pictures, "report", recorded)
    return drawn


def wrong(title):
    """The numbers of mistakes and of samples in the title of a picture."""
    return [
        int(number.replace(",", "")) for number in re.search("istakes: ([0-9,]+) of ([0-9,]+) samples", title).groups()
    ]


def test_points_are_drawn_with_all_their_samples(capsys, figures):
    out(capsys, *QUICK)
    title = figures[0].axes[0].get_title()
    assert title.startswith("Decision boundary")
    assert wrong(title)[1] == 90


def test_the_lines_begin_with_the_values_that_are_printed_for_epoch_0(capsys, figures):
    printed = out(capsys, *QUICK)[0]
    loss, accuracy = figures[0].axes[1:3]
    values = [f"{line.get_ydata()[0]:.3f}" for ax in (accuracy, loss) for line in ax.lines]
    assert printed.startswith(
        "epoch 0 | train acc {} loss {} | val acc {} loss {} |".format(*values[::2], *values[1::2])
    )
    assert [line.get_xdata()[0] for line in loss.lines] == [0, 0]


def test_images_are_those_held_out_for_validation(capsys, figures):
    lines = out(capsys, "train", "digits", "--epochs", "2")
    accuracy = float(re.search(r"val acc ([0-9.]+)", lines[2])[1])
    mistakes, samples = wrong(figures[0].axes[0].get_title())
    assert samples == 359  # a fifth of 1797
    assert round(1 - mistakes / samples, 3) == accuracy
    worst = [ax.images[0].get_array().shape for ax in figures[0].axes[1:] if ax.images]
    assert worst == [(8, 8)] * min(10, mistakes)


def test_classes_of_a_table_have_their_names(capsys, figures):
    flowers("flowers.csv")
    lines = out(capsys, "train", "flowers.csv", "--target", "kind", "--epochs", "3", "--members", "4", "--folds", "2")
    matrix = figures[0].axes[0]
    assert [label.get_text() for label in matrix.get_yticklabels()] == ["lily", "rose"]
    networks = [re.match(r"network . of 4 .*val acc ([0-9.]+)", line) for line in lines]
    accuracies = [float(found[1]) for found in networks if found]
    mistakes, samples = wrong(matrix.get_title())
    assert samples == 150  # the fold of the first network
    # The picture is of the first network with the biases of the model, the line without them.
    assert min(abs(1 - mistakes / samples - each) for each in accuracies) < 0.02


def test_numbers_of_a_table_are_drawn_over_the_true_ones(capsys, figures):
    flowers("flowers.csv")
    out(capsys, "train", "flowers.csv", "--target", "price", "--epochs", "3", "--members", "2")
    scatter = figures[0].axes[0]
    assert (scatter.get_xlabel(), scatter.get_ylabel()) == ("true price", "predicted price")
    assert len(scatter.collections[0].get_offsets()) == 150  # the fold of the first network
    assert scatter.get_xlim()[0] > 0  # in the unit of the file


def test_gif(capsys, no_picture):
    assert out(capsys, *QUICK, "--gif", "--output", "runs")[-2] == "saved runs/spiral.gif"
    with Image.open("runs/spiral.gif") as image:
        assert image.n_frames == 5  # the untrained network, and four epochs


def test_gif_needs_classes_of_points_in_the_plane(capsys):
    expected = "argument --gif: draws the decision boundary of classes, for data with two inputs only"
    assert expected in refused(capsys, "train", "digits", "--gif", "--output", "new")
    flowers("flowers.csv")
    assert expected in refused(capsys, "train", "flowers.csv", "--target", "price", "--gif")
    assert not Path("new").exists()


def test_gif_without_matplotlib_is_refused_before_the_training(capsys, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    expected = "whorl.plot needs matplotlib, which the extra whorl[plot] installs"
    assert expected in refused(capsys, *QUICK, "--gif")
    assert not Path("model.npz").exists()


def test_gif_and_patience(capsys, no_picture):
    """The last frame is that of the last epoch, although the model gets its best parameters."""
    lines = out(capsys, *QUICK, "--gif", "--epochs", "30", "--patience", "1", "--learning-rate", "0.5")
    stopped = next(line for line in lines if line.startswith("stopped after epoch "))
    epochs = int(re.search(r"after epoch (\d+)", stopped)[1])
    with Image.open("spiral.gif") as image:
        assert image.n_frames == epochs + 1
