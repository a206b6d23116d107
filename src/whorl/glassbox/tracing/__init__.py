"""One training step, with every array and its formula: `trace`."""

from whorl.glassbox.tracing.trace import Trace, trace
from whorl.glassbox.tracing.traced_array import Section, TracedArray
from whorl.glassbox.tracing.why import Why

__all__ = ["Section", "Trace", "TracedArray", "Why", "trace"]
