"""Lessons, explanations and the other controls of the playground's page that teach or draw."""

import numpy as np
import pytest

from whorl.playground.lessons import lessons

SMALL = {"layers": ["Dense(4)", "Tanh()", "Dense(3)", "Softmax()"]}


def test_a_question_is_answered(visit):
    opened = visit(SMALL)
    number, at, question = next(
        (i, k, step["question"])
        for i, lesson in enumerate(lessons())
        for k, step in enumerate(lesson["steps"])
        if step["question"]
    )
    opened.page.get_by_role("combobox", name="Lesson").select_option(str(number))
    for _ in range(at):
        opened.button("Next").click()
    choices, told = opened.page.locator("#lessons input[type=radio]"), opened.page.locator("#lessons .told")
    wrong = next(i for i in range(len(question["choices"])) if i != question["answer"])
    choices.nth(wrong).check()
    assert told.inner_text().startswith("Not quite.")
    choices.nth(question["answer"]).check()
    assert told.inner_text().startswith("Right.")


def test_a_goal_is_noticed_and_a_step_begins_again(visit):
    opened = visit(SMALL)
    opened.page.get_by_role("combobox", name="Lesson").select_option("0")
    steps = lessons()[0]["steps"]
    at = next(k for k, step in enumerate(steps) if step["goal"] and step["configuration"])
    for _ in range(at):
        opened.button("Next").click()
    goal = opened.page.locator("#lessons .goal")
    goal.wait_for()
    opened.page.get_by_role("combobox", name="Speed").select_option("0")
    opened.button("Play").click()
    opened.until(lambda: "reached after" in goal.inner_text())
    opened.button("Pause").click()
    opened.button("Play").wait_for()
    assert opened.run.training.epoch > 0
    opened.configured(opened.button("Start this step again").click)
    opened.stepped(0)
    assert "reached" not in goal.inner_text()


def test_another_sample_is_explained(visit):
    opened = visit(SMALL)
    opened.page.locator("details.inspect summary").click()
    inspector = opened.page.locator("form.inspector")
    inspector.get_by_role("combobox", name="Array").select_option("layers[0]")
    inspector.get_by_role("button", name="Explain").click()
    explanation = opened.page.locator("#explanation")
    for sample in (0, 7):
        explanation.get_by_role("spinbutton", name="Sample").fill(str(sample))
        value = opened.run.model.activations(opened.run.problem.X[[sample]])[0][0, 0]
        title = explanation.get_by_text(f"Sample {sample}: the value is {f'{value:.4g}'.replace('-', '−')}")
        title.wait_for()


def test_points_are_erased_and_drawn_by_dragging(visit):
    opened = visit(SMALL)
    opened.configured(opened.button("drawn").click)
    picture, page = opened.page.locator("canvas.points"), opened.page
    picture.scroll_into_view_if_needed()
    box, before = picture.bounding_box(), len(opened.configuration.data.points)

    def drag():
        page.mouse.move(box["x"] + 20, box["y"] + 15)
        page.mouse.down()
        page.mouse.move(box["x"] + 140, box["y"] + 15, steps=12)
        page.mouse.up()

    drawn = opened.configured(drag).data.points
    assert len(drawn) > before + 5
    assert np.ptp([y for _, y, _ in drawn[before:]]) == 0
    opened.page.locator(".draw .chip", has_text="erase").click()
    (x, y, _), (x0, x1, y0, y1) = drawn[-1], opened.run.problem.data.bounds
    place = {"x": box["width"] * (x - x0) / (x1 - x0), "y": box["height"] * (y1 - y) / (y1 - y0)}
    left = opened.configured(lambda: picture.click(position=place)).data.points
    assert drawn[-1] not in left
    assert len(drawn) - 5 < len(left) < len(drawn)


def test_the_controls_belong_to_the_chosen_pane(visit):
    opened = visit(SMALL, {**SMALL, "seed": 5})
    seed = opened.page.get_by_role("spinbutton", name="Seed of the weights")
    for name, index in (("B", 1), ("A", 0)):
        opened.page.locator("#which").get_by_role("button", name=name).click()
        opened.until(lambda: seed.input_value() == str(opened.sessions[index].run.configuration.seed))  # noqa: B023  # called at once
    opened.configured(lambda: (seed.fill("9"), seed.press("Tab")))
    assert [each.run.configuration.seed for each in opened.sessions] == [9, 5]


@pytest.mark.parametrize(
    ("name", "setting", "value"), [("SGD", "momentum", 0.5), ("Adam", "beta1", 0.8), ("LBFGS", "history", 3)]
)
def test_settings_of_optimizers(visit, name, setting, value):
    opened = visit({**SMALL, "optimizer": f"{name}(0.1)"})
    field = opened.page.get_by_role("spinbutton", name=setting, exact=True)
    opened.configured(lambda: (field.fill(str(value)), field.press("Tab")))
    assert getattr(opened.run.problem.optimizer, setting) == value
