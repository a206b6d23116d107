"""Pictures, drawn with matplotlib: ``pip install 'whorl[plot]'``.

Each function draws into the axes it is given, or into a new figure, and returns the figure: ``figure.savefig("a.png")``.
"""

try:
    import matplotlib as mpl  # noqa: F401  # only to see whether it is there
except ImportError as error:
    raise ImportError("pictures need matplotlib, which is an extra: pip install 'whorl[plot]'") from error

from whorl.plot.boundary import decision_boundary
from whorl.plot.curves import curve, learning_rate
from whorl.plot.rates import schedules
from whorl.plot.report import report

__all__ = ["curve", "decision_boundary", "learning_rate", "report", "schedules"]
