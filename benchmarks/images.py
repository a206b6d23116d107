"""What ``whorl train mnist`` and ``fashion-mnist`` reach, and how long they take: ``python -m benchmarks.images``.

Each preset is trained with three seeds, as the command does it: of 60,000 images some validate, and the 10,000 test images
are looked at once, when training is over. PyTorch trains the same network of the default preset, with the same batches, epochs,
optimizer and schedule, in the same run, by turns. Results are kept in ``benchmarks/images.json``, and ``images.md`` is written
from it; what is there already is not measured again, unless ``--again`` says so.
"""

import argparse
import itertools
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

import whorl
from benchmarks.machine import described
from whorl.cli.presets import PRESETS, Images
from whorl.cli.settings import in_force

KEPT = Path(__file__).with_suffix(".json")
SEEDS = range(3)
CALLED = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}
GOALS = {
    ("mnist", "classic"): 0.983,
    ("mnist", "best"): 0.988,
    ("fashion-mnist", "classic"): 0.895,
    ("fashion-mnist", "best"): 0.905,
}


def by_whorl(data: str, preset: str, seed: int) -> tuple[float, float]:
    """Return the accuracy on the test images, and the seconds of the training."""
    recipe = PRESETS[data][preset]
    rng = np.random.default_rng(seed)
    problem = recipe.problem(rng)
    begun = time.perf_counter()
    model, _ = recipe.fit(problem, rng)
    seconds = time.perf_counter() - begun
    assert problem.test is not None
    return model.evaluate(*problem.test, loss=whorl.CrossEntropy(), metrics=["accuracy"])["accuracy"], seconds


def by_torch(data: str, preset: str, seed: int) -> tuple[float, float]:
    """Return the same of PyTorch: eager, a fused Adam, batches by index, which is the quickest of its ways."""
    import torch
    from torch import nn
    from torch.nn import functional

    recipe = PRESETS[data][preset]
    assert isinstance(recipe, Images)
    torch.manual_seed(seed)
    problem = recipe.problem(np.random.default_rng(seed))
    assert problem.test is not None
    (X, y), (X_test, y_test) = (
        (torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64)))
        for images, labels in ((problem.X, problem.y), problem.test)
    )
    sizes = [784, *recipe.hidden]
    layers: list[Any] = []
    for n_in, n_out in itertools.pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.ReLU(), nn.Dropout(recipe.dropout)]
    network = nn.Sequential(*layers, nn.Linear(sizes[-1], 10))
    begun = time.perf_counter()
    order = torch.randperm(len(X))
    held_out = round(recipe.validation * len(X))
    validation, train = order[:held_out], order[held_out:]
    optimizer = torch.optim.Adam(network.parameters(), lr=recipe.learning_rate, fused=True)
    steps = math.ceil(len(train) / recipe.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps * recipe.epochs)

    def accuracy(images: Any, labels: Any) -> float:
        network.eval()
        with torch.inference_mode():
            right = sum(
                int((network(x).argmax(1) == t).sum())
                for x, t in zip(images.split(1024), labels.split(1024), strict=True)
            )
        return right / len(images)

    for _ in range(recipe.epochs):
        network.train()
        for rows in train[torch.randperm(len(train))].split(recipe.batch_size):
            optimizer.zero_grad()
            functional.cross_entropy(network(X[rows]), y[rows]).backward()
            optimizer.step()
            schedule.step()
        accuracy(X[validation], y[validation])
    seconds = time.perf_counter() - begun
    return accuracy(X_test, y_test), seconds


WAYS = {"whorl": by_whorl, "PyTorch": by_torch}


def results() -> dict[str, Any]:
    """Return what was measured so far."""
    return json.loads(KEPT.read_text()) if KEPT.exists() else {}


def measure(data: str, preset: str, who: str, seed: int, *, again: bool) -> None:
    """Measure one training, unless it is there already, and keep it."""
    key = f"{data} {preset} {who} {seed}"
    recipe = json.loads(json.dumps(in_force(PRESETS[data][preset])))
    if results().get(key, {}).get("settings") == recipe and not again:
        return
    accuracy, seconds = WAYS[who](data, preset, seed)
    found = {"accuracy": round(accuracy, 4), "seconds": round(seconds, 1), "settings": recipe, "made with": described()}
    kept = results() | {key: found}
    KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    print(key, f"{accuracy:.4f}", f"{seconds:.0f} s", flush=True)


def table(kept: dict[str, Any], data: str) -> list[str]:
    """Return the lines of one data set's table."""
    lines = [
        f"## {CALLED[data]}",
        "",
        "| | seed 0 | seed 1 | seed 2 | median | goal | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for preset, who in [("classic", "whorl"), ("classic", "PyTorch"), ("best", "whorl")]:
        found = [kept[key] for seed in SEEDS if (key := f"{data} {preset} {who} {seed}") in kept]
        if found:
            accuracies = [each["accuracy"] for each in found]
            seconds = np.median([each["seconds"] for each in found])
            name = f"`--preset {preset}`" if who == "whorl" else "PyTorch, the same as `classic`"
            goal = f"{GOALS[data, preset]:.3f}" if who == "whorl" else ""
            cells = " | ".join(f"{each:.4f}" for each in accuracies)
            lines.append(f"| {name} | {cells} | **{np.median(accuracies):.4f}** | {goal} | {seconds:.0f} |")
    return [*lines, ""]


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", choices=list(CALLED), default=list(CALLED))
    parser.add_argument("--presets", nargs="+", choices=["classic", "best"], default=["classic", "best"])
    parser.add_argument("--again", action="store_true", help="measure anew what is there already")
    arguments = parser.parse_args()
    for preset in arguments.presets:
        for data in arguments.data:
            for seed in SEEDS:
                for who in WAYS if preset == "classic" else ["whorl"]:
                    measure(data, preset, who, seed, again=arguments.again)
    kept = results()
    page = "\n".join(
        [
            "# Images: what the presets reach",
            "",
            "Accuracy on the 10,000 test images, fully connected networks, no augmentation; seconds of training (medians).",
            "A part of the 60,000 images validates (`--help` says which), and the test images are looked at once, at the end;",
            "`images.json` says under what circumstances each was measured.",
            "",
            *(line for data in CALLED for line in table(kept, data)),
            f"Written by `python -m benchmarks.images`. {described()}",
            "",
        ]
    )
    KEPT.with_suffix(".md").write_text(page)
    print(page)


if __name__ == "__main__":
    main()
