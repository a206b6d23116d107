"""What is installed: its size, and the time until it is ready, by imports and by whole commands."""

import argparse
import re
import struct
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import numpy as np

import whorl
from benchmarks.cases import images
from benchmarks.page import section
from benchmarks.peers import PEERS
from benchmarks.processes import ROOT, run
from benchmarks.rounds import Spread, figures, interleave

IMPORTS = {
    "torch": "import torch",
    "jax-step": "import jax",
    "keras": "import keras",
    "sklearn": "from sklearn.neural_network import MLPClassifier",
}
"""By peer, how a program that uses it begins."""

PACKAGES = {"PyTorch": ["torch"], "JAX": ["jax"], "Keras on JAX": ["keras", "jax"], "scikit-learn": ["scikit-learn"]}
ANSWER = "import whorl; print(whorl.load('model.npz').predict([[0.1, 0.2]]).argmax())"


def seconds(*words: str, cwd: Path = ROOT, environment: Mapping[str, str] | None = None) -> Callable[[], float]:
    """Return a measurement of `run`, after a first run that leaves everything compiled and in the file cache."""
    run(words, cwd=cwd, environment=environment)
    return partial(run, words, cwd=cwd, environment=environment)


def imports(arguments: argparse.Namespace) -> str:
    """Return the section about imports."""
    contenders = {
        "nothing": seconds("-c", "pass"),
        "NumPy": seconds("-c", "import numpy"),
        "whorl": seconds("-c", "import whorl"),
    }
    for name, code in IMPORTS.items():
        if PEERS[name].missing() is None:
            contenders[f"`{code}`"] = seconds("-c", code, environment=PEERS[name].environment)
    times = interleave(arguments.rounds, contenders)
    spreads = {name: Spread.of([1e3 * t for t in each]) for name, each in times.items()}
    rows = [[name, str(each), figures(each.median - spreads["NumPy"].median)] for name, each in spreads.items()]
    return section("Import", "A fresh Python that imports it and ends.", ["", "ms", "beyond NumPy, ms"], rows)


def commands(arguments: argparse.Namespace) -> str:
    """Return the section about whole commands."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        write_images(place / "mnist")
        train = partial(seconds, "-m", "whorl", "train", cwd=place, environment={"WHORL_DATA": name})
        train("spiral", "--epochs", "1")  # makes the model that ANSWER loads
        quick = {
            '`python -c "import numpy"`': seconds("-c", "import numpy"),
            "load a saved spiral model and predict one row": seconds("-c", ANSWER, cwd=place),
        }
        times = interleave(arguments.rounds, quick)
        slow = {
            "`whorl train spiral`": train("spiral"),
            "`whorl train mnist --epochs 1`, on random images of MNIST's size": train("mnist", "--epochs", "1"),
        }
        times |= interleave(max(1, arguments.rounds // 3), slow)
    text = "Whole processes; training reads or draws the data, trains, evaluates, and saves the model and a picture."
    return section("From the shell", text, ["", "seconds"], [[what, str(Spread.of(t))] for what, t in times.items()])


def write_images(folder: Path) -> None:
    """Write random files with MNIST's names, format and size: 60,000 images of 28×28 pixels and labels, 10,000 to test."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for part, count in [("train", 60_000), ("t10k", 10_000)]:
        labels = rng.integers(10, size=count, dtype=np.uint8)
        pixels = struct.pack(">4I", 0x803, count, 28, 28) + images(labels, rng).tobytes()
        (folder / f"{part}-images-idx3-ubyte").write_bytes(pixels)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, count) + labels.tobytes())


def size(_: argparse.Namespace) -> str:
    """Return the section about disk."""
    paths = (path for path in Path(whorl.__file__).parent.rglob("*") if "__pycache__" not in path.parts)
    own = sum(path.stat().st_size for path in paths if path.is_file())
    numpy = sum(map(size_of, requirements("numpy").values()))
    rows = [["whorl itself", megabytes(own), "1"], ["whorl with NumPy", megabytes(own + numpy), "2"]]
    for title, names in PACKAGES.items():
        found = requirements(*names)
        if set(names) <= set(found):
            rows.append([title, megabytes(sum(map(size_of, found.values()))), str(len(found))])
    text = "Installed files with everything required, NumPy included, without compiled Python."
    return section("Disk", text, ["", "MB", "packages"], rows)


def requirements(*names: str) -> dict[str, Distribution]:
    """Return these distributions and all that they require, by their normalized names, if they are installed."""
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:  # for another platform or Python
            continue
        required = (line for line in found[name].requires or [] if "extra ==" not in line)
        waiting += [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in required]
    return found


def size_of(each: Distribution) -> int:
    """Return the bytes of a distribution's files."""
    paths = (Path(str(each.locate_file(file))) for file in each.files or [] if not str(file).endswith(".pyc"))
    return sum(path.stat().st_size for path in paths if path.is_file())


def megabytes(size: float) -> str:
    """Format bytes as millions of bytes."""
    return figures(size / 1e6)
