"""A look into the network: checks, the trace of a training step, records of how it learns, and what it relies on."""

from whorl.glassbox.dependence import PartialDependence, partial_dependence
from whorl.glassbox.doctor import Doctor, Finding
from whorl.glassbox.finite_differences import Deviation
from whorl.glassbox.gradient_check import check_gradients
from whorl.glassbox.gradient_report import GradientCheck
from whorl.glassbox.importance import Importance, permutation_importance
from whorl.glassbox.learning_rate import LearningRateSearch, find_learning_rate
from whorl.glassbox.recorder import Distribution, Recorder
from whorl.glassbox.replay import replay
from whorl.glassbox.saliency import saliency
from whorl.glassbox.tracing import Section, Trace, TracedArray, Why, trace

__all__ = [
    "Deviation",
    "Distribution",
    "Doctor",
    "Finding",
    "GradientCheck",
    "Importance",
    "LearningRateSearch",
    "PartialDependence",
    "Recorder",
    "Section",
    "Trace",
    "TracedArray",
    "Why",
    "check_gradients",
    "find_learning_rate",
    "partial_dependence",
    "permutation_importance",
    "replay",
    "saliency",
    "trace",
]
