"""``whorl doctor`` on data and on histories, and ``whorl train --doctor``."""

import json
import math

import pytest

import whorl
from whorl.cli import main
from whorl.training import Epoch, History


def history(losses, val_losses):
    found = History()
    for number, (loss, val_loss) in enumerate(zip(losses, val_losses, strict=True), start=1):
        found.append(Epoch(number, 0.1, {"loss": loss, "penalty": 0.0, "val_loss": val_loss}))
    return found


OVERFITTED = history([0.9**i for i in range(20)], [1, 0.8, 0.7, 0.6, 0.5, *(0.5 + 0.05 * i for i in range(15))])


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_a_history_is_examined(ending, tmp_path, capsys):
    OVERFITTED.save(tmp_path / f"run.{ending}")
    assert main(["doctor", str(tmp_path / f"run.{ending}")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("1. overfitting (confidence ")
    assert "least after epoch 5, 0.5," in out
    assert "Try: callbacks=[EarlyStopping(patience=10)]" in out


def test_a_loss_that_is_not_finite(tmp_path, capsys):
    history([1.0, 0.9, math.nan, math.nan, math.nan], [1.0, 0.9, math.inf, math.nan, math.nan]).save(
        tmp_path / "run.jsonl"
    )
    assert main(["doctor", str(tmp_path / "run.jsonl")]) == 0
    assert "the loss of epoch 3 is not a finite number" in capsys.readouterr().out


def test_a_file_that_is_no_history(tmp_path, capsys):
    path = tmp_path / "run.jsonl"
    for text in ("", "[1]", "not JSON", json.dumps({"epoch": 1})):
        path.write_text(text)
        assert main(["doctor", str(path)]) == 2
        assert "run.jsonl is not a history" in capsys.readouterr().err


def test_sound_data_and_a_mistake(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "moons", "--samples", "200", "--quiet"]) == 0
    assert capsys.readouterr().out == "the doctor found nothing wrong\n"
    assert main(["doctor", "moons", "--samples", "200", "--layers", "Dense(16), ReLU(), Dropout(0.95)", "--quiet"]) == 0
    assert capsys.readouterr().out.startswith("1. too much dropout")
    assert not list(tmp_path.iterdir())


def test_a_table_with_a_leaked_target(tmp_path, monkeypatch, capsys):
    X, y = whorl.datasets.blobs(100, 3, features=3, spread=4.0, rng=0)
    lines = [f"{a:.3f},{b:.3f},{c:.3f},{10 * k + 5.5},{'abc'[k]}" for (a, b, c), k in zip(X, y, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,code,kind", *lines]))
    monkeypatch.chdir(tmp_path)
    small = ["--members", "1", "--epochs", "8", "--layers", "Dense(8), ReLU()", "--quiet"]
    assert main(["doctor", "t.csv", "--target", "kind", *small]) == 0
    assert "leaked target" in capsys.readouterr().out.splitlines()[0]


def test_training_with_the_doctor(tmp_path, capsys):
    words = [
        "train",
        "moons",
        "--samples",
        "100",
        "--epochs",
        "5",
        "--learning-rate",
        "100",
        "--quiet",
        "--output",
        str(tmp_path),
    ]
    assert main([*words, "--doctor"]) == 0
    out = capsys.readouterr().out
    assert out.index("saved") < out.index("1. learning rate too high") < out.index("   Try: optimizer=")
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "\ndoctor: learning rate too high: " in out
    assert "Try: " not in out


def test_a_sound_training_has_no_line_of_the_doctor(tmp_path, capsys):
    assert main(["train", "moons", "--epochs", "30", "--quiet", "--output", str(tmp_path)]) == 0
    assert "doctor" not in capsys.readouterr().out
