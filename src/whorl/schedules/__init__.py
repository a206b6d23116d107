"""Schedules: the learning rate as a function of time.

Time is a float in epochs: 0 before the first step, 2.5 halfway through the third epoch. So a schedule does not depend
on the batch size. Any function from float to float can be used as one.
"""

from whorl._core.hints import hint_missing_names
from whorl.schedules.composition import Chain, WarmUp
from whorl.schedules.cosine import Cosine, LogCosine, OneCycle
from whorl.schedules.decays import Exponential, InverseTime, Polynomial, Step
from whorl.schedules.plateau import ReduceOnPlateau
from whorl.schedules.schedule import Constant, ResultSchedule, Schedule, begin, monitored, observe, rate_at

__all__ = [
    "Chain",
    "Constant",
    "Cosine",
    "Exponential",
    "InverseTime",
    "LogCosine",
    "OneCycle",
    "Polynomial",
    "ReduceOnPlateau",
    "ResultSchedule",
    "Schedule",
    "Step",
    "WarmUp",
    "begin",
    "monitored",
    "observe",
    "rate_at",
]

hint_missing_names(__name__)
