"""Ranks and tests for several methods on several tables.

Letters: t tables, m methods, s splits. Scores are errors: smaller is better.
"""

from collections.abc import Sequence

import numpy as np

from benchmarks.cases import Array

TEST_SHARE = 0.2


def mean_ranks(errors: Array) -> Array:
    """Return the mean rank (m,) of each method, 1 for the best on every table, from errors (t, m); equal ones share their mean rank."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(errors, axis=1).mean(axis=0))


def corrected_t_test(differences: Sequence[float], test_share: float = TEST_SHARE) -> float:
    """Return the two-sided p-value of paired differences over s random splits of one table.

    The training rows of the splits overlap, so that the usual t-test finds differences where there are none. The corrected
    resampled t-test (Nadeau and Bengio, 2003, section 3) has the variance (1 / s + n_test / n_train) · σ² instead of σ² / s.
    """
    from scipy.stats import t

    s = len(differences)
    variance = (1 / s + test_share / (1 - test_share)) * np.var(differences, ddof=1)
    if variance == 0:
        return 1.0 if np.mean(differences) == 0 else 0.0
    return float(2 * t.sf(abs(np.mean(differences)) / np.sqrt(variance), s - 1))


def wilcoxon_test(differences: Sequence[float]) -> float:
    """Return the two-sided p-value of one difference for each table: Wilcoxon's signed-rank test (Demšar, 2006, section 3.1.3)."""
    from scipy.stats import wilcoxon

    return float(wilcoxon(differences).pvalue) if np.any(differences) else 1.0


def relative_difference(ours: float, theirs: float) -> float:
    """Return the difference of two errors relative to their mean, which makes those of all tables comparable: below 0 if ours is less."""
    return 2 * (ours - theirs) / (ours + theirs) if ours + theirs else 0.0
