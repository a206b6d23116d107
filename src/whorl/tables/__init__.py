"""Tables from files and data frames, and their preparation as features of a network."""

from whorl._core.description import Description
from whorl.tables.dates import Date
from whorl.tables.encoding import Category, Excluded, Number
from whorl.tables.folder import Folder, folder
from whorl.tables.frame import Frame
from whorl.tables.preparation import Preparation
from whorl.tables.read import read
from whorl.tables.table import Table, table
from whorl.tables.target import Target

KNOWN: dict[str, type[Description]] = {
    kind.__name__: kind for kind in (Category, Date, Excluded, Number, Preparation, Target)
}
"""The classes that the ``repr`` of a preparation names, for `whorl._core.notation.parse`."""

__all__ = [
    "KNOWN",
    "Category",
    "Date",
    "Excluded",
    "Folder",
    "Frame",
    "Number",
    "Preparation",
    "Table",
    "Target",
    "folder",
    "read",
    "table",
]
