"""A look into the network: checks of what it computes, the trace of a training step, and records of how it learns."""

from whorl.glassbox.doctor import Doctor, Finding
from whorl.glassbox.finite_differences import Deviation
from whorl.glassbox.gradient_check import check_gradients
from whorl.glassbox.gradient_report import GradientCheck
from whorl.glassbox.learning_rate import LearningRateSearch, find_learning_rate
from whorl.glassbox.recorder import Distribution, Recorder
from whorl.glassbox.replay import replay
from whorl.glassbox.tracing import Section, Trace, TracedArray, Why, trace

__all__ = [
    "Deviation",
    "Distribution",
    "Doctor",
    "Finding",
    "GradientCheck",
    "LearningRateSearch",
    "Recorder",
    "Section",
    "Trace",
    "TracedArray",
    "Why",
    "check_gradients",
    "find_learning_rate",
    "replay",
    "trace",
]
