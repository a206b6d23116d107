"""``whorl schedule``: what is drawn is what the schedules say."""

import io
import sys
from pathlib import Path

import pytest

from whorl import Cosine
from whorl.cli import main
from whorl.cli.chart import ASCII, UNICODE, chart, legend
from whorl.schedules import Step

pytestmark = pytest.mark.usefixtures("own_directory")

COSINE, STEPS = "cosine(0.1, epochs=50)", "step(0.1, factor=0.5, every=10)"


def field(lines, style=UNICODE):
    """The field of a chart, top row first: what stands right of the vertical axis."""
    rows = [line for line in lines if style.side in line or style.tick in line][: len(lines) - 2]
    return [row[max(row.find(style.side), row.find(style.tick)) + 1 :] for row in rows]


def drawn(function, end, width=60, height=11):
    """For each column the heights of its marks, in shares of the field."""
    lines = chart({"f": function}, end, width=width, height=height).splitlines()
    rows = field(lines)
    assert len(rows) == height
    columns = max(map(len, rows))
    return [
        [(height - 1 - i) / (height - 1) for i, row in enumerate(rows) if row[c : c + 1] == "•"] for c in range(columns)
    ]


def test_the_marks_are_where_the_function_is():
    schedule = Cosine(0.4, epochs=10)
    columns = drawn(schedule, 10)
    assert all(columns)
    for c, heights in enumerate(columns):
        value = schedule(10 * c / (len(columns) - 1)) / 0.4
        assert min(abs(height - value) for height in heights) <= 0.0501  # half a row


def test_a_jump_is_a_vertical_line_and_a_peak_between_columns_is_not_missed():
    jump = drawn(Step(1.0, factor=0.1, milestones=[5]), 10)
    (across,) = [heights for heights in jump if len(heights) > 3]
    assert (across[0], across[-1]) == (1.0, pytest.approx(0.1))
    spikes = drawn(lambda t: 1.0 if t % 1 < 0.2 else 0.0, 30, width=40)
    assert all(1.0 in heights and 0.0 in heights for heights in spikes[1:-1])


def test_where_two_are_the_same_their_marks_take_turns():
    rows = field(chart({"a": lambda t: 1.0, "b": lambda t: 1.0}, 10, width=40, height=5).splitlines())
    assert rows[0].startswith("•o•o•o")


@pytest.mark.parametrize("width", [40, 57, 100])
@pytest.mark.parametrize("height", [5, 8, 17, 40])
@pytest.mark.parametrize("end", [1e-3, 0.7, 1, 60, 12345, 1e7])
def test_the_chart_has_the_size_asked_for(width, height, end):
    lines = chart({"f": Cosine(0.1, epochs=end)}, end, width=width, height=height).splitlines()
    assert len(lines) == height + 2
    assert max(map(len, lines)) == width
    assert lines[-1].split()[0] == "0"


def test_no_value_is_above_the_chart():
    # The peak at 1/3 lies between the times that are looked at.
    assert all(drawn(lambda t: 1 - abs(t - 1 / 3), 1.0))


def test_the_legend_tells_where_each_begins_is_highest_and_ends():
    functions = {"up": lambda t: t, "down": lambda t: 9 - t, "peak": lambda t: t * (9 - t)}
    assert legend(functions, 9, style=ASCII).splitlines() == [
        "  * up: 0 at first, 9 at last",
        "  o down: 9 at first, 0 at last",
        "  x peak: 0 at first, 20.2 at epoch 4.5, 0 at last",
    ]


def out(capsys, *arguments):
    assert main(["schedule", *arguments]) == 0
    return capsys.readouterr().out


def test_the_command_draws_with_a_legend(capsys):
    lines = out(capsys, COSINE, STEPS, "--warmup", "5", "--epochs", "60", "--width", "60", "--height", "9").splitlines()
    assert lines[0] == "learning rate, by epoch"
    assert lines[2].startswith(" 0.1 ┤")
    assert lines[12].split() == ["0", "10", "20", "30", "40", "50", "60"]
    assert lines[-2:] == [
        "  • warm_up(cosine(0.1, epochs=50), epochs=5): 0 at first, 0.1 at epoch 5, 0 at last",
        "  o warm_up(step(0.1, factor=0.5, every=10), epochs=5): 0 at first, 0.1 at epoch 5, 0.00313 at last",
    ]
    assert len(lines) == 16
    assert max(map(len, lines[:13])) == 60


def test_a_stream_that_knows_no_line_characters_gets_plain_ones(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    assert main(["schedule", COSINE]) == 0
    stream.flush()
    text = stream.buffer.getvalue().decode("ascii")
    assert "*" in text
    assert "+---" in text


def test_the_width_is_that_of_the_terminal_and_at_most_100(capsys, monkeypatch):
    for columns, expected in [("70", 70), ("300", 100), ("20", 40)]:
        monkeypatch.setenv("COLUMNS", columns)
        assert max(map(len, out(capsys, "constant(0.1)").splitlines()[2:-2])) == expected


@pytest.mark.parametrize(("name", "start"), [("lr.png", b"\x89PNG"), ("lr.svg", b"<?xml"), ("lr.PDF", b"%PDF")])
def test_a_picture(name, start, capsys):
    assert out(capsys, COSINE, STEPS, "--output", name) == f"saved {name}\n"
    assert Path(name).read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "the following arguments are required: SCHEDULE"),
        (["cosine"], "argument SCHEDULE: cosine: missing a required argument: 'learning_rate'; it is written cosine("),
        (["0.1"], "argument SCHEDULE: must be a call, got '0.1'"),
        (
            ["sine(0.1)"],
            "argument SCHEDULE: 'sine' is not known; did you mean cosine? There are constant, inverse_time",
        ),
        (["cosine(0.1)"], "cosine: missing a required"),
        ([COSINE, "constant(-1)"], "constant: learning_rate must be a finite number at least 0, got -1"),
        (["reduce_on_plateau(0.1)"], "cannot be drawn before training: it depends on results, val_loss"),
        (["warm_up(reduce_on_plateau(0.1), epochs=3)"], "it depends on results, val_loss"),
        ([COSINE, "--epochs", "0"], "argument --epochs: must be a finite number above 0, got 0"),
        ([COSINE, "--epochs", "many"], "argument --epochs: must be a finite number above 0, got 'many'"),
        ([COSINE, "--warmup", "-1"], "argument --warmup: must be a finite number above 0, got -1"),
        ([COSINE, "--width", "20"], "argument --width: must be a whole number of at least 40, got 20"),
        ([COSINE, "--height", "2.5"], "argument --height: must be a whole number of at least 5, got '2.5'"),
        ([COSINE, "--output", "lr.txt"], "argument --output: must end in .png, .svg or .pdf, got 'lr.txt'"),
        ([COSINE, "--output", "nowhere/lr.png"], "No such file or directory"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(arguments, words, capsys):
    try:
        code = main(["schedule", *arguments])
    except SystemExit as stopped:
        code = stopped.code
    errors = capsys.readouterr().err
    assert code == 2
    assert words in errors
    assert "Traceback" not in errors
    assert list(Path().iterdir()) == []


def test_a_picture_needs_matplotlib_and_a_chart_does_not(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for name in [name for name in sys.modules if name.startswith("whorl.plot")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("whorl.plot", raising=False)
    assert out(capsys, COSINE)
    assert main(["schedule", COSINE, "--output", "lr.png"]) == 2
    assert "argument --output: pictures need matplotlib, which is an extra" in capsys.readouterr().err
