"""Plots, drawn with matplotlib: ``pip install 'whorl[plot]'``.

Each function draws into the axes it is given, or into a new figure, and returns the figure: ``figure.savefig("a.png")``.
No window is opened, and matplotlib is imported only when something is drawn.
"""

from whorl.plot.boundary import decision_boundary
from whorl.plot.curves import curve, learning_rate
from whorl.plot.rates import schedules
from whorl.plot.report import report

__all__ = ["curve", "decision_boundary", "learning_rate", "report", "schedules"]
