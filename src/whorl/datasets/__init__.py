"""Data sets to learn with."""

from whorl.datasets.blobs import blobs
from whorl.datasets.circles import circles
from whorl.datasets.digits import digits
from whorl.datasets.moons import moons
from whorl.datasets.spiral import spiral, spiral_limit
from whorl.datasets.xor import xor

__all__ = ["blobs", "circles", "digits", "moons", "spiral", "spiral_limit", "xor"]
