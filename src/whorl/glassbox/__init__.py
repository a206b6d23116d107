"""A look into the network: checks of what it computes, and records of how it learns."""

from whorl.glassbox.gradient_check import check_gradients
from whorl.glassbox.recorder import Distribution, Recorder
from whorl.glassbox.replay import replay

__all__ = ["Distribution", "Recorder", "check_gradients", "replay"]
