"""Training in the playground's page: what is run, shown, explained, taught and taken along is that of the training in the server's process."""

import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import whorl
from whorl.playground.problem import Problem

SMALL = {"layers": ["Dense(4)", "Tanh()", "Dropout(0.1)", "Dense(3)", "Softmax()"]}


def parameters(opened):
    return opened.run.model.parameters.copy()


def trained(opened, steps):
    """The parameters after so many steps of the library's own loop."""
    problem = Problem.read(opened.configuration)
    model = problem.model()
    for step in problem.training(model).steps() if steps else ():
        if step.number == steps:
            break
    return model.parameters


def test_steps_forwards_and_back(visit):
    opened = visit(SMALL)
    opened.button("Train on one batch").click()
    opened.stepped(1)
    np.testing.assert_array_equal(parameters(opened), trained(opened, 1))
    opened.button("Train to the end of the epoch").click()
    opened.stepped(8)
    for _ in range(2):
        opened.button("Train to the end of the epoch").click()
    opened.stepped(24)
    at = parameters(opened)
    np.testing.assert_array_equal(at, trained(opened, 24))
    opened.button("Back by an epoch").click()
    opened.stepped(16)
    np.testing.assert_array_equal(parameters(opened), trained(opened, 16))
    scrub = opened.page.get_by_role("slider", name="History")
    scrub.evaluate("input => { input.value = 5; input.dispatchEvent(new Event('change')); }")
    opened.stepped(5)
    np.testing.assert_array_equal(parameters(opened), trained(opened, 5))


def test_play_pause_speed_and_reset(visit):
    opened = visit(SMALL)
    initial = parameters(opened)
    opened.page.get_by_role("combobox", name="Speed").select_option("0")
    opened.button("Play").click()
    opened.until(lambda: opened.run.training.epoch > 20)
    opened.page.get_by_role("combobox", name="Speed").select_option("5")
    opened.page.keyboard.press("Escape")
    opened.button("Pause").click()
    opened.until(lambda: not opened.sessions[0].run.stopped and opened.button("Play").is_visible())
    step = opened.run.training.step
    opened.stepped(step)
    np.testing.assert_array_equal(parameters(opened), trained(opened, step))
    opened.configured(opened.button("Reset with the same weights").click)
    opened.stepped(0)
    np.testing.assert_array_equal(parameters(opened), initial)
    assert opened.configured(opened.button("Reset with new weights").click).seed == 1
    assert not np.array_equal(parameters(opened), initial)


def test_keys(visit):
    opened = visit(SMALL)
    opened.page.locator("body").press(".")
    opened.stepped(8)
    opened.page.locator("body").press(",")
    opened.stepped(0)
    opened.page.locator("body").press("k")
    opened.until(lambda: opened.run.training.step > 8)
    opened.page.locator("body").press("k")
    opened.button("Play").wait_for()


@pytest.mark.parametrize("stop", [{"epochs": 3}, {"epochs": 900, "accuracy": 0.9}, {"epochs": 900, "loss": 0.3}])
def test_stop_conditions(visit, stop):
    opened = visit({"data": {"kind": "moons"}, "layers": ["Dense(8)", "Tanh()", "Dense(2)", "Softmax()"], "stop": stop})
    opened.page.get_by_role("combobox", name="Speed").select_option("0")
    opened.button("Play").click()
    opened.until(lambda: opened.run.stopped)
    opened.button("Play").wait_for()
    last = opened.run.training.state.history.epochs[-1]
    assert last.number == 3 if len(stop) == 1 else last.number < 900
    assert last.values["val_accuracy"] >= stop.get("accuracy", 0)
    assert last.values["val_loss"] <= stop.get("loss", 9)
    assert opened.run.stopped in opened.page.locator("#live").inner_text()


def test_a_weight_is_edited(visit):
    opened = visit(SMALL)
    opened.page.locator("details.inspect summary").click()
    inspector = opened.page.locator("form.inspector")
    inspector.get_by_role("combobox", name="Array").select_option("w1")
    inspector.get_by_role("spinbutton", name="from unit").fill("1")
    inspector.get_by_role("spinbutton", name="to unit").fill("2")
    value = inspector.get_by_role("spinbutton", name="Value")
    assert float(value.input_value()) == pytest.approx(opened.run.model.named_parameters()["w1"][1, 2], rel=1e-4)
    value.fill("1.5")
    inspector.get_by_role("button", name="Set").click()
    opened.until(lambda: opened.run.edits)
    assert opened.run.model.named_parameters()["w1"][1, 2] == 1.5


def test_two_configurations_beside_each_other(visit):
    opened = visit(SMALL)
    opened.button("Compare").click()
    opened.until(lambda: len(opened.sessions) == 2 and opened.sessions[1].run)
    first, second = (each.run for each in opened.sessions)
    assert first.configuration == second.configuration
    opened.page.get_by_role("spinbutton", name="Batch size").fill("64")
    opened.page.get_by_role("spinbutton", name="Batch size").press("Tab")
    opened.until(lambda: opened.sessions[1].run.configuration.batch_size == 64)
    assert opened.sessions[0].run is first
    opened.button("Train to the end of the epoch").click()
    opened.until(lambda: [each.run.training.step for each in opened.sessions] == [8, 4])
    opened.button("Compare").click()
    opened.until(lambda: opened.sessions[0].join(0))  # the pane that was not active is closed
    assert not opened.sessions[1].join(0)


def test_a_training_that_diverges_is_a_finding(visit):
    opened = visit({**SMALL, "optimizer": "SGD(3e38)"})
    opened.button("Play").click()
    opened.page.get_by_text("learning rate too high").first.wait_for()
    assert np.isfinite(parameters(opened)).all()
    opened.button("Play").wait_for()
    assert opened.configured(opened.button("moons").click).data.samples == 100


def test_the_picture_is_that_of_the_predictions(visit):
    opened = visit(SMALL)
    opened.button("Train to the end of the epoch").click()
    opened.stepped(8)
    accuracy = f"{100 * opened.run.training.measure()[1]['accuracy']:.1f}"
    opened.until(lambda: accuracy in opened.page.locator(".metrics").inner_text())
    opened.page.locator("details.confusion summary").click()
    counts = opened.run.training.validation.target
    cells = opened.page.locator("details.confusion td")
    opened.until(
        lambda: sum(int(each) for each in cells.all_inner_texts()[:9] if each.strip().isdigit()) == len(counts)
    )


def test_a_unit_and_a_weight_are_explained(visit):
    opened = visit(SMALL)
    opened.page.locator("details.inspect summary").click()
    inspector = opened.page.locator("form.inspector")
    inspector.get_by_role("combobox", name="Array").select_option("w1")
    inspector.get_by_role("button", name="Explain").click()
    explanation = opened.page.locator("#explanation")
    explanation.locator("math").first.wait_for()
    assert "w1[0, 0]" in explanation.inner_text().replace("₁", "1").replace("w1[0,0]", "w1[0, 0]")
    inspector.get_by_role("combobox", name="Array").select_option("layers[1]")
    inspector.get_by_role("button", name="Explain").click()
    explanation.get_by_text("tanh").first.wait_for()


def test_pointing_at_the_drawing_and_the_picture(visit):
    opened = visit(SMALL)
    places = opened.page.evaluate("import('/static/main.js').then(({app}) => app.panes[0].network.places)")
    tile, tiles = places[1]["tiles"][2], opened.page.locator("canvas.tiles")
    tiles.scroll_into_view_if_needed()
    tiles.click(position={"x": tile["x"] + places[1]["side"] / 2, "y": tile["y"] + places[1]["side"] / 2})
    title = opened.page.locator("#explanation h2")
    title.get_by_text("unit 2 of").wait_for()
    start, end = places[0]["tiles"][1], places[1]["tiles"][0]
    middle = (places[0]["right"] + places[1]["left"]) / 2, (start["anchor"] + end["anchor"]) / 2
    tiles.hover(position={"x": middle[0], "y": middle[1]})
    readout = opened.page.locator(".network .readout")
    name, row, column, value = re.fullmatch(r"Weight (\w+)\[(\d+), (\d+)\] = (\S+)", readout.inner_text()).groups()
    weight = opened.run.model.named_parameters()[name][int(row), int(column)]
    assert float(value.replace("−", "-")) == pytest.approx(weight, rel=1e-3)
    picture = opened.page.locator("canvas.points")
    box = picture.bounding_box()
    picture.hover(position={"x": box["width"] / 2, "y": box["height"] / 2})
    x0, x1, y0, y1 = opened.run.problem.data.bounds
    best = opened.run.model.predict([[(x0 + x1) / 2, (y0 + y1) / 2]]).argmax()
    opened.until(lambda: f"class {best}" in opened.page.locator(".output .readout").inner_text())


def test_distributions_are_those_of_the_training(visit):
    opened = visit(SMALL)
    opened.page.locator("details.spread summary").click()
    opened.page.locator("details.spread table, details.spread canvas").first.wait_for()
    opened.until(lambda: "w1" in opened.page.locator("details.spread").inner_text())
    opened.page.get_by_role("checkbox", name="logarithmic").check()
    assert opened.page.get_by_role("checkbox", name="logarithmic").is_checked()


def test_backpropagation_step_by_step(visit):
    opened = visit(SMALL)
    before = parameters(opened)
    opened.button("Backpropagation step by step").click()
    place = opened.page.locator("#explanation .steering .facts")
    place.get_by_text("1 of").wait_for()
    count = int(place.inner_text().split()[-1])
    assert count >= 4
    for number in range(2, count + 1):
        opened.button("Next").click()
        place.get_by_text(f"{number} of {count}").wait_for()
        assert opened.page.locator("#explanation math").count() > 0
    np.testing.assert_array_equal(parameters(opened), before)


def test_lessons_from_beginning_to_end(visit):
    opened = visit(SMALL)
    lessons = opened.page.get_by_role("combobox", name="Lesson")
    lessons.wait_for()
    titles = lessons.locator("option").all_inner_texts()[1:]
    assert len(titles) == 5
    for title in titles:
        lessons.select_option(label=title)
        steps = int(opened.page.locator("#lessons .steering .facts").inner_text().split()[-1])
        for number in range(1, steps + 1):
            opened.page.locator("#lessons .facts").get_by_text(f"{number} of {steps}").wait_for()
            assert opened.page.locator("#lessons .prose").inner_text()
            opened.page.locator("#lessons").get_by_role(
                "button", name="Next" if number < steps else "End the lesson"
            ).click()
        assert not opened.page.locator("#lessons h2").is_visible()


def test_the_script_gives_the_same_weights(visit, tmp_path):
    opened = visit(SMALL)
    for _ in range(2):
        opened.button("Train to the end of the epoch").click()
    opened.button("Train on one batch").click()
    opened.stepped(17)
    opened.page.get_by_text("Python script", exact=True).click()
    with opened.page.expect_download() as download:
        opened.page.locator("details.script").get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "script.py")
    subprocess.run([sys.executable, "script.py"], check=True, cwd=tmp_path)
    assert whorl.load(tmp_path / "model.npz").parameters.tobytes() == parameters(opened).tobytes()
    shown = opened.page.locator("details.script pre")
    opened.until(lambda: shown.inner_text().strip() == (tmp_path / "script.py").read_text().strip())


def test_files(visit, tmp_path):
    opened = visit(SMALL)
    opened.button("Train to the end of the epoch").click()
    opened.stepped(8)

    def saved(button):
        with opened.page.expect_download() as download:
            opened.button(button).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        return path

    np.testing.assert_array_equal(whorl.load(saved("Model (.npz)")).parameters, parameters(opened))
    assert whorl.load(saved("Model (.onnx)")).predict(opened.run.problem.X).shape == (300, 3)
    assert "val_loss" in saved("Curves (.csv)").read_text().splitlines()[0]
    with Image.open(saved("Animation (.gif)")) as animation:
        assert animation.format == "GIF"
    with Image.open(saved("Picture (.png)")) as picture:
        assert picture.width > 400


def test_the_address_restores_everything(visit):
    configuration = {
        **SMALL, "data": {"kind": "moons", "samples": 50, "noise": 0.2, "seed": 3}, "features": ["x", "xy"],
        "layers": ["Dense(5)", "ReLU()", "Dense(2)", "Softmax()"], "optimizer": "SGD(Cosine(0.1, epochs=50), momentum=0.5)", "seed": 4,
        "batch_size": 7, "stop": {"epochs": 50, "accuracy": None, "loss": None},
    }  # fmt: skip
    opened = visit(configuration)
    restored = opened.configuration
    assert (restored.data.noise, restored.features, restored.batch_size, restored.seed) == (0.2, ("x", "xy"), 7, 4)
    opened.page.wait_for_timeout(800)
    address = opened.page.url
    opened.page.goto("about:blank")
    opened.page.goto(address)
    opened.until(lambda: len(opened.sessions) == 2 and opened.sessions[1].run)
    assert opened.sessions[1].run.configuration == restored


def test_the_link_and_the_script_are_copied(visit):
    opened = visit(SMALL, permissions=["clipboard-read", "clipboard-write"])
    copied = lambda: opened.page.evaluate("navigator.clipboard.readText()")  # noqa: E731
    opened.button("Copy the link").click()
    opened.page.get_by_text("The link is copied.").wait_for()
    opened.page.wait_for_timeout(600)
    assert copied() == opened.page.url
    opened.page.get_by_text("Python script", exact=True).click()
    opened.until(lambda: "Dense(4)" in opened.page.locator("details.script pre").inner_text())
    opened.page.locator("details.script").get_by_role("button", name="Copy").click()
    opened.page.get_by_text("The script is copied.").wait_for()
    assert copied() == opened.page.locator("details.script pre").inner_text()


def test_closing_the_page_ends_its_training(visit):
    opened, other = visit(SMALL), visit(SMALL)
    session = opened.sessions[0]
    opened.button("Play").click()
    opened.until(lambda: opened.run.training.step > 0)
    opened.page.close()
    assert session.join(10)
    other.button("Train on one batch").click()
    other.stepped(1)
