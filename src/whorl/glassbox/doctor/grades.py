"""How sure findings are, by their kind."""

GRADES: dict[str, float] = {
    "Softmax of one unit": 0.75,
    "activation before the output": 0.88,
    "batch norm with tiny batches": 0.83,
    "constant inputs": 0.83,
    "dead units": 0.75,
    "duplicates across the split": 0.83,
    "equal initial weights": 0.83,
    "exploding gradients": 0.83,
    "identifier as a feature": 0.8,
    "imbalanced classes": 0.83,
    "initial loss far from guessing": 0.83,
    "labels treated as numbers": 0.83,
    "leaked target": 0.78,
    "learning rate too high": 0.9,
    "learning rate too low": 0.9,
    "no probabilities for the loss": 0.83,
    "noisy gradient": 0.83,
    "numbers treated as classes": 0.83,
    "output cannot reach the targets": 0.83,
    "outputs without a class": 0.83,
    "overfitting": 0.83,
    "penalty dominates the loss": 0.83,
    "probabilities for a loss of scores": 0.83,
    "saturated units": 0.83,
    "squared error for classes": 0.83,
    "stopped too early": 0.83,
    "too many parameters for the rows": 0.75,
    "too much dropout": 0.83,
    "underfitting": 0.88,
    "unscaled inputs": 0.92,
    "unscaled target": 0.83,
    "validation from another distribution": 0.88,
    "vanishing gradients": 0.83,
    "weights shrink to 0": 0.83,
}
"""For first findings of each kind, (right + 1) / (all + 2), in the half of the catalogue that chooses thresholds.

``python -m benchmarks doctor`` prints them. Kinds that are not here were never first there, and have 0.5.
"""
