"""The settings of a recipe, as one immutable description.

Letters: n samples, k classes.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, fields
from typing import Any, Literal, Self

import numpy as np

from whorl._core.description import Description, argument
from whorl._core.hints import did_you_mean
from whorl._core.randomness import RNG
from whorl._core.types import Array
from whorl._core.validation import choice, instance, integer, number, truth
from whorl.initializers import Normal
from whorl.layers import Dense, Layer, NTKDense, RankScale, Softmax, Standardize
from whorl.losses import CrossEntropy, Loss
from whorl.model import Model
from whorl.optimizers import Optimizer
from whorl.recipes import reading
from whorl.recipes.data import Data, DataSet
from whorl.recipes.edits import embedded, stretched, varied

SCALING: dict[str, list[Layer]] = {"standardize": [Standardize()], "ranks": [RankScale()], "none": []}
"""The layers that scale the features."""

FEWEST_EPOCHS = 8
"""The least number of epochs that `Recipe.max_steps` leaves."""


class Settings(Description):
    """The settings of a recipe: what to train on data of some kind, and how.

    Parameters
    ----------
    layers : sequence of Layer
        The hidden layers, such as "Dense(64), GELU(), Dropout(0.1)". The first and the last layers are added to them. A
        `PeriodicEmbedding` without columns embeds those that have more than two different values. With other layers than the preset's,
        scales and dropouts are empty unless they are given too.
    output_layer : Dense or NTKDense, optional
        The layer before the predictions. The data determines how many units it has, whatever is written here.
    scaling : {"standardize", "ranks", "none"}, optional
        What to do with each feature first: bring it to mean 0 and standard deviation 1 (`Standardize`), or replace it by its rank
        (`RankScale`).
    loss : Loss, optional
        `CrossEntropy` for classes; `MeanSquaredError`, `MeanAbsoluteError`, `Huber` or `Quantile` for numbers, which are
        standardized first. By default the targets decide between the first two.
    optimizer : Optimizer
        The optimizer, with its schedule inside, such as "AdamW(Cosine(0.002, epochs=100))".
    epochs : int
        Number of passes over the training samples.
    batch_size : int
        Number of samples in a step.
    max_steps : int, optional
        Most steps of the optimizer: for many samples there are fewer epochs, but at least 8.
    validation : float, optional
        Share of the samples to hold out for validation, if there is one network.
    validation_seed : int, optional
        Seed for drawing these samples, so that networks of different sizes or seeds are validated with the same ones. By default they
        are drawn with everything else.
    members : int, optional
        Number of networks. If there are several, the samples are split into folds; each network is validated with one of them, and
        learns from the others. The model is their weighted average.
    folds : int, optional
        Number of folds; for more networks, the samples are split again.
    scales : sequence of float, optional
        Scales of the frequencies of `PeriodicEmbedding`, if there are several networks: one network for each fold uses the first scale,
        the next ones use the second, and so on. Scales that predict held-out samples better get a larger weight in the average.
    dropouts : sequence of float, optional
        Rates of `Dropout`, used in turn in the same way.
    keep : {"last", "best"}, optional
        Which parameters a network keeps: those of the last epoch, or of the epoch with the best validation accuracy, in a
        regression the least loss; the last one of several.
    patience : int, optional
        Number of epochs to allow without a better validation loss, or accuracy if `keep` is "best" and there are classes; a network then
        gets its best parameters. By default all epochs run.
    calibrate : bool, optional
        Whether the validation samples also determine temperature and biases of the scores, sets of classes and prediction intervals.
    clip : bool, optional
        Whether predictions of numbers are limited to the range of the targets in training.
    fast : bool, optional
        Whether to use compiled kernels, which need the extra whorl[fast]. By default they are used where they save time.
    threads : int, optional
        Threads that share each compiled step of a network; by default as many as pay for one network, and one each for several.
    time : float, optional
        Most seconds to train for: if need be, there are fewer epochs, and then fewer networks.
    data : Data, optional
        The data set that `Recipe.train` trains on.
    """

    layers: Sequence[Layer] = argument(reading.hidden_layers)
    _: KW_ONLY
    output_layer: Dense | NTKDense = argument(reading.last_layer, default=Dense(1, initializer=Normal(0.01)))
    scaling: Literal["standardize", "ranks", "none"] = argument(choice, choices=tuple(SCALING), default="standardize")
    loss: Loss | None = argument(reading.known_loss, default=None)
    optimizer: Optimizer = argument(instance, kind=Optimizer, example="Adam(0.01)")
    epochs: int = argument(integer)
    batch_size: int = argument(integer)
    max_steps: int | None = argument(integer, default=None)
    validation: float = argument(number, default=0.2, above=0, below=1)
    validation_seed: int | None = argument(integer, default=None, minimum=0)
    members: int = argument(integer, default=1)
    folds: int = argument(integer, default=5, minimum=2)
    scales: tuple[float, ...] = argument(reading.numbers, default=(), above=0)
    dropouts: tuple[float, ...] = argument(reading.numbers, default=(), minimum=0, below=1)
    keep: Literal["last", "best"] = argument(choice, choices=("last", "best"), default="last")
    patience: int | None = argument(integer, default=None, minimum=0)
    calibrate: bool = argument(truth, default=False)
    clip: bool = argument(truth, default=False)
    fast: bool | None = argument(truth, default=None)
    threads: int | None = argument(integer, default=None)
    time: float | None = argument(number, default=None, above=0)
    data: Data | None = argument(instance, default=None, kind=Data, example="Spiral()")

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.data, DataSet) and self.loss is not None and type(self.loss) is not CrossEntropy:
            what = type(self.data).__name__
            raise ValueError(f"loss must be CrossEntropy() for {what}, which has classes, got {self.loss}")

    def settings(self) -> dict[str, Any]:
        """Return all settings by name, those of the data first; layers, optimizer and loss as text.

        ``recipe.replace(**recipe.settings())`` is the recipe again.

        Examples
        --------
        >>> from whorl.recipes import RECIPES
        >>> settings = RECIPES["moons"]["classic"].settings()
        >>> settings["samples"], settings["layers"], settings["epochs"]
        (1000, 'Dense(64), ReLU(), Dense(64), ReLU()', 50)
        """
        found = {name: getattr(owner, name) for name, owner in self._owners().items()}
        found["layers"] = ", ".join(map(repr, self.layers))
        return {name: repr(value) if isinstance(value, Description) else value for name, value in found.items()}

    def replace(self, **settings: Any) -> Self:
        """Return a recipe with other settings, its own or its data's, by name.

        Layers, loss and optimizer may be text, as their ``repr`` writes them. If `epochs` changes, the schedules of the
        optimizer and of the layers, unless these are given, are stretched to the new length; and `max_steps` no longer limits
        them. If `layers` changes, all networks have these: `scales` and `dropouts` are empty unless they are given.

        Raises
        ------
        TypeError, ValueError
            If there is no such setting, or it must not have this value.

        Examples
        --------
        >>> from whorl.recipes import classification
        >>> classification().replace(epochs=50, layers="Dense(64), ReLU()").optimizer
        AdamW(Cosine(0.005, epochs=50.0))
        """
        owners = self._owners()
        for name, value in settings.items():
            if name not in owners:
                hint = did_you_mean(name, owners)
                raise ValueError(f"there is no setting {name!r}{hint}; there are {', '.join(owners)}")
            if name in reading.READERS and isinstance(value, str):
                try:
                    settings[name] = reading.READERS[name](value)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
        if "epochs" in settings and self.max_steps is not None:
            settings.setdefault("max_steps", None)
        if "layers" in settings:
            settings = {"scales": (), "dropouts": ()} | settings
        if "epochs" in settings:
            epochs = integer("epochs", settings["epochs"])
            for name in ("optimizer", "layers"):
                settings.setdefault(name, stretched(getattr(self, name), self.epochs, epochs))
        own = {name: value for name, value in settings.items() if owners[name] is self}
        others = {name: value for name, value in settings.items() if owners[name] is not self}
        return dataclasses.replace(self, **own, data=self.data and dataclasses.replace(self.data, **others))

    def _owners(self) -> dict[str, Description]:
        """Return which description has each setting: the data or the recipe itself."""
        owners: list[Description] = [self] if self.data is None else [self.data, self]
        return {each.name: owner for owner in owners for each in fields(owner) if each.name != "data"}  # type: ignore[arg-type]

    @property
    def fold_count(self) -> int:
        """The number of folds that the samples are split into: at most one for each network."""
        return min(self.folds, self.members)

    def variants(self) -> list[Self]:
        """Return the recipes that the networks use in turn, with each of the `scales` and `dropouts`; for one network, this recipe.

        Examples
        --------
        >>> from whorl.recipes import RECIPES
        >>> [(each.layers[0].scale, each.layers[4].rate) for each in RECIPES["table"]["default"].variants()]
        [(0.6, 0.1), (0.2, 0.1), (2.0, 0.1), (0.05, 0.3)]
        """
        if self.members == 1:
            return [self]
        scales, dropouts = self.scales or (None,), self.dropouts or (None,)
        count = math.lcm(len(scales), len(dropouts))
        changes = [(scales[k % len(scales)], dropouts[k % len(dropouts)]) for k in range(count)]
        return [dataclasses.replace(self, layers=varied(self.layers, *change)) for change in changes]

    def for_samples(self, count: int) -> Self:
        """Return the recipe with the number of epochs for so many samples, which `max_steps` limits.

        Examples
        --------
        >>> from whorl.recipes import RECIPES
        >>> [RECIPES["table"]["default"].for_samples(count).epochs for count in (1000, 10_000, 100_000)]
        [256, 64, 8]
        """
        if self.max_steps is None:
            return self
        epochs = max(FEWEST_EPOCHS, self.max_steps * self.batch_size // count)
        return self.replace(epochs=min(self.epochs, epochs))

    def model(self, X: Array, y: Array, *, rng: RNG = None) -> Model:
        """Return the untrained network for these samples.

        An output layer that starts near 0 has no preference among classes: the loss is about ln k.
        """
        outputs, last = 1, list[Layer]()
        if self.classifies(y):
            outputs, last = y.shape[1] if y.ndim == 2 else int(y.max()) + 1, [Softmax()]
        return self.network(X, outputs, last, rng=rng)

    def network(self, X: Array, outputs: int, last: Sequence[Layer], *, rng: RNG = None) -> Model:
        """Return the untrained network with so many outputs, and the layers after them."""
        output_layer = dataclasses.replace(self.output_layer, units=outputs)
        layers = [*SCALING[self.scaling], *embedded(self.layers, X), output_layer, *last]
        return Model(layers, inputs=X.shape[1:], rng=rng)

    def schedule(self) -> dict[str, Any]:
        """Return the arguments of `Model.fit` that say how long to train, and how."""
        names = "optimizer", "epochs", "batch_size", "fast", "threads"
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def validation_rng(self, rng: np.random.Generator) -> np.random.Generator:
        """Return the generator that draws the samples to validate one network with: a new one if they have a seed of their own."""
        return rng if self.validation_seed is None else np.random.default_rng(self.validation_seed)

    def classifies(self, y: Array) -> bool:
        """Return whether y holds labels of classes: one-hot, or whole numbers, unless the loss is one for numbers."""
        if self.loss is not None:
            return isinstance(self.loss, CrossEntropy)
        return y.dtype.kind in "iub" or (y.ndim == 2 and y.shape[1] > 1)
