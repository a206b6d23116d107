"""Stepping forwards and back, to the bit; edited weights; stop conditions; bounded memory."""

import itertools
import re

import numpy as np
import pytest
from msgspec.structs import replace
from pane import DIVERGING, SMALL

from whorl.playground import curves, run, states
from whorl.playground.configuration import Moons, Stop
from whorl.playground.problem import Problem
from whorl.playground.run import Run
from whorl.training import Epoch


def fitted(configuration, epochs):
    """The weights after `Model.fit` with these arguments, and its history."""
    problem = Problem.read(configuration)
    model = problem.model()
    history = model.fit(
        problem.X,
        problem.y,
        loss=problem.loss,
        optimizer=problem.optimizer,
        epochs=epochs,
        batch_size=configuration.batch_size,
        validation=configuration.validation,
        metrics=["accuracy"],
        rng=configuration.seed,
        fast=configuration.compiled,
    )
    return model.parameters.copy(), history


def at(run):
    """All that must be the same when a step is reached again."""
    state = run.training.state
    return (
        state.step,
        state.epoch,
        run.model.parameters.tobytes(),
        run.model.statistics.tobytes(),
        b"".join(each.tobytes() for each in state.arrays()),
        str(state.rng.bit_generator.state),
        None if state.current is None else (state.current.samples, state.current.loss, state.current.order.tobytes()),
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"layers": ("Standardize()", "Dense(8)", "BatchNorm()", "Tanh()", "Dense(3)", "Softmax()")},
        {"optimizer": "Averaged(Adam(Cosine(0.01, epochs=5)))"},
        {"compiled": True},
    ],
)
def test_the_weights_are_those_of_fit(settings):
    configuration = replace(SMALL, **settings)
    expected, history = fitted(configuration, 5)
    own = Run(configuration)
    for _ in range(3):
        own.advance("epoch")
    for _ in range(2 * 3):
        own.advance("batch")
    assert own.training.epoch == 5
    assert own.model.parameters.tobytes() == expected.tobytes()
    assert own.curves.values["val_loss"] == history["val_loss"]
    assert own.curves.values["epoch"] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("optimizer", ["Adam(0.01)", "Averaged(SGD(0.1, momentum=0.9))", "SGD(ReduceOnPlateau(0.1))"])
@pytest.mark.parametrize("unit", ["batch", "epoch"])
def test_every_earlier_step_is_reached_exactly(optimizer, unit):
    own = Run(replace(SMALL, optimizer=optimizer))
    seen = {0: at(own)}
    for _ in range(15):
        own.advance(unit)
        seen[own.training.step] = at(own)
    for step in (15, 14, 3, 0):
        own.back(step)
        if step in seen:
            assert at(own) == seen[step]
    for _ in range(15):
        own.advance(unit)
        assert at(own) == seen[own.training.step]


def test_edits_are_applied_again_on_the_way_and_later_ones_are_undone():
    own, seen = Run(SMALL), {}
    edits = {0: [("w1", (1, 3), -1.0)], 5: [("w1", (1, 3), 0.5)], 9: [("w1", (1, 3), 1.5), ("b2", (2,), 0.25)]}
    for step in range(20):
        for each in edits.get(step, ()):
            own.edit(*each)
        seen[step] = at(own)
        own.advance("batch")
    made = [(step, *each) for step, several in edits.items() for each in several]
    assert [tuple(each) for each in own.edits] == made
    for step in (19, 10, 9, 8, 5, 4, 0):
        first = own.states.before(0)
        own.states = states.States()  # so that all steps are taken again
        own.states.add(first)
        own.back(step)
        assert at(own) == seen[step]
        assert [tuple(each) for each in own.edits] == [each for each in made if each[0] <= step]


def test_going_back_before_an_edit_undoes_it():
    own, plain = Run(SMALL), Run(SMALL)
    own.advance("epoch")
    own.edit("w1", (0, 0), 3.0)
    own.advance("epoch")
    own.back(2)
    assert own.edits == []
    plain.advance("batch")
    plain.advance("batch")
    assert at(own) == at(plain)


@pytest.mark.parametrize("stops_at", [9, 12])
def test_an_edit_within_an_epoch_survives_a_divergence(monkeypatch, stops_at):
    own, plain = Run(replace(SMALL, batch_size=10)), Run(replace(SMALL, batch_size=10))
    for each in (own, plain):
        for _ in range(stops_at):
            if each.training.step == 8 + 3 * (stops_at > 9):
                each.edit("w2", (0, 0), 2.0)
            each.advance("batch")
    take = own.training.engine.take

    def fail(steps):
        loss, penalty = take(steps)
        if own.training.step > stops_at:
            own.model.parameters[0] = np.nan
            return np.nan, penalty
        return loss, penalty

    monkeypatch.setattr(own.training.engine, "take", fail)
    assert own.advance("batch") is None
    assert own.diverged
    assert f"infinite or NaN in step {stops_at + 1}, in epoch 2" in own.stopped
    assert at(own) == at(plain)
    assert len(own.edits) == 1


def test_edits_between_epochs_and_averages():
    configuration = replace(SMALL, optimizer="Averaged(Adam(0.01))")
    own = Run(configuration)
    for _ in range(2):
        own.advance("epoch")
    own.edit("w2", (4, 1), 0.5)
    after = at(own)
    for _ in range(4):
        own.advance("epoch")
    end = at(own)
    own.back(own.training.step - 1)
    own.advance("batch")
    assert at(own) == end
    own.back(6)
    assert at(own) == after


@pytest.mark.parametrize(
    ("name", "place", "reason"),
    [
        ("w9", (0, 0), "there is no parameter 'w9'; there are w1, b1, w2, b2"),
        ("w1", (0,), "the index must be one of w1, whose shape is (2, 8), got (0,)"),
        ("w1", (2, 0), "the index must be one of w1, whose shape is (2, 8), got (2, 0)"),
        ("b1", (8,), "the index must be one of b1, whose shape is (8,), got (8,)"),
    ],
)
def test_wrong_edits_are_refused(name, place, reason):
    own = Run(SMALL)
    with pytest.raises(ValueError, match=re.escape(reason)):
        own.edit(name, place, 1.0)
    assert own.edits == []


def test_an_edit_that_makes_the_loss_infinite_is_refused_and_undone():
    own = Run(replace(DIVERGING, layers=("Dense(1)",) * 8))
    edits = 0
    with pytest.raises(ValueError, match=r"with 1e\+06 for w\d\[0, 0\], the loss would not be finite"):  # noqa: PT012
        for i in range(1, 9):
            before = own.model.parameters.copy()
            own.edit(f"w{i}", (0, 0), 1e6)
            edits += 1
    assert own.model.parameters.tobytes() == before.tobytes()
    assert len(own.edits) == edits > 0


def test_a_step_beyond_the_current_one_is_refused():
    own = Run(SMALL)
    own.advance("batch")
    with pytest.raises(ValueError, match="the step must be at most 1, the current one, got 2"):
        own.back(2)


def test_stop_conditions():
    own = Run(replace(SMALL, stop=Stop(epochs=3)))
    assert [own.advance("epoch") is None for _ in range(4)] == [False, False, False, True]
    assert own.stopped == "all 3 epochs are done"
    assert not own.diverged
    own.back(1)
    assert own.stopped is None

    easy = replace(SMALL, data=Moons(), layers=("Dense(8)", "Tanh()", "Dense(2)", "Softmax()"))
    for name, goal in {"accuracy": 0.85, "loss": 0.4}.items():
        own = Run(replace(easy, stop=Stop(**{name: goal})))
        while own.stopped is None:
            own.advance("epoch")
        reached = own.curves.values[f"val_{name}"]
        met = [value >= goal if name == "accuracy" else value <= goal for value in reached]
        assert met == [False] * (len(met) - 1) + [True]
        assert own.stopped.startswith(f"val_{name} has reached {goal}: it is ")
        assert not own.diverged
        epoch = own.training.epoch
        own.advance("epoch")  # it can go on
        assert own.training.epoch == epoch + 1

    own = Run(replace(easy, validation=0.0, stop=Stop(accuracy=0.8)))
    while own.stopped is None:
        own.advance("epoch")
    assert own.stopped.startswith("accuracy has reached 0.8")


@pytest.mark.parametrize("unit", ["batch", "epoch"])
def test_divergence_stops_with_finite_weights(unit):
    own = Run(DIVERGING)
    while own.stopped is None:
        own.advance(unit)
        own.save(now=True)
    assert own.diverged
    assert own.states.steps[-1] == own.training.step
    assert "became" in own.stopped or "infinite or NaN" in own.stopped
    assert "lower the learning rate" in own.stopped
    assert np.isfinite(own.model.parameters).all()
    step = own.training.step
    assert own.advance(unit) is None  # it diverges again
    assert own.diverged
    assert own.training.step == step
    own.back(0)
    assert own.stopped is None
    assert not own.diverged


def test_what_a_step_fails_with_stops_training(monkeypatch):
    own = Run(SMALL)
    own.advance("batch")

    def fail(*_):
        raise RuntimeError("the cable is out")

    monkeypatch.setattr(own.training.engine, "take", fail)
    assert own.advance("batch") is None
    assert own.stopped == "the cable is out"
    monkeypatch.undo()
    assert own.advance("batch").number == 2


def test_states_are_few_and_close_to_each_other(monkeypatch):
    monkeypatch.setattr(states, "MOST", 20)
    monkeypatch.setattr(states, "RECENT", 6)
    own, kept = Run(SMALL), states.States()
    for _ in range(400):
        own.training.state.step += 1
        kept.add(own.training.state)
    assert len(kept.steps) == 20
    assert kept.steps[0] == 1
    assert kept.steps[-6:] == [395, 396, 397, 398, 399, 400]
    gaps = np.diff(kept.steps[:-6])
    assert gaps.max() <= 64  # 400 over 14 is 29
    assert [kept.before(step).step for step in (1, 397, 400, 999)] == [1, 397, 400, 400]
    kept.drop(396)
    assert kept.steps[-1] == 395


def test_the_bytes_of_states_are_bounded(monkeypatch):
    own, kept = Run(SMALL), states.States()
    own.advance("batch")
    one = states.size(own.training.state)
    vectors = own.model.parameters.nbytes * 3  # Adam's two, and the weights
    assert 2 * vectors <= one < 2 * vectors + 2000
    monkeypatch.setattr(states, "BYTES", 10 * one)
    for _ in range(100):
        own.training.state.step += 1
        kept.add(own.training.state)
    assert kept.size <= 10 * one
    assert len(kept.steps) == 10


def test_states_are_saved_now_and_then(monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr(run.time, "monotonic", lambda: 0.02 * next(clock))  # each look at it takes 20 ms
    own = Run(SMALL)
    for _ in range(12):
        own.advance("batch")
        own.save()
    assert own.states.steps == [0, 3, 6, 9, 12]
    own.advance("batch")
    own.save(now=True)
    assert own.states.steps == [0, 3, 6, 9, 12, 13]


def test_the_history_is_thinned_out(monkeypatch):
    monkeypatch.setattr(run, "RECORDS", 10)
    own = Run(SMALL)
    for _ in range(40):
        own.advance("epoch")
        assert len(own.training.state.history.epochs) <= 10
    assert [each.number for each in own.training.state.history.epochs[-5:]] == [36, 37, 38, 39, 40]
    assert own.curves.values["epoch"] == list(range(1, 41))
    expected, _ = fitted(SMALL, 40)
    assert own.model.parameters.tobytes() == expected.tobytes()


def epoch(number):
    return Epoch(number, 0.1, {"loss": 1 / number})


def test_curves_are_sent_piece_by_piece():
    kept = curves.Curves(["loss"])
    for number in (1, 2):
        kept.add(epoch(number))
    assert kept.since(0, 0) == (0, {"epoch": [1, 2], "loss": [1.0, 0.5]})
    kept.add(epoch(3))
    assert kept.since(0, 2) == (2, {"epoch": [3], "loss": [1 / 3]})
    kept.back(3)
    assert kept.since(0, 3) == (3, {"epoch": [], "loss": []})
    kept.back(1)
    assert kept.since(0, 3) == (0, {"epoch": [1], "loss": [1.0]})
    assert kept.generation == 1


def test_long_curves_are_thinned_out(monkeypatch):
    monkeypatch.setattr(curves, "MOST", 10)
    kept = curves.Curves(["loss"])
    for number in range(1, 45):
        kept.add(epoch(number))
        assert len(kept) <= 10
    assert kept.every == 8
    assert kept.values == {"epoch": [8, 16, 24, 32, 40], "loss": [1 / 8, 1 / 16, 1 / 24, 1 / 32, 1 / 40]}
    assert kept.since(0, 10)[0] == 0
