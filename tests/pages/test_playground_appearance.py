"""The playground's page for everybody: what axe-core finds, narrow windows, dark colours, projectors, the keyboard, and words beside pictures."""

from importlib.resources import files

import pytest

AXE = files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
SMALL = {"layers": ["Dense(4)", "Tanh()", "Dense(3)", "Softmax()"]}


def violations(page):
    page.evaluate(AXE)
    found = page.evaluate("axe.run()")["violations"]
    return [(each["id"], each["impact"], [node["html"][:200] for node in each["nodes"]][:3]) for each in found]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_axe_finds_nothing(visit, scheme, width):
    opened = visit(SMALL, width=width, color_scheme=scheme)
    opened.button("Train to the end of the epoch").click()
    opened.stepped(8)
    for summary in opened.page.locator("details > summary").all():
        if summary.is_visible():
            summary.click()
    opened.page.wait_for_timeout(300)
    assert violations(opened.page) == []


@pytest.mark.parametrize("button", ["Settings: Layer 1", "Help"])
def test_axe_finds_nothing_in_dialogs(visit, button):
    opened = visit(SMALL)
    opened.button(button).click()
    assert violations(opened.page) == []
    opened.page.keyboard.press("Escape")
    assert opened.page.evaluate("document.querySelector('dialog[open]')") is None


def test_axe_finds_nothing_in_a_lesson_with_explanation_and_two_panes(visit):
    opened = visit(SMALL, SMALL)
    opened.page.get_by_role("combobox", name="Lesson").select_option(index=1)
    opened.button("Backpropagation step by step").click()
    opened.page.locator("#explanation math").first.wait_for()
    assert violations(opened.page) == []


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_is_wider_than_the_window(visit, width):
    wide = {"layers": ["Dense(64)", "ReLU()"] * 4 + ["Dense(3)", "Softmax()"]}
    opened = visit(wide, width=width)
    opened.button("Train on one batch").click()
    opened.stepped(1)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_theme_follows_the_system_until_it_is_chosen(visit):
    opened = visit(SMALL, color_scheme="dark")
    theme = lambda: opened.page.evaluate("document.documentElement.dataset.theme")  # noqa: E731
    assert theme() == "dark"
    opened.button("Dark colours").click()
    assert theme() == "light"
    opened.page.emulate_media(color_scheme="dark")
    assert theme() == "light"


def test_the_projector_view_is_larger(visit):
    opened = visit(SMALL, width=1920, height=1080)
    size = lambda: opened.page.locator(".metrics").evaluate("each => parseFloat(getComputedStyle(each).fontSize)")  # noqa: E731
    before = size()
    opened.button("Projector view").click()
    opened.until(lambda: size() > before)
    opened.button("Projector view").click()
    opened.until(lambda: size() == before)


def test_everything_is_reached_with_the_tab_key(visit):
    opened = visit(SMALL)
    opened.page.locator("body").press("Tab")
    assert opened.page.evaluate("document.activeElement.textContent") == "Skip to the network"
    opened.page.evaluate(
        "window.operable = () => [...document.querySelectorAll('button, input:not([type=radio]), select, summary')]"
        ".filter(each => each.checkVisibility({visibilityProperty: true}) && !each.disabled)"
    )
    count, reached = opened.page.evaluate("operable().length"), set()
    for _ in range(2 * count):
        opened.page.keyboard.press("Tab")
        reached.add(opened.page.evaluate("operable().indexOf(document.activeElement)"))
    assert reached >= set(range(count))


def test_pictures_have_words(visit):
    opened = visit(SMALL)
    opened.button("Train to the end of the epoch").click()
    opened.stepped(8)
    accuracy = f"{100 * opened.run.training.measure()[1]['accuracy']:.1f}"
    canvases = opened.page.locator("canvas[role=img]")
    opened.until(lambda: accuracy in " ".join(each.get_attribute("aria-label") or "" for each in canvases.all()))
    for canvas in canvases.all():
        if canvas.is_visible():
            assert len(canvas.get_attribute("aria-label")) > 10
