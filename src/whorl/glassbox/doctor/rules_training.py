"""Rules about what happens inside the network during training. Each returns a finding, or None."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from whorl.glassbox.doctor import remedies
from whorl.glassbox.doctor.finding import Finding, found
from whorl.glassbox.doctor.signals import ALMOST_ALL, Probe, Signals
from whorl.layers import Dense, Dropout, LeakyReLU, ReLU, Sigmoid, Tanh

STEPS = "docs/theory/optimizers.md#momentum"


def dead_units(s: Signals) -> Finding | None:
    """Units with ReLU that are 0 for every sample, so that they have no gradient.

    Threshold: more than half of a layer, at the last probe, from the calibration. Maas, Hannun, Ng (2013), Rectifier Nonlinearities
    Improve Neural Network Acoustic Models, describe them.
    """
    if not s.probes or not s.probes[-1].dead:
        return None
    layer, share = max(s.probes[-1].dead.items(), key=lambda each: each[1])
    if share <= 0.5 or fits(s):
        return None
    begun = s.probes[0].dead.get(layer, 0.0)
    if s.setup is not None and any(isinstance(each, Dense) and each.units < 4 for each in s.setup.layers[: int(layer)]):
        return None  # which is `underfitting`
    remedy: remedies.Remedy = ("LeakyReLU() instead of ReLU()", {})
    if s.setup is not None:
        early = begun > 0.25
        remedy = remedies.initialized(s.setup) if early else remedies.rate(s.setup, 0.1)
        if early and remedy[1]["layers"] == s.setup.layers:
            remedy = remedies.activated(s.setup, ReLU, LeakyReLU())
    return found(
        "dead units",
        f"{share:.0%} of the units of layers[{layer}], ReLU, are 0 for every sample ({begun:.0%} before training)",
        "ReLU has no gradient where it is 0: a unit that is 0 everywhere never changes again; large steps and large negative inputs"
        " push units there",
        "docs/theory/activations.md#relu-leaky-relu-elu",
        remedy,
    )


def saturated_units(s: Signals) -> Finding | None:
    """Sigmoid or tanh units near the ends of their range, where their slope is almost 0.

    Threshold: more than half of the outputs of a hidden layer within 1 % of the ends, at the last probe, from the calibration. Glorot and
    Bengio (2010), section 3, watch the same.
    """
    if not s.probes or not s.probes[-1].saturated:
        return None
    layer, share = max(s.probes[-1].saturated.items(), key=lambda each: each[1])
    if share <= 0.5 or fits(s):
        return None
    begun = s.probes[0].saturated.get(layer, 0.0)
    remedy: remedies.Remedy = ("smaller initial weights", {})
    if s.setup is not None:
        remedy = remedies.initialized(s.setup) if begun > 0.25 else remedies.rate(s.setup, 0.1)
        if begun > 0.25 and remedy[1]["layers"] == s.setup.layers:
            remedy = remedies.activated(s.setup, (Sigmoid, Tanh), ReLU())
    return found(
        "saturated units",
        f"{share:.0%} of the outputs of layers[{layer}] are within 1 % of the ends of their range ({begun:.0%} before training)",
        "there the slope of sigmoid and tanh is almost 0, and so is the gradient of all layers before",
        "docs/theory/activations.md#sigmoid-tanh-softplus",
        remedy,
    )


def relative_gradients(probe: Probe) -> list[float]:
    """Return the gradient of each weight matrix relative to its weights, from the first layer to the last."""
    return [size / probe.weights[name] for name, size in probe.gradients.items() if probe.weights.get(name)]


def fits(s: Signals) -> bool:
    """Whether the network predicts training samples about as well as their nearest neighbours do, and the validation data too.

    Then nothing inside it does harm. Limits: 0.03 less accuracy or R² than the neighbours; a validation loss below 15 % of guessing.
    """
    if not s.probes or s.facts is None:
        return False
    val = s.unpenalized("val_")
    if len(val) and not val[-1] < 0.15 * s.scale:
        return False
    score, reached = s.probes[-1].score, s.facts.neighbours
    return score >= ALMOST_ALL or (reached is not None and score > reached - 0.03)


def vanishing_gradients(s: Signals) -> Finding | None:
    """The gradient becomes smaller and smaller on its way to the first layers.

    Threshold: relative to the weights, the first layer's is less than 1/30 of the largest, before training, with 3 weight
    matrices or more. Glorot and Bengio (2010), section 4.2; the ratio is from the calibration.
    """
    if not s.probes or len(own := relative_gradients(s.probes[0])[:-1]) < 2 or fits(s):
        return None
    ratio = own[0] / max(own) if max(own) > 0 else 1.0
    if ratio >= 1 / 30:
        return None
    remedy: remedies.Remedy = ("ReLU() between the layers", {})
    if s.setup is not None:
        curved = any(isinstance(each, Sigmoid | Tanh) for each in s.setup.layers[:-1])
        remedy = remedies.activated(s.setup, (Sigmoid, Tanh), ReLU()) if curved else remedies.initialized(s.setup)
    return found(
        "vanishing gradients",
        f"relative to its weights, the gradient of the first layer is {ratio:.1e} of the largest",
        "each layer multiplies the gradient by its weights and slopes; if that makes it smaller, the first layers hardly learn",
        "docs/theory/initialization.md",
        remedy,
    )


def exploding_gradients(s: Signals) -> Finding | None:
    """Signals and gradients grow from layer to layer.

    Threshold: a gradient of more than 100 times the weights before training, with 3 weight matrices or more, from the calibration. He
    and others (2015), section 2.2, derive the weights that avoid it.
    """
    if not s.probes or s.probes[0].epoch > 0 or len(s.probes[0].weights) < 3:
        return None
    own = relative_gradients(s.probes[0])
    largest = max(own, default=0.0)
    if largest <= 100:
        return None
    remedy = ("Clipped(…) around the optimizer", {}) if s.setup is None else remedies.initialized(s.setup)
    return found(
        "exploding gradients",
        f"the gradient of the untrained network is up to {largest:.3g} times as large as the weights",
        "each layer multiplies signals and gradients by its weights; if that makes them larger, the first steps ruin the network",
        "docs/theory/initialization.md#he-layers-with-relu",
        remedy,
    )


def update_ratio(s: Signals) -> float | None:
    """Return the median, over the probes after the first and the weight matrices, of the update-to-weight ratio."""
    ratios = [ratio for each in s.probes if each.epoch > 0 for ratio in each.ratios().values()]
    return float(np.median(ratios)) if ratios else None


def rate_too_high(s: Signals) -> Finding | None:
    """The steps are so large that the loss jumps about, or rises.

    Signals: training ended in infinity or NaN; or the first epoch has 3 times the loss of the untrained network and of guessing, 1.5 times
    if the end is bad; or the loss is above 1.5 times that of guessing, after the first third and at the end; or it changes by more than 10 % of
    that of guessing from epoch to epoch, up and down; or the update-to-weight ratio is above 0.1 (Karpathy: about 1e-3 is good) and the loss
    at least 90 % of that of guessing. The other limits are from the calibration.
    """
    evidence, ratio = _unstable(s), update_ratio(s)
    if not evidence:
        return None
    if ratio is not None and ratio > 0.01 and "step" not in evidence:
        evidence += f"; a step changes the weights by {ratio:.2%}"
    return found(
        "learning rate too high",
        evidence,
        "a step that is longer than the valley is wide climbs its other side: the loss oscillates, or grows without limit",
        STEPS,
        remedies.rate(s.setup, 0.1),
    )


def _unstable(s: Signals) -> str:
    """Return what shows steps that are too large, or ""."""
    loss, ratio = s.curve("loss"), update_ratio(s)
    if s.failure:
        return "training ended because of infinity or NaN"
    if len(loss) < 5:
        return ""
    if not np.isfinite(loss).all():
        return f"the loss of epoch {int(np.argmin(np.isfinite(loss))) + 1} is not a finite number"
    later, first, end = loss[len(loss) // 3 :], s.unpenalized()[0], s.unpenalized()[-1] / s.scale
    jumps, middle = np.diff(later), float(np.median(later))
    rough = float(np.abs(jumps).mean()) / s.scale
    begun = s.probes[0].loss - s.probes[0].penalty if s.probes and s.probes[0].epoch == 0 else np.inf
    rise = 1.5 if end > 0.5 else 3.0
    shown = {
        f"the loss rose from {begun:.3g} to {first:.3g}, the mean of the first epoch": first
        > rise * max(begun, s.scale)
        and not fits(s),
        f"the loss is {middle:.3g}, and {s.scale:.3g} for the best constant prediction": s.facts is not None
        and middle > 1.5 * s.scale
        and end > 1.5
        and (ratio or 1.0) > 1e-3,
        f"the loss changes by {rough:.0%} of that of guessing from epoch to epoch, up and down": rough > 0.1
        and (jumps > 0).mean() > 0.2,
        f"a step changes the weights by {ratio or 0:.1%}, and the loss is that of guessing": (ratio or 0) > 0.1
        and middle > 0.9 * s.scale,
    }
    return next((text for text, holds in shown.items() if holds), "")


def rate_too_low(s: Signals) -> Finding | None:
    """The steps are so small that training hardly moves.

    Signals: an update-to-weight ratio below 3e-4 (Karpathy: about 1e-3 is good), and a loss that falls in at least 70 % of the epochs
    but is still at least half of that of guessing at the end. All limits are from the calibration.
    """
    loss, ratio = s.curve("loss"), update_ratio(s)
    if ratio is None or not 0 < ratio < 3e-4 or len(loss) < 5 or s.unpenalized()[-1] / s.scale < 0.5:
        return None
    falling = float((np.diff(loss) < 0).mean())
    if falling < 0.7:
        return None
    return found(
        "learning rate too low",
        f"a step changes the weights by {ratio:.1e} of their size; the loss falls in {falling:.0%} of the epochs, from {loss[0]:.4g} to {loss[-1]:.4g}",
        "a good step changes the weights by about a thousandth: with far smaller ones, the epochs end before the network has learned",
        STEPS,
        remedies.rate(s.setup, 10),
    )


def underfitting(s: Signals) -> Finding | None:
    """The network does not even fit its training data, although that can be predicted.

    Signal: its accuracy (or R²) on training samples is more than 0.1 below that of predicting each of them from its 5 nearest neighbours
    (Cover and Hart, 1967: at most twice the least possible error), at the end of training. The margin is from the calibration.
    """
    if s.running or s.facts is None or s.facts.neighbours is None or not s.probes or s.probes[-1].epoch == 0:
        return None
    score, reached = s.probes[-1].score, s.facts.neighbours
    if not score < reached - 0.1:
        return None
    remedy: remedies.Remedy = ("larger hidden layers", {})
    if s.setup is not None:
        sizes = [each.units for each in s.setup.layers if isinstance(each, Dense)][:-1]
        wide = min(sizes, default=0) >= 32
        remedy = remedies.longer(s.setup, 3) if wide else remedies.hidden(s.setup, 64)
        if any(isinstance(each, Dropout) for each in s.setup.layers) and not wide:
            remedy = remedies.hidden(
                replace(s.setup, layers=tuple(x for x in s.setup.layers if not isinstance(x, Dropout))), 64
            )
    what = "accuracy" if s.facts.target is None else "R²"
    return found(
        "underfitting",
        f"the {what} on training samples is {score:.3f}; predicting each from its 5 nearest neighbours has {reached:.3f}",
        "the network is too small, or was trained too little, to represent what the data shows",
        "docs/doctor.md#capacity",
        remedy,
    )


def noisy_gradient(s: Signals) -> Finding | None:
    """Batches so small that the gradient of each is mostly noise.

    Threshold: batches of at most 4, less than a tenth of the noise scale of the gradient (McCandlish and others, 2018, equation 2.9),
    and a loss that goes up in more than a quarter of the epochs after the first third, by more than 2 % of that of guessing on average; or
    underfitting.
    """
    if s.setup is None or s.setup.batch_size > 4 or len(s.probes) < 2:
        return None
    scale, loss = max(each.noise for each in s.probes), s.curve("loss")
    jumps = np.diff(loss[len(loss) // 3 :])
    if scale < 10 * s.setup.batch_size or len(jumps) < 3:
        return None
    rough = (jumps > 0).mean() > 0.25 and np.abs(jumps).mean() > 0.02 * s.scale
    if not rough and not underfitting(s):
        return None
    shown = f"{scale:.0f}" if np.isfinite(scale) else "too large to measure"
    return found(
        "noisy gradient",
        f"batches of {s.setup.batch_size}, while the noise scale of the gradient is {shown} samples; the loss rises in"
        f" {(jumps > 0).mean():.0%} of the epochs",
        "the gradient of few samples points anywhere: the steps cancel each other, and the network does not settle",
        STEPS,
        remedies.arguments(batch_size=32),
    )
