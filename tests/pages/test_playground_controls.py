"""The controls of the playground's page: what each changes in the training, in the server's process."""

import numpy as np
import pytest

from whorl.playground.configuration import Blobs, Circles, Moons, Points, Spiral, Xor

SMALL = {"layers": ["Dense(4)", "Tanh()", "Dense(3)", "Softmax()"]}


def slide(opened, label, value):
    opened.page.get_by_role("slider", name=label).first.evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); input.dispatchEvent(new Event('change')); }",
        str(value),
    )


def choose(opened, label, value):
    opened.page.get_by_role("combobox", name=label, exact=True).select_option(value)


def write(opened, label, text):
    page = opened.page
    field = page.get_by_role("spinbutton", name=label, exact=True).or_(
        page.get_by_role("textbox", name=label, exact=True)
    )
    field.fill(str(text))
    field.press("Tab")


CHANGE = """
async (other) => {
    const { app } = await import("/static/main.js");
    await app.active.configure({ ...app.active.configuration, ...other });
}
"""
"""Change the configuration as another control does, and wait for the server's answer."""


@pytest.mark.parametrize(
    ("name", "kind"), [("moons", Moons), ("circles", Circles), ("xor", Xor), ("blobs", Blobs)]
)  # fmt: skip
def test_kinds_of_data(visit, name, kind):
    opened = visit()
    assert opened.configuration.data == Spiral()
    configuration = opened.configured(opened.button(name).click)
    assert isinstance(configuration.data, kind)
    classes = 3 if name == "blobs" else 2
    assert len(opened.run.problem.data.classes) == classes
    assert configuration.layers[-2:] == (f"Dense({classes})", "Softmax()")
    assert opened.configured(opened.button("spiral").click).layers[-2] == "Dense(3)"


def test_settings_of_the_data(visit):
    opened = visit(SMALL)
    configuration = opened.configured(lambda: slide(opened, "Points/class", 50), lambda each: each.data.samples == 50)
    assert len(opened.run.problem.X) == 150
    configuration = opened.configured(lambda: slide(opened, "Classes", 5), lambda each: each.data.classes == 5)
    assert configuration.layers == ("Dense(4)", "Tanh()", "Dense(5)", "Softmax()")
    assert opened.configured(lambda: slide(opened, "Noise", 0.5)).data.noise == 0.5
    assert opened.configured(lambda: slide(opened, "Validation", 0.4)).validation == 0.4
    assert len(opened.run.training.validation) == 100
    before = opened.run.problem.X
    assert opened.configured(lambda: write(opened, "Seed of the data", 7)).data.seed == 7
    assert not np.array_equal(opened.run.problem.X, before)
    opened.configured(opened.button("circles").click)
    assert opened.configured(lambda: slide(opened, "Inner radius", 0.8)).data.factor == 0.8
    opened.configured(opened.button("blobs").click)
    assert opened.configured(lambda: slide(opened, "Spread", 2)).data.spread == 2


def test_inputs_of_the_network(visit):
    opened = visit(SMALL)
    for name in ("x²", "y²", "xy", "sin x", "sin y", "radius", "angle"):
        assert name in opened.configured(opened.page.locator(".chip", has_text=name).first.click).features
    assert opened.configured(opened.page.locator("#data .chip").first.click).features[0] == "y"
    assert opened.run.model.inputs == (8,)
    x, y = opened.run.problem.data.points.T
    np.testing.assert_array_equal(opened.run.problem.X[:, 1], x**2)
    np.testing.assert_array_equal(opened.run.problem.X[:, -1], np.arctan2(y, x))


def test_points_are_drawn(visit):
    opened = visit(SMALL)
    assert isinstance(opened.configured(opened.button("drawn").click).data, Points)
    picture = opened.page.locator("canvas.points")
    picture.scroll_into_view_if_needed()
    before = len(opened.configuration.data.points)
    opened.page.locator(".draw .chip", has_text="class 2").click()
    box = picture.bounding_box()
    configuration = opened.configured(lambda: picture.click(position={"x": box["width"] / 2, "y": box["height"] / 4}))
    assert len(configuration.data.points) == before + 1
    x, y, label = configuration.data.points[-1]
    assert label == 2
    x0, x1, y0, y1 = opened.run.problem.data.bounds
    assert x == pytest.approx((x0 + x1) / 2, abs=0.1 * (x1 - x0))
    assert y == pytest.approx(y0 + 0.75 * (y1 - y0), abs=0.1 * (y1 - y0))
    assert len(opened.run.problem.data.classes) == 3

    def type_point():
        opened.page.locator(".draw").get_by_label("x", exact=True).fill("0.25")
        opened.page.locator(".draw").get_by_label("y", exact=True).fill("-0.5")
        opened.button("Add point").click()

    assert opened.configured(type_point).data.points[-1] == (0.25, -0.5, 2)
    opened.button("Remove all").click()
    opened.until(lambda: "at least 4 points" in opened.page.locator(".draw .note").inner_text())


def test_a_table_is_uploaded(visit):
    opened = visit(SMALL)
    rng = np.random.default_rng(0)
    rows = [
        f"{a:.3f},{b:.3f},{c},{'yes' if a + b > 0 else 'no'}"
        for a, b, c in zip(*rng.normal(size=(2, 60)), ["red", "blue"] * 30, strict=True)
    ]
    text = "\n".join(["length,width,colour,kind", *rows])
    opened.button("CSV file").click()
    configuration = opened.configured(
        lambda: opened.page.locator("#data input[type=file]").set_input_files(
            {"name": "own.csv", "mimeType": "text/csv", "buffer": text.encode()}
        )
    )
    assert configuration.data.target == "kind"
    assert opened.run.problem.data.classes == ("no", "yes")
    assert opened.run.problem.data.X.shape == (60, 4)
    assert configuration.layers[-2:] == ("Dense(2)", "Softmax()")
    configuration = opened.configured(lambda: choose(opened, "Column to predict", "colour"))
    assert opened.run.problem.data.classes == ("blue", "red")
    inputs = opened.run.problem.data.inputs
    assert opened.configured(lambda: choose(opened, "Horizontal axis", str(len(inputs) - 1))).data.axes == (
        len(inputs) - 1,
        1,
    )
    assert opened.configured(lambda: choose(opened, "Vertical axis", "0")).data.axes == (len(inputs) - 1, 0)


def test_a_file_is_dropped_on_the_page(visit):
    opened = visit()
    opened.button("CSV file").click()
    text = "a,b,colour\n" + "\n".join(f"{i % 7},{i % 5},{'red' if i % 7 > 3 else 'blue'}" for i in range(80))
    dropped = opened.page.evaluate_handle(
        "text => { const data = new DataTransfer(); data.items.add(new File([text], 'own.csv')); return data; }", text
    )
    area = opened.page.locator("#data .drop")
    opened.configured(lambda: area.dispatch_event("drop", {"dataTransfer": dropped}))
    assert (opened.run.upload.name, opened.run.upload.text) == ("own.csv", text)
    assert opened.run.problem.data.classes == ("blue", "red")


def test_a_table_in_two_panes(visit):
    opened = visit()
    rows = "\n".join(f"{i % 7},{i % 5},{'red' if i % 7 > 3 else 'blue'}" for i in range(80))
    opened.button("CSV file").click()
    file = {"name": "own.csv", "mimeType": "text/csv", "buffer": f"a,b,colour\n{rows}".encode()}
    opened.configured(lambda: opened.page.locator("#data input[type=file]").set_input_files(file))
    opened.button("Compare").click()
    opened.until(lambda: len(opened.sessions) == 2 and opened.sessions[1].run)
    assert opened.sessions[1].run.configuration == opened.configuration
    opened.button("Train to the end of the epoch").click()
    opened.until(lambda: [each.run.training.epoch for each in opened.sessions] == [1, 1])
    np.testing.assert_array_equal(*(each.run.model.parameters for each in opened.sessions))


def test_layers(visit):
    opened = visit(SMALL)
    two = ("Dense(4)", "Tanh()", "Dense(4)", "Tanh()", "Dense(3)", "Softmax()")
    assert opened.configured(opened.button("Add a layer").click).layers == two
    assert opened.configured(opened.button("One unit more: Layer 2").click).layers[2] == "Dense(5)"
    assert opened.configured(opened.button("One unit less: Layer 1").click).layers[0] == "Dense(3)"
    assert opened.configured(lambda: write(opened, "Units: Layer 2", 9)).layers[2] == "Dense(9)"
    assert opened.configured(opened.button("Move right: Layer 1").click).layers[:3:2] == ("Dense(9)", "Dense(3)")
    assert opened.configured(opened.button("Move left: Layer 2").click).layers[:3:2] == ("Dense(3)", "Dense(9)")
    for name in ("ReLU", "Sigmoid", "GELU", "LeakyReLU"):
        assert opened.configured(lambda: choose(opened, "Activation: Layer 1", name)).layers[1] == f"{name}()"  # noqa: B023  # called at once
    assert opened.configured(lambda: choose(opened, "Activation: Layer 1", "")).layers[:2] == ("Dense(3)", "Dense(9)")
    assert opened.configured(opened.button("Remove: Layer 1").click).layers == (
        "Dense(9)",
        "Tanh()",
        "Dense(3)",
        "Softmax()",
    )
    assert opened.run.model.named_parameters()["w1"].shape == (2, 9)


def test_settings_of_a_layer(visit):
    opened = visit(SMALL)
    opened.button("Settings: Layer 1").click()
    dialog = "Dropout rate"
    assert "Dropout(0.25)" in opened.configured(lambda: write(opened, dialog, 0.25)).layers
    assert "BatchNorm()" in opened.configured(lambda: choose(opened, "Normalization", "BatchNorm")).layers
    assert "LayerNorm()" in opened.configured(lambda: choose(opened, "Normalization", "LayerNorm")).layers
    opened.configured(lambda: write(opened, "L1 penalty of the weights", 0.001))
    opened.configured(lambda: write(opened, "L2 penalty of the weights", 0.01))
    opened.configured(lambda: choose(opened, "Initial weights", "GlorotUniform"))
    dense = opened.run.model.layers[0]
    assert (dense.weight_l1, dense.weight_l2, repr(dense.initializer)) == (0.001, 0.01, "GlorotUniform()")
    opened.page.locator("#layer-dialog summary").first.click()
    typed = opened.configured(lambda: write(opened, "Layers in whorl's notation", "Dense(6, max_norm=2), ELU()"))
    assert typed.layers[:2] == ("Dense(6, max_norm=2)", "ELU()")
    opened.button("Done").click()
    assert opened.page.evaluate("document.activeElement.title") == "Settings"


def test_a_layer_that_does_not_exist_is_an_error_that_can_be_undone(visit):
    opened = visit(SMALL)
    before = opened.run
    opened.button("Settings: Layer 1").click()
    opened.page.locator("#layer-dialog summary").first.click()
    write(opened, "Layers in whorl's notation", "Dnse(6)")
    opened.page.get_by_role("alert").filter(has_text="did you mean 'Dense'").wait_for()
    opened.button("Done").click()
    opened.button("Undo the change").click()
    opened.until(lambda: opened.run is not before)
    assert opened.configuration.layers == tuple(SMALL["layers"])
    opened.until(lambda: not opened.page.get_by_role("alert").is_visible())


def test_what_is_being_typed_is_kept_when_an_answer_arrives(visit):
    opened = visit(SMALL)
    opened.configured(lambda: choose(opened, "Optimizer", "AdamW"))
    field = opened.page.get_by_role("spinbutton", name="weight decay", exact=True)
    anew = {"optimizer": "AdamW(Cosine(0.1, epochs=5))"}  # which builds the form again
    for other in ({}, {"batch_size": 7}, anew):
        field.fill("0.2")
        opened.configured(lambda: opened.page.evaluate(CHANGE, other))  # noqa: B023  # called at once
        assert field.input_value() == "0.2"
        configuration = opened.configured(lambda: field.press("Tab"))
        assert "weight_decay=0.2" in configuration.optimizer
        assert ("Cosine" in configuration.optimizer) == ("optimizer" in other)
        assert configuration.batch_size == other.get("batch_size", configuration.batch_size)
        opened.configured(lambda: write(opened, "weight decay", 0.01))


def test_training_options(visit):
    opened = visit(SMALL)
    for name, layers in (
        ("MeanSquaredError", ("Dense(3)",)),
        ("Hinge", ("Dense(3)",)),
        ("CrossEntropy", ("Dense(3)", "Softmax()")),
    ):
        configuration = opened.configured(lambda: choose(opened, "Loss", name))  # noqa: B023  # called at once
        assert configuration.loss == f"{name}()"
        assert configuration.layers[2:] == layers
    assert opened.configured(lambda: write(opened, "label smoothing", 0.1)).loss == "CrossEntropy(label_smoothing=0.1)"
    for name in ("SGD", "RMSprop", "Adagrad", "Lion", "NAdam", "AdamW"):
        assert opened.configured(lambda: choose(opened, "Optimizer", name)).optimizer.startswith(f"{name}(")  # noqa: B023
    opened.configured(lambda: slide(opened, "Learning rate", -1))
    assert opened.run.training.learning_rate() == pytest.approx(0.1)
    assert opened.configured(lambda: write(opened, "weight decay", 0.2)).optimizer == "AdamW(0.1, weight_decay=0.2)"
    configuration = opened.configured(lambda: choose(opened, "Schedule", "Cosine"))
    assert configuration.optimizer.startswith("AdamW(Cosine(0.1")
    assert opened.run.problem.optimizer.learning_rate.epochs == configuration.stop.epochs
    assert opened.configured(lambda: write(opened, "Clip gradients to norm", 2)).optimizer.startswith("Clipped(AdamW(")
    assert opened.configured(lambda: write(opened, "Average weights, decay", 0.9)).optimizer.startswith(
        "Averaged(Clipped("
    )
    assert opened.configured(lambda: write(opened, "Batch size", 16)).batch_size == 16
    assert opened.run.training.batch_size == 16
    weights = opened.run.model.parameters.copy()
    assert opened.configured(lambda: write(opened, "Seed of the weights", 5)).seed == 5
    assert not np.array_equal(opened.run.model.parameters, weights)
    assert opened.configured(lambda: write(opened, "Stop after epochs", 3)).stop.epochs == 3
    assert opened.configured(lambda: write(opened, "Stop at accuracy", 0.9)).stop.accuracy == 0.9
    assert opened.configured(lambda: write(opened, "Stop at loss", 0.01)).stop.loss == 0.01
    assert opened.configured(lambda: opened.page.get_by_role("checkbox", name="Compiled steps").check()).compiled
    assert opened.run.training.engine_name.startswith("compiled")


def test_the_optimizer_can_be_typed(visit):
    opened = visit(SMALL)
    opened.page.locator("#training summary").nth(1).click()
    configuration = opened.configured(lambda: write(opened, "Optimizer in whorl's notation", "LBFGS(history=5)"))
    assert configuration.optimizer == "LBFGS(history=5)"
