"""Rules about the data. Each returns a finding, or None; `signals.py` explains what they read."""

from __future__ import annotations

import numpy as np

from whorl.glassbox.doctor import remedies
from whorl.glassbox.doctor.finding import Finding, found
from whorl.glassbox.doctor.signals import Signals
from whorl.layers import Dense
from whorl.losses import CrossEntropy, Hinge, Huber, MeanAbsoluteError, MeanSquaredError

SCALING = "docs/theory/normalization.md#fixed-scaling"


def leaked_target(s: Signals) -> Finding | None:
    """A feature alone predicts the target, and no other one comes near.

    Threshold: at least 0.9 of what is to be explained (the accuracy above that of the most frequent class, or the squared rank
    correlation), and 0.12 more than the next feature; from the calibration; or a value of its own for each class. With fewer than 3 features, a simple
    problem looks the same. Kaufman and others (2012), Leakage in Data Mining, ACM TKDD 6(4), describe such columns.
    """
    if s.facts is None or s.facts.alone is None or len(s.facts.alone) < 3:
        return None
    order = np.argsort(s.facts.alone)
    best, second = int(order[-1]), float(s.facts.alone[order[-2]])
    score = float(s.facts.alone[best])
    k = 0 if s.facts.shares is None else int((s.facts.shares > 0).sum())
    coded = score > 0.999 and s.facts.levels is not None and s.facts.levels[best] == k
    if not coded and (score < 0.9 or second > score - 0.12):
        return None
    return found(
        "leaked target",
        f"feature {best} alone explains {score:.1%} of the target, the next best feature {max(second, 0):.1%}",
        "a column that is computed from the target, or becomes known after it, will not be there when the model is used",
        "docs/doctor.md#data",
        (f"X = np.delete(X, {best}, axis=1)", {"drop": (best,)}),
    )


def identifiers(s: Signals) -> Finding | None:
    """Whole numbers that are all different: the row's number, or a key.

    Threshold: at least 50 rows, all values different, and either growing from row to row or spread about evenly over
    their range, as random keys are.
    """
    if s.facts is None or not s.facts.identifiers:
        return None
    columns = s.facts.identifiers
    return found(
        "identifier as a feature",
        f"feature {', '.join(map(str, columns))} is a different whole number in every row",
        "it says nothing about new rows, but the network can learn the training rows by it, and its size drowns the other features",
        "docs/tables.md",
        (f"X = np.delete(X, {list(columns)}, axis=1)", {"drop": columns}),
    )


def duplicates(s: Signals) -> Finding | None:
    """Validation rows that are training rows too.

    Threshold: more than 2 rows and 2 % of them, beyond twice the share of equal rows within the validation data, which data of few
    different values has anyway; from the calibration (iris has 1 such row in 150).
    """
    if s.facts is None or s.facts.duplicates <= 0.02:
        return None
    return found(
        "duplicates across the split",
        f"{s.facts.duplicates:.1%} of the validation rows are in the training data too",
        "the network has seen the answers: the validation loss is too good, and does not show overfitting",
        "docs/doctor.md#data",
        ("X, first = np.unique(X, axis=0, return_index=True); y = y[first]  # before the split", {"rows": "new"}),
    )


def other_validation(s: Signals) -> Finding | None:
    """The validation data is from another distribution: sorted data that was split in order, or data that was scaled differently.

    Threshold: the shares of classes differ by more than 0.25 in all, and one of them by 4 standard errors, so that chance does not do it;
    or a feature's mean differs by more than 1 standard deviation, if the split is not random. From the calibration.
    """
    facts = s.facts
    if facts is None or s.setup is None or s.setup.validation == "none":
        return None
    own, other = facts.shares, facts.val_shares
    if own is not None and other is not None:
        difference = float(np.abs(own - other).sum()) / 2
        c = int(np.abs(own - other).argmax())
        pooled = (own[c] * facts.rows + other[c] * facts.val_rows) / (facts.rows + facts.val_rows)
        error = float(np.sqrt(pooled * (1 - pooled) * (1 / facts.rows + 1 / facts.val_rows)))
        if difference > 0.25 and abs(own[c] - other[c]) > 4 * error:
            return _other(f"class {c} is {own[c]:.1%} of the training data, and {other[c]:.1%} of the validation data")
    if facts.shift is not None and len(facts.shift):
        j = int(np.abs(facts.shift).argmax())
        if abs(facts.shift[j]) > 1.0 and s.setup.validation == "given" and facts.raw_deviation[j] > 0:
            return _other(
                f"the mean of feature {j} in the validation data is {abs(facts.shift[j]):.1f} standard deviations"
                f" {'above' if facts.shift[j] > 0 else 'below'} that in the training data"
            )
    return None


def _other(evidence: str) -> Finding:
    return found(
        "validation from another distribution",
        evidence,
        "the validation loss measures something else than what the network learns, as when sorted rows are split in order",
        "docs/doctor.md#data",
        ("validation=0.2, stratify=True  # a random part of all rows", {"validation": 0.2}),
    )


def constant_inputs(s: Signals) -> Finding | None:
    """Features that are the same number in every row.

    Threshold: one that is not 0, or at least 3 in 4 of all features. Pixels that are always 0 do no harm.
    """
    if s.facts is None:
        return None
    mean, deviation = s.facts.raw_mean, s.facts.raw_deviation
    constant = deviation <= 1e-6 * np.maximum(np.abs(mean), 1e-30)
    loud = np.flatnonzero(constant & (mean != 0))
    if not len(loud) and constant.mean() < 0.75:
        return None
    columns = tuple(map(int, loud if len(loud) else np.flatnonzero(constant)))
    names = ", ".join(map(str, columns[:5])) + (", …" if len(columns) > 5 else "")
    code = f"X = np.delete(X, {list(columns)}, axis=1)" if len(columns) < 6 else "X = X[:, X.std(axis=0) > 0]"
    return found(
        "constant inputs",
        f"{len(columns)} of {len(mean)} features have the same value in every row: {names}",
        "a constant says nothing about the target; it often is what a mistake in reading the data has left",
        SCALING,
        (
            code,
            {} if len(columns) == len(mean) else {"drop": columns},
        ),
    )


def unscaled_inputs(s: Signals) -> Finding | None:
    """The inputs of the first dense layer are far from mean 0 and standard deviation 1.

    Threshold: a root mean square over all features above 10 or below 0.03, or standard deviations of which the largest is more than
    100 times the median. LeCun and others (1998), Efficient BackProp, section 4.3, derive mean 0 and deviation 1; the limits are from
    the calibration.
    """
    if s.facts is None or s.setup is None or s.facts.mean is None or s.facts.deviation is None:
        return None
    mean, deviation = s.facts.mean, s.facts.deviation
    size = float(np.sqrt(np.mean(mean**2 + deviation**2)))
    varying = deviation[deviation > 0]
    spread = float(varying.max() / np.median(varying)) if len(varying) else 1.0
    if 0.03 <= size <= 10 and spread <= 100:
        return None
    j = int((np.abs(mean) + deviation).argmax())
    return found(
        "unscaled inputs",
        f"the root mean square of the inputs is {size:.3g}; feature {j} has mean {mean[j]:.3g} and standard deviation {deviation[j]:.3g}",
        "initial weights and learning rates are made for inputs of about 1: large features drown the others, make the gradients large"
        " and units die; small ones make them vanish",
        SCALING,
        remedies.standardized(s.setup),
    )


def unscaled_target(s: Signals) -> Finding | None:
    """The numbers to predict are far from mean 0 and standard deviation 1, and no `Rescale` brings predictions to their unit.

    Threshold: a root mean square above 10, or below 0.03; as for inputs, from the calibration.
    """
    if s.facts is None or s.setup is None or s.facts.target is None or len(s.facts.target) < 2:
        return None
    if not isinstance(s.setup.loss, MeanSquaredError | MeanAbsoluteError | Huber):
        return None
    mean, deviation = float(s.facts.target.mean()), float(s.facts.target.std())
    size = float(np.sqrt(mean**2 + deviation**2))
    if 0.03 <= size <= 10 or any(type(each).__name__ == "Rescale" for each in s.setup.layers):
        return None
    offset, factor = float(f"{mean:.4g}"), float(f"{deviation:.4g}") or 1.0
    return found(
        "unscaled target",
        f"the targets have mean {mean:.4g} and standard deviation {deviation:.4g}",
        "a fresh network predicts numbers of about 1: it spends its first epochs, or all of them, on reaching the targets' size, and"
        " the gradient of the squared error grows with it",
        "docs/theory/losses.md#squared-error-the-mean",
        (f"y = (y - {offset:g}) / {factor:g}", {"target": (offset, factor)}),
    )


def labels_as_numbers(s: Signals) -> Finding | None:
    """Labels of classes are predicted as numbers.

    Threshold: one output, a loss for numbers, at least 50 rows, and targets that are the whole numbers 0, 1, …, k − 1 with k from 2 to
    20, each in at least 1 % of the rows. Counts look like that as well, so `Poisson` is left out.
    """
    if (
        s.facts is None
        or s.setup is None
        or s.facts.target is None
        or s.facts.target.shape[1] != 1
        or s.facts.rows < 50
    ):
        return None
    if not isinstance(s.setup.loss, MeanSquaredError | MeanAbsoluteError | Huber):
        return None
    values, counts = np.unique(s.facts.target, return_counts=True)
    k = len(values)
    if not 2 <= k <= 20 or not np.array_equal(values, np.arange(k)) or counts.min() < 0.01 * counts.sum():
        return None
    return found(
        "labels treated as numbers",
        f"the targets are the {k} whole numbers 0 to {k - 1}, and the loss is {s.setup.loss}",
        "the squared error takes class 2 for twice class 1: classes have no order and no distances",
        "docs/theory/classification.md#cross-entropy-from-maximum-likelihood",
        remedies.classified(s.setup, k, CrossEntropy()),
    )


def unused_outputs(s: Signals) -> Finding | None:
    """The network has more outputs than there are classes, or the labels do not begin at 0.

    Threshold: more than 1 output, and at least a quarter of them, without a sample among those that were looked at.
    """
    if (
        s.facts is None
        or s.setup is None
        or s.facts.shares is None
        or not isinstance(s.setup.loss, CrossEntropy | Hinge)
    ):
        return None
    used, k = int((s.facts.shares > 0).sum()), len(s.facts.shares)
    if k - used < 2 or k - used < k / 4 or s.facts.rows < 5 * k:
        return None
    top = int(np.flatnonzero(s.facts.shares)[-1]) + 1
    return found(
        "outputs without a class",
        f"the network has {k} outputs, and the labels only {used} different values",
        "the loss begins at ln k of all outputs, and the first steps are spent on learning that some never occur",
        "docs/theory/classification.md#cross-entropy-from-maximum-likelihood",
        remedies.classified(s.setup, top, s.setup.loss),
    )


def too_many_classes(s: Signals) -> Finding | None:
    """Numbers are predicted as classes.

    Threshold: more than 20 classes, and fewer than 5 samples for each of them on average.
    """
    if s.facts is None or s.setup is None or s.facts.shares is None or not isinstance(s.setup.loss, CrossEntropy):
        return None
    used = int((s.facts.shares > 0).sum())
    if used <= 20 or s.facts.rows >= 5 * used:
        return None
    last = remedies.dense_before_end(s.setup)
    before = s.setup.layers[: last if last is not None else len(s.setup.layers)]
    code, changes = remedies.arguments(layers=(*before, Dense(1)), loss=MeanSquaredError())
    values = np.repeat(np.arange(len(s.facts.shares)), np.rint(s.facts.shares * s.facts.rows).astype(int))
    offset, factor = float(f"{values.mean():.4g}"), float(f"{values.std():.4g}")
    return found(
        "numbers treated as classes",
        f"the {s.facts.rows} labels have {used} different values",
        "each number is learned as a class of its own, from a few samples, and its neighbours say nothing about it",
        "docs/theory/losses.md#squared-error-the-mean",
        (f"y = (y - {offset:g}) / {factor:g}; {code}", changes | {"target": (offset, factor)}),
    )


def imbalance(s: Signals) -> Finding | None:
    """A class is much rarer than the others, and the loss counts all samples equally.

    Threshold: a share below 0.3 / k, and no weights; Japkowicz and Stephen (2002), The class imbalance problem, show how
    the harm grows from there on.
    """
    if s.facts is None or s.setup is None or s.facts.shares is None or s.setup.weighted:
        return None
    shares = s.facts.shares[s.facts.shares > 0]
    k = len(shares)
    if k < 2 or k > 20 or shares.min() >= 0.3 / k:
        return None
    c = int(np.flatnonzero(s.facts.shares)[shares.argmin()])
    return found(
        "imbalanced classes",
        f"class {c} is {shares.min():.1%} of the samples",
        "the loss is least affected by the class that is rarest: a network can ignore it, and the accuracy does not show it",
        "docs/theory/losses.md#weights-of-samples-and-classes",
        remedies.arguments(class_weight="balanced"),
    )
