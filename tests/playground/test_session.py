"""The session of a page: messages and answers in order, frames only when something is new, and a thread that ends."""

import threading
import time

import numpy as np
import pytest
from msgspec.structs import replace
from pane import DIVERGING, SMALL, Pane, pane

from whorl.playground import session
from whorl.playground.configuration import Configuration, Moons, Stop, Table
from whorl.playground.messages import (
    Advance,
    Back,
    Configure,
    Edit,
    Export,
    Look,
    Pause,
    Play,
    Upload,
)
from whorl.playground.problem import Problem

CSV = "a,b,kind\n" + "".join(f"{k % 5},{k % 3},{'xy'[k % 2]}\n" for k in range(40))


def test_what_is_configured():
    with pane(SMALL) as page:
        found = page.configured
        own = page.session.run
        assert found["classes"] == ["0", "1", "2"]
        assert found["inputs"] == ["x", "y"]
        assert [layer["text"] for layer in found["layers"]] == list(SMALL.layers)
        assert found["layers"][0] == {
            "text": "Dense(8)",
            "kind": "Dense",
            "outputs": [8],
            "parameters": {"w": "w1", "b": "b1"},
            "parts": [],
        }
        assert found["parameters"] == 2 * 8 + 8 + 8 * 3 + 3
        assert found["steps_per_epoch"] == 3
        assert (found["compiled"], found["engine"]) == (False, "NumPy: fast=False")
        assert found["learning_rates"] == [0.01] * 50
        assert found["best_possible"] == pytest.approx({"accuracy": 0.91, "loss": 0.213}, abs=1e-3)
        points = found["points"]
        assert points["label"] == [0] * 30 + [1] * 30 + [2] * 30
        assert sum(points["validation"]) == 18
        held_out = [[x, y] for x, y, aside in zip(points["x"], points["y"], points["validation"], strict=True) if aside]
        expected = own.training.validation.x[:].tolist()
        assert np.allclose(sorted(held_out), sorted(expected))
        assert found["configuration"]["layers"] == list(SMALL.layers)


@pytest.mark.parametrize(
    ("optimizer", "first", "last"),
    [("Adam(Cosine(0.1, epochs=20))", 0.1, 0.0), ("SGD(ReduceOnPlateau(0.1))", None, None)],
)
def test_learning_rates(optimizer, first, last):
    with pane(replace(SMALL, optimizer=optimizer, stop=Stop(20))) as page:
        rates = page.configured["learning_rates"]
        assert rates is None if first is None else (len(rates), rates[0], rates[-1]) == (50, first, pytest.approx(last))


def test_compiled_kernels_take_the_steps():
    with pane(replace(SMALL, compiled=True)) as page:
        assert page.configured["compiled"]
        assert page.configured["engine"].startswith("compiled by Numba")
        assert page.ask(Advance("epoch")) == {"type": "done", "of": "advance", "step": 3, "epoch": 1}


def test_the_weights_are_those_of_fit():
    with pane(replace(SMALL, stop=Stop(40))) as page:
        header, arrays = page.play()
        assert header["stopped"] == "all 40 epochs are done"
        assert (header["step"], header["epoch"]) == (120, 40)
        problem = Problem.read(SMALL)
        model = problem.model()
        training = problem.training(model)
        for record in training:
            if record.number == 40:
                break
        assert (arrays["w2"] == model.named_parameters()["w2"]).all()
        assert page.weights.tobytes() == model.parameters.tobytes()
        assert page.session.run.curves.values["loss"] == training.state.history["loss"]


def test_answers_come_in_order_and_frames_when_something_is_new():
    with pane(SMALL) as page:
        assert page.ask(Advance("batch")) == {"type": "done", "of": "advance", "step": 1, "epoch": 0}
        assert page.ask(Advance("epoch")) == {"type": "done", "of": "advance", "step": 3, "epoch": 1}
        assert page.look()[0]["step"] == 3
        page.session.put(Look(grid=8))  # nothing is new
        assert page.ask(Pause()) == {"type": "done", "of": "pause", "step": 3, "epoch": 1}
        assert page.answers.empty()
        page.session.put(Look(grid=8))  # in place of the other
        assert page.answers.get(timeout=20) == session.NOTHING
        assert page.ask(Advance("batch"))["step"] == 4
        assert page.answer()[0]["step"] == 4
        assert page.look(grid=9)[0]["step"] == 4  # another grid is new
        assert page.ask(Edit("b1", (3,), 0.5)) == {"type": "done", "of": "edit", "step": 4, "epoch": 1}
        assert page.look(grid=9)[1]["b1"][3] == 0.5
        assert page.ask(Back(1)) == {"type": "done", "of": "back", "step": 1, "epoch": 0}
        header, arrays = page.look(grid=9)
        assert (header["step"], arrays["b1"][3] != 0.5) == (1, True)


def test_going_back_is_exact_while_it_plays():
    with pane(replace(SMALL, stop=Stop(150))) as page:
        page.ask(Advance("epoch"))
        after = page.weights
        page.play()
        end = page.weights
        assert page.ask(Back(3))["step"] == 3
        assert page.weights.tobytes() == after.tobytes()
        page.play()
        assert page.weights.tobytes() == end.tobytes()
        page.ask(Play())
        assert page.ask(Back(6)) == {"type": "done", "of": "back", "step": 6, "epoch": 2}  # which pauses
        assert not page.look()[0]["playing"]


def test_the_speed_is_limited():
    with pane(SMALL) as page:
        page.ask(Play(0.001))  # an epoch in 1000 seconds, the first at once
        while page.look()[0]["epoch"] == 0:
            pass
        time.sleep(0.1)
        assert page.ask(Pause())["epoch"] == 1


def test_divergence_is_shown_and_the_session_goes_on():
    with pane(DIVERGING) as page:
        header, arrays = page.play()
        assert header["nan"]
        assert "lower the learning rate" in header["stopped"]
        assert arrays["surface"].shape == (8, 8, 2)
        assert any("learning rate" in finding["text"] for finding in header["findings"])
        assert page.ask(Configure(SMALL))["type"] == "configured"
        assert not page.look()[0]["nan"]


def test_what_is_refused_leaves_the_training_as_it_was():
    with pane() as page:
        assert page.ask(Play())["message"] == "there is nothing to train yet: send a configuration first"
        page.ask(Configure(SMALL))
        page.ask(Advance("epoch"))
        before = page.weights
        answer = page.ask(Configure(replace(SMALL, layers=("Dense(2)", "Softmax()"))))
        assert answer == {
            "type": "failed",
            "of": "configure",
            "message": "the last layer must have 3 outputs, one for each class, got 2",
            "field": "$.layers[1]",
        }
        assert page.ask(Back(7))["type"] == "failed"
        assert page.ask(Edit("w7", (0, 0), 1.0))["of"] == "edit"
        assert page.ask(Advance("batch"))["step"] == 4
        page.ask(Back(3))
        assert page.weights.tobytes() == before.tobytes()


def test_unexpected_errors_do_not_end_the_session(monkeypatch, caplog):
    with pane(SMALL) as page:

        def fail(*_, **__):
            raise RuntimeError("the moon is full")

        monkeypatch.setattr(page.session.run, "back", fail)
        answer = page.ask(Back(0))
        assert answer["message"] == "the server has failed: RuntimeError: the moon is full"
        monkeypatch.setattr(page.session._camera, "frame", fail)
        assert page.look()["message"] == "there is no picture: RuntimeError: the moon is full"
        monkeypatch.undo()
        assert page.ask(Back(0))["type"] == "done"
        assert page.look(grid=9)[0]["type"] == "frame"
    assert "the moon is full" in caplog.text


def test_tables_are_uploaded_and_the_oldest_forgotten(monkeypatch):
    monkeypatch.setattr(session, "UPLOADS", 2)
    with pane() as page:
        found = page.ask(Upload("table.csv", CSV))
        assert (found["type"], found["name"], found["rows"]) == ("uploaded", "table.csv", 40)
        assert [column["kind"] for column in found["columns"]] == ["number", "number", "category"]
        configuration = Configuration(data=Table(found["digest"], "kind"), layers=("Dense(2)", "Softmax()"))
        assert page.ask(Configure(configuration))["inputs"] == ["a", "b"]
        assert page.ask(Upload("bad.csv", "a,b\n1\n"))["message"].startswith("bad.csv line 2 has 1 cells")
        page.ask(Upload("table.csv", CSV))  # the same again
        page.ask(Upload("other.csv", CSV + "1,1,x\n"))
        assert page.ask(Configure(configuration))["type"] == "configured"
        page.ask(Upload("another.csv", CSV + "1,2,x\n"))
        assert page.ask(Configure(configuration))["field"] == "$.data.digest"


def test_files_are_exported():
    with pane(SMALL) as page:
        header, content = page.ask(Export("script"))
        assert (header["name"], header["media"], header["size"]) == ("spiral.py", "text/x-python", len(content))
        assert b"whorl.datasets.spiral(30, 3" in content
        header, content = page.ask(Export("npz"))
        assert content[:2] == b"PK"


def test_five_sessions_are_separate():
    settings = [replace(SMALL, seed=seed, stop=Stop(30 + seed)) for seed in range(5)]
    alone = []
    for each in settings:
        with pane(each) as page:
            page.play()
            alone.append(page.weights.tobytes())
    pages = [Pane(each) for each in settings]
    for page in pages:
        page.session.put(Play())
    for page, expected in zip(pages, alone, strict=True):
        assert page.answer()["of"] == "play"
        page.play()
        assert page.weights.tobytes() == expected
        page.session.close()
    assert all(page.session.join(5) for page in pages)


def test_closing_ends_the_thread_at_once():
    slow = Configuration(
        data=Moons(1500), layers=("Dense(64)", "ReLU()", "Dense(64)", "ReLU()", "Dense(2)", "Softmax()"), batch_size=10
    )
    before = threading.active_count()
    with pane(slow) as page:
        page.ask(Play())
    with pane(slow) as page:  # while steps are taken again
        for _ in range(3):
            page.ask(Advance("epoch"))
        own = page.session.run
        first = own.states.before(0)
        own.states.drop(0)
        own.states.add(first)
        page.session.put(Back(own.training.step - 1))
        time.sleep(0.05)
        page.session.close()
        assert page.session.join(5)
        assert own.training.step < 700
    assert threading.active_count() == before
