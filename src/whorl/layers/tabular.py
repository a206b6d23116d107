"""Layers for the columns of tables: periodic embeddings of numbers, learned activations, and layers that start from the data.

Together they are the network of Holzmüller, Grinsztajn, Steinwart (2024), Better by Default, arXiv:2407.04491 (RealMLP).

Letters: n samples, i inputs, j outputs; d features, k frequencies, m numbers for each feature.
"""

from __future__ import annotations

import math
from dataclasses import KW_ONLY
from typing import ClassVar

import numpy as np

from whorl._core.description import argument
from whorl._core.types import Array, Backward, Shape
from whorl._core.validation import instance, integer, number
from whorl.initializers import Normal, Uniform, Zeros
from whorl.layers.layer import Layer
from whorl.layers.shaping import column_numbers
from whorl.parameters import Parameter, Views
from whorl.rows import ones


class PeriodicEmbedding(Layer):
    """Turns each number into m numbers: itself, and m − 1 mixes of k waves of it whose frequencies are learned.

    For each feature x, with weights of its own::

        c_k = cos(2π w_k x + b_k)
        y = (x, Σ_k c_k v_k1 + a_1, …, Σ_k c_k v_k,m−1 + a_m−1)

    The output is the columns that are not embedded, in order, and then the m numbers for each embedded column, as in `Embedding`.
    A network of smooth layers bends its functions slowly; waves let it follow thresholds and cycles in a single feature. Backward
    pass, with ``s_k = sin(2π w_k x + b_k)`` and ``dc_k = Σ_l dy_l v_kl``::

        da_l = Σ_n dy_l        dv_kl = Σ_n c_k dy_l
        db_k = −Σ_n s_k dc_k   dw_k = −2π Σ_n x s_k dc_k   dx = dy_0 − 2π Σ_k w_k s_k dc_k

    Parameters
    ----------
    dimension : int, optional
        m, at least 2.
    frequencies : int, optional
        k.
    scale : float, optional
        Standard deviation of the frequencies w at the start, above 0, for features of size 1.
    multiple, decay : float, optional
        As in `Scale`: all parameters are multiplied by the first, so that `Adam` changes them by that multiple of its learning rate.
    columns : sequence of int, optional
        The columns of the input that are embedded; by default all. One-hot columns need no embedding: they have two values only.

    References
    ----------
    Gorishniy, Rubachev, Babenko (2022), On Embeddings for Numerical Features in Tabular Deep Learning, arXiv:2203.05556, section 3.3.
    Holzmüller, Grinsztajn, Steinwart (2024), arXiv:2407.04491, section 3 (PBLD), which adds the phase b and the feature itself, and
    has one `multiple` of 0.1.

    Examples
    --------
    >>> from whorl import Model
    >>> model = Model([PeriodicEmbedding()], inputs=3, rng=0)
    >>> model.outputs, model.predict([[1.0, 2.0, 3.0]])[0, ::4]
    ((12,), array([1., 2., 3.], dtype=float32))
    >>> model = Model([PeriodicEmbedding(columns=[1])], inputs=3, rng=0)
    >>> model.outputs, model.predict([[1.0, 2.0, 3.0]])[0, :3]
    ((6,), array([1., 3., 2.], dtype=float32))
    """

    dimension: int = argument(integer, default=4, minimum=2)
    frequencies: int = argument(integer, default=16)
    _: KW_ONLY
    scale: float = argument(number, default=0.1, above=0)
    multiple: float = argument(number, default=1.0, above=0)
    decay: float = argument(number, default=1.0, minimum=0)
    columns: tuple[int, ...] | None = argument(column_numbers, default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.columns is not None and (not self.columns or len(set(self.columns)) != len(self.columns)):
            raise ValueError(f"columns must name at least one column, and none twice, got {list(self.columns)}")

    def chosen(self, inputs: int) -> Array:
        """Return the columns that are embedded, of so many."""
        return np.arange(inputs) if self.columns is None else np.array(self.columns)

    def output_shape(self, inputs: Shape) -> Shape:
        if len(inputs) != 1:
            raise ValueError(f"PeriodicEmbedding takes flat inputs of shape (d,), got inputs of shape {inputs}")
        chosen = self.chosen(inputs[0])
        if chosen.max() >= inputs[0]:
            raise ValueError(f"PeriodicEmbedding embeds column {chosen.max()}, got inputs of shape {inputs}")
        return (inputs[0] + len(chosen) * (self.dimension - 1),)

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        d, k, others = len(self.chosen(inputs[0])), self.frequencies, self.dimension - 1
        mix = Uniform(1 / math.sqrt(k) / self.multiple)
        return {
            "w": Parameter((d, k), Normal(self.scale / self.multiple), decay=self.decay),
            "b": Parameter((d, k), Uniform(math.pi / self.multiple), decay=self.decay),
            "v": Parameter((d, k, others), mix, decay=self.decay),
            "a": Parameter((d, others), mix, decay=self.decay),
        }

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        multiple = x.dtype.type(self.multiple)
        turn = 2 * math.pi * multiple
        chosen = self.chosen(x.shape[1])
        others = np.delete(np.arange(x.shape[1]), chosen)
        columns = x.T[chosen][:, :, None]  # (d, n, 1)
        angle = columns * (turn * p.w)[:, None]  # (d, n, k)
        angle += (multiple * p.b)[:, None]
        wave = np.cos(angle)
        v = multiple * p.v
        mixed = np.matmul(wave, v)  # (d, n, m − 1)
        mixed += (multiple * p.a)[:, None]
        embedded = np.concatenate([columns, mixed], axis=2).transpose(1, 0, 2).reshape(len(x), -1)  # (n, d m)

        def backward(dy: Array, g: Views) -> Array | None:
            given = dy[:, len(others) :].reshape(len(x), len(chosen), -1).transpose(1, 0, 2)  # (d, n, m)
            own, mixes = given[:, :, 0], np.ascontiguousarray(given[:, :, 1:])
            np.multiply(multiple, mixes.sum(axis=1), out=g.a)
            np.multiply(multiple, np.matmul(wave.transpose(0, 2, 1), mixes), out=g.v)
            down = np.sin(angle)  # −d angle from here on
            down *= np.matmul(mixes, v.transpose(0, 2, 1))
            np.multiply(-multiple, down.sum(axis=1), out=g.b)
            np.multiply(-turn, np.matmul(down.transpose(0, 2, 1), columns)[:, :, 0], out=g.w)
            if not g.inputs:
                return None
            dx = np.empty_like(x)
            dx[:, others] = dy[:, : len(others)]
            dx[:, chosen] = (own - np.matmul(down, turn * p.w[:, :, None])[:, :, 0]).T
            return dx

        return np.concatenate([x[:, others], embedded], axis=1), backward


class Parametric(Layer):
    """``y = x + (1 + m a)(f(x) − x)``: a learned mix of an activation f and no activation, for each feature.

    For a = 0, the start, it is f, and for m a = −1 no activation. Backward pass::

        da = m Σ_n dy (f(x) − x)        dx = (1 + m a) f′(x) dy − m a dy

    Parameters
    ----------
    activation : Layer
        f, such as ``SELU()``: a layer whose outputs have the shape of its inputs.
    multiple, decay : float, optional
        As in `Scale`; m is the multiple.

    Notes
    -----
    The parameter a is the change of the mix, and starts at 0. So weight decay, as that of `AdamW`, pulls the layer toward the
    activation itself, not toward none, without which the network would be linear.

    With ``ReLU()`` it is the parametric ReLU of He and others (2015), arXiv:1502.01852, whose slope for negative x is −m a.

    References
    ----------
    Holzmüller, Grinsztajn, Steinwart (2024), arXiv:2407.04491, section 3: with `SELU` or `Mish`, and m = 0.1.

    Examples
    --------
    >>> from whorl import Model, ReLU
    >>> model = Model([Parametric(ReLU())], inputs=1, rng=0)
    >>> model.named_parameters()["a1"][:] = -0.25
    >>> model.predict([[-1.0], [1.0]])
    array([[-0.25],
           [ 1.  ]], dtype=float32)
    """

    activation: Layer = argument(instance, kind=Layer, example="SELU()")
    multiple: float = argument(number, default=1.0, above=0)
    decay: float = argument(number, default=1.0, minimum=0)

    @property
    def parts(self) -> tuple[Layer, ...]:
        return (self.activation,)

    def output_shape(self, inputs: Shape) -> Shape:
        outputs = self.activation.output_shape(inputs)
        if outputs != inputs:
            raise ValueError(f"the activation must keep the shape of its inputs, {inputs}, but returns {outputs}")
        return inputs

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        return {"a": Parameter(inputs, Zeros(), decay=self.decay)}

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        f, back = self.activation.forward(x, p.parts[0], rng)
        share = 1 + self.multiple * p.a
        change = f - x

        def backward(dy: Array, g: Views) -> Array | None:
            np.multiply(self.multiple, np.sum(dy * change, axis=0), out=g.a)
            through = back(dy * share, g.parts[0])
            if through is None:
                return None
            dy *= 1 - share
            dy += through
            return dy

        return x + share * change, backward

    def adapt(self, x: Array, p: Views, rng: np.random.Generator, *, again: bool = False) -> None:
        self.activation.adapt(x, p.parts[0], rng, again=again)


class NTKDense(Layer):
    """``y = x W / √i + m b``: a `Dense` layer in the parametrization of the neural tangent kernel, which starts from the data.

    The weights start with variance 1, and the factor 1/√i keeps the outputs at size 1. So `Adam`, whose steps do not depend on the
    size of the gradient, changes the outputs by the same amount however many inputs there are. When training begins, each column of W is
    scaled so that the output has deviation 1 over the training samples, and its bias is set such that it is 0 at a random
    mean of 5 samples: the units bend where there are samples. Backward pass, as in `Dense`::

        dW = xᵀ dy / √i        db = m 1ᵀ dy        dx = dy Wᵀ / √i

    Parameters
    ----------
    units : int
        j, the number of outputs.
    multiple : float, optional
        m, as in `Scale`, for the biases: `Adam` changes m b by m times its learning rate.
    bias_decay : float, optional
        As in `Dense`.

    Notes
    -----
    The start uses at most 10,000 samples.

    References
    ----------
    Jacot, Gabriel, Hongler (2018), Neural Tangent Kernel, arXiv:1806.07572, equation 1.
    Steinwart (2019), A Sober Look at Neural Network Initializations, arXiv:1903.11482, section 5 (he+5).
    Holzmüller, Grinsztajn, Steinwart (2024), arXiv:2407.04491, section 3, with m = 0.1.

    Examples
    --------
    >>> from whorl import Model
    >>> x = np.random.default_rng(0).normal(5, 3, size=(1000, 4))
    >>> model = Model([NTKDense(3)], inputs=4, rng=0)
    >>> model.adapt(x)
    >>> model.predict(x).std(axis=0).round(3)
    array([1., 1., 1.], dtype=float32)
    """

    units: int = argument(integer)
    multiple: float = argument(number, default=0.1, above=0)
    bias_decay: float = argument(number, default=1.0, minimum=0)
    most_samples: ClassVar[int | None] = 10_000

    def output_shape(self, inputs: Shape) -> Shape:
        if len(inputs) != 1:
            raise ValueError(f"NTKDense takes flat inputs of shape (n_in,), got inputs of shape {inputs}")
        return (self.units,)

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        return {
            "w": Parameter((inputs[0], self.units), Normal(1.0)),
            "b": Parameter((self.units,), Zeros(), decay=self.bias_decay),
            "count": Parameter((1,), Zeros(), trained=False),  # the number of samples that it started from
        }

    def needs_data(self, p: Views, *, again: bool = False) -> bool:
        return bool(p.count[0] == 0) and not p.frozen  # not again: that would undo the training

    def adapt(self, x: Array, p: Views, rng: np.random.Generator, *, again: bool = False) -> None:
        y = x.dot(p.w) / math.sqrt(x.shape[1])  # (n, j)
        deviation = y.std(axis=0, dtype=np.float64)
        deviation[deviation < 1e-7 * np.abs(y).max(axis=0)] = 1  # a constant
        deviation[deviation == 0] = 1
        p.w /= deviation
        chosen = rng.integers(len(x), size=(5, self.units))
        share = rng.exponential(size=(5, self.units))  # divided by their sum, uniform over all convex combinations
        share /= share.sum(axis=0)
        p.b[...] = -np.sum(share * y[chosen, np.arange(self.units)], axis=0) / deviation / self.multiple
        p.count[0] = len(x)

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        factor = x.dtype.type(1 / math.sqrt(x.shape[1]))
        y = x.dot(p.w)
        y *= factor
        y += self.multiple * p.b

        def backward(dy: Array, g: Views) -> Array | None:
            ones(len(dy), dy.dtype).dot(dy, out=g.b)
            g.b *= self.multiple
            dy *= factor
            x.T.dot(dy, out=g.w)
            return dy.dot(p.w.T) if g.inputs else None

        return y, backward
