"""Layers as modules of PyTorch, and back. This file is imported only where PyTorch is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from whorl._core.types import Array, Shape
from whorl._core.validation import show
from whorl.formats import torch_modules
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
    LayerNorm,
    LeakyReLU,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from whorl.layers.chain import Place
from whorl.parameters import Views

TABLE = (
    Equal(Dense, "Linear", {"units": "out_features"}, {"w": "weight", "b": "bias"}, size="in_features"),
    Equal(
        BatchNorm,
        "BatchNorm1d",
        {"momentum": "momentum", "epsilon": "eps"},
        {"gamma": "weight", "beta": "bias", "mean": "running_mean", "variance": "running_var"},
        {"track_running_stats": (True,)},
        "num_features",
    ),
    Equal(LayerNorm, "LayerNorm", {"epsilon": "eps"}, {"gamma": "weight", "beta": "bias"}, size="normalized_shape"),
    Equal(Dropout, "Dropout", {"rate": "p"}),
    Equal(Flatten, "Flatten", fixed={"start_dim": (1,), "end_dim": (-1,)}),
    Equal(ReLU, "ReLU"),
    Equal(LeakyReLU, "LeakyReLU", {"slope": "negative_slope"}),
    Equal(ELU, "ELU", {"alpha": "alpha"}),
    Equal(SELU, "SELU"),
    Equal(GELU, "GELU", fixed={"approximate": ("tanh",)}),
    Equal(SiLU, "SiLU"),
    Equal(Mish, "Mish"),
    Equal(Tanh, "Tanh"),
    Equal(Sigmoid, "Sigmoid"),
    # PyTorch's is linear above the threshold: at 40 both float types round to that, at 20, its default, the difference is 2e-9.
    Equal(Softplus, "Softplus", fixed={"beta": (1,), "threshold": (40, 20)}),
    Equal(Softmax, "Softmax", fixed={"dim": (1, -1, None)}),
    Equal(Clip, "Hardtanh", {"low": "min_val", "high": "max_val"}),
    Equal(Clip, "ReLU6", {"low": "min_val", "high": "max_val"}),
)
"""The layers that PyTorch has too; for the others there are those of `torch_modules`."""

HINTS = {
    "GELU": "module.approximate = 'tanh' makes it nearly the same function: the two differ by less than 5e-4",
    "Embedding": "whorl.Embedding replaces columns of numbers, and has a table for each",
    "LazyLinear": "its size is known once the module has been called",
    "LogSoftmax": "write nn.Softmax(dim=1) in its place, and take the logarithm of the predictions",
}
"""What to do about modules that are refused."""


def _tensor(array: Array) -> Tensor:
    return torch.tensor(array).contiguous()  # a copy


def _array(tensor: Tensor | None) -> Array | None:
    return None if tensor is None else tensor.detach().cpu().numpy()


def sequential(places: Sequence[Place], p: Sequence[Views], inputs: Shape) -> nn.Sequential:
    """Return layers as a module."""
    modules = []
    for place, views in zip(places, p, strict=True):
        modules.append(_module(place, views, inputs))
        inputs = place.outputs
    return nn.Sequential(*modules)


def _module(place: Place, p: Views, inputs: Shape) -> nn.Module:
    """Return a layer as a module."""
    layer = place.layer
    if isinstance(layer, Dropout):
        return nn.Dropout(layer.rate_at(0.0))
    equal = next((each for each in TABLE if each.layer is type(layer)), None)
    if equal is None:
        arrays = {name: (_tensor(array), trained) for name, (array, trained) in own_arrays(place, p).items()}
        inside = [sequential(*row, inputs) for row in rows(place, p)]
        return getattr(torch_modules, type(layer).__name__)(inputs, settings(layer), arrays, inside)
    module = getattr(nn, equal.name)(**equal.arguments(layer, inputs))
    for here, there in equal.arrays.items():
        getattr(module, there).data = _tensor(getattr(p, here).T)  # PyTorch has the transpose of the weights
    return module


def parts(sequence: nn.Sequential, prefix: str = "") -> Iterator[Part]:
    """Yield the layers that the modules inside are equal to."""
    _refuse_hooks(sequence, f"module {prefix[:-1] or 'itself'}")
    for i, module in enumerate(sequence):
        path = f"{prefix}{i}"
        place = f"module {path}, {show(module)}"
        if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
            yield from parts(module, f"{path}.")
            continue
        if type(module) is not nn.Identity:
            try:
                yield _part(module, path, place)
            except (TypeError, ValueError) as error:
                hint = HINTS.get(type(module).__name__)
                raise type(error)(f"{place}: {error}{f'; {hint}' if hint else ''}") from None
        _refuse_hooks(module, place)


def _refuse_hooks(module: nn.Module, place: str) -> None:
    if any(vars(module).get(name) for name in ("_forward_pre_hooks", "_forward_hooks")):
        raise ValueError(f"{place}: it has hooks, functions that change what it computes; remove them")


def _part(module: Any, path: str, place: str) -> Part:
    """Return the layer that a module is equal to."""
    parameters = list(module.parameters())
    frozen = bool(parameters) and not any(each.requires_grad for each in parameters)
    name = type(module).__name__
    if type(module) is getattr(torch_modules, name, None):
        arrays = {
            key: _array(each)
            for key, each in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False))
        }
        inside = [list(parts(row, f"{path}.rows.{k}.")) for k, row in enumerate(getattr(module, "rows", ()))]
        return Part(layer_of(name, module.settings, inside), place, arrays, inside, module.inputs, frozen)
    equal = next((each for each in TABLE if type(module) is getattr(nn, each.name)), None)
    if equal is None:
        raise ValueError(f"whorl has no layer that is equal to {name}")
    arrays = {here: _array(getattr(module, there)) for here, there in equal.arrays.items()}
    arrays = {here: None if array is None else array.T for here, array in arrays.items()}
    size = getattr(module, equal.size) if equal.size else None
    return Part(equal.read(module), place, arrays, inputs=(size,) if isinstance(size, int) else size, frozen=frozen)
