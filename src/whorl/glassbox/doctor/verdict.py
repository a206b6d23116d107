"""The verdict: all rules, in the order in which their findings matter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from whorl.glassbox.doctor import rules_data as data
from whorl.glassbox.doctor import rules_history as history
from whorl.glassbox.doctor import rules_network as network
from whorl.glassbox.doctor import rules_training as training
from whorl.glassbox.doctor.finding import Finding, Report
from whorl.glassbox.doctor.grades import GRADES
from whorl.glassbox.doctor.signals import Signals

Rule = Callable[[Signals], Finding | None]

RULES: tuple[Rule, ...] = (
    network.missing_softmax,
    network.softmax_of_one,
    data.labels_as_numbers,
    data.too_many_classes,
    network.squared_error_of_classes,
    network.probabilities_for_margins,
    network.equal_units,
    data.leaked_target,
    data.identifiers,
    data.other_validation,
    data.duplicates,
    data.constant_inputs,
    data.unscaled_inputs,
    data.unscaled_target,
    network.limited_output,
    network.activation_before_output,
    network.tiny_batches,
    data.unused_outputs,
    data.imbalance,
    network.many_parameters,
    network.heavy_dropout,
    history.heavy_penalty,
    history.heavy_decay,
    training.exploding_gradients,
    training.vanishing_gradients,
    network.initial_loss,
    training.noisy_gradient,
    training.rate_too_high,
    training.saturated_units,
    training.dead_units,
    training.rate_too_low,
    history.overfitting,
    history.stopped_early,
    training.underfitting,
    history.plateau,
)
"""All rules: first those about mistakes that are certain once seen, then causes, then what causes lead to."""


def diagnose(signals: Signals) -> Report:
    """Return what the rules find, causes before consequences.

    Examples
    --------
    >>> losses = [1.0, 0.5, 0.3, 0.2, 0.15, 0.1, 0.08, 0.06, 0.05, 0.04]
    >>> val_losses = [1.0, 0.6, 0.5, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1]
    >>> [each.kind for each in diagnose(Signals(curves={"loss": losses, "val_loss": val_losses}))]
    ['overfitting']
    """
    found = (rule(signals) for rule in RULES)
    return Report([replace(each, confidence=GRADES.get(each.kind, 0.5)) for each in found if each is not None])
