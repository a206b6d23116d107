"""What ``whorl train spiral`` reaches: ``python -m benchmarks.spiral`` measures it and writes ``benchmarks/spiral.md``.

For each preset and each of ten seeds: accuracy on the training and the validation points at the last epoch, accuracy on
120,000 fresh points, and the seconds that training took.
"""

import argparse
import os
import platform
import time
from pathlib import Path

import numpy as np

import whorl
from whorl.cli.presets import SPIRAL, Spiral
from whorl.training import Callback, History, Training

FRESH = 40_000
"""Points of each class in the test; their seeds are none of those that training uses."""


class Last(Callback):
    """Keeps the accuracies of the network as it stands at the end."""

    train = validation = 0.0

    def on_train_end(self, training: Training, history: History) -> None:
        """Measure."""
        train, validation = training.measure()
        assert validation is not None
        self.train, self.validation = train["accuracy"], validation["accuracy"]


def measure(preset: Spiral, seed: int) -> tuple[float, float, float, float]:
    """Return the accuracy in training, in validation and on fresh points, and the seconds."""
    last = Last()
    start = time.perf_counter()
    model, *_ = preset.train(seed, [last])
    seconds = time.perf_counter() - start
    X, y = whorl.datasets.spiral(FRESH, preset.classes, noise=preset.noise, rng=1_000_000 + seed)
    fresh = model.evaluate(X, y, loss=whorl.CrossEntropy(), metrics=["accuracy"])["accuracy"]
    return last.train, last.validation, fresh, seconds


def table(name: str, seeds: int) -> str:
    """Measure a preset, and return its rows in Markdown."""
    rows = np.array([measure(SPIRAL[name], seed) for seed in range(seeds)])
    lines = [
        f"## `whorl train spiral --preset {name}`",
        "",
        "| seed | training | validation | 120,000 fresh points | seconds |",
        "|---|---|---|---|---|",
        *(f"| {seed} | {a:.4f} | {b:.4f} | {c:.4f} | {s:.1f} |" for seed, (a, b, c, s) in enumerate(rows)),
    ]
    for word, values in [("median", np.median(rows, axis=0)), ("worst", [*rows[:, :3].min(axis=0), rows[:, 3].max()])]:
        a, b, c, s = values
        lines.append(f"| **{word}** | {a:.4f} | {b:.4f} | {c:.4f} | {s:.1f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure both presets, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    accuracy, loss = whorl.datasets.spiral_limit()
    page = "\n".join(
        [
            "# The spiral: what the presets reach",
            "",
            f"Accuracies; nobody can do better on fresh points than {accuracy:.4f} (cross-entropy {loss:.4f}).",
            f"Written by `python -m benchmarks.spiral --seeds {seeds}`, whorl {whorl.__version__}, NumPy {np.__version__},",
            f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores.",
            "",
            *(table(name, seeds) + "\n" for name in SPIRAL),
        ]
    )
    Path(__file__).with_suffix(".md").write_text(page)
    print(page)


if __name__ == "__main__":
    main()
