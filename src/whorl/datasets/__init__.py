"""Data sets: points drawn at random, and images."""

from whorl._core.hints import hint_missing_names
from whorl.datasets.digits import digits
from whorl.datasets.download import DownloadError
from whorl.datasets.idx import read_idx
from whorl.datasets.mnist import fashion_mnist, mnist
from whorl.datasets.spiral import spiral, spiral_limit
from whorl.datasets.synthetic import blobs, circles, moons, xor

__all__ = [
    "DownloadError",
    "blobs",
    "circles",
    "digits",
    "fashion_mnist",
    "mnist",
    "moons",
    "read_idx",
    "spiral",
    "spiral_limit",
    "xor",
]

hint_missing_names(__name__)
