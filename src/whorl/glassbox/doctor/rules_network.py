"""Rules about the network and its setup, before training. Each returns a finding, or None."""

from __future__ import annotations

import math

import numpy as np

from whorl.glassbox.doctor import remedies
from whorl.glassbox.doctor.finding import Finding, found
from whorl.glassbox.doctor.signals import Signals
from whorl.layers import (
    ELU,
    GELU,
    SELU,
    BatchNorm,
    Dropout,
    Layer,
    LeakyReLU,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from whorl.losses import BinaryCrossEntropy, CrossEntropy, Hinge, MeanAbsoluteError, MeanSquaredError
from whorl.parameters import Views

ACTIVATIONS = ELU, GELU, SELU, LeakyReLU, Mish, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
BOUNDED = ELU, GELU, SELU, Mish, ReLU, Sigmoid, SiLU, Softplus, Tanh
"""Activations whose outputs have a limit."""
TOGETHER = "docs/theory/classification.md#softmax-and-cross-entropy-together-p--y"
BINARY = "docs/theory/losses.md#sigmoid-and-binary-cross-entropy"


def missing_softmax(s: Signals) -> Finding | None:
    """A loss that takes probabilities gets something else.

    Signal: `CrossEntropy` without `Softmax` at the end, or `BinaryCrossEntropy` with a `Dense` or an unbounded activation there.
    """
    if s.setup is None:
        return None
    last, loss = s.setup.layers[-1], s.setup.loss
    if isinstance(loss, CrossEntropy) and isinstance(last, ACTIVATIONS) and not isinstance(last, Softmax):
        changed = remedies.instead(s.setup, -1, Softmax())
    elif isinstance(loss, CrossEntropy) and type(last).__name__ in ("Dense", "NTKDense"):
        changed = (*s.setup.layers, Softmax())
    elif isinstance(loss, BinaryCrossEntropy) and type(last).__name__ in ("Dense", "NTKDense"):
        changed = (*s.setup.layers, Sigmoid())
    elif (
        isinstance(loss, BinaryCrossEntropy)
        and isinstance(last, ACTIVATIONS)
        and not isinstance(last, Sigmoid | Softmax)
    ):
        changed = remedies.instead(s.setup, -1, Sigmoid())
    else:
        return None
    return found(
        "no probabilities for the loss",
        f"the loss {loss} takes probabilities, and the last layer is {last}",
        "only Softmax and Sigmoid make scores probabilities; with them the loss is computed in one stable step",
        TOGETHER if isinstance(loss, CrossEntropy) else BINARY,
        remedies.arguments(layers=changed),
    )


def softmax_of_one(s: Signals) -> Finding | None:
    """`Softmax` of one unit is always 1."""
    if s.setup is None or not isinstance(s.setup.layers[-1], Softmax) or s.setup.outputs != (1,):
        return None
    return found(
        "Softmax of one unit",
        "the last layer is a Softmax with one output, which is always 1",
        "the softmax of a single score is 1 whatever the score is, so the gradient is 0 and nothing is learned",
        BINARY,
        remedies.arguments(layers=remedies.instead(s.setup, -1, Sigmoid()), loss=BinaryCrossEntropy()),
    )


def activation_before_output(s: Signals) -> Finding | None:
    """The scores go through an activation before `Softmax` or `Sigmoid` ends the network.

    Signal: the layer before the last one is an activation, also another `Softmax`.
    """
    if s.setup is None or len(s.setup.layers) < 2 or not isinstance(s.setup.layers[-1], Softmax | Sigmoid):
        return None
    if not isinstance(s.setup.loss, CrossEntropy | BinaryCrossEntropy) or not isinstance(
        s.setup.layers[-2], ACTIVATIONS
    ):
        return None
    return found(
        "activation before the output",
        f"the scores go through {s.setup.layers[-2]} before {s.setup.layers[-1]}",
        "scores must be free to take any value: an activation limits how sure the network can become, and ReLU stops the gradient"
        " of every class whose score is negative",
        TOGETHER,
        remedies.without(s.setup, -2),
    )


def probabilities_for_margins(s: Signals) -> Finding | None:
    """`Hinge` takes scores, and gets probabilities, which cannot be ahead by a margin of 1 of each other."""
    if s.setup is None or not isinstance(s.setup.loss, Hinge) or not isinstance(s.setup.layers[-1], Softmax | Sigmoid):
        return None
    return found(
        "probabilities for a loss of scores",
        f"the loss {s.setup.loss} takes scores, and the last layer is {s.setup.layers[-1]}",
        "probabilities lie between 0 and 1, so a margin of 1 is never reached and the gradient vanishes through the Softmax",
        "docs/theory/losses.md#hinge",
        remedies.without(s.setup, -1),
    )


def squared_error_of_classes(s: Signals) -> Finding | None:
    """Probabilities of classes are trained with a loss for numbers.

    Signal: `Softmax` at the end and one-hot targets, with `MeanSquaredError` or `MeanAbsoluteError`. Glorot and Bengio (2010), section
    4.1, compare the two: the squared error has plateaus where the softmax saturates.
    """
    if s.setup is None or not isinstance(s.setup.layers[-1], Softmax) or s.setup.outputs == (1,):
        return None
    if not isinstance(s.setup.loss, MeanSquaredError | MeanAbsoluteError):
        return None
    return found(
        "squared error for classes",
        f"the last layer is Softmax, and the loss is {s.setup.loss}",
        "its gradient vanishes where the network is sure and wrong; that of the cross-entropy is p − y, largest there",
        TOGETHER,
        remedies.arguments(loss=CrossEntropy()),
    )


def limited_output(s: Signals) -> Finding | None:
    """The last layer cannot reach the numbers to predict.

    Signal: an activation at the end of a regression, and more than 2 % of the targets outside of its range.
    """
    if s.setup is None or s.facts is None or s.facts.target is None or isinstance(s.setup.layers[-1], Softmax):
        return None
    if not isinstance(s.setup.layers[-1], BOUNDED):
        return None
    y = s.facts.target
    low, high = _range(s.setup.layers[-1])
    outside = float(((y < low) | (y > high)).mean())
    if outside <= 0.02:
        return None
    return found(
        "output cannot reach the targets",
        f"the last layer {s.setup.layers[-1]} has outputs from {low:g} to {high:g}, and {outside:.0%} of the targets lie outside",
        "where a target is out of reach, the output sticks to the end of its range, and ReLU has no gradient there",
        "docs/theory/losses.md#squared-error-the-mean",
        remedies.without(s.setup, -1),
    )


def _range(layer: Layer) -> tuple[float, float]:
    """Return the smallest and the largest output of an activation: at the ends, or where the smooth ones have their minimum."""
    y, _ = layer.forward(np.array([-1000.0, *np.linspace(-2, 0, 2001), 1000.0]), Views())
    low, high = float(y.min()), float(y.max())
    return low, high if high < 10 else math.inf


def equal_units(s: Signals) -> Finding | None:
    """All units of a hidden layer begin with the same weights, such as zeros.

    Signal: the columns of a weight matrix other than the last are equal. Goodfellow, Bengio, Courville (2016), Deep Learning,
    section 8.4: initial weights must break the symmetry.
    """
    if s.setup is None or not s.setup.equal:
        return None
    i = s.setup.equal[0]
    return found(
        "equal initial weights",
        f"all units of layers[{i}], {s.setup.layers[i]}, begin with the same weights",
        "units with the same weights get the same gradients, so they stay equal: the layer acts as one unit, or as none",
        "docs/theory/initialization.md",
        remedies.initialized(s.setup),
    )


def tiny_batches(s: Signals) -> Finding | None:
    """Batch norm with few samples per batch.

    Threshold: fewer than 8. Ioffe and Szegedy (2015) normalize by batch statistics; Wu and He (2018), Group Normalization, figure 1,
    measure that the error grows below 16 and sharply below 8.
    """
    if s.setup is None or s.setup.batch_size >= 8 or not any(isinstance(each, BatchNorm) for each in s.setup.layers):
        return None
    return found(
        "batch norm with tiny batches",
        f"BatchNorm normalizes over batches of {s.setup.batch_size}",
        "mean and variance of so few samples are mostly noise, and differ from the running ones that predictions use",
        "docs/theory/normalization.md#batch-normalization",
        remedies.arguments(batch_size=32),
    )


def heavy_dropout(s: Signals) -> Finding | None:
    """Dropout drops most of a layer.

    Threshold: a rate of 0.7 or more. Srivastava and others (2014), section 7.3 and figure 9, find rates from 0.4 to 0.8 flat in large
    layers, and underfitting beyond; in layers of up to 1024 units, 0.5 is the most that recipes use.
    """
    if s.setup is None:
        return None
    rates = {
        i: each.rate
        for i, each in enumerate(s.setup.layers)
        if isinstance(each, Dropout) and isinstance(each.rate, float)
    }
    if not rates or max(rates.values()) < 0.7:
        return None
    changed = [Dropout(0.2) if rates.get(i, 0) >= 0.7 else each for i, each in enumerate(s.setup.layers)]
    return found(
        "too much dropout",
        f"Dropout drops {max(rates.values()):.0%} of the outputs of a layer",
        "what is left does not determine the answer, so the network learns to be unsure: training and validation loss stay high",
        "docs/theory/layers.md#inverted-dropout",
        remedies.arguments(layers=tuple(changed)),
    )


def many_parameters(s: Signals) -> Finding | None:
    """Many more parameters than training samples.

    Threshold: 500 for each sample, from the calibration. Large networks generalize well in spite of more parameters than samples
    (Zhang and others, 2017, arXiv:1611.03530), so fewer are no finding of their own; `overfitting` reads the losses.
    """
    if s.setup is None or s.facts is None or s.setup.parameters < 500 * s.facts.rows:
        return None
    return found(
        "too many parameters for the rows",
        f"{s.setup.parameters:,} parameters for {s.facts.rows:,} training samples",
        "the network can learn each row by heart, so the training loss says nothing, and each step costs more than it needs to",
        "docs/theory/penalties.md#l2-a-penalty-a-decay-a-prior",
        remedies.hidden(s.setup, 32),
    )


def initial_loss(s: Signals) -> Finding | None:
    """The untrained network is sure of wrong answers.

    Threshold: a first loss of more than 3 times that of guessing, ln k; Karpathy (2019), A Recipe for Training Neural Networks, "verify
    loss @ init". He's initialization of the last layer gives up to 2 times (calibration).
    """
    if (
        s.facts is None
        or s.setup is None
        or not s.probes
        or not isinstance(s.setup.loss, CrossEntropy | BinaryCrossEntropy)
    ):
        return None
    first = s.probes[0]
    guess = math.log(len(s.facts.shares)) if s.facts.shares is not None else math.log(2)
    if first.epoch > 0 or not np.isfinite(first.loss) or first.loss - first.penalty <= 3 * guess:
        return None
    return found(
        "initial loss far from guessing",
        f"the loss of the untrained network is {first.loss - first.penalty:.3g}; guessing has {guess:.3g}",
        "large initial scores are confident and wrong: the first steps only take them back, with gradients that harm the other layers",
        "docs/theory/initialization.md#the-last-layer",
        remedies.initialized(s.setup) if first.loss > 20 * guess else remedies.initialized(s.setup, last=True),
    )
