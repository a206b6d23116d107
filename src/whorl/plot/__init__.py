"""Plots, drawn with matplotlib, which the extra ``whorl[plot]`` installs.

Each function draws into the axes it is given, or into a new figure, and returns the figure: ``figure.savefig("a.png")``.
No window is opened. matplotlib is imported only when something is drawn; an ImportError says how to install it.
"""

from whorl.plot.boundary import decision_boundary
from whorl.plot.lines import compare, curve, learning_rate, schedules
from whorl.plot.report import report

__all__ = ["compare", "curve", "decision_boundary", "learning_rate", "report", "schedules"]
