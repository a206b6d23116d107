"""Intervals and sets: ranks by hand, coverage against what the theory says, groups, and their text."""

import itertools
import math

import numpy as np
import pytest

from whorl._core.notation import parse
from whorl.calibration import KNOWN, Intervals, Sets

NORMAL = np.vectorize(lambda x: (1 + math.erf(x / math.sqrt(2))) / 2)


def ends(learned, coverage, prediction=0.0):
    """The interval of one prediction."""
    _, low, high = learned.interval([prediction], coverage)
    return low[0], high[0]


def test_ranks_by_hand():
    nine = Intervals.learn(np.arange(1.0, 10.0), np.zeros(9))  # ranks of 10: 10 · 0.1 = 1 and 10 · 0.9 = 9
    assert ends(nine, 0.8) == (1, 9)
    assert ends(nine, 0.7) == (1, 9)  # 1.5 and 8.5, outwards
    assert ends(nine, 0.6) == (2, 8)
    nineteen = Intervals.learn(np.arange(19.0, 0.0, -1.0), np.zeros(19))  # ranks of 20
    assert ends(nineteen, 0.9) == (1, 19)
    assert ends(nineteen, 0.8) == (2, 18)
    assert ends(nineteen, 0.85) == (1, 19)
    assert ends(nineteen, 0.5, prediction=100.0) == (105, 115)
    many = Intervals.learn(np.arange(1.0, 400.0), np.zeros(399))
    assert [ends(many, c) for c in (0.9, 0.95, 0.99, 0.995)] == [(20, 380), (10, 390), (2, 398), (1, 399)]


def test_ranks_of_sets_by_hand():
    p = np.column_stack([np.linspace(0.9, 0.1, 9), np.linspace(0.1, 0.9, 9)])  # p of the right class: 0.9, 0.8, …, 0.1
    learned = Sets.learn([0] * 9, p)
    rows = [[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.45, 0.55]]
    assert learned.sets(rows, 0.9)[:, 0].tolist() == [True, True, True, True]  # rank 9: p of at least 0.1
    assert learned.sets(rows, 0.8)[:, 0].tolist() == [False, True, True, True]  # rank 8: at least 0.2
    assert learned.sets(rows, 0.75)[:, 0].tolist() == [False, True, True, True]  # 7.5, upwards
    assert learned.sets(rows, 0.7)[:, 0].tolist() == [False, False, True, True]
    assert learned.sets(rows, 0.2).all(axis=1).tolist() == [False] * 4  # rank 2: at least 0.8
    assert learned.sets(rows, 0.2)[:, 1].tolist() == [True] * 4  # never empty


def test_too_few_samples_say_how_many_are_needed():
    with pytest.raises(
        ValueError, match=r"coverage 0\.9 needs at least 19 held-out samples, got 18: .* a coverage of at most 0\.894$"
    ):
        Intervals.learn(np.zeros(18), np.zeros(18)).interval([0.0], 0.9)
    with pytest.raises(ValueError, match=r"coverage 0\.99 needs at least 199 held-out samples, got 19"):
        Intervals.learn(np.zeros(19), np.zeros(19)).interval([0.0], 0.99)
    with pytest.raises(ValueError, match=r"coverage 0\.9 needs at least 9 held-out samples, got 8: .* at most 0\.888$"):
        Sets.learn([0] * 8, [[0.5, 0.5]] * 8).sets([[0.5, 0.5]], 0.9)
    Sets.learn([0] * 9, [[0.5, 0.5]] * 9).sets([[0.5, 0.5]], 0.9)
    with pytest.raises(
        ValueError, match="needs at least 399 held-out samples in each of 2 groups of similar predictions, got 200: "
    ):
        Intervals.learn(np.arange(400.0), np.arange(400.0)).interval([0.0], 0.995)
    for coverage in (0, 1, -0.5, 90):
        with pytest.raises(ValueError, match="coverage must be a finite number above 0 and below 1"):
            Intervals.learn([0.0], [0.0]).interval([0.0], coverage)


@pytest.mark.parametrize(
    ("n", "coverage", "inside"), [(19, 0.9, 18), (99, 0.9, 90), (50, 0.8, 41), (99, 0.5, 50), (30, 0.3, 11)]
)
def test_the_coverage_is_what_the_theory_says(n, coverage, inside, rng):
    """A new residual lies in each of n + 1 gaps with the same probability, and the interval has `inside` gaps."""
    trials = 1000
    covered = 0.0
    for _ in range(trials):
        low, high = ends(Intervals.learn(rng.normal(size=n), np.zeros(n)), coverage)
        covered += NORMAL(high) - NORMAL(low)
    expected = inside / (n + 1)
    assert expected >= coverage
    deviation = math.sqrt(
        expected * (1 - expected) / (n + 2) / trials
    )  # of the mean of so many Beta(inside, n + 1 − inside)
    assert covered / trials == pytest.approx(expected, abs=4 * deviation)


def test_the_coverage_holds_in_each_group_of_predictions(rng):
    """The noise grows with the prediction, which intervals of one width cannot follow."""

    def draw(n):
        p = rng.uniform(1, 10, n)
        return p + p**2 * rng.normal(size=n), p

    learned = Intervals.learn(*draw(4000))
    assert learned.counts == (400,) * 10
    y, p = draw(200_000)
    _, low, high = learned.interval(p, 0.9)
    group = np.searchsorted(learned.edges, p, "right")
    for i in range(10):
        inside = ((low <= y) & (y <= high))[group == i].mean()
        assert inside == pytest.approx(0.9, abs=4 * math.sqrt(0.9 * 0.1 / 400))
    assert (high - low)[group == 9].mean() > 20 * (high - low)[group == 0].mean()
    one = Intervals.learn(*draw(399)).interval(p, 0.9)
    outside = (y < one.low) | (y > one.high)
    assert outside[group == 0].mean() < 0.01
    assert outside[group == 9].mean() > 0.2


def test_sets_cover_the_right_class_as_often_as_the_theory_says(rng):
    trials, n, hits = 2000, 40, 0
    for _ in range(trials):
        p = rng.dirichlet([0.5] * 4, size=n + 1)
        y = (rng.random((n + 1, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(max=3)
        hits += Sets.learn(y[:-1], p[:-1]).sets(p[-1:], 0.8)[0, y[-1]]
    expected = 33 / 41  # rank 33 of 41 gaps
    # Sets that would be empty hold a class here, so the fraction may be above.
    assert hits / trials >= expected - 4 * math.sqrt(expected * (1 - expected) / trials)
    assert hits / trials <= expected + 0.05


@pytest.mark.parametrize(
    ("n", "groups"), [(1, 1), (399, 1), (400, 2), (599, 2), (600, 3), (1999, 9), (2000, 10), (50_000, 10)]
)
def test_groups_have_at_least_200_samples(n, groups, rng):
    p = rng.normal(size=n)
    learned = Intervals.learn(p, p)
    assert len(learned.counts) == groups == len(learned.edges) + 1
    assert sum(learned.counts) == n
    assert n < 400 or min(learned.counts) >= 200


def test_equal_predictions_are_in_one_group():
    p = np.repeat([0.0, 1.0, 2.0, 3.0], [900, 50, 800, 250])
    learned = Intervals.learn(p, p)
    assert learned.edges == (2.0, 3.0)
    assert learned.counts == (950, 800, 250)
    assert Intervals.learn(np.zeros(5000), np.zeros(5000)).edges == ()


def test_of_many_residuals_some_are_kept_and_the_interval_is_never_narrower(rng):
    p, y = np.zeros(30_011), rng.normal(size=30_011)
    learned, ordered = Intervals.learn(y, p), np.sort(y)
    assert len(learned.residuals[0]) == 400
    assert (learned.residuals[0][0], learned.residuals[0][-1]) == (ordered[0], ordered[-1])
    for coverage in (0.5, 0.8, 0.9, 0.95, 0.99):
        low, high = ends(learned, coverage)
        i, j = math.floor(30_012 * (1 - coverage) / 2), math.ceil(30_012 * (1 + coverage) / 2)
        assert ordered[i - 1 - 76] <= low <= ordered[i - 1]  # ranks 75.2 apart
        assert ordered[j - 1] <= high <= ordered[min(j - 1 + 76, 30_010)]
    scores = Sets.learn(np.zeros(30_011, int), np.column_stack([1 - np.abs(y) / 9, np.abs(y) / 9]))
    assert len(scores.scores) == 400


def test_more_coverage_is_wider(rng):
    learned = Intervals.learn(rng.normal(size=1000), rng.normal(size=1000))
    ranges = [ends(learned, c) for c in np.arange(0.05, 0.99, 0.05)]
    for (low, high), (wider_low, wider_high) in itertools.pairwise(ranges):
        assert wider_low <= low <= high <= wider_high


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(7,), (7, 1)])
def test_an_interval_has_the_shape_and_the_type_of_the_prediction(dtype, shape):
    found = Intervals.learn(np.arange(30.0), np.zeros((30, 1))).interval(np.ones(shape, dtype), 0.8)
    assert [each.shape for each in found] == [shape] * 3
    assert [each.dtype for each in found] == [dtype] * 3


def test_sets_for_one_output():
    p = np.linspace(0.05, 0.95, 19)[:, None]
    one = Sets.learn((p > 0.3).astype(int), p)
    assert one == Sets.learn((p[:, 0] > 0.3).astype(int), np.hstack([1 - p, p]))
    assert one.sets([[0.5], [0.99]], 0.9).tolist() == [[True, True], [False, True]]


@pytest.mark.parametrize("n", [3, 500, 5000])
def test_the_text_gives_an_equal_description(n, rng):
    p = rng.dirichlet([1, 1, 1], size=n)
    for learned in (Intervals.learn(rng.normal(size=n), p[:, 0]), Sets.learn(rng.integers(3, size=n), p)):
        assert parse(repr(learned), KNOWN, limit=500_000) == learned
        assert hash(parse(repr(learned), KNOWN, limit=500_000)) == hash(learned)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Intervals.learn([1.0], [1.0, 2.0]), ValueError, "y and prediction must have the same number of samples, got 1 and 2"),
        (lambda: Intervals.learn([], []), ValueError, "y must have shape (n,) or (n, 1), with at least one sample, got (0,)"),
        (lambda: Intervals.learn(np.zeros((3, 2)), np.zeros((3, 2))), ValueError, "y must have shape (n,) or (n, 1)"),
        (lambda: Intervals.learn([np.inf], [0.0]), ValueError, "y must hold finite numbers"),
        (lambda: Intervals([], [[2.0, 1.0]], [2]), ValueError, "residuals[0] must be in ascending order"),
        (lambda: Intervals([1.0, 0.0], [[1.0]], [1]), ValueError, "edges must be in ascending order"),
        (lambda: Intervals([1.0], [[1.0]], [1]), ValueError, "residuals and counts must be of 2 groups, one more than edges, got 1 and 1"),
        (lambda: Intervals([], [[1.0]], [2]), ValueError, "residuals[0] must be 2 numbers for 2 samples, got 1"),
        (lambda: Intervals([], [[0.0] * 401], [401]), ValueError, "residuals[0] must be 400 numbers for 401 samples, got 401"),
        (lambda: Intervals([], 3, [2]), TypeError, "residuals must be a list of lists of numbers, got 3"),
        (lambda: Intervals([], [3], [2]), TypeError, "residuals[0] must be a list of numbers, got 3"),
        (lambda: Intervals([], [[1.0]], 1), TypeError, "counts must be a list of whole numbers, got 1"),
        (lambda: Sets([], 0), ValueError, "count must be a whole number of at least 1, got 0"),
        (lambda: Sets([0.5], 2), ValueError, "scores must be 2 numbers for 2 samples, got 1"),
        (lambda: Sets.learn([0], [[2.0, -1.0]]), ValueError, "p must hold probabilities, from 0 to 1, got numbers from -1 to 2"),
        (lambda: Sets.learn([0], [0.5, 0.5]), ValueError, "p must have shape (n, k) or (n, 1), with at least one sample, got (2,)"),
        (lambda: Sets.learn([3], [[0.5, 0.5]]), ValueError, "y must hold labels from 0 to 1"),
    ],
)  # fmt: skip
def test_what_is_refused(make, error, words):
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)
