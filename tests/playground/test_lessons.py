"""Lessons: what they say is true, and a file with a mistake is refused with its place."""

import itertools
import math

import msgspec
import pytest

import whorl
from whorl.playground.configuration import Configuration
from whorl.playground.findings import Examiner
from whorl.playground.lessons import lessons, read_lesson
from whorl.playground.run import Run

LESSONS = {lesson["name"]: lesson for lesson in lessons()}


def trained(name, step, epochs, **changes):
    """Train what a step of a lesson starts, or the last one before it that starts anything."""
    (*_, described) = (each["configuration"] for each in LESSONS[name]["steps"][: step + 1] if each["configuration"])
    run = Run(msgspec.convert(described | changes, Configuration))
    examiner = Examiner(run.training)
    for _ in range(epochs):
        run.advance("epoch")
    examiner.examine()
    train, validation = run.training.measure()
    return run, train, validation, [each.kind for each in examiner.findings]


def words(name, step):
    return LESSONS[name]["steps"][step]["text"]


def test_there_are_five_lessons_in_order():
    assert [lesson["title"] for lesson in lessons()] == [
        "1. One neuron",
        "2. Why one line is not enough",
        "3. The learning rate",
        "4. Overfitting",
        "5. The spiral",
    ]


@pytest.mark.parametrize("name", LESSONS)
def test_every_configuration_can_be_trained_and_every_goal_is_about_a_training(name):
    started = False
    for step in LESSONS[name]["steps"]:
        started |= step["configuration"] is not None
        if step["configuration"]:
            Run(msgspec.convert(step["configuration"], Configuration))
        assert started or step["goal"] is None


def test_one_neuron():
    run, _, validation, _ = trained("1-one-neuron", 0, 30)
    assert validation["accuracy"] >= 0.95
    assert run.model.parameters.size == 3
    run, _, validation, _ = trained("1-one-neuron", 2, 30)
    assert validation["accuracy"] >= 0.95
    assert run.model.parameters.size == 6
    for epochs in (60, 120):  # about one in eight is wrong, however long it trains
        _, train, _, _ = trained("1-one-neuron", 3, epochs)
        assert 1 - train["accuracy"] == pytest.approx(1 / 8, abs=0.01)
    accuracy, _ = whorl.datasets.best_possible("moons", noise=0.1)
    assert accuracy > 0.99


def test_hidden_layer():
    _, train, _, _ = trained("2-hidden-layer", 0, 50)
    assert 0.3 < train["accuracy"] < 0.6
    assert train["loss"] == pytest.approx(math.log(2), abs=0.01)
    _, train, validation, _ = trained("2-hidden-layer", 1, 150)
    assert train["accuracy"] == pytest.approx(0.8, abs=0.05)
    assert validation["accuracy"] >= 0.7
    run, _, validation, _ = trained("2-hidden-layer", 2, 100)
    assert validation["accuracy"] >= 0.95
    assert run.model.parameters.size == 33
    run, train, _, _ = trained("2-hidden-layer", 3, 50)
    assert 0.3 < train["accuracy"] < 0.6
    assert run.model.parameters.size == 33
    _, _, validation, _ = trained("2-hidden-layer", 4, 60)
    assert validation["accuracy"] >= 0.95


def test_learning_rate():
    run, _, _, found = trained("3-learning-rate", 0, 20)
    assert found == ["learning rate too low"]
    losses = run.training.state.history["loss"]
    assert losses[-1] < losses[0]
    run, _, _, found = trained("3-learning-rate", 1, 20)
    assert found[0] == "learning rate too high"
    losses = run.training.state.history["loss"]
    assert sum(b > a for a, b in itertools.pairwise(losses)) > 5
    for step, epochs in ((2, 40), (3, 100)):
        _, train, validation, found = trained("3-learning-rate", step, epochs)
        assert min(train["accuracy"], validation["accuracy"]) >= 0.99
        assert found == []


def test_overfitting():
    run, train, large, found = trained("4-overfitting", 0, 300)
    assert len(run.training.train) == len(run.training.validation) == 40
    assert run.model.parameters.size == 4482
    assert train["accuracy"] == 1
    assert found == ["overfitting"]
    assert round(whorl.datasets.best_possible("moons", noise=0.3)[0], 3) == 0.915
    _, train, validation, _ = trained("4-overfitting", 1, 300)
    assert train["accuracy"] < 0.9
    assert validation["loss"] < 0.35
    for step in (2, 3):
        _, _, validation, _ = trained("4-overfitting", step, 300)
        assert validation["loss"] < large["loss"]
    run, _, validation, _ = trained("4-overfitting", 4, 50)
    assert len(run.training.train) == 1000
    assert validation["accuracy"] == pytest.approx(0.9, abs=0.015)


def test_spiral():
    _, train, validation, _ = trained("5-spiral", 0, 100)
    assert 0.4 < train["accuracy"] < 0.45
    run, _, validation, _ = trained("5-spiral", 1, 100)
    assert 0.6 < validation["accuracy"] < 0.7
    assert run.model.parameters.size == 387
    assert (
        Run(
            msgspec.structs.replace(run.configuration, layers=("Dense(208)", "ReLU()", "Dense(3)", "Softmax()"))
        ).model.parameters.size
        == 1251
    )
    run, _, validation, _ = trained("5-spiral", 2, 100)
    assert validation["accuracy"] > 0.8
    assert run.model.parameters.size == 1251
    run, _, validation, _ = trained("5-spiral", 3, 100)
    assert validation["accuracy"] >= 0.85
    assert run.training.learning_rate() == 0
    losses = run.training.state.history["loss"]
    early, late = ([abs(b - a) for a, b in itertools.pairwise(part)] for part in (losses[30:50], losses[80:]))
    assert max(late) < max(early) / 2  # the curve becomes smooth
    accuracy, _ = whorl.datasets.best_possible("spiral", classes=3, noise=0.2)
    assert round(accuracy, 3) == 0.91


def test_an_own_lesson(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'title = "Mine"\nsummary = "About circles."\n'
        '[[steps]]\ntitle = "One"\ntext = "Look."\n'
        '[steps.configuration]\ndata = { kind = "circles", noise = 0.2 }\nlayers = ["Dense(2)", "Softmax()"]\n'
        '[[steps]]\ntitle = "Two"\ntext = "And now?"\nconfiguration = { data = { noise = 0.05 }, seed = 3 }\n'
        '[[steps]]\ntitle = "Three"\ntext = "The end."\n'
    )
    found = lessons([path])
    assert [lesson["name"] for lesson in found[:2]] == ["mine", "1-one-neuron"]
    one, two, three = found[0]["steps"]
    assert one["configuration"]["data"] == {"kind": "circles", "samples": 100, "noise": 0.2, "factor": 0.5, "seed": 0}
    assert two["configuration"] == one["configuration"] | {
        "data": one["configuration"]["data"] | {"noise": 0.05},
        "seed": 3,
    }
    assert three["configuration"] is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('title = "T"', "title = 3"), "Expected `str`, got `int` - at `\\$.title`"),
        (('title = "T"', 'titel = "T"'), "contains unknown field `titel`|missing required field `title`"),
        (
            ("answer = 0", "answer = 2"),
            "`answer` must be below 2, the number of choices, got 2 - at `\\$.steps\\[0\\].question`",
        ),
        (("answer = 0", "answer = true"), "Expected `int`, got `bool` - at `\\$.steps\\[0\\].question.answer`"),
        (('hide = ["data"]', 'hide = ["dat"]'), "Invalid enum value 'dat' - at `\\$.steps\\[0\\].hide\\[0\\]`"),
        (
            ("goal = { accuracy = 0.9 }", "goal = {}"),
            "a goal needs accuracy, loss, finding or epoch - at `\\$.steps\\[0\\].goal`",
        ),
        (("goal = { accuracy = 0.9 }", "goal = { accuracy = 1.5 }"), "<= 1.0 - at `\\$.steps\\[0\\].goal.accuracy`"),
        (("seed = 1", "seed = -1"), "steps\\[0\\].configuration: Expected `int` >= 0 - at `\\$.seed`"),
        (
            ("seed = 1", 'layers = ["Dens(3)"]'),
            "steps\\[0\\].configuration.layers\\[0\\]: 'Dens' is not known; did you mean 'Dense'\\?",
        ),
        (
            ("seed = 1", 'layers = ["Dense(2)", "Softmax()"]'),
            "steps\\[0\\].configuration.layers\\[1\\]: the last layer must have 3 outputs",
        ),
        (("seed = 1", "sede = 1"), "steps\\[0\\].configuration: Object contains unknown field `sede`"),
        (
            ("seed = 1", "data = { kind = 'table', digest = '" + 64 * "0" + "', target = 'a' }"),
            "a lesson cannot have a table",
        ),
        (('title = "T"', "title ="), "this is not TOML"),
    ],
)
def test_a_lesson_with_a_mistake(tmp_path, change, message):
    path = tmp_path / "wrong.toml"
    text = (
        'title = "T"\nsummary = "S"\n[[steps]]\ntitle = "A"\ntext = "B"\nhide = ["data"]\ngoal = { accuracy = 0.9 }\n'
        'configuration = { seed = 1 }\n[steps.question]\ntext = "?"\nchoices = ["a", "b"]\nanswer = 0\nexplanation = "!"\n'
    ).replace("configuration = { seed = 1 }", "[steps.configuration]\nseed = 1")
    path.write_text(text)
    assert read_lesson(path)["title"] == "T"
    assert change[0] in text
    path.write_text(text.replace(*change))
    with pytest.raises(ValueError, match=message) as caught:
        read_lesson(path)
    assert str(caught.value).startswith(f"{path}: ")
