"""The search space of a recipe: which of its settings a sweep changes, and between which limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

from whorl._core.description import Description, argument
from whorl._core.hints import did_you_mean
from whorl._core.validation import instance, number, show, truth
from whorl.layers import Dense, Dropout, NTKDense, PeriodicEmbedding, Residual
from whorl.recipes import Recipe, edits

DIGITS = 3
"""Settings are rounded to so many digits, so that they can be read and typed."""


class Range(Description):
    """The limits of a setting.

    Parameters
    ----------
    low, high : float
        The smallest and the largest value.
    log : bool, optional
        Whether to search on a logarithmic scale, as suits values whose ratio counts; then `low` is above 0.
    whole : bool, optional
        Whether only whole numbers are possible.

    Examples
    --------
    >>> Range(0.001, 0.1, log=True)
    Range(0.001, 0.1, log=True)
    """

    low: float = argument(number)
    high: float = argument(number)
    _: KW_ONLY
    log: bool = argument(truth, default=False)
    whole: bool = argument(truth, default=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        number("high", self.high, minimum=self.low)
        if self.log:
            number("low", self.low, above=0)
        for name in ("low", "high"):
            if self.whole and getattr(self, name) != int(getattr(self, name)):
                raise ValueError(f"{name} must be a whole number, got {getattr(self, name)}")

    def nearest(self, value: float) -> float:
        """Return the value, or the limit that it is beyond; an int if only whole numbers are possible."""
        value = min(max(value, self.low), self.high)
        return int(value) if self.whole else value

    def rounded(self, value: float) -> float:
        """Return the value with a few digits, within the limits."""
        return self.nearest(value if self.whole else float(f"{value:.{DIGITS}g}"))


@dataclass(frozen=True)
class Setting:
    """A setting that a sweep can change.

    Parameters
    ----------
    read : callable
        Returns the value that a recipe has; None if it has none, or if this is not to be changed.
    change : callable
        Returns a recipe with another value.
    limits : callable
        Returns the range to search around a value.
    """

    read: Callable[[Recipe], float | None]
    change: Callable[[Recipe, Any], Recipe]
    limits: Callable[[float], Range]


def space(recipe: Recipe) -> dict[str, Range]:
    """Return the search space of a recipe: a range for each setting that it has, around its own value.

    A sweep searches what is in the mapping that it is given. So leave a setting out to fix it, or give it another range.

    Examples
    --------
    >>> from whorl.recipes import classification
    >>> found = space(classification())
    >>> list(found)
    ['learning_rate', 'units', 'hidden_layers', 'dropout', 'weight_decay', 'batch_size']
    >>> found["learning_rate"], found["units"]
    (Range(0.0005, 0.05, log=True), Range(16.0, 256.0, log=True, whole=True))
    """
    found = {name: (setting, setting.read(recipe)) for name, setting in SETTINGS.items()}
    return {name: setting.limits(value) for name, (setting, value) in found.items() if value is not None}


def own_values(recipe: Recipe, ranges: Mapping[str, Range]) -> dict[str, float]:
    """Return the recipe's own value of each setting, or the nearest within the range."""
    values = {name: SETTINGS[name].read(recipe) for name in ranges}
    return {name: ranges[name].nearest(value) for name, value in values.items() if value is not None}


def checked_ranges(recipe: Recipe, ranges: Mapping[str, Range] | None) -> dict[str, Range]:
    """Return the ranges to search; raise TypeError or ValueError if they are invalid."""
    known = space(recipe)
    if ranges is None:
        ranges = known
    if not isinstance(ranges, Mapping):
        raise TypeError(f"ranges must be a mapping from settings to ranges, got {show(ranges)}")
    for name, limits in ranges.items():
        if name not in known:
            hint = did_you_mean(name, known)
            raise ValueError(f"ranges must be of settings that can be searched: {', '.join(known)}, got {name!r}{hint}")
        instance(f"ranges[{name!r}]", limits, Range, "Range(0.001, 0.1, log=True)")
    if not ranges:
        raise ValueError("ranges must have a setting to search, got none")
    return {name: ranges[name] for name in known if name in ranges}


def changed(recipe: Recipe, values: Mapping[str, float]) -> Recipe:
    """Return the recipe with other values of settings; those that it has already are left as they are.

    Examples
    --------
    >>> from whorl.recipes import classification
    >>> recipe = changed(classification(), {"learning_rate": 0.01, "units": 32, "hidden_layers": 1, "dropout": 0.2})
    >>> recipe.layers, recipe.optimizer
    ((Dense(32), ReLU(), Dropout(0.2)), AdamW(Cosine(0.01, epochs=100.0)))
    """
    for name, value in values.items():
        if value != SETTINGS[name].read(recipe):
            recipe = SETTINGS[name].change(recipe, value)
    return recipe


# How each setting is found in a recipe, and how it is changed there.


def _with_layers(recipe: Recipe, layers: Any) -> Recipe:
    return recipe.replace(layers=layers, scales=recipe.scales, dropouts=recipe.dropouts)


def _sizes(recipe: Recipe) -> list[int]:
    """Return the sizes of the hidden layers; none if there are layers within others, which must keep their sizes."""
    if any(isinstance(layer, Residual) for layer in recipe.layers):
        return []
    return [layer.units for layer in recipe.layers if isinstance(layer, Dense | NTKDense)]


def _units(recipe: Recipe) -> int | None:
    return next(iter(_sizes(recipe)), None)


def _with_units(recipe: Recipe, units: int) -> Recipe:
    """Change the size of the first hidden layer, and those of the others in proportion."""
    first, *_ = sizes = _sizes(recipe)
    return _with_layers(recipe, edits.with_hidden(recipe.layers, [max(1, round(k * units / first)) for k in sizes]))


def _with_hidden_layers(recipe: Recipe, count: int) -> Recipe:
    sizes = _sizes(recipe)
    return _with_layers(recipe, edits.with_hidden(recipe.layers, [*sizes, *sizes[-1:] * count][:count]))


def _dropout(recipe: Recipe) -> float | None:
    """Return the rate after the last hidden layer; None if it follows a schedule, or if networks take several rates in turn."""
    rate: Any = None
    for layer in recipe.layers:
        if isinstance(layer, Dense | NTKDense):
            rate = 0.0
        elif isinstance(layer, Dropout) and rate is not None:  # that of the inputs, before all layers, is another one
            rate = layer.rate
    return None if callable(rate) or (recipe.members > 1 and recipe.dropouts) else rate


def _with_dropout(recipe: Recipe, rate: float) -> Recipe:
    return _with_layers(recipe, edits.with_dropout(recipe.layers, rate))


def _learning_rate(recipe: Recipe) -> float | None:
    rate: Any = recipe.optimizer
    while not isinstance(rate, float):
        rate = next((getattr(rate, name) for name in edits.TO_LEARNING_RATE if hasattr(rate, name)), 0.0)
    return rate or None


def _with_learning_rate(recipe: Recipe, rate: float) -> Recipe:
    return recipe.replace(optimizer=edits.with_learning_rate(recipe.optimizer, rate))


def _weight_decay(recipe: Recipe) -> float | None:
    """Return the weight decay, unless it follows a schedule."""
    optimizer: Any = recipe.optimizer
    while hasattr(optimizer, "optimizer"):
        optimizer = optimizer.optimizer
    decay = getattr(optimizer, "weight_decay", 0.0)
    return None if callable(decay) or not decay else decay


def _with_weight_decay(recipe: Recipe, decay: float) -> Recipe:
    def changed(optimizer: Any) -> Any:
        if hasattr(optimizer, "optimizer"):
            return replace(optimizer, optimizer=changed(optimizer.optimizer))
        return replace(optimizer, weight_decay=decay)

    return recipe.replace(optimizer=changed(recipe.optimizer))


def _weight_l2(recipe: Recipe) -> float | None:
    """Return the penalty of the first layer that has one."""
    penalties = (layer.weight_l2 for layer in recipe.layers if isinstance(layer, Dense))
    return next(filter(None, penalties), None)


def _with_weight_l2(recipe: Recipe, penalty: float) -> Recipe:
    """Change the penalty of the first layer that has one, and those of the others in proportion."""
    ratio = penalty / (_weight_l2(recipe) or penalty)

    def changed(layer: Any) -> Any:
        return replace(layer, weight_l2=ratio * layer.weight_l2) if isinstance(layer, Dense) else layer

    recipe = _with_layers(recipe, [changed(layer) for layer in recipe.layers])
    return recipe.replace(output_layer=changed(recipe.output_layer))


def _batch_size(recipe: Recipe) -> int | None:
    return recipe.batch_size if recipe.optimizer.batch_size else None  # LBFGS takes all samples


def _scale(recipe: Recipe) -> float | None:
    """Return the scale of the frequencies that embed numbers, unless networks take several in turn."""
    scales = [layer.scale for layer in recipe.layers if isinstance(layer, PeriodicEmbedding)]
    return None if recipe.members > 1 and recipe.scales else next(iter(scales), None)


def _around(below: float, above: float, *, whole: bool = False) -> Callable[[float], Range]:
    """Return the function from a value to the range between so many times below and above it, on a logarithmic scale."""

    def limits(value: float) -> Range:
        low, high = value / below, value * above
        return Range(max(1, round(low)), round(high), log=True, whole=True) if whole else Range(low, high, log=True)

    return limits


SETTINGS: dict[str, Setting] = {
    "learning_rate": Setting(_learning_rate, _with_learning_rate, _around(10, 10)),
    "units": Setting(_units, _with_units, _around(8, 2, whole=True)),
    "hidden_layers": Setting(
        lambda recipe: len(_sizes(recipe)) or None,
        _with_hidden_layers,
        lambda count: Range(1, count + 1, whole=True),
    ),
    "dropout": Setting(_dropout, _with_dropout, lambda rate: Range(0, max(0.5, rate))),
    "weight_decay": Setting(_weight_decay, _with_weight_decay, _around(30, 30)),
    "weight_l2": Setting(_weight_l2, _with_weight_l2, _around(30, 30)),
    "batch_size": Setting(_batch_size, lambda recipe, size: recipe.replace(batch_size=size), _around(4, 4, whole=True)),
    "scale": Setting(
        _scale,
        lambda recipe, scale: _with_layers(recipe, edits.varied(recipe.layers, scale, None)),
        _around(20, 4),
    ),
}
"""The settings that a sweep can change, by name, in the order in which they are changed and shown."""
