"""Layers that bring numbers to a common size: over the batch, over the features, or once and for all.

Letters: n samples in the batch, d features, m mean, v variance, h the normalised x.
"""

from __future__ import annotations

import numpy as np

from whorl._core import validation
from whorl._core.types import Array, Backward, Shape
from whorl.initializers import Ones, Zeros
from whorl.layers.layer import Layer
from whorl.parameters import Parameter


class BatchNorm(Layer):
    """``y = γ h + β``, ``h = (x − m) / √(v + ε)``: each feature is normalised over the batch.

    In training, m and v are the batch's mean and its biased variance ``Σ (x − m)² / n``. When predicting they are running
    means of what training met, ``mean ← (1 − momentum) mean + momentum m``, and likewise ``variance``, with the unbiased
    variance ``Σ (x − m)² / (n − 1)``. They are not trained, but saved with the model. A batch of one sample has no variance:
    it is normalised as when predicting, and changes nothing. The running means move on the way back, so that a forward pass
    changes nothing either.

    Backwards, since m and v depend on all of x::

        dγ = Σ_n dy h        dβ = Σ_n dy        dx = γ / √(v + ε) (dy − dβ / n − h dγ / n)

    Parameters
    ----------
    momentum : float, optional
        The weight of the newest batch in the running means, in (0, 1]: PyTorch's convention and default. Keras's momentum
        is 1 minus this one, 0.99 by default, and its running variance is the biased one.
    epsilon : float, optional
        ε, above 0. Keras's default is 1e-3.

    References
    ----------
    Ioffe, Szegedy (2015), Batch Normalization, arXiv:1502.03167, algorithms 1 and 2.

    Examples
    --------
    >>> from whorl import Model
    >>> model = Model([BatchNorm()], inputs=1, rng=0)
    >>> x = np.array([[1], [3]], np.float32)
    >>> y, backward = model.layers[0].forward(x, np.random.default_rng(0))
    >>> y.round(3)
    array([[-1.],
           [ 1.]], dtype=float32)
    >>> _ = backward(np.ones_like(y))
    >>> model.layers[0].mean, model.layers[0].variance  # a tenth of the way from 0 to 2, and from 1 to 2
    (array([0.2], dtype=float32), array([1.1], dtype=float32))
    """

    gamma: Array  # (d,)
    beta: Array
    mean: Array
    variance: Array
    dgamma: Array
    dbeta: Array

    def __init__(self, *, momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        self.momentum = validation.number("momentum", momentum, above=0, maximum=1)
        self.epsilon = validation.number("epsilon", epsilon, above=0)

    def output_shape(self, inputs: Shape) -> Shape:
        return flat(self, inputs)

    def declare(self, inputs: Shape) -> list[Parameter]:
        return [
            Parameter("gamma", inputs, Ones()),
            Parameter("beta", inputs, Zeros()),
            Parameter("mean", inputs, Zeros(), trained=False),
            Parameter("variance", inputs, Ones(), trained=False),
        ]

    def forward(self, x: Array, training: np.random.Generator | None) -> tuple[Array, Backward]:
        n = len(x)
        if not training or n == 1:
            return scale_and_shift(self, (x - self.mean) / np.sqrt(self.variance + self.epsilon), self._backward_fixed)
        m = x.mean(axis=0)
        h = x - m  # (n, d)
        v = np.einsum("nd,nd->d", h, h) / n
        inverse = 1 / np.sqrt(v + self.epsilon)  # (d,)
        h *= inverse

        def backward(dh: Array) -> Array:
            self.mean += self.momentum * (m - self.mean)
            self.variance += self.momentum * (v * (n / (n - 1)) - self.variance)
            dh -= dh.mean(axis=0) + h * (np.einsum("nd,nd->d", dh, h) / n)
            dh *= inverse
            return dh

        return scale_and_shift(self, h, backward)

    def _backward_fixed(self, dh: Array) -> Array:
        dh /= np.sqrt(self.variance + self.epsilon)
        return dh


class LayerNorm(Layer):
    """``y = γ h + β``, ``h = (x − m) / √(v + ε)``: each sample is normalised over its own features.

    m and v are the sample's mean and its biased variance, so samples do not depend on each other, and training and
    predicting are the same. Backwards, with the means taken over the features::

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

    gamma: Array  # (d,)
    beta: Array
    dgamma: Array
    dbeta: Array

    def __init__(self, *, epsilon: float = 1e-5) -> None:
        self.epsilon = validation.number("epsilon", epsilon, above=0)

    def output_shape(self, inputs: Shape) -> Shape:
        return flat(self, inputs)

    def declare(self, inputs: Shape) -> list[Parameter]:
        return [Parameter("gamma", inputs, Ones()), Parameter("beta", inputs, Zeros())]

    def forward(self, x: Array, training: np.random.Generator | None) -> tuple[Array, Backward]:
        d = x.shape[1]
        h = x - x.mean(axis=1, keepdims=True)  # (n, d)
        v = np.einsum("nd,nd->n", h, h)[:, None] / d
        inverse = 1 / np.sqrt(v + self.epsilon)  # (n, 1)
        h *= inverse

        def backward(dh: Array) -> Array:
            dh -= dh.mean(axis=1, keepdims=True) + h * (np.einsum("nd,nd->n", dh, h)[:, None] / d)
            dh *= inverse
            return dh

        return scale_and_shift(self, h, backward)


def flat(layer: Layer, inputs: Shape) -> Shape:
    """Return the shape of the inputs, if it is (d,)."""
    if len(inputs) != 1:
        raise ValueError(f"{type(layer).__name__} takes flat inputs of shape (d,), got inputs of shape {inputs}")
    return inputs


def scale_and_shift(layer: BatchNorm | LayerNorm, h: Array, back: Backward) -> tuple[Array, Backward]:
    """Return ``γ h + β``, and the closure that goes back through it and then through `back`, which takes dL/dh."""
    y = layer.gamma * h
    y += layer.beta

    def backward(dy: Array) -> Array:
        np.einsum("nd,nd->d", dy, h, out=layer.dgamma)
        np.sum(dy, axis=0, out=layer.dbeta)
        dy *= layer.gamma
        dx: Array = back(dy)
        return dx

    return y, backward


class Standardize(Layer):
    """``y = (x − mean) / scale``, with the mean and the standard deviation of the training data.

    Networks learn badly from inputs of the size of an income beside ones of the size of a rate; put this layer first and
    forget about it. It learns both from the training samples when training begins, unless it has before (training on
    does not shift the ground; `Model.adapt` makes it learn anew). They are saved with the model, so whoever predicts has no
    scaling to remember. A feature that never changes has the scale 1.

    Notes
    -----
    Keras's ``Normalization`` is this layer, with ``adapt`` called by hand. scikit-learn's ``StandardScaler`` divides by the
    same standard deviation, the biased one.

    Examples
    --------
    >>> from whorl import Model
    >>> model = Model([Standardize()], inputs=2, rng=0)
    >>> model.adapt([[0.0, 1000.0], [2.0, 3000.0]])
    >>> model.predict([[1.0, 4000.0]])
    array([[0., 2.]], dtype=float32)
    """

    mean: Array  # the shape of one sample
    scale: Array
    count: Array  # (1,): the number of samples that it has learned from

    def declare(self, inputs: Shape) -> list[Parameter]:
        return [
            Parameter("mean", inputs, Zeros(), trained=False),
            Parameter("scale", inputs, Ones(), trained=False),
            Parameter("count", (1,), Zeros(), trained=False),
        ]

    @property
    def adapted(self) -> bool:
        """Whether it has learned from data."""
        return bool(self.count[0] > 0)

    def adapt(self, x: Array) -> None:
        """Learn mean and scale from these samples."""
        self.mean[...] = x.mean(axis=0, dtype=np.float64)
        deviation = x.std(axis=0, dtype=np.float64)
        size = np.abs(x).max(axis=0)
        constant = deviation <= 1e-7 * size  # what rounding leaves of a feature that never changes
        self.scale[...] = np.where(constant, 1, deviation)
        self.count[0] = len(x)

    def forward(self, x: Array, training: np.random.Generator | None) -> tuple[Array, Backward]:
        def backward(dy: Array) -> Array:
            dy /= self.scale
            return dy

        return (x - self.mean) / self.scale, backward


class Rescale(Layer):
    """``y = factor · x + offset``, with numbers that are given: brings a prediction back to the unit of the targets.

    A network that learns prices divided by their standard deviation, less their mean, is complete with this layer last.

    Parameters
    ----------
    factor, offset : float
        Finite; the factor not 0.

    Examples
    --------
    >>> Rescale(100.0, 20.0).forward(np.array([[0.5]]), None)[0]
    array([[70.]])
    """

    def __init__(self, factor: float, offset: float) -> None:
        self.factor = validation.number("factor", factor)
        self.offset = validation.number("offset", offset)
        if self.factor == 0:
            raise ValueError("factor must not be 0, or every prediction is the same, got 0")

    def forward(self, x: Array, training: np.random.Generator | None) -> tuple[Array, Backward]:
        def backward(dy: Array) -> Array:
            dy *= self.factor
            return dy

        return self.factor * x + self.offset, backward
