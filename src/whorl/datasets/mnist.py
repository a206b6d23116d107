"""MNIST, handwritten digits, and Fashion-MNIST, clothes: 70,000 grey images of 28×28 pixels in ten classes each.

Letters: n images.
"""

from __future__ import annotations

import os
from typing import NamedTuple, TypeAlias

import numpy as np

from whorl._core.types import Array
from whorl.datasets.download import find
from whorl.datasets.idx import read_idx

Images: TypeAlias = tuple[tuple[Array, Array], tuple[Array, Array]]
"""The images and labels for training, and those for testing."""


class Source(NamedTuple):
    """The four files of a data set, and where they come from."""

    folder: str
    mirrors: tuple[str, ...]
    checksums: tuple[str, str, str, str]  # SHA-256 of each of FILES


FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)

MNIST = Source(
    "mnist",
    ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
    (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
)

FASHION_MNIST = Source(
    "fashion-mnist",
    (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    (
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
)


def mnist(*, cache: str | os.PathLike[str] | None = None) -> Images:
    """Return MNIST: 60,000 handwritten digits for training and 10,000 for testing, of 28×28 pixels.

    The four files, 12 MB, are looked for in the folder ``mnist`` of the directory in the environment variable
    ``WHORL_DATA``, then in that of the cache. If they are in neither, they are downloaded into the cache, which needs
    the extra ``whorl[download]``.

    Parameters
    ----------
    cache : str or path, optional
        A directory to use instead of the user's cache, which is ``~/.cache/whorl`` on Linux.

    Returns
    -------
    (X_train, y_train), (X_test, y_test)
        X of uint8, shape (n, 28, 28), from 0 (paper) to 255 (ink); y of int64, shape (n,), the digits 0 to 9. For a
        network of dense layers, use ``X.reshape(-1, 784) / np.float32(255)``.

    Raises
    ------
    DownloadError
        If a file is not found and cannot be downloaded; the message says why, and where to put it by hand.
    ImportError
        If a file is not found and the extra is not installed.
    ValueError
        If a file is damaged or does not match the others.

    Notes
    -----
    The same arrays in the same order as ``keras.datasets.mnist.load_data()``, except that its labels are uint8.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner (1998), Gradient-Based Learning Applied to Document Recognition, Proceedings of the
    IEEE 86, section III.A.

    Examples
    --------
    ::

        (X_train, y_train), (X_test, y_test) = whorl.datasets.mnist()
        model = Model([Dense(128), ReLU(), Dense(10), Softmax()], inputs=784)
        model.fit(X_train.reshape(-1, 784) / np.float32(255), y_train, loss=CrossEntropy(), optimizer=Adam(), epochs=5)
    """
    return load(MNIST, cache)


def fashion_mnist(*, cache: str | os.PathLike[str] | None = None) -> Images:
    """Return Fashion-MNIST: 60,000 images of clothes for training and 10,000 for testing, of 28×28 pixels.

    Arguments, arrays and errors are those of `mnist`. The four files, 31 MB, are in the folder ``fashion-mnist``. The
    labels are 0 T-shirt or top, 1 trouser, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle
    boot.

    References
    ----------
    Xiao, Rasul, Vollgraf (2017), Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms,
    arXiv:1708.07747. The data is under the MIT licence, © Zalando SE.
    """
    return load(FASHION_MNIST, cache)


def load(source: Source, cache: str | os.PathLike[str] | None = None) -> Images:
    """Find or download the four files of a data set, read them, and check that they match."""
    paths = [
        find(source.folder, name, mirrors=source.mirrors, checksum=checksum, cache=cache)
        for name, checksum in zip(FILES, source.checksums, strict=True)
    ]
    return _pair(*paths[:2]), _pair(*paths[2:])


def _pair(images: os.PathLike[str], labels: os.PathLike[str]) -> tuple[Array, Array]:
    try:
        X, y = read_idx(images), read_idx(labels)
    except ValueError as error:
        raise ValueError(f"{error}; delete the file to download it again") from None
    if X.dtype != np.uint8 or X.shape[1:] != (28, 28):
        raise ValueError(
            f"{os.fspath(images)!r} must hold bytes of shape (n, 28, 28), got {X.dtype} of shape {X.shape}"
        )
    if y.dtype != np.uint8 or y.shape != X.shape[:1] or (y > 9).any():
        raise ValueError(
            f"{os.fspath(labels)!r} must hold a label from 0 to 9 for each of {len(X)} images,"
            f" got {y.dtype} of shape {y.shape}, at most {y.max(initial=0)}"
        )
    return X, y.astype(np.int64)
