"""The layers that PyTorch does not have, as its modules. This file is imported only where PyTorch is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding


class Counterpart(nn.Module):
    """Base of the modules here, each of which has the name, the settings and the arrays of a layer of whorl.

    Parameters
    ----------
    inputs : tuple of int
        The shape of one sample.
    settings : dict
        Numbers by name.
    arrays : dict of str to (Tensor, bool)
        The arrays, and whether they are trained: parameters are, and buffers are not.
    rows : list of Sequential
        The modules inside this one.
    """

    def __init__(
        self,
        inputs: tuple[int, ...],
        settings: Mapping[str, Any],
        arrays: Mapping[str, tuple[Tensor, bool]],
        rows: Sequence[nn.Sequential],
    ) -> None:
        super().__init__()
        self.inputs, self.settings = inputs, dict(settings)
        for name, (value, trained) in arrays.items():
            if trained:
                self.register_parameter(name, nn.Parameter(value))
            else:
                self.register_buffer(name, value)
        if rows:
            self.rows = nn.ModuleList(rows)

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.settings.items())


class Standardize(Counterpart):
    """``(x − mean) / scale``."""

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.scale


class RobustScale(Counterpart):
    """``z / √(1 + (z / limit)²)`` with ``z = (x − median) factor``."""

    def forward(self, x: Tensor) -> Tensor:
        z = (x - self.median) * self.factor
        return z / torch.sqrt(1 + (z / self.settings["limit"]) ** 2)


class RankScale(Counterpart):
    """``√3 (2 r − 1)``, where r is the rank of x among the knots, which are in ascending order."""

    def forward(self, x: Tensor) -> Tensor:
        columns = x.flatten(1).T.contiguous()  # (d, n)
        knots, last = self.knots.flatten(0, -2), self.last.reshape(-1, 1)  # (d, K), (d, 1)
        least, most = knots[:, :1], knots[:, -1:]  # the last knot is repeated to the end
        inside = torch.where(
            columns < least, least, torch.where(columns > most, most, columns)
        )  # clamp halves gradients at the ends
        after = torch.searchsorted(knots, inside, right=True)
        k = torch.minimum(after - 1, last.long() - 1).clamp(min=0)  # x is between knot k and knot k + 1
        left, right = knots.gather(1, k), knots.gather(1, k + 1)
        constant = last == 0
        width = torch.where(constant, 1, right - left)
        y = math.sqrt(3) * (2 / last.clamp(min=1) * (k + (inside - left) / width) - 1)
        return torch.where(constant, 0, y).T.reshape(x.shape)


class Scale(Counterpart):
    """``(1 + m s) x``, m being the multiple."""

    def forward(self, x: Tensor) -> Tensor:
        return x * (1 + self.settings["multiple"] * self.s)


class Rescale(Counterpart):
    """``factor · x + offset``."""

    def forward(self, x: Tensor) -> Tensor:
        return self.settings["factor"] * x + x.new_tensor(self.settings["offset"])


class Embedding(Counterpart):
    """Replaces columns of categories by rows of the table w, which follow the other columns."""

    def forward(self, x: Tensor) -> Tensor:
        categories = self.settings["categories"]
        columns = self.settings["columns"] or range(len(categories))
        others = [i for i in range(x.shape[1]) if i not in columns]
        tables = self.w.split(categories)
        found = [embedding(x[:, i].round().long(), table) for i, table in zip(columns, tables, strict=True)]
        return torch.cat([x[:, others], *found], dim=1)


class Residual(Counterpart):
    """``x + f(x)``."""

    def forward(self, x: Tensor) -> Tensor:
        return x + self.rows[0](x)


class Average(Counterpart):
    """The mean of the members."""

    def forward(self, x: Tensor) -> Tensor:
        return sum(member(x) for member in self.rows) / len(self.rows)


class Parametric(Counterpart):
    """``x + (1 + m a)(f(x) − x)``, m being the multiple."""

    def forward(self, x: Tensor) -> Tensor:
        return x + (1 + self.settings["multiple"] * self.a) * (self.rows[0](x) - x)


class NTKDense(Counterpart):
    """``x W / √i + m b`` for i inputs, m being the multiple."""

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.w / math.sqrt(len(self.w)) + self.settings["multiple"] * self.b


class PeriodicEmbedding(Counterpart):
    """Follows each chosen column x by ``cos(2π w x + b) v + a``, after the other columns."""

    def forward(self, x: Tensor) -> Tensor:
        chosen = self.settings["columns"] or range(x.shape[1])
        others = [i for i in range(x.shape[1]) if i not in chosen]
        multiple, columns = self.settings["multiple"], x[:, list(chosen), None]  # (n, d, 1)
        wave = torch.cos(columns * (2 * math.pi * multiple * self.w) + multiple * self.b)  # (n, d, k)
        mixed = torch.einsum("ndk,dkm->ndm", wave, multiple * self.v) + multiple * self.a
        return torch.cat([x[:, others], torch.cat([columns, mixed], dim=2).flatten(1)], dim=1)
