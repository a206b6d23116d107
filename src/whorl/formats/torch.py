"""Models to PyTorch, and from it; with the package torch, the extra ``whorl[torch]``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from whorl._core.validation import show
from whorl.formats.exchange import check_model, float_type, model_of
from whorl.model import Model

if TYPE_CHECKING:
    from torch import nn


def to_torch(model: Model) -> nn.Sequential:
    """Return a model as a module of PyTorch that predicts the same: an ``nn.Sequential`` with one module for each layer.

    It is in evaluation mode, on the CPU, has copies of the arrays, in the type of the model, and can be trained further. Layers that
    PyTorch does not have become modules of `whorl.formats.torch_modules`. What is not part of a module is left out: the preparation of a
    table, calibrated intervals and sets, initializers, penalties, ``max_norm``, and factors of weight decay. Of a dropout rate that changes
    with time, the first value is taken.

    Parameters
    ----------
    model : Model

    Returns
    -------
    torch.nn.Sequential
        Frozen layers have ``requires_grad=False``.

    Raises
    ------
    ImportError
        If PyTorch is not installed.
    TypeError
        If the model has a layer of your own.

    Notes
    -----
    ``torch.save(module.state_dict(), path)`` and ``torch.export`` write files that need no whorl; ``torch.save(module, path)`` does not,
    if there are modules of `whorl.formats.torch_modules`. ``torch.export`` of PyTorch 2.4 cannot write some of these. In training, ``BatchNorm1d`` refuses a batch of one sample, and goes on to update
    its running means in a frozen layer unless that is in evaluation mode.

    Examples
    --------
    >>> from whorl import Dense, Model, ReLU, Scale
    >>> model = Model([Dense(64), ReLU(), Scale(), Dense(3)], inputs=2, rng=0)
    >>> to_torch(model)
    Sequential(
      (0): Linear(in_features=2, out_features=64, bias=True)
      (1): ReLU()
      (2): Scale(multiple=1.0, decay=1.0)
      (3): Linear(in_features=64, out_features=3, bias=True)
    )
    """
    torch = _package()
    check_model(model, "PyTorch")
    from whorl.formats.torch_conversion import sequential

    with torch.random.fork_rng(devices=[]):  # the initial weights, which are replaced, must not change its random state
        module = sequential(model.places, model.p, model.inputs)
    for i in model.frozen:
        module[i].requires_grad_(requires_grad=False)
    return module.eval()


def from_torch(module: nn.Sequential, *, inputs: int | Sequence[int] | None = None) -> Model:
    """Return a module of PyTorch as a model that predicts the same as the module in evaluation mode.

    The modules inside may be those that `to_torch` makes, ``nn.Sequential`` and ``nn.Identity``.

    Parameters
    ----------
    module : torch.nn.Sequential
        On any device, in float32 or float64. It does not change.
    inputs : int or tuple of int, optional
        Shape of one sample. By default, what the first module of a known size takes; required if it is not known, as before ``nn.Flatten``.

    Returns
    -------
    Model
        With copies of the arrays. A layer is frozen if none of its parameters has ``requires_grad``.

    Raises
    ------
    ImportError
        If PyTorch is not installed.
    TypeError, ValueError
        If something inside cannot be converted; the error names it.

    Notes
    -----
    Layers here always have all their parameters: for ``bias=False`` and ``affine=False`` they are 0 and 1, and training changes them.
    A module that occurs twice becomes two layers, which are trained separately.

    Examples
    --------
    >>> from torch import nn
    >>> from_torch(nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 3), nn.Softmax(dim=1)))
    Model([Dense(64), ReLU(), Dropout(0.1), Dense(3), Softmax()], inputs=2)
    """
    _check(module, _package().nn)
    from whorl.formats.torch_conversion import parts

    arrays = (*module.parameters(), *module.buffers())
    types = {str(array.dtype).removeprefix("torch.") for array in arrays if array.is_floating_point()}
    dtype = float_type(types, conversion="module.float() converts them to float32")
    return model_of(list(parts(module)), inputs=inputs, dtype=dtype)


def _package() -> Any:
    """Return the package torch."""
    try:
        import torch
    except ImportError as error:
        raise ImportError("this needs PyTorch, the package torch, which the extra whorl[torch] installs") from error
    return torch


def _check(module: Any, nn: Any) -> None:
    """Raise TypeError, with a hint, unless it is a Sequential module."""
    if isinstance(module, nn.Sequential):
        return
    hint = ""
    if isinstance(module, str | os.PathLike):
        hint = "; whorl opens no file that can run code: if you trust this one, from_torch(torch.load(path, weights_only=False))"
    elif isinstance(module, Mapping):
        hint = "; load it into the module that it belongs to, or into to_torch(model): module.load_state_dict(state)"
    elif isinstance(module, nn.Module):
        hint = "; put what its forward calls into nn.Sequential(…), in that order"
    raise TypeError(f"module must be a torch.nn.Sequential, got {show(module)}{hint}")
