"""The layers that Keras does not have, as its layers, for any backend. This file is imported only where Keras is.

Import it before ``keras.models.load_model`` reads a file in which one of them is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import keras
from keras import ops
from keras.saving import deserialize_keras_object, register_keras_serializable, serialize_keras_object


@register_keras_serializable(package="whorl")
def gelu(x: Any) -> Any:
    """Return ``x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2``, the approximation that `whorl.GELU` is, to be given as ``activation=``."""
    return keras.activations.gelu(x, approximate=True)


class Counterpart(keras.layers.Layer):
    """Base of the layers here, each of which has the name, the settings and the arrays of a layer of whorl.

    Parameters
    ----------
    settings : dict
        Numbers by name.
    arrays : dict of str to (shape, bool)
        The shapes of the arrays, and whether they are trained.
    rows : list of Sequential
        The layers inside this one.
    **options
        Those of all layers of Keras, such as ``name`` and ``dtype``.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        arrays: Mapping[str, tuple[Sequence[int], bool]],
        rows: Sequence[keras.Sequential] = (),
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.settings, self.arrays, self.rows = dict(settings), dict(arrays), list(rows)

    def build(self, input_shape: Any) -> None:
        for name, (shape, trained) in self.arrays.items():
            setattr(self, name, self.add_weight(shape=tuple(shape), initializer="zeros", trainable=trained, name=name))

    def get_config(self) -> dict[str, Any]:
        own = {"settings": self.settings, "arrays": self.arrays, "rows": list(map(serialize_keras_object, self.rows))}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**{**config, "rows": list(map(deserialize_keras_object, config["rows"]))})


@register_keras_serializable(package="whorl")
class RobustScale(Counterpart):
    """``z / √(1 + (z / limit)²)`` with ``z = (x − median) factor``."""

    def call(self, x: Any) -> Any:
        z = (x - self.median) * self.factor
        return z / ops.sqrt(1 + (z / self.settings["limit"]) ** 2)


@register_keras_serializable(package="whorl")
class RankScale(Counterpart):
    """``√3 (2 r − 1)``, where r is the rank of x among the knots, which are in ascending order."""

    def call(self, x: Any) -> Any:
        left, right, x = self.knots[..., :-1], self.knots[..., 1:], x[..., None]
        some = right > left  # the last knot is repeated to the end
        share = ops.where(x < right, ops.where(x < left, 0, (x - left) / ops.where(some, right - left, 1)), 1)
        rank = ops.sum(ops.where(some, share, 0), axis=-1) / ops.maximum(self.last, 1)
        return ops.where(self.last > 0, math.sqrt(3) * (2 * rank - 1), 0)


@register_keras_serializable(package="whorl")
class Scale(Counterpart):
    """``(1 + m s) x``, m being the multiple."""

    def call(self, x: Any) -> Any:
        return x * (1 + self.settings["multiple"] * self.s)


@register_keras_serializable(package="whorl")
class Clip(Counterpart):
    """``min(max(x, low), high)``."""

    def call(self, x: Any) -> Any:
        return ops.clip(x, self.settings["low"], self.settings["high"])


@register_keras_serializable(package="whorl")
class Embedding(Counterpart):
    """Replaces columns of categories by rows of the table w, which follow the other columns."""

    def call(self, x: Any) -> Any:
        categories = self.settings["categories"]
        columns = self.settings["columns"] or range(len(categories))
        found = [x[:, i : i + 1] for i in range(x.shape[1]) if i not in columns]
        for j, i in enumerate(columns):
            start = sum(categories[:j])
            code = ops.cast(ops.round(x[:, i]), "int32")
            found.append(ops.take(self.w[start : start + categories[j]], code, axis=0))
        return ops.concatenate(found, axis=1)


@register_keras_serializable(package="whorl")
class Residual(Counterpart):
    """``x + f(x)``."""

    def call(self, x: Any) -> Any:
        return x + self.rows[0](x)


@register_keras_serializable(package="whorl")
class Average(Counterpart):
    """The mean of the members."""

    def call(self, x: Any) -> Any:
        return sum(member(x) for member in self.rows) / len(self.rows)


@register_keras_serializable(package="whorl")
class Parametric(Counterpart):
    """``x + (1 + m a)(f(x) − x)``, m being the multiple."""

    def call(self, x: Any) -> Any:
        return x + (1 + self.settings["multiple"] * self.a) * (self.rows[0](x) - x)


@register_keras_serializable(package="whorl")
class NTKDense(Counterpart):
    """``x W / √i + m b`` for i inputs, m being the multiple."""

    def call(self, x: Any) -> Any:
        return ops.matmul(x, self.w) / math.sqrt(self.w.shape[0]) + self.settings["multiple"] * self.b


@register_keras_serializable(package="whorl")
class PeriodicEmbedding(Counterpart):
    """Follows each chosen column x by ``cos(2π w x + b) v + a``, after the other columns."""

    def call(self, x: Any) -> Any:
        chosen = self.settings["columns"] or range(x.shape[1])
        others = [x[:, i : i + 1] for i in range(x.shape[1]) if i not in chosen]
        multiple, columns = (
            self.settings["multiple"],
            ops.stack([x[:, i] for i in chosen], axis=1)[..., None],
        )  # (n, d, 1)
        wave = ops.cos(columns * (2 * math.pi * multiple * self.w) + multiple * self.b)  # (n, d, k)
        mixed = ops.einsum("ndk,dkm->ndm", wave, multiple * self.v) + multiple * self.a
        embedded = ops.concatenate([columns, mixed], axis=2)
        return ops.concatenate([*others, ops.reshape(embedded, (-1, embedded.shape[1] * embedded.shape[2]))], axis=1)
