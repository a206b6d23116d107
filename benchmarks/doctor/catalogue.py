"""The catalogue: which mistakes are planted in which data sets, and how strong they are.

The places of a mistake alternate: the first, third, … choose thresholds, the second, fourth, … give the figure. The latter have seeds of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from benchmarks.doctor import faults as f
from benchmarks.doctor.trials import Trial, trial

Plant = Callable[[Trial, float], Trial]

# fmt: off
PLACES: list[tuple[str, Plant, str]] = [
    ("unscaled inputs", f.unscaled_inputs, "spiral 1000, digits 1000, moons 300, blobs 500, wine 100, iris 60, waves 200, xor 3000, circles 0.001, moons 0.002, digits 255, friedman 100"),
    ("unscaled inputs", f.one_large_input, "breast_cancer 2000, wine 5000, friedman 3000, blobs 20000"),
    ("unscaled inputs", f.offset_inputs, "blobs 2000, moons 1000, waves 300, circles 100"),
    ("constant inputs", f.constant_inputs, "moons 5, circles 3, iris 9, wine 4, friedman -3, waves -6, blobs 7, spiral 2"),
    ("unscaled target", f.unscaled_target, "waves 1000, diabetes 1000, friedman 100, waves 50, diabetes 150, friedman 5000, waves 30000, friedman 0.001"),
    ("imbalanced classes", f.imbalance, "moons 0.05, spiral2 0.04, circles 0.03, digits 0.01, breast_cancer 0.03, xor 0.05, xor 0.08, moons 0.02"),
    ("duplicates across the split", f.duplicates, "spiral 0.5, digits 0.3, moons 0.2, xor 0.4, wine 0.3, iris 0.5, friedman 0.1, waves 0.6"),
    ("leaked target", f.leaked_target, "breast_cancer 0, iris 0, wine 0.01, breast_cancer 0.05, friedman 0.02, waves 0.01, diabetes 0.05, friedman 0, digits 0, spiral2 0.05, blobs 0.05, diabetes 0"),
    ("identifier as a feature", f.identifier, "moons 0, wine 0, iris 1000, circles -1, friedman -1, waves 5000, breast_cancer 90000, blobs 0"),
    ("validation from another distribution", f.sorted_split, "iris 0.2, wine 0.2, digits 0.2, spiral 0.25, moons 0.4, breast_cancer 0.3, blobs 0.25, xor 0.3"),
    ("validation from another distribution", f.other_scale, "waves 3, friedman 4, wine 2, moons 5"),
    ("labels treated as numbers", f.labels_as_numbers, "digits 0, iris 0, wine 0, moons 0, spiral 0, circles 0, blobs 0, breast_cancer 0"),
    ("numbers treated as classes", f.numbers_as_classes, "diabetes 200, waves 200, friedman 300, diabetes 150, waves 250, friedman 200, diabetes 100, waves 150"),
    ("outputs without a class", f.unused_outputs, "iris 10, wine 6, moons 5, circles 10, spiral 30, digits 20, blobs 8, breast_cancer 4"),
    ("no probabilities for the loss", f.missing_softmax, "spiral 0, moons 1, iris 1, wine 0, digits 2, blobs 3, moons 3, circles 2"),
    ("Softmax of one unit", f.softmax_of_one, "moons 0, spiral2 0, breast_cancer 0"),
    ("activation before the output", f.before_output, "spiral 0, blobs 0, digits 1, iris 1, wine 2, circles 2, moons 3, digits 3, digits 0, xor 1, spiral 1, breast_cancer 0"),
    ("probabilities for a loss of scores", f.hinge_of_softmax, "moons 1, wine 1, iris 1, circles 1, digits 1, blobs 2, spiral 1, xor 1"),
    ("squared error for classes", f.squared_error, "spiral 0, iris 0, digits 0, wine 1, moons 1, circles 0, spiral 1, blobs 1"),
    ("output cannot reach the targets", f.limited_output, "waves 0, friedman 0, diabetes 1, waves 2, friedman 2, diabetes 0, waves 1, friedman 1"),
    ("equal initial weights", f.equal_weights, "spiral 0, iris 0, digits 0, circles 0, waves 0.1, friedman 0.2, moons 0.5, xor 0.1"),
    ("batch norm with tiny batches", f.tiny_batches, "moons 2, circles 2, spiral 4, xor 4, iris 2, wine 2, waves 4, friedman 2"),
    ("too much dropout", f.heavy_dropout, "spiral 0.9, circles 0.9, digits 0.95, blobs 0.95, moons 0.8, xor 0.85, waves 0.9, friedman 0.8"),
    ("too many parameters for the rows", f.many_parameters, "iris 512, wine 600, wine 512, iris 600"),
    ("initial loss far from guessing", f.large_scores, "spiral 3, digits 3, moons 8, circles 10, digits 2, iris 5, blobs 2, wine 3"),
    ("dead units", f.dead_units, "digits 0.5, digits 0.4, digits 1, digits 2"),
    ("saturated units", f.saturated_units, "spiral 8, circles 12, digits 3, xor 10, moons 10, spiral2 10, waves 8, friedman 4"),
    ("vanishing gradients", f.vanishing, "spiral 6, spiral2 7, digits 7, blobs 8, moons 6, circles 8, waves 8, friedman 7"),
    ("exploding gradients", f.exploding, "spiral 2, circles 2, digits 1, blobs 1, moons 1, xor 2, waves 2, friedman 1"),
    ("learning rate too high", f.rate, "spiral 1, spiral2 2, digits 0.3, blobs 1, moons 3, circles 2, waves 2, friedman 1"),
    ("learning rate too high", f.sgd_rate, "spiral 5, spiral2 5, waves 1, friedman 1, moons 10, xor 10, digits 3, blobs 5"),
    ("learning rate too low", f.rate, "spiral 3e-6, circles 3e-6, digits 3e-6, blobs 3e-6, moons 1e-6, xor 2e-6, waves 3e-6, friedman 2e-6"),
    ("learning rate too low", f.sgd_rate, "spiral 3e-6, spiral2 5e-6, iris 1e-5, wine 1e-5, moons 1e-6, xor 3e-6, waves 1e-6, friedman 1e-6"),
    ("overfitting", f.overfitting, "spiral 80, spiral 100, diabetes 60, diabetes 100, friedman 60, friedman 40, waves 40, waves 30, spiral 60, diabetes 50"),
    ("underfitting", f.underfitting, "spiral 0, circles 1, moons 1, xor 0, waves 0, spiral2 0, circles 0, spiral 1, xor 1, waves 1, spiral2 1"),
    ("penalty dominates the loss", f.heavy_penalty, "spiral 0.1, circles 0.05, digits 0.01, blobs 0.1, moons 0.05, xor 0.05, waves 0.1, friedman 0.05"),
    ("weights shrink to 0", f.heavy_decay, "spiral 10, circles 15, digits 10, blobs 20, moons 20, xor 15, waves 10, friedman 15"),
    ("noisy gradient", f.noisy, "spiral 0.1, spiral 0.15, moons 0.15, spiral2 0.2, circles 0.2, xor 0.3, circles 0.15, circles 0.25"),
    ("stopped too early", f.early, "spiral2 15, xor 4, digits 3, digits 2, waves 5, waves 8, friedman 3, friedman 4, circles 5, moons 3"),
]
# fmt: on
"""The kind of finding that is expected, what is planted, and the places: a data set with a strength."""

NETWORKS: dict[str, tuple[int, ...]] = {"iris": (16,), "wine": (16,), "diabetes": (16,), "breast_cancer": (16,)}


def planted() -> Iterator[Trial]:
    """Yield all trainings with a mistake, alternately for the two halves."""
    for kind, plant, places in PLACES:
        for i, place in enumerate(places.split(", ")):
            name, written = place.split()
            strength, seed = float(written), i
            if i % 2:
                seed, strength = 5000 + 7 * i, changed(strength, i)
            planted_in = sound(name, seed)
            yield replace(plant(planted_in, strength), kind=kind, what=f"{plant.__name__} {strength:g}", half=i % 2)


def changed(strength: float, i: int) -> float:
    """Return a strength 10 % above or below, for the half that was drawn anew; small whole numbers choose between variants, and stay."""
    if strength in (0, 1, 2, 3, 4, -1) or (strength == round(strength) and strength < 10):
        return strength
    other = strength * (1.1 if i % 4 == 1 else 0.9)
    return float(round(other)) if strength >= 10 else other


def sound(name: str, seed: int) -> Trial:
    """Return the training that a mistake is planted in."""
    return trial(name, NETWORKS.get(name, (64, 64)), seed=seed)
