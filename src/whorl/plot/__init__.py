"""Plots, drawn with matplotlib, which the extra ``whorl[plot]`` installs.

Each function draws into the axes ``ax`` that it is given, or into those of a new figure, and returns the axes:
``ax.figure.savefig("a.png")``. Only `report` and `worst_images`, which need several axes, return a figure. No window is opened.
matplotlib is imported only when something is drawn; an ImportError says how to install it.
"""

from whorl._core.hints import hint_missing_names
from whorl.plot.animation import BoundaryAnimation
from whorl.plot.boundary import decision_boundary
from whorl.plot.calibration import calibration_curve
from whorl.plot.hidden import hidden_pca
from whorl.plot.lines import compare, curve, learning_rate, schedules
from whorl.plot.network import network
from whorl.plot.records import distribution, gradient_flow
from whorl.plot.reliance import importance, partial_dependence, saliency
from whorl.plot.report import report
from whorl.plot.results import confusion_matrix, predicted_against_true, worst_images
from whorl.plot.search import learning_rate_search
from whorl.plot.weights import weights

__all__ = [
    "BoundaryAnimation",
    "calibration_curve",
    "compare",
    "confusion_matrix",
    "curve",
    "decision_boundary",
    "distribution",
    "gradient_flow",
    "hidden_pca",
    "importance",
    "learning_rate",
    "learning_rate_search",
    "network",
    "partial_dependence",
    "predicted_against_true",
    "report",
    "saliency",
    "schedules",
    "weights",
    "worst_images",
]

hint_missing_names(__name__)
