import io
import re

import pytest
from small import network, settings

from whorl import SGD, Adam, Callback, CrossEntropy, EarlyStopping, InverseTime, Progress, StopTraining
from whorl.training.progress import line

LINE = re.compile(
    r"epoch \d+ \| train acc \d\.\d{3} loss \d+\.\d{3} \| val acc \d\.\d{3} loss \d+\.\d{3} \| lr \d\.\d{5}"
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def train(model, data, progress, epochs=10, **changes):
    settings = {"metrics": ["accuracy"], "validation": 0.2} | changes
    optimizer = SGD(InverseTime(0.05, decay=2.5e-4))
    return model.fit(
        *data,
        loss=CrossEntropy(),
        optimizer=optimizer,
        epochs=epochs,
        rng=0,
        callbacks=[progress, *settings.pop("callbacks", [])],
        **settings,
    )


def test_lines_for_epoch_0_every_nth_and_the_last_epoch(model, spiral_data):
    stream = io.StringIO()
    train(model, spiral_data, Progress(4, stream))
    lines = stream.getvalue().splitlines()
    assert all(LINE.fullmatch(each) for each in lines)
    assert [each.split()[1] for each in lines] == ["0", "4", "8", "10"]
    assert lines[0].endswith("| lr 0.05000")


def test_a_line_describes_the_current_model(model, spiral_data):
    stream = io.StringIO()
    X, y = spiral_data
    train(model, spiral_data, Progress(100, stream), validation=(X, y))
    measured = model.evaluate(X, y, loss=CrossEntropy(), metrics=["accuracy"])
    expected = f"acc {measured['accuracy']:.3f} loss {measured['loss']:.3f}"
    assert stream.getvalue().splitlines()[-1] == f"epoch 10 | train {expected} | val {expected} | lr 0.04988"


@pytest.mark.parametrize(
    ("rate", "text"), [(0.05, "0.05000"), (1.0, "1.00000"), (999.5, "999.50000"), (1000.0, "1000"), (1e30, "1e+30")]
)
def test_a_learning_rate_is_short(rate, text):
    assert line(3, {"loss": 1.0}, None, rate) == f"epoch 3 | train loss 1.000 | lr {text}"


def test_about_ten_lines_by_default(model, spiral_data):
    stream = io.StringIO()
    train(model, spiral_data, Progress(stream=stream), epochs=30)
    assert len(stream.getvalue().splitlines()) == 11


def test_without_validation_or_metrics_the_line_is_shorter(model, spiral_data):
    stream = io.StringIO()
    train(model, spiral_data, Progress(stream=stream), metrics=[], validation=None, epochs=1)
    assert re.fullmatch(r"epoch 0 \| train loss \d\.\d{3} \| lr 0\.05000", stream.getvalue().splitlines()[0])


def test_progress_does_not_change_training(spiral_data, model):
    import copy

    other = copy.copy(model)
    assert train(model, spiral_data, Progress(1, io.StringIO())) == train(other, spiral_data, Callback())


def test_a_stopped_run_prints_its_last_epoch_and_the_reason(model, spiral_data):
    class Stop(Callback):
        def on_epoch_end(self, training, epoch):
            if epoch.number == 3:
                raise StopTraining("reason to stop")

    stream = io.StringIO()
    train(model, spiral_data, Progress(5, stream), callbacks=[Stop()])
    lines = stream.getvalue().splitlines()
    assert [line.split()[1] for line in lines[:-1]] == ["0", "3"]
    assert lines[-1] == "stopped after epoch 3: reason to stop"


def test_a_terminal_shows_a_progress_bar_that_the_next_line_clears(model, spiral_data, monkeypatch):
    clock = iter(range(10_000))
    monkeypatch.setattr("whorl.training.progress.time.perf_counter", lambda: float(next(clock)))
    stream = Terminal()
    train(model, spiral_data, Progress(5, stream))
    text = stream.getvalue()
    assert re.search(r"\r\x1b\[K\[##\.{18}\] 1/10 loss \d\.\d{3} \d+ s left", text)
    assert text.count("\n") == 3
    shown = [part.split("\r\x1b[K")[-1] for part in text[:-1].split("\n")]
    assert [line.split()[1] for line in shown] == ["0", "5", "10"]


def test_it_prints_to_the_standard_output(model, spiral_data, capsys):
    train(model, spiral_data, Progress(), epochs=1)
    assert capsys.readouterr().out.startswith("epoch 0 | ")


def test_every_must_be_a_whole_number():
    with pytest.raises(ValueError, match="every must be a whole number of at least 1, got 0"):
        Progress(0)


@pytest.mark.parametrize("order", [0, 1])
def test_the_last_line_of_an_early_stop_is_that_of_the_last_epoch(order, spiral_data, capsys):
    """And not of the parameters that `EarlyStopping` restores, in whichever order they are."""
    callbacks = [EarlyStopping(patience=2), Progress(every=100)]
    if order:
        callbacks.reverse()
    run = settings(epochs=60, validation=0.25, optimizer=Adam(0.3), callbacks=callbacks)
    history = network().fit(*spiral_data, **run)
    last = capsys.readouterr().out.splitlines()[-2]
    assert history.stopped
    assert last.startswith(f"epoch {len(history.epochs)} |")
    assert f"val loss {history['val_loss'][-1]:.3f}" in last
    assert min(history["val_loss"]) != history["val_loss"][-1]
