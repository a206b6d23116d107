"""Schedules: the learning rate as a plain function of time.

Time is counted in epochs and is a float: 0 before the first step, 2.5 halfway through the third epoch. So a
schedule means the same whatever the batch size. Any function from float to float will do for one.
"""

from whorl.schedules.composition import Chain, WarmUp
from whorl.schedules.cosine import Cosine, OneCycle
from whorl.schedules.decays import Exponential, InverseTime, Polynomial, Step
from whorl.schedules.plateau import ReduceOnPlateau
from whorl.schedules.schedule import Constant, ResultSchedule, Schedule, begin, monitored, observe, rate_at

__all__ = [
    "Chain",
    "Constant",
    "Cosine",
    "Exponential",
    "InverseTime",
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
