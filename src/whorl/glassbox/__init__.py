"""Looking inside: checks of what the network computes."""

from whorl.glassbox.gradient_check import check_gradients

__all__ = ["check_gradients"]
