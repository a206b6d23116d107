"""The doctor: rules that say what is wrong with a training, from signals that are measured before it and during it.

`data.py` and `probing.py` measure; `signals.py` describes what they measure; the files `rules_*.py` draw conclusions; `verdict.py` puts
them in order; `remedies.py` writes what to try; `examination.py` is all of this for one training; `callback.py` is the callback.
"""

from whorl.glassbox.doctor.callback import Doctor
from whorl.glassbox.doctor.examination import Examination
from whorl.glassbox.doctor.finding import Finding, Report
from whorl.glassbox.doctor.verdict import diagnose

__all__ = ["Doctor", "Examination", "Finding", "Report", "diagnose"]
