"""``whorl sweep``: what it prints and writes, and that it can be stopped, killed, continued and shared."""

import csv
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import optuna
import pytest
from commands import flowers, out, refused
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

import whorl
from whorl.cli import config, main
from whorl.recipes import RECIPES
from whorl.sweeps import Sweep

pytestmark = pytest.mark.usefixtures("own_directory")

WORDS = ["sweep", "spiral", "--samples", "30", "--epochs", "10", "--learning-rate", "0.1", "--no-fast"]
WORDS += ["--layers", "Dense(16), ReLU()"]


@pytest.fixture
def plain(no_picture, monkeypatch):
    """No pictures: they take longer than the trials."""

    def plot(self):
        raise ImportError("matplotlib is not there")

    monkeypatch.setattr(Sweep, "plot", plot)


def study(path="model.study.log"):
    return optuna.load_study(study_name="whorl", storage=JournalStorage(JournalFileBackend(str(path))))


def test_it_searches_trains_and_saves(capsys):
    lines = out(capsys, *WORDS, "--trials", "6", "--fix", "hidden-layers", "--range", "units", "4", "8")
    assert [line.split() for line in lines[:4]] == [
        ["setting", "from", "to", "first"],
        ["units", "4", "8", "8"],
        ["dropout", "0", "0.5", "0"],
        ["batch_size", "8", "128", "32"],
    ]
    assert lines[4] == "6 trials, 1 at a time; study: model.study.log"
    assert lines[5].startswith("trial 0 | val acc ")
    trials, best = study().trials, study().best_trial
    improved = [line.split(" | ")[1] for line in lines if " | val acc" in line]
    assert improved[-1].endswith(f"loss {best.value:.4f}")
    end = next(i for i, line in enumerate(lines) if line.startswith("6 trials: "))
    assert lines[end + 1].split() == [
        "trial",
        "val",
        "loss",
        "val",
        "accuracy",
        "units",
        "dropout",
        "batch",
        "size",
    ]
    assert lines[end + 2].split()[:2] == [str(best.number), f"{best.value:.4g}"]
    first = lines.index("saved model.trials.csv")
    assert lines[first : first + 6] == [
        "saved model.trials.csv",
        "saved model.sweep.png",
        f"training the network with the settings of trial {best.number}",
        "saved model.npz",
        "saved model.toml",
        "saved spiral.png",
    ]
    rows = list(csv.DictReader(Path("model.trials.csv").read_text().splitlines()))
    assert [(row["state"], float(row["val_loss"])) for row in rows] == [(t.state.name.lower(), t.value) for t in trials]
    assert [int(row["batch_size"]) for row in rows] == [trial.params["batch_size"] for trial in trials]
    for picture in ("model.sweep.png", "spiral.png"):
        assert Path(picture).read_bytes().startswith(b"\x89PNG")


def test_config_repeats_the_best_training_to_the_bit(capsys, plain):
    assert main([*WORDS, "--trials", "4", "--seed", "5", "--output", "a"]) == 0
    captured = capsys.readouterr()
    assert "no picture: matplotlib is not there" in captured.err
    assert "trial 0 (the recipe itself) | val acc" in captured.out
    best = study("a/model.study.log").best_trial
    plan = config.read("a/model.toml")
    assert (plan.seed, plan.recipe.validation_seed) == (5, 5)
    _, _, history, _ = plan.recipe.train(5)
    assert history["val_loss"][-1] == best.value
    out(capsys, "train", "--config", "a/model.toml", "--output", "b", "--quiet")
    assert Path("a/model.npz").read_bytes() == Path("b/model.npz").read_bytes()
    assert config.read("b/model.toml").recipe == plan.recipe


def test_a_table_is_searched_by_one_network_and_then_all_are_trained(capsys, plain):
    flowers("a.csv", rows=120)
    words = ["sweep", "a.csv", "--target", "kind", "--members", "4", "--folds", "2", "--epochs", "4", "--hidden", "8"]
    lines = out(capsys, *words, "--trials", "3", "--no-fast")
    best = study().best_trial
    assert set(best.params) == {"learning_rate", "weight_decay", "batch_size"}
    assert f"training 4 networks with the settings of trial {best.number}" in lines
    recipe = config.read("model.toml").recipe
    assert (recipe.members, recipe.validation_seed, recipe.dropouts) == (4, None, RECIPES["table"]["default"].dropouts)
    assert whorl.load("model.npz").preparation.target.name == "kind"
    out(capsys, "train", "--config", "model.toml", "--output", "again.npz", "--quiet")
    assert Path("again.npz").read_bytes() == Path("model.npz").read_bytes()
    Path("a.csv").write_text(Path("a.csv").read_text().replace("rose", "lily", 1))
    assert "model.study.log is of another sweep, where file_sha256 is" in refused(
        capsys, *words, "--trials", "4", "--no-fast"
    )


def test_the_same_command_continues(capsys, plain):
    out(capsys, *WORDS, "--trials", "3", "--quiet")
    before = Path("model.study.log").read_text()
    lines = out(capsys, *WORDS, "--trials", "3", "--quiet")
    assert lines[0].startswith("3 trials: 3 complete, in ")
    assert lines[1] == "there were as many before: a larger --trials adds more"
    assert Path("model.study.log").read_text() == before
    out(capsys, *WORDS, "--trials", "4", "--quiet")
    assert len(study().trials) == 4
    assert "where seed is 0, got 1" in refused(capsys, *WORDS, "--trials", "5", "--seed", "1")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_it_and_the_best_so_far_is_saved(number, code, capsys, monkeypatch, plain):
    usual = Sweep.__iter__

    def press(self):
        for trial in usual(self):
            yield trial
            if trial.number == 1:
                signal.raise_signal(number)

    monkeypatch.setattr(Sweep, "__iter__", press)
    assert main([*WORDS, "--trials", "500"]) == code
    captured = capsys.readouterr()
    assert "stopping the trials under way" in captured.err
    states = [trial.state for trial in study().trials]
    assert states[:2] == [TrialState.COMPLETE] * 2
    assert set(states[2:]) <= {TrialState.COMPLETE, TrialState.FAIL}
    best = study().best_trial
    assert captured.out.splitlines()[-2:] == [
        f"saved model.npz and model.toml, with the network of trial {best.number}",
        "to continue: the same command",
    ]
    _, _, history, _ = config.read("model.toml").recipe.train(0)
    assert history["val_loss"][-1] == best.value


def test_a_signal_before_the_first_trial_has_ended(capsys, monkeypatch):
    def press(self):
        signal.raise_signal(signal.SIGINT)
        return iter([])

    monkeypatch.setattr(Sweep, "__iter__", press)
    assert main(WORDS) == 130
    assert capsys.readouterr().out.splitlines()[-2:] == ["no trials, in 0 s", "to continue: the same command"]


def test_if_all_trials_diverge_there_is_an_error(capsys):
    message = refused(
        capsys, "sweep", "moons", "--samples", "20", "--optimizer", "SGD(1e30)", "--trials", "2", "--no-fast"
    )
    assert message == (
        "whorl sweep: error: there is no best trial: of 2 none is complete, and 2 diverged; search lower learning rates"
    )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--trials", "0"], "--trials must be a whole number of at least 1, got 0"),
        (["--jobs", "x"], "jobs must be a whole number of at least 1, got 'x'"),
        (["--range", "rate", "0", "1"], "argument --range: must name a setting that is searched: learning_rate, units"),
        (["--range", "units", "8", "few"], "argument --range: units: could not convert string to float: 'few'"),
        (["--range", "units", "8", "4"], "argument --range: units: high must be a finite number at least 8, got 4.0"),
        (["--fix", "rate"], "argument --fix: must be settings that are searched: learning_rate, units"),
        (
            ["--fix", "units", "hidden_layers", "dropout", "batch_size"],
            "ranges must have a setting to search",
        ),
        (["--study", "missing/a.log"], "there is no file 'missing/a.log'"),
    ],
)
def test_invalid_options(more, message, capsys):
    assert message in refused(capsys, *WORDS, *more)
    assert list(Path().iterdir()) == []


def test_help_lists_the_settings(capsys):
    with pytest.raises(SystemExit):
        main(["sweep", "spiral", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "--trials N networks to train, those of the study included [50]" in text
    assert "limits of learning_rate, units, hidden_layers, dropout, weight_l2, batch_size" in text
    assert "--time X seconds after which no further trial begins" in text
    with pytest.raises(SystemExit):
        main(["sweep", "--help"])
    assert "For its options: whorl sweep DATA --help" in " ".join(capsys.readouterr().out.split())


@pytest.fixture
def start():
    """Start the command in processes of their own, which do not outlive the test; without matplotlib, which takes longer than they."""
    Path("without").mkdir()
    Path("without/matplotlib.py").write_text("raise ImportError")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(["without", os.environ.get("PYTHONPATH", "")])}
    with ExitStack() as running:

        def process(*more):
            words = [sys.executable, "-m", "whorl", *WORDS, "--quiet", *more]
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
            found = running.enter_context(subprocess.Popen(words, env=environment, **pipes))
            running.callback(found.kill)
            return found

        yield process


def ended():
    """The process of each trial that has ended."""
    log = Path("model.study.log")
    lines = log.read_text().splitlines() if log.exists() else []
    return [line.split('"worker_id":"')[1][:36] for line in lines if '"op_code":6' in line]


def wait_for_trials(count, process, processes=1):
    """Wait until so many trials have ended, in so many processes."""
    while len(found := ended()) < count or len(set(found)) < processes:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def test_two_processes_share_a_study_also_if_one_is_killed(start):
    processes = [start("--trials", "40"), start("--trials", "40")]
    wait_for_trials(6, processes[0], processes=2)
    processes[0].send_signal(signal.SIGKILL)
    output, error = processes[1].communicate(timeout=60)
    processes[0].communicate()
    assert (processes[1].returncode, {line[:10] for line in error.splitlines()}) == (0, {"no picture"})
    assert "saved model.npz" in output
    found = study()
    counted = [trial for trial in found.trials if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    assert len(counted) == 40
    assert all(trial.state == TrialState.FAIL for trial in found.trials if trial not in counted)
    assert len(set(ended())) == 2
    assert not Path("model.study.log.writing").exists()
    _, _, history, _ = config.read("model.toml").recipe.train(0)
    assert history["val_loss"][-1] == found.best_value


def test_it_continues_after_it_was_killed(start, capsys, plain):
    process = start("--trials", "1000")
    wait_for_trials(3, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert os.path.exists("model.npz")  # the best so far
    before = [trial for trial in study().trials if trial.state.is_finished()]
    out(capsys, *WORDS, "--quiet", "--trials", str(len(before) + 2))
    after = study().trials
    assert [trial.params for trial in after[: len(before)]] == [trial.params for trial in before]
    assert sum(trial.state in (TrialState.COMPLETE, TrialState.PRUNED) for trial in after) == len(before) + 2
