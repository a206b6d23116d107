"""A look into the network: checks of what it computes, the trace of a training step, and records of how it learns."""

from whorl.glassbox.finite_differences import Deviation
from whorl.glassbox.gradient_check import check_gradients
from whorl.glassbox.gradient_report import GradientCheck
from whorl.glassbox.recorder import Distribution, Recorder
from whorl.glassbox.replay import replay
from whorl.glassbox.tracing import Section, Trace, TracedArray, Why, trace

__all__ = [
    "Deviation",
    "Distribution",
    "GradientCheck",
    "Recorder",
    "Section",
    "Trace",
    "TracedArray",
    "Why",
    "check_gradients",
    "replay",
    "trace",
]
