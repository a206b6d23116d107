"""Data sets: points drawn at random, and images."""

from whorl._core.hints import hint_missing_names
from whorl.datasets.digits import digits
from whorl.datasets.download import DownloadError
from whorl.datasets.idx import read_idx
from whorl.datasets.limits import best_possible, posterior
from whorl.datasets.mnist import fashion_mnist, mnist
from whorl.datasets.spiral import spiral
from whorl.datasets.synthetic import blobs, circles, moons, xor

__all__ = [
    "DownloadError",
    "best_possible",
    "blobs",
    "circles",
    "digits",
    "fashion_mnist",
    "mnist",
    "moons",
    "posterior",
    "read_idx",
    "spiral",
    "xor",
]

hint_missing_names(__name__)
