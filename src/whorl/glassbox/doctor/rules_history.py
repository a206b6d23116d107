"""Rules that need the history only: what `whorl doctor run.jsonl` applies. Each returns a finding, or None."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.glassbox.doctor import remedies
from whorl.glassbox.doctor.finding import Finding, found
from whorl.glassbox.doctor.signals import Signals
from whorl.layers import Dense
from whorl.training import EarlyStopping


def finite(s: Signals, *names: str) -> Array:
    """Return a curve if all its values are finite, else nothing."""
    curve = s.curve(*names)
    return curve if np.isfinite(curve).all() else curve[:0]


def heavy_penalty(s: Signals) -> Finding | None:
    """The penalty is most of the loss.

    Threshold: more than half of the loss of an epoch, while the rest is above 5 % of that of guessing at the end; from the calibration.
    """
    loss, penalty = finite(s, "loss"), finite(s, "penalty")
    if len(loss) < 2 or not len(penalty) or loss[-1] - penalty[-1] < 0.05 * s.scale:
        return None
    share = penalty / np.maximum(loss, 1e-300)
    worst = int(share.argmax())
    if share[worst] <= 0.5:
        return None
    remedy: remedies.Remedy = ("a penalty 100 times smaller", {})
    if s.setup is not None:
        remedy = remedies.arguments(layers=tuple(lighter(each) for each in s.setup.layers))
    return found(
        "penalty dominates the loss",
        f"the penalty is {share[worst]:.0%} of the loss of epoch {worst + 1}, {loss[worst]:.3g}",
        "training then makes the weights small rather than the predictions right",
        "docs/theory/penalties.md#l2-a-penalty-a-decay-a-prior",
        remedy,
    )


def lighter(layer: Any) -> Any:
    """Return a dense layer with penalties 100 times smaller; other layers as they are."""
    if not isinstance(layer, Dense):
        return layer
    names = [each.name for each in fields(layer) if each.name.endswith(("_l1", "_l2"))]
    changed: dict[str, Any] = {name: float(f"{getattr(layer, name) / 100:.3g}") for name in names}
    return replace(layer, **changed)


def heavy_decay(s: Signals) -> Finding | None:
    """Weight decay or a penalty takes the weights to 0.

    Threshold: a weight matrix ends with less than 30 % of its initial size, while the loss is above half of that of guessing.
    """
    if len(s.probes) < 2 or s.setup is None:
        return None
    first, last = s.probes[0], s.probes[-1]
    shrunk = {
        name: last.weights[name] / size for name, size in first.weights.items() if size > 0.02 and name in last.weights
    }
    if not shrunk or min(shrunk.values()) >= 0.3 or last.loss - last.penalty < 0.5 * s.scale:
        return None
    name = min(shrunk, key=lambda each: shrunk[each])
    optimizer: Any = s.setup.optimizer
    decay = getattr(optimizer, "weight_decay", None)
    if not decay and not any(getattr(each, "weight_l2", 0) or getattr(each, "weight_l1", 0) for each in s.setup.layers):
        return None
    changed: dict[str, Any] = {"layers": tuple(lighter(each) for each in s.setup.layers)}
    if isinstance(decay, float) and decay > 0:
        changed = {"optimizer": replace(optimizer, weight_decay=float(f"{decay / 100:.3g}"))}
    return found(
        "weights shrink to 0",
        f"{name} has {shrunk[name]:.1%} of its initial size, and the loss is {last.loss:.3g}",
        "the decay of the weights is stronger than what the data says about them",
        "docs/theory/penalties.md#l2-a-penalty-a-decay-a-prior",
        remedies.arguments(**changed),
    )


LEARNS = (
    "the network learns what is particular to the training samples, and no longer what they have in common with others",
    "docs/theory/penalties.md#l2-a-penalty-a-decay-a-prior",
)


def penalized(s: Signals) -> remedies.Remedy:
    """Penalize the weights."""
    if s.setup is None:
        return "weight_l2=0.001 in the dense layers, or fewer units", {}
    changed = (
        replace(each, weight_l2=max(0.001, 10 * each.weight_l2)) if isinstance(each, Dense) else each
        for each in s.setup.layers
    )
    return remedies.arguments(layers=tuple(changed))


def overfitting(s: Signals) -> Finding | None:
    """The validation loss rises while the training loss falls.

    Threshold: the mean of the last tenth of the validation losses exceeds the least one by 15 % and by 15 % of the loss of guessing, while the training
    loss has fallen since. Prechelt (1998), Early Stopping, But When?, section 2, uses such a generalization loss; the limits are from the calibration.
    Without such a rise: the training loss, without penalty, is below a quarter of the validation loss, and both are apart by 15 % of the loss
    of guessing. With `EarlyStopping`, which restores the best epoch, it does no harm.
    """
    loss, val = finite(s, "loss"), finite(s, "val_loss")
    if len(val) < 5 or len(loss) != len(val) or (s.setup is not None and s.setup.keeps_best):
        return None
    learned, gap = float(s.unpenalized()[-1]), float(val[-1] - loss[-1])
    if learned < 0.25 * val[-1] and gap > 0.15 * s.scale and val[-1] < 1.15 * val.min():
        return found(
            "overfitting",
            f"the training loss is {learned:.2g}, the validation loss {val[-1]:.3g}",
            *LEARNS,
            penalized(s),
        )
    best = int(val.argmin())
    end = float(val[-max(1, len(val) // 10) :].mean())
    rise = end - float(val[best])
    if (
        rise < 0.15 * val[best]
        or rise < 0.15 * s.scale
        or best >= 0.85 * len(val)
        or loss[-1] > min(loss[best], 0.7 * s.scale)
    ):
        return None
    return found(
        "overfitting",
        f"the validation loss was least after epoch {best + 1}, {val[best]:.3g}, and is {end:.3g}; the training loss went on from {loss[best]:.3g} to {loss[-1]:.3g}",
        *LEARNS,
        ("callbacks=[EarlyStopping(patience=10)]", {"callbacks": (EarlyStopping(patience=10),)}),
    )


def stopped_early(s: Signals) -> Finding | None:
    """Training ended while the loss was still falling.

    Threshold: over the last quarter of the epochs, the validation loss (without one, the training loss) fell by more than 4 % of the loss of
    guessing or 15 % of itself, is still above 10 % of guessing, and the learning rate was not near its end, 0; from the calibration.
    """
    loss = finite(s, "val_loss", "loss")
    if s.running or len(loss) < 2 or (s.setup is not None and s.setup.keeps_best):
        return None
    rate = s.curve("learning_rate")
    if len(rate) and rate[-1] < 0.1 * rate.max():
        return None
    part = -(-len(loss) // 4)
    own, fallen, train = float(loss[-1]), float(loss[-part - 1] - loss[-1]), finite(s, "loss")
    still = fallen > min(0.04 * s.scale, 0.15 * own) and own < loss.min() + 0.02 * s.scale
    if not still or own < 0.1 * s.scale or train[-1] < 0.4 * own:
        return None
    if train[-part - 1] - train[-1] < min(0.03 * s.scale, 0.1 * own):
        return None
    return found(
        "stopped too early",
        f"in the last {part} of {len(loss)} epochs the loss fell from {loss[-part - 1]:.3g} to {loss[-1]:.3g}, and was still falling",
        "the network was still learning something that holds for new samples too",
        "docs/doctor.md#capacity",
        remedies.longer(s.setup, 4),
    )


def plateau(s: Signals) -> Finding | None:
    """The loss does not move, at about the value of guessing.

    Threshold: over the second half of the epochs it changes by less than 2 % of the loss of guessing, of which it is still above
    90 %, without its penalty.
    """
    loss, own = finite(s, "loss"), s.unpenalized()
    if s.running or len(loss) < 6:
        return None
    half = own[len(own) // 2 :]
    chance = s.scale
    if np.ptp(half) > 0.02 * chance or half[-1] < 0.9 * chance:
        return None
    return found(
        "plateau",
        f"the loss stays between {half.min():.4g} and {half.max():.4g} in the second half of training; guessing has {chance:.4g}",
        "the network has found nothing that predicts the target: the steps are too small or too large for it, no gradient arrives, or"
        " the features say nothing",
        "docs/doctor.md#capacity",
        remedies.rate(s.setup, 3),
    )
