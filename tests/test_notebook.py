"""What a notebook shows of models, histories, tables and figures, and of a training while it runs."""

import re
from collections import Counter

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

import whorl
from whorl import Dense, Model, ReLU, Residual, Softmax, Tanh
from whorl._core import html
from whorl.tables import table
from whorl.training import Epoch, History

CELLS = [
    "import whorl; from whorl import *; X, y = whorl.datasets.spiral(30, rng=0)",
    "model = Model([Dense(8), ReLU(), Dense(3), Softmax()], inputs=2, rng=0); model",
    "history = model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(0.01), epochs=5, metrics=['accuracy'], validation=0.2, rng=0); history",
    "whorl.plot.report(model, X, y, history)",
    "whorl.plot.curve(history, 'loss')",
    "whorl.tables.table({'rooms': [3, 4, None], 'heating': ['gas', 'oil', 'gas']}, target='heating')",
    "model.summary()",
    "from whorl.tracking.live_plot import LivePlot, draw; run = {'loss': CrossEntropy(), 'optimizer': Adam(0.01), 'validation': 0.2, 'rng': 0}",
    "_ = model.fit(X, y, **run, metrics=['accuracy'], epochs=2, callbacks=[LivePlot(every=0)])",
    "draw(_, ['loss', 'accuracy'], 'epoch 2 of 2')",
    "training = model.training(X, y, **run, epochs=9, callbacks=[LivePlot(['learning_rate'], every=60)]); _ = next(iter(training))",
    "_ = list(training)",
]


class Client(NotebookClient):
    """Counts the messages that show something, for each cell."""

    def process_message(self, message, cell, index):
        self.counts = getattr(self, "counts", {})
        self.counts.setdefault(index, Counter())[message["msg_type"]] += 1
        return super().process_message(message, cell, index)


@pytest.fixture(scope="module")
def notebook():
    """The notebook with the outputs of its cells, and the messages that brought them."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    client = Client(notebook, timeout=60, kernel_name="python3")
    client.execute()
    notebook.messages = [
        (client.counts[k]["display_data"], client.counts[k]["update_display_data"]) for k in range(len(CELLS))
    ]
    return notebook


def test_a_training_is_drawn_while_it_runs(notebook):
    outputs = [[output.data for output in cell.outputs] for cell in notebook.cells]
    assert notebook.messages[8] == (1, 2)  # a picture after each epoch, and one at the end, in the same place
    assert notebook.messages[10:] == [(1, 0), (1, 1)]  # another cell has its own: one in a minute, and one at the end
    assert [len(each) for each in outputs[8:]] == [1] * 4
    assert outputs[8][0]["image/png"] == outputs[9][0]["image/png"]
    assert outputs[10][0]["image/png"].startswith("iVBOR")


def test_the_value_of_a_cell_is_shown(notebook):
    shown = [{kind for output in cell.outputs for kind in output.data} for cell in notebook.cells]
    assert shown[0] == set()
    assert all("text/html" in kinds for kinds in (shown[1], shown[2], shown[5]))
    assert all("image/png" in kinds for kinds in shown[3:5])
    assert shown[6] == {"text/plain"}
    assert "Dense(8)" in notebook.cells[1].outputs[0].data["text/html"]
    assert notebook.cells[2].outputs[0].data["text/html"].count("<svg") == 2


def cells(text):
    return [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in re.findall(r"<tr>(.*?)</tr>", text)]


def test_a_model_is_its_summary_with_a_bar_for_each_layer():
    model = Model([Dense(8), ReLU(), Residual([Dense(8), Tanh()]), Dense(3), Softmax()], inputs=2, rng=0)
    rows = cells(model._repr_html_())
    assert [row[0] for row in rows] == [re.match(r" *\S+( \S+)*", line)[0] for line in model.summary().splitlines()]
    assert [int(row[2]) for row in rows[1:]] == [0, 24, 0, 0, 72, 0, 27, 0, 123]
    widths = [float(re.search(r"width:([\d.]+)px", row[4])[1]) for row in rows[1:]]
    np.testing.assert_allclose(widths, [0, 100 * 24 / 72, 0, 0, 100, 0, 100 * 27 / 72, 0, 0], atol=0.05)


def test_a_history_is_its_curves():
    history = History()
    assert history._repr_html_() == "<div>&lt;History of 0 epochs&gt;</div>"
    for number, (loss, other) in enumerate([(1.0, 3.0), (0.5, np.inf), (0.25, 2.0)], start=1):
        history.append(Epoch(number, 0.1, {"loss": loss, "penalty": 0.0, "val_loss": other, "learning_rate": 0.1}))
    history.stopped = "a < b"
    text = history._repr_html_()
    assert "stopped: a &lt; b" in text
    points = [
        [tuple(map(float, each.split(","))) for each in line.split()] for line in re.findall(r'points="([^"]*)"', text)
    ]
    assert [len(line) for line in points] == [3, 2]  # infinity is left out
    heights = [y for line in points for _, y in line]
    expected = [20 + 85 * (3.0 - value) / 2.75 for value in (1.0, 0.5, 0.25, 3.0, 2.0)]
    np.testing.assert_allclose(heights, expected, atol=0.06)
    assert [x for x, _ in points[0]] == [50, 170, 290]
    assert ">0.25<" in text
    assert ">3<" in text


def test_text_is_escaped():
    assert "<script>" not in html.table([["<script>"], ["<script>"]], set(), caption="<script>")
    shown = table({"<b>": [1, 2, 3], "y": ["<i>", "b", "<i>"]}, "y")._repr_html_()
    assert "<b>" not in shown
    assert "<i>" not in shown


def test_a_figure_is_a_png():
    history = {"loss": [1.0, 0.5]}
    picture = whorl.plot.curve(history, "loss")._repr_png_()
    assert picture.startswith(b"\x89PNG")
