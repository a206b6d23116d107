"""The data that recipes train on: points drawn at random, images, and the rows of a file.

Each kind is a frozen description of how to get the samples; nothing is drawn or loaded before it is needed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, fields
from typing import ClassVar, Literal

import numpy as np

from whorl import datasets
from whorl._core.description import Description, argument
from whorl._core.types import Array
from whorl._core.validation import choice, integer, number, show
from whorl.tables import Preparation, Table, table

Arrays = tuple[Array, Array]
"""X, of shape (n, *inputs), and y, of shape (n,) or (n, 1)."""

MOST_COLUMNS = 40  # of a table that are described before a training


@dataclass(frozen=True, eq=False)
class Problem:
    """Samples to train on, and what belongs to them.

    Parameters
    ----------
    X, y : ndarray
        The samples, and their labels or numbers.
    validation : tuple of ndarray, optional
        Samples and labels to validate with; by default the recipe holds out a share of X and y.
    test : tuple of ndarray, optional
        Samples and labels to test on once, after training.
    preparation : Preparation, optional
        How the columns of a table were turned into X.
    notes : tuple of str, optional
        Remarks on the data for the reader.
    columns : list of list of str, optional
        The cells of a description of the columns of a table, the first row the heading; empty if there are too many to read.
    """

    X: Array
    y: Array
    _: KW_ONLY
    validation: Arrays | None = None
    test: Arrays | None = None
    preparation: Preparation | None = None
    notes: tuple[str, ...] = ()
    columns: Sequence[list[str]] = ()


class Data(Description, ABC):
    """Base of all kinds of data."""

    @abstractmethod
    def problem(self, rng: np.random.Generator, validation: float | None) -> Problem:
        """Draw or load the samples to train on, of which a share may be set aside for validation."""

    def best_possible(self) -> tuple[float, float] | None:
        """Return the best accuracy and the least loss that any model can have on new data, where they are known."""
        return None


class DataSet(Data):
    """Base of the data sets that whorl draws or loads itself."""

    fresh_name: ClassVar[str] = "new points"
    """What the samples are called that `fresh` returns."""
    images: ClassVar[bool] = False
    """Whether the samples are images, as rows of pixels."""

    @abstractmethod
    def fresh(self, rng: np.random.Generator) -> Arrays:
        """Return samples to evaluate a trained model on."""

    def problem(self, rng: np.random.Generator, validation: float | None) -> Problem:
        return Problem(*self.fresh(rng))


class Points(DataSet):
    """Base of points in the plane.

    Parameters
    ----------
    samples : int, optional
        Points of each class.
    noise : float, optional
        Standard deviation of the noise.
    """

    samples: int = argument(integer, default=1000)
    _: KW_ONLY
    noise: float = argument(number, default=0.1, minimum=0)

    def best_possible(self) -> tuple[float, float] | None:
        settings = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "samples"}
        return datasets.best_possible(type(self).__name__.lower(), **settings) if self.noise else None


class Spiral(Points):
    """The spiral: arms of points wound into one another.

    Parameters
    ----------
    classes : int, optional
        Number of arms, each a class.
    """

    _: KW_ONLY
    noise: float = argument(number, default=0.2, minimum=0)
    classes: int = argument(integer, default=3, minimum=2)

    def fresh(self, rng: np.random.Generator) -> Arrays:
        return datasets.spiral(self.samples, self.classes, noise=self.noise, rng=rng)


class Moons(Points):
    """Two half circles that reach into each other."""

    def fresh(self, rng: np.random.Generator) -> Arrays:
        return datasets.moons(self.samples, noise=self.noise, rng=rng)


class Circles(Points):
    """A circle inside a circle."""

    def fresh(self, rng: np.random.Generator) -> Arrays:
        return datasets.circles(self.samples, noise=self.noise, rng=rng)


class Xor(Points):
    """Four quarters of a square, in two classes."""

    def fresh(self, rng: np.random.Generator) -> Arrays:
        return datasets.xor(self.samples, noise=self.noise, rng=rng)


class Blobs(DataSet):
    """Round clouds of points, the easiest data of all.

    Parameters
    ----------
    samples : int, optional
        Points of each class.
    classes : int, optional
        Number of clouds, each a class.
    features : int, optional
        Features of each point.
    spread : float, optional
        Standard deviation of each cloud.
    clouds : int, optional
        Seed for the centres of the clouds, apart from the seed for the points.
    """

    samples: int = argument(integer, default=1000)
    _: KW_ONLY
    classes: int = argument(integer, default=3, minimum=2)
    features: int = argument(integer, default=2)
    spread: float = argument(number, default=3.0, minimum=0)
    clouds: int = argument(integer, default=0, minimum=0)

    def fresh(self, rng: np.random.Generator) -> Arrays:
        centres, y = datasets.blobs(1, self.classes, features=self.features, spread=0, rng=self.clouds)
        y = np.repeat(y, self.samples)
        return centres[y] + self.spread * rng.standard_normal((len(y), self.features)), y

    def best_possible(self) -> tuple[float, float] | None:
        if not self.spread or (self.classes > 3 and self.features > 2):
            return None
        shape = {"classes": self.classes, "features": self.features}
        return datasets.best_possible("blobs", **shape, spread=self.spread, rng=self.clouds)


class Digits(DataSet):
    """The 1797 small images of digits that come with whorl."""

    fresh_name = "digits, including those of the training"
    images = True

    def fresh(self, rng: np.random.Generator) -> Arrays:
        return datasets.digits()


class Images(DataSet):
    """Base of 60,000 images of 28 x 28 pixels, and 10,000 to test on."""

    fresh_name = "test images"
    images = True

    @abstractmethod
    def load(self) -> tuple[Arrays, Arrays]:
        """Return the training images, as bytes, and the test images."""

    def fresh(self, rng: np.random.Generator) -> Arrays:
        X, y = self.load()[1]
        return pixels(X), y

    def problem(self, rng: np.random.Generator, validation: float | None) -> Problem:
        (X, y), (X_test, y_test) = self.load()
        return Problem(pixels(X), y, test=(pixels(X_test), y_test))


class Mnist(Images):
    """MNIST: 60,000 images of handwritten digits, and 10,000 to test on."""

    def load(self) -> tuple[Arrays, Arrays]:
        return datasets.mnist()


class FashionMnist(Images):
    """Fashion-MNIST: 60,000 images of clothes, and 10,000 to test on."""

    def load(self) -> tuple[Arrays, Arrays]:
        return datasets.fashion_mnist()


def pixels(images: Array) -> Array:
    """Lay images of bytes out in rows of numbers from 0 to 1, in float32."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _names(name: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of column names, got {show(value)}")
    return tuple(value)


class TableFile(Data):
    """The columns of a file: numbers, dates and categories, from which to predict another column.

    Parameters
    ----------
    file : str
        CSV, TSV or Parquet file, or a folder of Parquet files.
    target : str
        The column to predict.
    ignore : sequence of str, optional
        Columns to leave out.
    use : sequence of str, optional
        Columns to use even if they look like identifiers.
    task : {"classification", "regression"}, optional
        What to predict, a class or a number; by default what the target column looks like.
    stray : {"error", "missing", "category"}, optional
        What text in a column of numbers is: error, missing or category.
    columns : sequence of str, optional
        Names of the columns, for a file that has no line of names.
    skip : int, optional
        Lines to leave out at the top of the file.
    """

    file: str = ""
    target: str = ""
    _: KW_ONLY
    ignore: tuple[str, ...] = argument(_names, default=())
    use: tuple[str, ...] = argument(_names, default=())
    task: Literal["classification", "regression"] | None = argument(
        choice, choices=("classification", "regression"), default=None
    )
    stray: Literal["error", "missing", "category"] = argument(
        choice, choices=("error", "missing", "category"), default="error"
    )
    columns: tuple[str, ...] | None = argument(_names, default=None)
    skip: int = argument(integer, default=0, minimum=0)

    def load(self) -> Table:
        """Read the whole table."""
        return table(
            self.file,
            self.target,
            ignore=self.ignore,
            use=self.use,
            task=self.task,
            stray=self.stray,
            columns=self.columns,
            skip=self.skip,
        )

    def problem(self, rng: np.random.Generator, validation: float | None) -> Problem:
        whole = self.load()
        few = len(list(whole.frame)) <= MOST_COLUMNS
        train, aside = whole, None
        if validation is not None:
            train, held_out = whole.split(validation, rng=rng)
            aside = held_out.X, held_out.y
        return Problem(
            train.X,
            train.y,
            validation=aside,
            preparation=train.preparation,
            notes=(
                f"{len(whole.y)} rows, {whole.task} of {self.target}",
                *(whole.remarks if few else whole.notes),  # the description of the columns says what is left out
            ),
            columns=whole.preparation.describe(whole.frame) if few else (),
        )
