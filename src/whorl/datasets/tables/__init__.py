"""Tables from files and data frames, turned into numbers to learn from."""

from whorl.datasets.tables.preparation import Preparation
from whorl.datasets.tables.table import Table, table

__all__ = ["Preparation", "Table", "table"]
