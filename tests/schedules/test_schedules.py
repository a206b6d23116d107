"""Every schedule that is a function of time, compared with its closed form. PyTorch is in tests/parity."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import whorl
from whorl import SGD, CrossEntropy, Dense, Model, Softmax
from whorl._core.notation import concrete, parse
from whorl.schedules import (
    Chain,
    Constant,
    Cosine,
    Exponential,
    InverseTime,
    LogCosine,
    OneCycle,
    Polynomial,
    ReduceOnPlateau,
    Schedule,
    Step,
    WarmUp,
    begin,
    monitored,
    observe,
    rate_at,
)

PI = math.pi

# The schedule, its closed form in the time t, the epochs at which it jumps, and its lowest and highest rate up to epoch 60.
TABLE = [
    (Constant(0.1), lambda t: 0.1, [], 0.1, 0.1),
    (InverseTime(0.1, decay=0.5), lambda t: 0.1 / (1 + 0.5 * t), [], 0.1 / 31, 0.1),
    (Exponential(0.1, decay=0.9), lambda t: 0.1 * math.exp(t * math.log(0.9)), [], 0.1 * 0.9**60, 0.1),
    (Step(0.1, factor=0.5, every=20), lambda t: 0.1 / 2 ** (t // 20), [20, 40, 60], 0.0125, 0.1),
    (Step(0.1, milestones=[10, 30.5]), lambda t: 0.1 if t < 10 else 0.01 if t < 30.5 else 0.001, [10, 30.5], 1e-3, 0.1),
    (Polynomial(0.1, epochs=50), lambda t: max(0.1 - 0.002 * t, 0), [], 0, 0.1),
    (Polynomial(0.1, epochs=40, end=0.02, power=2), lambda t: 0.02 + 0.08 * max(1 - t / 40, 0) ** 2, [], 0.02, 0.1),
    (Cosine(0.1, epochs=50), lambda t: 0.05 * (1 + math.cos(PI * min(t, 50) / 50)), [], 0, 0.1),
    (
        Cosine(0.1, epochs=10, end=0.02, cycles=3, growth=2),
        lambda t: 0.06 + 0.04 * math.cos(PI * (t / 10 if t < 10 else (t - 10) / 20 if t < 30 else (t - 30) / 40)),
        [10, 30],
        0.02,
        0.1,
    ),
    (
        Cosine(0.1, epochs=20, cycles=2),
        lambda t: 0.05 * (1 + math.cos(PI * (t % 20 / 20 if t < 40 else 1))),
        [20],
        0,
        0.1,
    ),
    (
        LogCosine(0.1, epochs=300 / (2**3.5 - 1)),  # highest after 20 epochs, in the middle of the fourth wave
        lambda t: 0.1 * math.sin(PI * math.log2(min(1 + t * (2**3.5 - 1) / 20, 16))) ** 2,
        [],
        0,
        0.1,
    ),
    (
        OneCycle(0.1, epochs=50),
        lambda t: (
            0.052 - 0.048 * math.cos(PI * t / 15)
            if t < 15
            else 0.0500002 + 0.0499998 * math.cos(PI * min(t - 15, 35) / 35)
        ),
        [],
        4e-7,
        0.1,
    ),
    (
        WarmUp(Cosine(0.1, epochs=50), epochs=10, start=0.02),
        lambda t: 0.02 + 0.008 * t if t < 10 else 0.05 * (1 + math.cos(PI * (t - 10) / 50)),
        [],
        0,
        0.1,
    ),
    (
        Chain([(10, 0.05), (20, Polynomial(0.1, epochs=20)), (1, InverseTime(0.1, decay=1.0))]),
        lambda t: 0.05 if t < 10 else 0.005 * (30 - t) if t < 30 else 0.1 / (t - 29),
        [10, 30],
        0,
        0.1,
    ),
]

KNOWN = concrete(whorl.schedules, Schedule)

every_schedule = pytest.mark.parametrize("schedule", [row[0] for row in TABLE], ids=repr)


def test_every_public_schedule_of_time_is_in_the_table():
    assert set(KNOWN.values()) - {ReduceOnPlateau} == {type(row[0]) for row in TABLE}


@pytest.mark.parametrize(("schedule", "formula"), [row[:2] for row in TABLE], ids=[repr(row[0]) for row in TABLE])
def test_the_closed_form(schedule, formula):
    times = [*range(60), *np.random.default_rng(0).uniform(0, 60, 200)]
    np.testing.assert_allclose([schedule(t) for t in times], [formula(t) for t in times], rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize(("schedule", "jumps"), [(row[0], row[2]) for row in TABLE], ids=repr)
def test_it_jumps_where_it_should_and_nowhere_else(schedule, jumps):
    h = 1e-6
    times = np.arange(1, 121) / 2
    jumped = [t for t in times if abs(schedule(t) - schedule(t - h)) > 1e-3]
    assert jumped == jumps
    for t in times:
        assert schedule(t) == pytest.approx(schedule(t + h), abs=1e-6)  # it is continuous from the right everywhere


@pytest.mark.parametrize(("schedule", "lowest", "highest"), [(row[0], *row[3:]) for row in TABLE], ids=repr)
def test_it_stays_within_its_bounds_and_reaches_them(schedule, lowest, highest):
    rates = [schedule(i / 100) for i in range(6001)]
    assert lowest - 1e-17 <= min(rates) <= lowest + 1e-4
    assert max(rates) == pytest.approx(highest, rel=1e-9)
    assert all(type(rate) is float for rate in rates)


@every_schedule
def test_it_depends_on_nothing_but_the_time(schedule):
    forward = [schedule(t) for t in range(60)]
    assert [schedule(t) for t in reversed(range(60))] == forward[::-1]
    assert [parse(repr(schedule), KNOWN)(t) for t in range(60)] == forward
    memory = begin(schedule)
    for t in range(60):
        assert rate_at(schedule, t, memory) == forward[t]
        observe(schedule, {"loss": 3.0}, memory)
    assert monitored(schedule) == ()


@every_schedule
def test_the_batch_size_changes_nothing(schedule):
    X, y = whorl.datasets.spiral(4, rng=0)
    rates = []
    for batch_size in (1, 5, 99):
        model = Model([Dense(3), Softmax()], inputs=2, rng=0)
        optimizer = SGD(schedule)
        history = model.fit(X, y, loss=CrossEntropy(), optimizer=optimizer, epochs=60, batch_size=batch_size, rng=0)
        rates.append(history["learning_rate"])
    assert rates[0] == rates[1] == rates[2] == [schedule(t) for t in range(1, 61)]


def test_the_repr_leaves_out_defaults():
    assert repr(InverseTime(0.05, decay=2.5e-4)) == "InverseTime(0.05, decay=0.00025)"
    assert repr(WarmUp(Cosine(0.1, epochs=45), epochs=5)) == "WarmUp(Cosine(0.1, epochs=45.0), epochs=5.0)"
    assert repr(Step(1, milestones=(3, 4))) == "Step(1.0, milestones=(3.0, 4.0))"


rates = st.floats(0, 10)
spans = st.floats(0.01, 100)
ends = st.floats(0, 1)  # as shares of the rate


@given(rates, spans, ends, st.integers(1, 5), st.floats(1, 3), st.floats(0, 1000))
def test_a_cosine_lies_between_its_ends(rate, epochs, end, cycles, growth, t):
    schedule = Cosine(rate, epochs=epochs, end=end * rate, cycles=cycles, growth=growth)
    assert end * rate - 1e-12 <= schedule(t) <= rate + 1e-12
    total = epochs * sum(growth**i for i in range(cycles))
    assert schedule(total * (1 + 1e-9) + 1e-6) == schedule.end


@given(rates, spans, ends, st.floats(0.1, 5), st.floats(0, 1000))
def test_a_polynomial_falls_from_one_end_to_the_other(rate, epochs, end, power, t):
    schedule = Polynomial(rate, epochs=epochs, end=end * rate, power=power)
    assert (schedule(0), schedule(epochs)) == (rate, end * rate)
    assert end * rate - 1e-12 <= schedule(t + 0.1) <= schedule(t) + 1e-12


@given(rates, spans, st.floats(0, 0.99), ends, ends, st.floats(0, 1000))
def test_one_cycle_is_highest_at_the_end_of_its_warm_up(rate, epochs, warmup, start, end, t):
    schedule = OneCycle(rate, epochs=epochs, warmup=warmup, start=start * rate, end=end * rate)
    assert min(start, end) * rate - 1e-12 <= schedule(t) <= rate + 1e-12
    assert schedule(warmup * epochs) == rate
    assert schedule(0) == (start * rate if warmup * epochs > 0 else rate)
    assert schedule(epochs) == end * rate


@given(rates, rates, spans, st.floats(0, 1000))
def test_a_warm_up_is_a_line_and_then_the_schedule_by_its_own_clock(start, rate, epochs, t):
    inner = InverseTime(rate, decay=0.1)
    schedule = WarmUp(inner, epochs=epochs, start=start)
    assert schedule(0) == start
    assert schedule(epochs / 2) == pytest.approx((start + rate) / 2, abs=1e-12)
    assert schedule(epochs + t) == inner(epochs + t - epochs)


@pytest.mark.parametrize("length", [0.1, 0.3, 1 / 3, 0.7, 7])
def test_boundaries_are_found_although_times_are_rounded(length):
    # 3 · 0.1 is 0.30000000000000004, and 0.3 / 0.1 is 2.9999999999999996: either is the third boundary.
    stairs = Step(1.0, factor=0.5, every=length)
    marked = Step(1.0, factor=0.5, milestones=[length * i for i in range(1, 40)])
    waves = Cosine(1.0, epochs=length, cycles=100)
    time = 0.0
    for i in range(40):
        for t in (time, i * length):
            assert stairs(t) == marked(t) == 0.5**i
            assert waves(t) == pytest.approx(1.0, abs=1e-12)
        time += length


def test_growing_cycles_restart_on_time():
    waves = Cosine(1.0, epochs=3, cycles=8, growth=3)  # PyTorch's logarithm takes log₃ 243 for 4.999…
    for i in range(8):
        assert waves(3 * (3**i - 1) / 2) == 1.0


def test_a_billion_cycles_take_no_time():
    assert Cosine(1.0, epochs=0.5, cycles=10**9)(10**6) == 1.0


def test_any_function_may_be_wrapped():
    assert WarmUp(lambda t: 1 / (1 + t), epochs=2)(3) == 0.5
    assert repr(WarmUp(0.5, epochs=2)) == "WarmUp(Constant(0.5), epochs=2.0)"


def test_lists_are_kept_as_tuples():
    schedule = Step(1.0, milestones=[30, 45])
    assert schedule.milestones == (30.0, 45.0)
    assert schedule == Step(1.0, milestones=(30, 45)) != Step(1.0, milestones=[30])
    assert Chain([[10, 0.5]]) == Chain(((10.0, Constant(0.5)),))
    assert hash(Chain([(10, 0.5)])) == hash(Chain([[10, Constant(0.5)]]))


def test_a_schedule_of_a_users_own():
    class Halving(Schedule):
        learning_rate: float
        epochs: float = 10.0

        def __call__(self, epoch):
            return self.learning_rate * 0.5 ** (epoch / self.epochs)

    assert repr(Halving(0.4, 5.0)) == "Halving(0.4, 5.0)"
    assert WarmUp(Halving(0.4), epochs=2)(12) == 0.2
    X, y = whorl.datasets.spiral(4, rng=0)
    model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    history = model.fit(X, y, loss=CrossEntropy(), optimizer=SGD(Halving(0.4, 1.0)), epochs=3, rng=0)
    assert history["learning_rate"] == [0.2, 0.1, 0.05]


@pytest.mark.parametrize("rate", [-1.0, math.nan, math.inf])
def test_a_rate_that_is_negative_or_not_finite_is_refused(rate):
    for schedule in (lambda t: rate, WarmUp(lambda t: rate, epochs=1), Chain([(1, lambda t: rate)])):
        with pytest.raises(ValueError, match=f"must give a finite rate of at least 0, but at epoch .* it is {rate}"):
            rate_at(schedule, 3.0, begin(schedule))
