"""What each layer computes when it predicts, in the elementary operations of a `Graph`.

Letters: x the input of a layer, p its arrays; m, d, k … as in the layer's own file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np

from whorl import layers
from whorl._core.types import Array
from whorl.formats.graph import Graph, Section, Value
from whorl.layers import Layer
from whorl.model import Model
from whorl.parameters import Views


def lower(model: Model) -> Graph:
    """Return what the model computes from its inputs, in elementary operations.

    Raises
    ------
    TypeError
        If a layer is of a class of your own.

    Examples
    --------
    >>> from whorl import Dense, Model, ReLU, Softmax
    >>> graph = lower(Model([Dense(8), ReLU(), Dense(3), Softmax()], inputs=2, rng=0))
    >>> [each.kind for each in graph.operations]
    ['affine', 'relu', 'affine', 'softmax']
    """
    graph = Graph(model.inputs, model.dtype)
    graph.output = _sequence(graph, model.layers, model.p, graph.input)
    return graph


def _sequence(g: Graph, sequence: Sequence[Layer], p: Sequence[Views], x: Value) -> Value:
    """Add layers, one after the other."""
    for layer, views in zip(sequence, p, strict=True):
        x = _layer(g, layer, views, x)
    return x


def _layer(g: Graph, layer: Layer, p: Views, x: Value) -> Value:
    """Add a layer."""
    if type(layer) not in LOWERINGS:
        raise TypeError(
            f"the layer {layer!r} cannot be exported: its class is not one of whorl's, so no other program knows what it computes"
        )
    g.sections.append(Section(len(g.operations), repr(layer)))
    return LOWERINGS[type(layer)](g, layer, p, x)


Lowering: TypeAlias = Callable[[Graph, Any, Views, Value], Value]
"""Adds a layer: takes the graph, the layer, its arrays and its input, and returns its output."""


def _dense(g: Graph, _: Layer, p: Views, x: Value) -> Value:
    return g.affine(x, p.w, p.b)


def _ntk_dense(g: Graph, layer: layers.NTKDense, p: Views, x: Value) -> Value:
    return g.affine(x, p.w / math.sqrt(x.shape[0]), layer.multiple * p.b)


def _dropout(g: Graph, _: Layer, p: Views, x: Value) -> Value:
    return x


def _flatten(g: Graph, _: Layer, p: Views, x: Value) -> Value:
    return g.reshape(x, (prod(x.shape),))


def _softmax(g: Graph, _: Layer, p: Views, x: Value) -> Value:
    return g.softmax(x)


def _function(kind: str, *settings: str) -> Lowering:
    """Return what adds an activation, with the settings of the layer that have these names."""
    return lambda g, layer, p, x: g.unary(kind, x, **{name: getattr(layer, name) for name in settings})


def _selu(g: Graph, layer: layers.SELU, p: Views, x: Value) -> Value:
    return g.unary("selu", x, alpha=layer.ALPHA, scale=layer.SCALE)


def _batch_norm(g: Graph, layer: layers.BatchNorm, p: Views, x: Value) -> Value:
    factor = p.gamma / np.sqrt(p.variance + layer.epsilon)
    return _add(g, _multiply(g, g.binary("subtract", x, p.mean), factor), p.beta)


def _layer_norm(g: Graph, layer: layers.LayerNorm, p: Views, x: Value) -> Value:
    return _add(g, _multiply(g, g.normalize(x, layer.epsilon), p.gamma), p.beta)


def _standardize(g: Graph, _: Layer, p: Views, x: Value) -> Value:
    return g.binary("divide", g.binary("subtract", x, p.mean), p.scale)


def _robust_scale(g: Graph, layer: layers.RobustScale, p: Views, x: Value) -> Value:
    z = _multiply(g, g.binary("subtract", x, p.median), p.factor)
    share = g.binary("divide", z, layer.limit)
    root = g.unary("sqrt", _add(g, _multiply(g, share, share), 1))
    return g.binary("divide", z, root)


def _rank_scale(g: Graph, layer: layers.RankScale, p: Views, x: Value) -> Value:
    flat = g.reshape(x, (prod(x.shape),))
    ranks = g.ranks(flat, p.knots.reshape(-1, layer.knots), p.last.reshape(-1), layer.SPREAD)
    return g.reshape(ranks, x.shape)


def _scale(g: Graph, layer: layers.Scale, p: Views, x: Value) -> Value:
    return _multiply(g, x, 1 + layer.multiple * p.s)


def _rescale(g: Graph, layer: layers.Rescale, p: Views, x: Value) -> Value:
    return _add(g, _multiply(g, x, layer.factor), np.asarray(layer.offset))


def _clip(g: Graph, layer: layers.Clip, p: Views, x: Value) -> Value:
    return g.binary("minimum", g.binary("maximum", x, layer.low), layer.high)


def _parametric(g: Graph, layer: layers.Parametric, p: Views, x: Value) -> Value:
    f = _layer(g, layer.activation, p.parts[0], x)
    return _add(g, x, _multiply(g, g.binary("subtract", f, x), 1 + layer.multiple * p.a))


def _residual(g: Graph, layer: layers.Residual, p: Views, x: Value) -> Value:
    return _add(g, x, _sequence(g, layer.layers, p.parts, x))


def _average(g: Graph, layer: layers.Average, p: Views, x: Value) -> Value:
    count, total = len(layer.layers), None
    for k in range(layer.members):
        member = _sequence(g, layer.layers, p.parts[k * count : (k + 1) * count], x)
        total = member if total is None else _add(g, total, member)
    assert total is not None
    return g.binary("divide", total, layer.members)


def _embedding(g: Graph, layer: layers.Embedding, p: Views, x: Value) -> Value:
    others = np.delete(np.arange(x.shape[0]), layer.chosen)
    rows = g.lookup(g.columns(x, layer.chosen), p.w, layer.categories)
    return g.concatenate([g.columns(x, others), rows]) if len(others) else rows


def _periodic_embedding(g: Graph, layer: layers.PeriodicEmbedding, p: Views, x: Value) -> Value:
    chosen = layer.chosen(x.shape[0])
    others = np.delete(np.arange(x.shape[0]), chosen)
    multiple, d, m = layer.multiple, len(chosen), layer.dimension
    columns = g.reshape(g.columns(x, chosen), (d, 1))
    angle = _add(g, _multiply(g, columns, 2 * math.pi * multiple * p.w), multiple * p.b)  # (d, k)
    mixed = _add(g, g.grouped(g.unary("cos", angle), multiple * p.v), multiple * p.a)  # (d, m − 1)
    embedded = g.reshape(g.concatenate([columns, mixed]), (d * m,))
    return g.concatenate([g.columns(x, others), embedded]) if len(others) else embedded


def _add(g: Graph, a: Value, b: Value | Array | float) -> Value:
    return g.binary("add", a, b)


def _multiply(g: Graph, a: Value, b: Value | Array | float) -> Value:
    return g.binary("multiply", a, b)


LOWERINGS: Mapping[type[Layer], Lowering] = {
    layers.Average: _average,
    layers.BatchNorm: _batch_norm,
    layers.Clip: _clip,
    layers.Dense: _dense,
    layers.Dropout: _dropout,
    layers.ELU: _function("elu", "alpha"),
    layers.Embedding: _embedding,
    layers.Flatten: _flatten,
    layers.GELU: _function("gelu"),
    layers.LayerNorm: _layer_norm,
    layers.LeakyReLU: _function("leaky_relu", "slope"),
    layers.Mish: _function("mish"),
    layers.NTKDense: _ntk_dense,
    layers.Parametric: _parametric,
    layers.PeriodicEmbedding: _periodic_embedding,
    layers.RankScale: _rank_scale,
    layers.ReLU: _function("relu"),
    layers.Rescale: _rescale,
    layers.Residual: _residual,
    layers.RobustScale: _robust_scale,
    layers.SELU: _selu,
    layers.Scale: _scale,
    layers.SiLU: _function("silu"),
    layers.Sigmoid: _function("sigmoid"),
    layers.Softmax: _softmax,
    layers.Softplus: _function("softplus"),
    layers.Standardize: _standardize,
    layers.Tanh: _function("tanh"),
}
"""What adds each layer."""
