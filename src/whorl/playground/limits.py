"""Limits of what a page may train, so that every step is short and memory is bounded; and the error that says where it is not so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod

from whorl._core.types import Shape
from whorl.layers import Embedding, Layer, PeriodicEmbedding, chain
from whorl.optimizers import LBFGS, Optimizer

LAYERS, UNITS, PARAMETERS = 48, 256, 300_000
"""The most layers, those inside others included; the most outputs of each; the most parameters of the network."""
ROWS, COLUMNS, CLASSES = 20_000, 500, 10
"""The most samples in all; the most columns of a table, and inputs of the network; the most classes."""
NUMBERS, WORK = 20_000_000, 300_000_000
"""The most outputs of all layers in a step; the most products of parameters and samples."""
PAIRS = 20
"""The longest history of `LBFGS`."""


class ConfigurationError(ValueError):
    """A configuration cannot be trained.

    Parameters
    ----------
    message : str
    field : str or None
        The part of the configuration that is wrong, as a JSON path such as ``"$.layers[2]"``.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


@contextmanager
def at(field: str) -> Iterator[None]:
    """Turn errors into those of a part of the configuration."""
    try:
        yield
    except ConfigurationError:
        raise
    except (ValueError, TypeError, ArithmeticError, ImportError, MemoryError) as error:
        raise ConfigurationError(str(error), field) from error


def check(layers: Sequence[Layer], optimizer: Optimizer, inputs: int, samples: int, batch_size: int) -> Shape:
    """Return the shape of the network's output; raise ConfigurationError if its layers do not fit or are too large.

    Nothing is allocated before the sizes are known.
    """
    count = 0
    for i, layer in enumerate(layers):
        count += chain.count([layer])
        if count > LAYERS:
            raise ConfigurationError(
                f"there can be at most {LAYERS} layers, those inside others included", f"$.layers[{i}]"
            )
    places = list[chain.Place]()
    shape: Shape = (inputs,)
    for i, layer in enumerate(layers):
        with at(f"$.layers[{i}]"):
            places += chain.connect([layer], shape)
            shape = places[-1].outputs
        for place in chain.walk(places[-1:]):
            if isinstance(place.layer, Embedding):
                raise ConfigurationError(
                    "Embedding takes whole numbers, which the points of a surface are not", f"$.layers[{i}]"
                )
            if prod(place.outputs) > UNITS:
                raise ConfigurationError(
                    f"{place.layer!r} has {prod(place.outputs):,} outputs; there can be at most {UNITS}",
                    f"$.layers[{i}]",
                )
    inner = list(chain.walk(places))
    parameters = sum(each.size for place in inner for each in place.declared.values())
    if parameters > PARAMETERS:
        raise ConfigurationError(
            f"the network has {parameters:,} parameters; there can be at most {PARAMETERS:,}", "$.layers"
        )
    _check_optimizer(optimizer)
    rows = samples if optimizer.batch_size is None else min(batch_size, samples)
    if max(rows, chain.CHUNK) * sum(map(_numbers, inner)) > NUMBERS or rows * parameters > WORK:
        field = "$.optimizer" if optimizer.batch_size is None else "$.batch_size"
        raise ConfigurationError(
            f"a step with {rows:,} samples takes too long for a network of this size: take fewer", field
        )
    return shape


def _numbers(place: chain.Place) -> int:
    """Return how many numbers a layer computes for each sample, about."""
    layer = place.layer
    waves = layer.frequencies if isinstance(layer, PeriodicEmbedding) else 1
    return prod(place.outputs) * waves


def _check_optimizer(optimizer: Optimizer) -> None:
    while not isinstance(optimizer, LBFGS):
        inner = getattr(optimizer, "optimizer", None)
        if inner is None:
            return
        optimizer = inner
    if optimizer.history > PAIRS:
        raise ConfigurationError(f"the history of LBFGS can be at most {PAIRS}, got {optimizer.history}", "$.optimizer")
