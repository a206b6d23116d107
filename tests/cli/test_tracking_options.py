"""``--log`` and ``--tensorboard``: the values of each epoch, for other tools."""

import csv
import json
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import QUICK, flowers, out, refused
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import whorl
from whorl.cli import main

pytestmark = pytest.mark.usefixtures("own_directory", "no_picture")

MANY = [
    "train",
    "flowers.csv",
    "--target",
    "kind",
    "--ignore",
    "price",
    "--members",
    "2",
    "--folds",
    "2",
    "--epochs",
    "3",
]


def test_the_values_of_each_epoch_are_written(capsys):
    out(capsys, *QUICK, "--log", "logs/run.csv", "--tensorboard", "runs")
    with Path("logs/run.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    shown = EventAccumulator("runs/validation").Reload().Scalars("loss")
    assert [each.value for each in shown] == [float(np.float32(row["val_loss"])) for row in rows]
    before = Path("model.npz").read_bytes()
    out(capsys, *QUICK)
    assert Path("model.npz").read_bytes() == before


def test_of_several_networks_each_has_its_own(capsys):
    flowers("flowers.csv", rows=120)
    out(capsys, *MANY, "--log", "log.jsonl", "--tensorboard", "runs")
    found = [[json.loads(line) for line in Path(f"log-{k}.jsonl").read_text().splitlines()] for k in (1, 2)]
    assert [[row["epoch"] for row in rows] for rows in found] == [[1, 2, 3]] * 2
    assert found[0][0]["loss"] != found[1][0]["loss"]
    for k, rows in enumerate(found, start=1):
        shown = EventAccumulator(f"runs/{k}/train").Reload().Scalars("loss")
        assert [each.value for each in shown] == [float(np.float32(row["loss"])) for row in rows]


def test_a_training_that_is_resumed_continues_its_log(capsys, monkeypatch):
    press = ["--epochs", "6", "--log", "log.csv"]
    append = whorl.History.append

    def interrupted(history, epoch):
        append(history, epoch)
        if epoch.number == 3:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(whorl.History, "append", interrupted)
        assert main([*QUICK, *press]) == 130
    begun = Path("log.csv").read_text()
    assert len(begun.splitlines()) == 4
    left = Path("model.checkpoint.npz").read_bytes()
    assert "log.csv is there already" in refused(capsys, *QUICK, *press)
    assert Path("model.checkpoint.npz").read_bytes() == left
    out(capsys, *QUICK, *press, "--resume")
    assert Path("log.csv").read_text().startswith(begun)
    assert [line.partition(",")[0] for line in Path("log.csv").read_text().splitlines()[1:]] == list("123456")


def test_options_are_checked_before_training(capsys, monkeypatch):
    assert "--log: must end in .csv or .jsonl, got 'log.txt'" in refused(capsys, *QUICK, "--log", "log.txt")
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    assert "the extra whorl[tensorboard] installs" in refused(capsys, *QUICK, "--tensorboard", "runs")
    assert list(Path().iterdir()) == []
