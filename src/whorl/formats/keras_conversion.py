"""Layers as those of Keras, and back. This file is imported only where Keras is."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from whorl._core.types import Array, Shape
from whorl._core.validation import show
from whorl.formats import keras_layers
from whorl.formats.exchange import Equal, Part, layer_of, own_arrays, rows, settings
from whorl.layers import (
    ELU,
    GELU,
    SELU,
    BatchNorm,
    Clip,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LayerNorm,
    LeakyReLU,
    Mish,
    ReLU,
    Rescale,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Standardize,
    Tanh,
)
from whorl.layers.chain import Place
from whorl.parameters import Views

TABLE = (
    Equal(Dense, "Dense", {"units": "units"}, {"w": "kernel", "b": "bias"}),
    Equal(
        BatchNorm,
        "BatchNormalization",
        {"epsilon": "epsilon"},
        {"gamma": "gamma", "beta": "beta", "mean": "moving_mean", "variance": "moving_variance"},
        {"axis": (-1, 1)},
    ),
    Equal(
        LayerNorm,
        "LayerNormalization",
        {"epsilon": "epsilon"},
        {"gamma": "gamma", "beta": "beta"},
        {"axis": (-1, [-1], 1, [1]), "rms_scaling": (False,)},
    ),
    Equal(Dropout, "Dropout", {"rate": "rate"}, fixed={"noise_shape": (None,)}),
    Equal(Flatten, "Flatten", fixed={"data_format": ("channels_last",)}),
    Equal(Rescale, "Rescaling", {"factor": "scale", "offset": "offset"}),
    Equal(LeakyReLU, "LeakyReLU", {"slope": "negative_slope"}),
    Equal(ELU, "ELU", {"alpha": "alpha"}),
    Equal(Softmax, "Softmax", fixed={"axis": (-1, 1)}),
)
"""The layers that Keras has too; for the others there are those of `keras_layers`."""

FUNCTIONS: dict[str, Layer | None] = {
    "linear": None,
    "relu": ReLU(),
    "relu6": Clip(0.0, 6.0),
    "leaky_relu": LeakyReLU(0.2),
    "elu": ELU(),
    "selu": SELU(),
    "silu": SiLU(),
    "mish": Mish(),
    "tanh": Tanh(),
    "sigmoid": Sigmoid(),
    "softplus": Softplus(),
    "softmax": Softmax(),
}
"""What ``activation=`` may be."""


def sequential(places: Sequence[Place], p: Sequence[Views], inputs: Shape, dtype: str) -> keras.Sequential:
    """Return layers as a model of Keras."""
    made, shape = [], inputs
    for place, views in zip(places, p, strict=True):
        made.append(_layer(place, views, shape, dtype))
        shape = place.outputs
    model = keras.Sequential([keras.Input(inputs, dtype=dtype), *made])  # which creates the arrays
    for layer, place, views in zip(made, places, p, strict=True):
        _fill(layer, place, views)
    return model


def _layer(place: Place, p: Views, inputs: Shape, dtype: str) -> keras.Layer:
    """Return a layer as one of Keras, without its arrays."""
    layer: Any = place.layer
    if type(layer) is Standardize:
        return keras.layers.Normalization(axis=tuple(range(1, len(inputs) + 1)), dtype=dtype)
    if type(layer) is Dropout:
        return keras.layers.Dropout(layer.rate_at(0.0), dtype=dtype)
    if type(layer) is GELU:
        return keras.layers.Activation(keras_layers.gelu, dtype=dtype)
    equal = next((each for each in TABLE if each.layer is type(layer)), None)
    if equal is not None:
        more = {}
        if type(layer) is Dense:
            more = {
                name: keras.regularizers.L1L2(*strengths)
                for name, strengths in _penalties(layer).items()
                if any(strengths)
            }
        if type(layer) is BatchNorm:
            more = {"momentum": 1 - layer.momentum}
        return getattr(keras.layers, equal.name)(**equal.arguments(layer, inputs), **more, dtype=dtype)
    if name := next((name for name, each in FUNCTIONS.items() if each == layer), None):
        return keras.layers.Activation(name, dtype=dtype)
    arrays = {name: (array.shape, trained) for name, (array, trained) in own_arrays(place, p).items()}
    inside = [sequential(*row, inputs, dtype) for row in rows(place, p)]
    return getattr(keras_layers, type(layer).__name__)(settings(layer), arrays, inside, dtype=dtype)


def _penalties(dense: Dense) -> dict[str, tuple[float, float]]:
    """Return the strengths of L1 and L2 by the names of the regularizers in Keras."""
    return {
        "kernel_regularizer": (dense.weight_l1, dense.weight_l2),
        "bias_regularizer": (dense.bias_l1, dense.bias_l2),
    }


def _fill(made: Any, place: Place, p: Views) -> None:
    """Copy the arrays of a layer into one of Keras."""
    if type(place.layer) is Standardize:
        _fill_normalization(made, p)
        return
    names = next((each.arrays for each in TABLE if each.layer is type(place.layer)), None)
    for name, (array, _) in own_arrays(place, p).items():
        getattr(made, name if names is None else names[name]).assign(array)


def _fill_normalization(made: Any, p: Views) -> None:
    variance = p.scale.astype(np.float64) ** 2
    if variance.max() > np.finfo(np.float32).max or p.scale.min() < keras.config.epsilon():
        raise ValueError(
            f"Keras's Normalization needs deviations of at least {keras.config.epsilon()}, and squares that float32 can hold, but those of"
            f" Standardize() are from {p.scale.min():g} to {p.scale.max():g}"
        )
    made.adapt_mean.assign(p.mean)
    made.adapt_variance.assign(variance)
    made.finalize_state()


def parts(model: keras.Sequential, prefix: str = "") -> Iterator[Part]:
    """Yield the layers that those of Keras are equal to."""
    for i, layer in enumerate(model.layers):
        path = f"{prefix}{i}"
        place = f"layer {path}, {show(layer)}"
        if type(layer) is keras.Sequential:
            yield from parts(layer, f"{path}.")
        elif type(layer) is not keras.layers.Identity:
            try:
                yield from _parts(layer, path, place)
            except (TypeError, ValueError) as error:
                raise type(error)(f"{place}: {error}") from None


def _parts(layer: Any, path: str, place: str) -> Iterator[Part]:
    """Yield the layers that one of Keras is equal to: one, or none, or two for a layer and its activation."""
    name = type(layer).__name__
    frozen = bool(layer.weights) and not layer.trainable
    if type(layer) is getattr(keras_layers, name, None):
        arrays = {key: _array(getattr(layer, key)) for key in layer.arrays}
        inside = [list(parts(row, f"{path}.rows.{k}.")) for k, row in enumerate(layer.rows)]
        yield Part(layer_of(name, layer.settings, inside), place, arrays, inside, frozen=frozen)
    elif type(layer) is keras.layers.Normalization:
        yield Part(Standardize(), place, _normalization(layer), frozen=frozen)
    elif type(layer) is keras.layers.ReLU:
        yield Part(_rectifier(layer), place)
    elif type(layer) is keras.layers.Activation:
        yield from _activation(layer, place)
    else:
        equal = next((each for each in TABLE if type(layer) is getattr(keras.layers, each.name)), None)
        if equal is None:
            raise ValueError(f"whorl has no layer that is equal to {name}")
        if getattr(layer, "quantization_mode", None):
            raise ValueError(f"it is quantized: {layer.quantization_mode}")
        found = {here: getattr(layer, there) for here, there in equal.arrays.items()}
        arrays = {here: _array(variable) for here, variable in found.items()}
        yield Part(equal.read(layer, **_more(layer)), place, arrays, frozen=frozen)
        if type(layer) is keras.layers.Dense:
            yield from _activation(layer, place)


def _array(tensor: Any) -> Any:
    """Return a tensor as an array; None for None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of NumPy, for the way in which Keras converts
        return None if tensor is None else keras.ops.convert_to_numpy(tensor)


def _more(layer: Any) -> dict[str, Any]:
    """Return the settings of a layer whose values differ from those in Keras."""
    if type(layer) is keras.layers.BatchNormalization:
        return {"momentum": round(1 - layer.momentum, 15)}  # 1 − 0.9 is 0.09999999999999998
    if type(layer) is not keras.layers.Dense:
        return {}
    found: dict[str, Any] = {}
    for here, regularizer in (("weight", layer.kernel_regularizer), ("bias", layer.bias_regularizer)):
        if type(regularizer) in {keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2}:
            strengths = {name: getattr(regularizer, name) for name in ("l1", "l2") if hasattr(regularizer, name)}
            found |= {f"{here}_{name}": _number(strength) for name, strength in strengths.items()}
    return found


def _number(value: Any) -> float:
    """Return a setting as the number that was given, even if Keras has rounded it to float32."""
    return value if isinstance(value, float) else float(str(np.float32(float(value))))


def _activation(layer: Any, place: str) -> Iterator[Part]:
    """Yield the layer that an activation is equal to; none for a linear one."""
    function = layer.activation
    if function is keras_layers.gelu:
        yield Part(GELU(), place)
        return
    if function is keras.activations.gelu:
        raise ValueError(
            "whorl has the approximation of gelu, which differs by less than 5e-4: layer.activation = whorl.formats.keras_layers.gelu"
        )
    for name, equal in FUNCTIONS.items():
        if function is keras.activations.get(name):
            if equal is not None:
                yield Part(equal, place)
            return
    raise ValueError(f"whorl has no layer that is equal to the activation {getattr(function, '__name__', function)}")


def _rectifier(layer: Any) -> Layer:
    """Return the layer that a ``keras.layers.ReLU`` is equal to."""
    if layer.threshold == 0 and layer.max_value is None:
        return LeakyReLU(float(layer.negative_slope)) if layer.negative_slope else ReLU()
    if layer.threshold == layer.negative_slope == 0:
        return Clip(0.0, layer.max_value)
    raise ValueError("max_value together with negative_slope, and threshold, have no equal in whorl")


def _normalization(layer: Any) -> dict[str, Array]:
    """Return the arrays of `Standardize`."""
    if layer.invert:
        raise ValueError("invert must be False, got True")
    mean, variance = (
        np.broadcast_to(_array(each), (1, *layer.input.shape[1:]))[0] for each in (layer.mean, layer.variance)
    )
    fitted = layer.input_mean is not None or mean.any() or (variance != 1).any()
    scale = np.maximum(np.sqrt(variance), keras.config.epsilon())
    return {"mean": mean, "scale": scale, "count": np.array([int(fitted)])}
