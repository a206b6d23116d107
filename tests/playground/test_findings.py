"""The doctor's findings while training goes on."""

import itertools

import numpy as np
import pytest

import whorl
from whorl import SGD, Adam, CrossEntropy, Dense, Model, ReLU, Softmax, Standardize
from whorl.glassbox.doctor import Examination, diagnose
from whorl.glassbox.doctor.signals import Signals
from whorl.playground import findings
from whorl.playground.findings import Examiner, described

X, Y = whorl.datasets.moons(100, rng=0)


def training_of(optimizer, layers=(Dense(16), ReLU(), Dense(2), Softmax()), X=X, epochs=1000):
    model = Model([*layers], inputs=2, rng=0)
    options = {"epochs": epochs, "validation": 0.2, "rng": 0, "on_divergence": "stop"}
    return model.training(X, Y, loss=CrossEntropy(), optimizer=optimizer, **options)


def kinds(examiner):
    return [each.kind for each in examiner.findings]


def run(training, epochs):
    for _ in itertools.islice(training, epochs):
        pass


def test_mistakes_that_show_before_the_first_step_are_found_then():
    examiner = Examiner(training_of(Adam(), (Dense(16), ReLU(), Dense(2), ReLU(), Softmax()), 100 * X))
    assert kinds(examiner)[:2] == ["unscaled inputs", "activation before the output"]


def test_a_sound_training_has_no_findings_while_it_runs():
    training = training_of(Adam(0.01))
    examiner = Examiner(training)
    found = [kinds(examiner)]
    for _ in range(4):
        run(training, 10)
        found.append([each.kind for each in examiner.examine()])
    assert found == [[]] * 5


def test_a_running_training_is_not_said_to_have_stopped_too_early_or_underfitted():
    training = training_of(SGD(0.01), epochs=20)
    examiner = Examiner(training)
    run(training, 10)
    assert [each.kind for each in examiner.examine()] == []
    run(training, 10)
    assert "underfitting" in [each.kind for each in examiner.examine()]


def test_rules_about_the_end_do_not_apply_before_it():
    curves = {"loss": [1.1] * 10}
    assert [each.kind for each in diagnose(Signals(curves=curves))] == ["plateau"]
    assert [each.kind for each in diagnose(Signals(curves=curves, running=True))] == []
    curves = {"loss": [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]}
    assert [each.kind for each in diagnose(Signals(curves=curves))] == ["stopped too early"]
    assert [each.kind for each in diagnose(Signals(curves=curves, running=True))] == []


def test_a_learning_rate_that_is_too_small_or_too_large_is_found_while_training_runs():
    for rate, kind in ((1e-5, "learning rate too low"), (20.0, "learning rate too high")):
        training = training_of(SGD(rate))
        examiner = Examiner(training)
        run(training, 20)
        assert training.state.history.stopped is None
        assert examiner.examine()[0].kind == kind


def test_divergence_is_a_finding():
    training = training_of(SGD(1e30))
    examiner = Examiner(training)
    run(training, 10)
    assert "became" in training.state.history.stopped
    assert examiner.due
    (first, *_) = examiner.examine()
    assert first.kind == "learning rate too high"
    assert first.evidence == "training ended because of infinity or NaN"


def test_examinations_do_not_change_training():
    weights = []
    for examined in (False, True):
        training = training_of(Adam(0.01), (Standardize(), Dense(8), ReLU(), Dense(2), Softmax()))
        examiner = Examiner(training) if examined else None
        for step in itertools.islice(training.steps(), 23):
            if examined and step.number % 3 == 0:  # also within an epoch
                examiner.examine()
        weights.append(np.concatenate([training.model.parameters, training.model.statistics]))
    assert weights[0].tobytes() == weights[1].tobytes()


def test_what_was_measured_later_is_forgotten_when_training_returns_to_an_earlier_state():
    training = training_of(Adam(0.01))
    examination = Examination(training)
    examination.measure()
    run(training, 5)
    state = training.state.copy()
    examination.measure()
    run(training, 5)
    examination.measure()
    assert [each.epoch for each in examination.probes] == [0, 5, 10]
    expected = examination.probes[1:]
    training.restore(state)
    examination.measure()
    assert [each.epoch for each in examination.probes] == [0, 5]
    run(training, 5)
    examination.measure()
    assert examination.probes[1:] == expected


@pytest.mark.parametrize(("cost", "expected"), [(0.0, [10, 20, 40, 80]), (0.0035, [18, 36, 54, 80]), (0.1, [])])
def test_examinations_are_rare_enough_to_take_a_fiftieth_of_the_time(monkeypatch, cost, expected):
    """Each epoch takes 10 ms on this clock, and each examination what the case says."""
    clock = [0.0]
    monkeypatch.setattr(findings.time, "perf_counter", lambda: clock[0])
    training = training_of(Adam(0.01), (Dense(2), Softmax()))
    examiner = Examiner(training)
    measure = examiner.examination.measure

    def slow():
        clock[0] += cost
        measure()

    examiner.examination.measure = slow
    examiner.spent, examined = cost, []
    for epoch in itertools.islice(training, 100):
        clock[0] += 0.01
        if examiner.due:
            examiner.examine()
            examined.append(epoch.number)
    assert examined == expected


def test_a_training_that_has_ended_or_been_taken_back_is_examined_at_once():
    training = training_of(Adam(0.01), epochs=7)
    examiner = Examiner(training)
    state = training.state.copy()
    run(training, 6)
    assert not examiner.due
    run(training, 1)
    assert examiner.due
    examiner.examine()
    assert not examiner.due
    training.restore(state)
    assert examiner.due
    examiner.examine()
    assert not examiner.due
    assert kinds(examiner) == []


def test_a_finding_as_the_page_shows_it():
    examiner = Examiner(training_of(Adam(), X=100 * X))
    assert described(examiner.findings[0]) == {
        "kind": "unscaled inputs",
        "evidence": examiner.findings[0].evidence,
        "why": examiner.findings[0].why,
        "remedy": "layers=[Standardize(), Dense(16), ReLU(), Dense(2), Softmax()]",
        "link": "https://github.com/whorl/whorl/blob/main/docs/theory/normalization.md#fixed-scaling",
        "text": str(examiner.findings[0]),
    }
