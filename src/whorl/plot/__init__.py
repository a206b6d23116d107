"""Plots, drawn with matplotlib, which the extra ``whorl[plot]`` installs.

Each function draws into the axes it is given, or into a new figure, and returns the figure: ``figure.savefig("a.png")``.
No window is opened. matplotlib is imported only when something is drawn; an ImportError says how to install it.
"""

from whorl._core.hints import hint_missing_names
from whorl.plot.animation import BoundaryAnimation
from whorl.plot.boundary import decision_boundary
from whorl.plot.lines import compare, curve, learning_rate, schedules
from whorl.plot.report import report
from whorl.plot.results import confusion_matrix, predicted_against_true, worst_images

__all__ = [
    "BoundaryAnimation",
    "compare",
    "confusion_matrix",
    "curve",
    "decision_boundary",
    "learning_rate",
    "predicted_against_true",
    "report",
    "schedules",
    "worst_images",
]

hint_missing_names(__name__)
