"""The page of a trace, as a document: its links, its formulas and its numbers. `tests/pages` looks at it in a browser."""

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import whorl
from whorl import (
    SGD,
    Adam,
    Average,
    BatchNorm,
    CrossEntropy,
    Dense,
    Dropout,
    MeanSquaredError,
    Model,
    ReLU,
    Softmax,
    Tanh,
)
from whorl.glassbox.tracing import heat_maps, numerals


class Document(HTMLParser):
    """The attributes of each element, and the elements that are open at the end."""

    VOID = frozenset({"meta", "path"})

    def __init__(self, page):
        super().__init__()
        self.found, self.stack = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def all(self, tag):
        return [attrs for found, attrs in self.found if found == tag]


def traced(*layers, samples=3, inputs=2, **options):
    model = Model([*layers, Dense(3), Softmax()], inputs=inputs, rng=0)
    X = np.random.default_rng(0).standard_normal((samples, inputs))
    return whorl.trace(
        model, X, np.arange(samples) % 3, loss=CrossEntropy(), **{"optimizer": SGD(0.1, momentum=0.9), **options}
    )


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page)[1])


CASES = {
    "small": lambda: traced(Dense(3, weight_l2=0.01), ReLU()),
    "wide": lambda: traced(Dense(64), BatchNorm(), Dropout(0.5), optimizer=Adam()),
    "nested": lambda: traced(Average([Dense(4), Tanh()], 2)),
}


@pytest.mark.parametrize("case", CASES)
def test_every_array_is_there_with_links_to_its_operands(case):
    step = CASES[case]()
    document = Document(page := step.html())
    assert document.stack == []
    ids = [attrs["id"] for _, attrs in document.found if "id" in attrs]
    assert len(ids) == len(set(ids))
    figures = {attrs["id"][2:]: attrs for attrs in document.all("figure")}
    assert figures.keys() == step.arrays.keys()
    for name, attrs in figures.items():
        assert (attrs["data-operands"] or "").split() == step[name].operands
        users = [each for each in step if name in step[each].operands]
        assert (attrs["data-users"] or "").split() == users
    links = [attrs["href"] for attrs in document.all("a")]
    assert {link[1:] for link in links if link.startswith("#")} <= {*ids}
    for formula in re.findall(r"<math.*?</math>", page):
        ET.fromstring(formula)  # well-formed


@pytest.mark.parametrize("case", CASES)
def test_the_page_needs_nothing_from_elsewhere(case):
    page = CASES[case]().html()
    document = Document(page)
    assert not [attrs for _, attrs in document.found if attrs.keys() & {"src", "srcset", "onclick"}]
    assert not document.all("link")
    assert "default-src 'none'" in page
    assert not re.search(r"@import|url\(|fetch\(|eval\(|innerHTML", page)


def test_numbers_on_the_page_are_those_of_the_trace():
    step = CASES["small"]()
    data = data_of(step.html())
    for name, array in data["arrays"].items():
        assert tuple(array["shape"]) == step.arrays[name].shape
        np.testing.assert_allclose(
            np.reshape(array["values"], array["shape"]), step.arrays[name], rtol=1e-4, atol=1e-12
        )
    for name, reason in data["why"].items():
        parts = np.array(reason["parts"])
        np.testing.assert_allclose(parts.sum(axis=(0, 1)), step.arrays[f"d{name}"].ravel(), rtol=1e-3, atol=1e-6)
        for flat in reason["elements"]:
            why = step.why(name, tuple(map(int, np.unravel_index(flat, step.arrays[name].shape))))
            np.testing.assert_allclose(parts[:, :, flat], why.contributions, rtol=1e-4, atol=1e-12)
            for key in ("before", "change", "penalty", "gradient"):
                np.testing.assert_allclose(reason[key][flat], getattr(why, key), rtol=1e-4, atol=1e-12)


def test_of_many_weights_those_that_changed_most_are_explained():
    step = traced(Dense(40), Tanh(), Dense(80), ReLU(), samples=10)
    reason = data_of(step.html())["why"]["w2"]
    change = np.abs(step.arrays["w2_new"] - step.arrays["w2"]).ravel()
    assert len(reason["elements"]) == 20_000 // 30
    assert change[reason["elements"]].min() >= np.delete(change, reason["elements"]).max()


def test_text_from_names_and_models_is_escaped():
    class Odd(whorl.Layer):
        label: str = "</script><b>"

        def forward(self, x, p, rng=None):
            return x, lambda dy, g: dy

    model = Model([Dense(2), Odd()], inputs=1, rng=0)
    page = whorl.trace(model, [[1.0]], [[1.0, 2.0]], loss=MeanSquaredError(), optimizer=SGD()).html()
    assert "</script><b>" not in page
    assert page.count("</script>") == 2


def test_save_and_notebooks(tmp_path):
    step = CASES["small"]()
    step.save(tmp_path / "step.html")
    assert (tmp_path / "step.html").read_text(encoding="utf-8") == step.html()
    (frame,) = Document(step._repr_html_()).all("iframe")
    assert frame["srcdoc"] == step.html()


def test_numbers_that_are_not_finite():
    model = Model([Dense(1)], inputs=1, dtype=np.float32)
    model.parameters = [3e38, 0.0]
    with np.errstate(all="ignore"):
        step = whorl.trace(model, [[10.0]], [[0.0]], loss=MeanSquaredError(), optimizer=SGD(0.1))
        assert data_of(step.html())["arrays"]["z1"]["values"] == [None]
    assert "inf" in str(step)


def test_shades_are_symmetric():
    values = np.linspace(-2, 2, 11)
    assert heat_maps.levels(values).tolist() == [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5]
    assert heat_maps.levels(np.zeros(2)).tolist() == [0, 0]
    assert heat_maps.levels(np.array([np.nan, 1.0, -np.inf])).tolist() == [0, 5, 0]


def test_pictures():
    tall = np.arange(20.0)[:, None] * [1, 0, -1]
    picture = heat_maps.picture("w", tall)
    assert 'viewBox="0 0 20 3"' in picture
    assert "data-turned" in picture
    assert 'class="n5" d="M16 2h1v1h-1z' in picture  # row 16 of the last column is below −0.8 of the largest
    large = heat_maps.picture("w", np.ones((4, 1000)))
    assert 'viewBox="0 0 128 4"' in large
    assert "of which 4 × 128 are shown" in large
    assert "data-array" not in large


def test_the_ends_of_long_arrays_are_written():
    cells = numerals.table(np.arange(200.0).reshape(20, 10))
    assert cells[0] == ["0", "1", "2", "3", "…", "7", "8", "9"]
    assert [row[0] for row in cells] == ["0", "10", "20", "…", "180", "190"]
    table = heat_maps.table(np.arange(200.0).reshape(20, 10), cells)
    assert re.findall(r'<td class="(\w+)">199', table) == ["p5"]
    assert re.findall(r'<td class="(\w+)">20<', table) == ["p1"]
