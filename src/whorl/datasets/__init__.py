"""Data sets to learn with."""

from whorl.datasets.spiral import spiral, spiral_limit
from whorl.datasets.tables import Preparation, Table, table

__all__ = ["Preparation", "Table", "spiral", "spiral_limit", "table"]
