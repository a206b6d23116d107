"""Data sets to learn with."""

from whorl.datasets.spiral import spiral, spiral_limit

__all__ = ["spiral", "spiral_limit"]
