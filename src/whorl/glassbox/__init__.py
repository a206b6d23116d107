"""Checks of what a network computes."""

from whorl.glassbox.gradient_check import check_gradients

__all__ = ["check_gradients"]
