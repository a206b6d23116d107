"""How sure findings are, by their kind."""

GRADES: dict[str, float] = {}
"""The share of findings of each kind that were right, in the half of the catalogue that calibrates; ``python -m benchmarks doctor``."""
