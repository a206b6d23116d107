"""How long it takes to be ready: imports, a saved model's first answer, and whole commands from the shell to the saved model."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.footprint.processes import run, seconds
from benchmarks.peers import ENTRIES
from benchmarks.report import table
from benchmarks.rounds import Spread, figures, interleave

IMPORTS = {
    "torch": "import torch",
    "jax-step": "import jax",
    "keras": "import keras",
    "sklearn": "from sklearn.neural_network import MLPClassifier",
}
"""By peer, what a program that uses it begins with."""

ANSWER = "import whorl; print(whorl.load('model.npz').predict([[0.1, 0.2]]).argmax())"


def imports(rounds: int) -> str:
    """Return the section about imports."""
    words: dict[str, tuple[str, dict[str, str]]] = {
        "nothing": ("pass", {}),
        "NumPy": ("import numpy", {}),
        "whorl": ("import whorl", {}),
    }
    for name, code in IMPORTS.items():
        if ENTRIES[name].missing() is None:
            words[f"`{code}`"] = code, dict(ENTRIES[name].environment)
    times = interleave(rounds, {name: seconds(["-c", code], environment=env) for name, (code, env) in words.items()})
    medians = {name: 1e3 * Spread.of(each).median for name, each in times.items()}
    rows = [
        [name, str(Spread.of([1e3 * t for t in each])), figures(medians[name] - medians["NumPy"])]
        for name, each in times.items()
    ]
    return f"## Import\n\nA fresh Python that imports it and ends.\n\n{table(['', 'ms', 'beyond NumPy, ms'], rows)}"


def commands(rounds: int) -> str:
    """Return the section about whole processes."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        write_images(place / "mnist")
        environment = {"WHORL_DATA": name}
        run(["-m", "whorl", "train", "spiral", "--epochs", "1"], cwd=place)
        contenders = {
            '`python -c "import numpy"`': seconds(["-c", "import numpy"]),
            "a saved spiral model is loaded and answers its first row": seconds(["-c", ANSWER], cwd=place),
        }
        quick = interleave(rounds, contenders)
        (place / "other").mkdir()
        contenders = {
            "`whorl train spiral`": seconds(["-m", "whorl", "train", "spiral"], cwd=place / "other"),
            "`whorl train mnist --epochs 1`, on random images of MNIST's size": seconds(
                ["-m", "whorl", "train", "mnist", "--epochs", "1"], cwd=place / "other", environment=environment
            ),
        }
        times = quick | interleave(max(1, rounds // 3), contenders)
    rows = [[what, str(Spread.of(each))] for what, each in times.items()]
    return (
        "## From the shell\n\nWhole processes; training reads or draws the data, trains, measures, saves the model and a picture.\n\n"
        + table(["", "seconds"], rows)
    )


def write_images(folder: Path, seed: int = 0) -> None:
    """Write random files of MNIST's names, form and size: 60,000 images of 28×28 pixels with labels, and 10,000 to test."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for part, count in [("train", 60_000), ("t10k", 10_000)]:
        labels = rng.integers(10, size=count, dtype=np.uint8)
        pixels = rng.integers(128, size=(count, 28, 28), dtype=np.uint8) + 12 * labels[:, None, None]
        (folder / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, count, 28, 28) + pixels.tobytes())
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, count) + labels.tobytes())
