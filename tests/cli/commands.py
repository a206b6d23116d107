"""What the tests of the command share."""

from pathlib import Path

import numpy as np

from whorl import SGD, Dense, MeanSquaredError, Model
from whorl.cli import main
from whorl.cli.interrupt import StopOnInterrupt

QUICK = ["train", "spiral", "--samples", "30", "--hidden", "8", "--epochs", "4", "--log-every", "2"]


def out(capsys, *arguments):
    """The lines that a command prints."""
    assert main(list(arguments)) == 0
    return capsys.readouterr().out.splitlines()


def refused(capsys, *arguments):
    """The error's last line, after checking that it is all: exit code 2 and no traceback."""
    try:
        code = main(list(arguments))
    except SystemExit as stopped:  # argparse's own
        code = stopped.code
    error = capsys.readouterr().err
    assert code == 2
    assert "Traceback" not in error
    return error.strip().splitlines()[-1]


def flowers(path, rows=300, *, header="length,colour,price,kind\n"):
    """A table with a gap, a category and two kinds of target that follow from them."""
    rng = np.random.default_rng(0)
    length, colour = rng.normal(size=rows), rng.choice(["red", "white"], size=rows)
    price = 1000 + 300 * length + 200 * (colour == "red")
    kind = np.where(length + (colour == "red") > 0.5, "rose", "lily")
    cells = [f"{a:.4f}" if i % 10 else "" for i, a in enumerate(length)]
    lines = [f"{a},{c},{p:.2f},{k}" for a, c, p, k in zip(cells, colour, price, kind, strict=True)]
    Path(path).write_text(header + "\n".join(lines) + "\n")


def checkpoint(path):
    """Write a checkpoint as the command does, of a network of no other use."""
    stop = StopOnInterrupt(Path(path))
    stop.received = "Ctrl-C"
    X, model = np.arange(4.0)[:, None], Model([Dense(1)], inputs=1, rng=0)
    model.fit(X, X, loss=MeanSquaredError(), optimizer=SGD(0.1), epochs=2, batch_size=2, callbacks=[stop], fast=False)
    assert Path(path).exists()
