"""The page of a trace in Chromium: what it highlights, how it can be operated, and that it is readable."""

from importlib.resources import files

import numpy as np
import pytest

import whorl
from whorl import SGD, Adam, CrossEntropy, Dense, Dropout, Model, ReLU, Softmax

AXE = files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")


def spiral(layers, **options):
    X, y = whorl.datasets.spiral(100, rng=0)
    rows = [50, 150, 250]
    model = Model([*layers, ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    return whorl.trace(model, X[rows], y[rows], **options)


TRACES = {
    "small": lambda: spiral([Dense(3), Dropout(0.2)], loss=CrossEntropy(label_smoothing=0.1), optimizer=Adam(0.1)),
    "wide": lambda: spiral([Dense(64, weight_l2=5e-4)], loss=CrossEntropy(), optimizer=SGD(0.5, momentum=0.9)),
}


@pytest.fixture(scope="module", params=TRACES)
def saved(request, tmp_path_factory):
    traced = TRACES[request.param]()
    path = tmp_path_factory.mktemp("page") / "step.html"
    traced.save(path)
    return traced, path.as_uri()


@pytest.fixture
def opened(browser, saved):
    """Open the page; after the test, there were no errors and nothing was loaded from elsewhere."""
    traced, address = saved
    contexts, messages, requests = [], [], []

    def open_(width=1280, height=900, scheme="light"):
        contexts.append(
            browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                reduced_motion="reduce",
            )
        )
        page = contexts[-1].new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address)
        return page

    yield traced, open_
    for context in contexts:
        context.close()
    assert messages == []
    assert set(requests) == {address}


def marked(page, kind):
    return page.evaluate(f"[...document.querySelectorAll('figure.{kind}')].map((each) => each.id.slice(2)).sort()")


def test_pointing_at_an_array_marks_its_operands(opened):
    traced, open_ = opened
    page = open_()
    for name in ("z1", "dw1", "w1_new", "L", "dz1", "x"):
        page.hover(f"#a-{name} figcaption")
        operands = sorted(traced[name].operands)
        users = sorted({each for each in traced if name in traced[each].operands} - {*operands})
        assert (marked(page, "current"), marked(page, "operand"), marked(page, "user")) == ([name], operands, users)
        assert page.locator("#dock .part").count() == len(operands)
    page.hover("h1")
    assert marked(page, "current") == marked(page, "operand") == marked(page, "user") == []
    assert page.locator("#dock").is_hidden()


def test_the_keyboard_does_the_same(opened):
    _, open_ = opened
    page = open_()
    page.focus("#a-z1")
    assert marked(page, "operand") == ["b1", "w1", "x"]
    page.keyboard.press("Tab")  # to its first operand
    assert marked(page, "current") != []
    page.keyboard.press("Escape")
    assert marked(page, "operand") == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_it_is_readable(opened, width, scheme):
    """axe-core finds nothing, contrast included, and the page does not scroll sideways."""
    _, open_ = opened
    page = open_(width, scheme=scheme)
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    assert dark == (scheme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.focus("#a-dw1")
    page.evaluate(AXE)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    assert [(each["id"], each["impact"], each["nodes"][0]["html"]) for each in found["violations"]] == []


def test_formulas_are_drawn_as_mathematics(opened):
    _, open_ = opened
    page = open_()
    above, below = (
        page.evaluate(f"document.querySelector('#a-{name} mfrac').children[{i}].getBoundingClientRect().{edge}")
        for name, i, edge in (("p", 0, "bottom"), ("p", 1, "top"))
    )
    assert above <= below + 1
    assert page.evaluate("document.querySelector('#a-z1 msub').getBoundingClientRect().height") > 0


def test_a_weight_and_why_it_changed(opened):
    traced, open_ = opened
    page = open_()
    page.select_option("#parameter", "w2")
    page.click('button[aria-label^="w2[1, 2],"]')
    why = traced.why("w2", (1, 2))
    cells = page.evaluate(
        "[...document.querySelectorAll('#reason tbody tr')].map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent))"
    )
    found = np.array([[float(cell.replace("−", "-")) for cell in row] for row in cells])
    order = sorted(sorted(range(len(why.by_path)), key=lambda j: -abs(why.by_path[j]))[:8])
    shown = why.contributions[:, order]
    np.testing.assert_allclose(found[:-1, : len(order)], shown, rtol=1e-3, atol=1e-7)
    np.testing.assert_allclose(found[:-1, -1], why.by_sample, rtol=1e-3, atol=1e-7)
    np.testing.assert_allclose(found[-1, -1], why.by_sample.sum(), rtol=1e-3, atol=1e-7)
    update = page.inner_text("#reason pre").splitlines()
    assert [line.partition(" = ")[0] for line in update] == [line.partition(" = ")[0] for line in why.update]
    for line, expected in zip(update, why.update, strict=True):
        numbers = [float(each.rpartition(" = ")[2].replace("−", "-")) for each in (line, expected)]
        np.testing.assert_allclose(*numbers, rtol=1e-3)


def test_weights_are_chosen_with_arrow_keys(opened):
    traced, open_ = opened
    page = open_()
    columns = traced.arrays["w1"].shape[1]
    page.click('button[aria-label^="w1[0, 1],"]')
    for key, place in (("ArrowRight", "0, 2"), ("ArrowDown", "1, 2"), ("ArrowLeft", "1, 1"), ("ArrowUp", "0, 1")):
        page.keyboard.press(key)
        assert page.inner_text("#reason strong").startswith(f"w1[{place}]")
    page.keyboard.press("ArrowUp")  # there is none
    assert page.inner_text("#reason strong").startswith("w1[0, 1]")
    assert page.locator("#why .weights button").count() == 2 * columns
    assert page.locator('#why .weights button[tabindex="0"]').count() == 1


def test_numbers_of_a_picture_are_read_where_the_pointer_is(opened):
    traced, open_ = opened
    page = open_()
    for name in ("w1", "w2"):
        picture = page.locator(f"#a-{name} svg.map")
        if picture.count() == 0:  # the numbers are written out
            continue
        turned = picture.get_attribute("data-turned") is not None
        rows, columns = traced.arrays[name].shape
        across, down = (rows, columns) if turned else (columns, rows)
        picture.scroll_into_view_if_needed()
        box = picture.bounding_box()
        page.mouse.move(box["x"] + box["width"] * 2.5 / across, box["y"] + box["height"] * 1.5 / down)
        index = (2, 1) if turned else (1, 2)
        text = page.inner_text(f"#a-{name} .reading")
        place, value = text.split(" = ")
        assert place == f"[{index[0]}, {index[1]}]"
        np.testing.assert_allclose(float(value.replace("−", "-")), traced.arrays[name][index], rtol=1e-3)
