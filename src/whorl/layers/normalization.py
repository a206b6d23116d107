"""Normalization layers: over the batch, or over the features of each sample.

Letters: n samples in the batch, d features, m mean, v variance, h the normalized x.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY

import numpy as np

from whorl._core.description import argument
from whorl._core.types import Array, Backward, Shape
from whorl._core.validation import number
from whorl.initializers import Ones, Zeros
from whorl.layers.layer import Layer
from whorl.parameters import Parameter, Views


class BatchNorm(Layer):
    """``y = γ h + β``, ``h = (x − m) / √(v + ε)``: each feature is normalized over the batch.

    In training, m and v are the batch's mean and its biased variance ``Σ (x − m)² / n``. When predicting, they are running
    means over the batches of training: ``mean ← (1 − momentum) mean + momentum m``, and likewise ``variance``, with the
    unbiased variance ``Σ (x − m)² / (n − 1)``. These are not trained, but saved with the model. A batch of one sample has no
    variance: it is normalized as when predicting, and does not change the running means. They are updated in the backward
    pass; a forward pass changes nothing.

    Backward pass, since m and v depend on all of x::

        dγ = Σ_n dy h        dβ = Σ_n dy        dx = γ / √(v + ε) (dy − dβ / n − h dγ / n)

    Parameters
    ----------
    momentum : float, optional
        The weight of the newest batch in the running means, in (0, 1]: PyTorch's convention and default. Keras's momentum
        is 1 minus this one, 0.99 by default, and its running variance is biased.
    epsilon : float, optional
        ε, above 0. Keras's default is 1e-3.

    References
    ----------
    Ioffe, Szegedy (2015), Batch Normalization, arXiv:1502.03167, algorithms 1 and 2.

    Examples
    --------
    >>> from whorl import MeanSquaredError, Model, SGD
    >>> model = Model([BatchNorm()], inputs=1, rng=0)
    >>> x = np.array([[1], [3]], np.float32)
    >>> _ = model.fit(x, x, loss=MeanSquaredError(), optimizer=SGD(0.1), epochs=1)  # mean 2, variance 2
    >>> model.named_statistics()  # a tenth of the way from 0 to 2, and from 1 to 2
    {'mean1': array([0.2], dtype=float32), 'variance1': array([1.1], dtype=float32)}
    """

    _: KW_ONLY
    momentum: float = argument(number, default=0.1, above=0, maximum=1)
    epsilon: float = argument(number, default=1e-5, above=0)

    def output_shape(self, inputs: Shape) -> Shape:
        return flat(self, inputs)

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        return {
            "gamma": Parameter(inputs, Ones()),
            "beta": Parameter(inputs, Zeros()),
            "mean": Parameter(inputs, Zeros(), trained=False),
            "variance": Parameter(inputs, Ones(), trained=False),
        }

    @property
    def batchwise(self) -> bool:
        return True

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        batch = p.batch
        n = batch.size(x)
        if rng is None or n == 1:
            deviation = np.sqrt(p.variance + self.epsilon)  # (d,)
            return scale_and_shift((x - p.mean) / deviation, p, lambda dh: dh / deviation)
        m = batch.mean(x.sum(axis=0), n)
        h = x - m  # (n, d)
        v = batch.mean(np.einsum("nd,nd->d", h, h), n)
        inverse = 1 / np.sqrt(v + self.epsilon)  # (d,)
        h *= inverse

        def backward(dh: Array) -> Array:
            p.mean += self.momentum * (m - p.mean)
            p.variance += self.momentum * (v * (n / (n - 1)) - p.variance)
            mean = batch.mean_gradient(dh.sum(axis=0), n)
            dh -= mean + h * batch.mean_gradient(np.einsum("nd,nd->d", dh, h), n)
            dh *= inverse
            return dh

        return scale_and_shift(h, p, backward)


class LayerNorm(Layer):
    """``y = γ h + β``, ``h = (x − m) / √(v + ε)``: each sample is normalized over its own features.

    m and v are the sample's mean and its biased variance, so samples do not depend on each other, and training and
    predicting are the same. Backward pass, with the means taken over the features::

        dγ = Σ_n dy h        dβ = Σ_n dy        dx = (γ dy − mean(γ dy) − h mean(γ dy h)) / √(v + ε)

    Parameters
    ----------
    epsilon : float, optional
        ε, above 0: 1e-5 as in PyTorch; Keras has 1e-3.

    References
    ----------
    Ba, Kiros, Hinton (2016), Layer Normalization, arXiv:1607.06450, equation 3.

    Examples
    --------
    >>> from whorl import Model
    >>> Model([LayerNorm()], inputs=2, rng=0).predict([[1.0, 3.0], [100.0, 50.0]]).round(3)
    array([[-1.,  1.],
           [ 1., -1.]], dtype=float32)
    """

    _: KW_ONLY
    epsilon: float = argument(number, default=1e-5, above=0)

    def output_shape(self, inputs: Shape) -> Shape:
        return flat(self, inputs)

    def parameters(self, inputs: Shape) -> dict[str, Parameter]:
        return {"gamma": Parameter(inputs, Ones()), "beta": Parameter(inputs, Zeros())}

    def forward(self, x: Array, p: Views, rng: np.random.Generator | None = None) -> tuple[Array, Backward]:
        d = x.shape[1]
        h = x - x.mean(axis=1, keepdims=True)  # (n, d)
        v = np.einsum("nd,nd->n", h, h)[:, None] / d
        inverse = 1 / np.sqrt(v + self.epsilon)  # (n, 1)
        h *= inverse

        def backward(dh: Array) -> Array:
            dh -= dh.mean(axis=1, keepdims=True) + h * (np.einsum("nd,nd->n", dh, h)[:, None] / d)
            dh *= inverse
            return dh

        return scale_and_shift(h, p, backward)


def flat(layer: Layer, inputs: Shape) -> Shape:
    """Return the shape of the inputs; raise ValueError unless it is (d,)."""
    if len(inputs) != 1:
        raise ValueError(f"{type(layer).__name__} takes flat inputs of shape (d,), got inputs of shape {inputs}")
    return inputs


def scale_and_shift(h: Array, p: Views, back: Callable[[Array], Array]) -> tuple[Array, Backward]:
    """Return ``γ h + β``, and its backward function, which calls `back` with dL/dh."""
    y = p.gamma * h
    y += p.beta

    def backward(dy: Array, g: Views) -> Array:
        np.einsum("nd,nd->d", dy, h, out=g.gamma)
        np.sum(dy, axis=0, out=g.beta)
        dy *= p.gamma
        return back(dy)

    return y, backward
